//! Parses bytes into a model.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use safetensors::{Dtype, SafeTensors};

use super::header::{CLASSIFICATION, Header, LANGUAGE_MODEL, Version};
use super::integers::decode;
use super::{BUILT_IN_FORMAT, DETAILS, FORMAT, File, FormatError, HEADER};
use crate::matrix::MatrixData;
use crate::model::{LiveColumns, MAX_SIZE, Model, Sizes, Task, Vocabulary};
use crate::{Activation, Cell, CellFormula, CellKind, Matrix};

pub(super) fn read(bytes: &[u8]) -> Result<File, FormatError> {
    let failed = |error: safetensors::SafeTensorError| FormatError::Container(error.to_string());
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(failed)?;
    let tensors = Tensors(SafeTensors::deserialize(bytes).map_err(failed)?);
    let entry = |name: &str| metadata.metadata().as_ref().and_then(|entries| entries.get(name));
    let header = header(entry(HEADER).ok_or(FormatError::NotCompact)?)?;
    let details = entry(DETAILS).cloned().unwrap_or_default();
    let model = tensors.model(&header)?;
    model.check()?;
    Ok(File { model, details })
}

/// Parses the header. Sizes that only the header states are limited here, before anything is allocated for them; the
/// other sizes are checked against the tensors by [`Model::check`].
fn header(json: &str) -> Result<Header, FormatError> {
    let damaged = |error: serde_json::Error| FormatError::Header(error.to_string());
    let version: Version = serde_json::from_str(json).map_err(damaged)?;
    if version.format > FORMAT {
        return Err(FormatError::TooNew(version.format));
    }
    let header: Header = serde_json::from_str(json).map_err(damaged)?;
    let sizes = [header.symbols, header.units, header.outputs, header.dimensions.unwrap_or(0)];
    match sizes.iter().chain(&header.live).find(|size| **size as usize > MAX_SIZE) {
        Some(size) => Err(FormatError::Header(format!("a size of {size} is above {MAX_SIZE}"))),
        None => Ok(header),
    }
}

fn named<N>(what: &str, name: &str, found: Option<N>) -> Result<N, FormatError> {
    found.ok_or_else(|| FormatError::Header(format!("there is no {what} `{name}`")))
}

/// The cell. A formula is checked before its counts are used.
fn cell(header: &Header) -> Result<Cell, FormatError> {
    let Some(formula) = &header.formula else {
        return Ok(named("cell", &header.cell, CellKind::from_name(&header.cell))?.into());
    };
    if header.format <= BUILT_IN_FORMAT {
        return Err(FormatError::Header(format!("format {} has no formulas", header.format)));
    }
    let formula = CellFormula { name: header.cell.clone(), ..formula.clone() };
    formula.check()?;
    Ok(formula.into())
}

/// The tensors of a file.
struct Tensors<'a>(SafeTensors<'a>);

impl Tensors<'_> {
    fn model(&self, header: &Header) -> Result<Model<f32>, FormatError> {
        let cell = cell(header)?;
        let columns = self.columns(header)?;
        if columns.live.len() != cell.kinds() {
            let (found, wanted) = (columns.live.len(), cell.kinds());
            return Err(FormatError::Header(format!(
                "`live` has {found} kinds, not the {wanted} of `{}`",
                header.cell
            )));
        }
        let symbols = self.symbols(header.symbols)?;
        let (stored, units, outputs) = (symbols.stored.len(), header.units as usize, header.outputs as usize);
        let dimensions = header.dimensions.map(|dimensions| dimensions as usize);
        Ok(Model {
            activation: named("activation", &header.activation, Activation::from_name(&header.activation))?,
            task: match header.task.as_str() {
                LANGUAGE_MODEL => Task::LanguageModel,
                CLASSIFICATION => Task::Classification,
                other => return Err(FormatError::Header(format!("there is no task `{other}`"))),
            },
            embedding: dimensions.map(|dimensions| self.matrix("embedding", [stored, dimensions])).transpose()?,
            input: self.matrix("input", [dimensions.unwrap_or(stored), columns.count(cell.input_kinds())])?,
            recurrent: self.matrix("recurrent", [units, columns.count(cell.state_kinds())])?,
            bias: self.numbers("bias", &[cell.kinds(), units])?,
            state_factor: self.has("state_factor").then(|| self.numbers("state_factor", &[units])).transpose()?,
            output: self.matrix("output", [outputs, units])?,
            output_bias: self.numbers("output_bias", &[outputs])?,
            original: Sizes {
                symbols: header.original.symbols,
                dimensions: header.original.dimensions,
                units: header.original.units,
                outputs: header.original.outputs,
            },
            cell,
            columns,
            symbols,
        })
    }

    fn symbols(&self, total: u32) -> Result<Vocabulary, FormatError> {
        let stored = if self.has("symbols") { self.integers("symbols")? } else { (0..total).collect() };
        Ok(Vocabulary { total, stored })
    }

    fn columns(&self, header: &Header) -> Result<LiveColumns, FormatError> {
        let all = self.integers("columns")?;
        let mut rest = all.as_slice();
        let mut take = |count: u32| {
            let (live, after) = rest.split_at_checked(count as usize)?;
            rest = after;
            Some(live.to_vec())
        };
        let live: Option<Vec<Vec<u32>>> = header.live.iter().map(|count| take(*count)).collect();
        match live {
            Some(live) if rest.is_empty() => Ok(LiveColumns { live }),
            _ => Err(tensor("columns", format!("has {} indices, which is not the sum of `live`", all.len()))),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.0.tensor(name).is_ok()
    }

    fn find(&self, name: &str) -> Result<safetensors::tensor::TensorView<'_>, FormatError> {
        self.0.tensor(name).map_err(|_| tensor(name, "is missing".into()))
    }

    fn integers(&self, name: &str) -> Result<Vec<u32>, FormatError> {
        let view = self.find(name)?;
        if view.shape().len() != 1 {
            return Err(tensor(name, format!("has shape {:?}, but must have one dimension", view.shape())));
        }
        decode(view.dtype(), view.data())
            .ok_or_else(|| tensor(name, format!("is {:?}, but must be U8, U16 or U32", view.dtype())))
    }

    fn numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, FormatError> {
        let view = self.find(name)?;
        if view.dtype() != Dtype::F32 || view.shape() != shape {
            let problem = format!("is {:?} {:?}, but must be F32 {shape:?}", view.dtype(), view.shape());
            return Err(tensor(name, problem));
        }
        Ok(view.data().as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect())
    }

    fn matrix(&self, name: &str, [rows, columns]: [usize; 2]) -> Result<Matrix<f32>, FormatError> {
        if self.has(name) {
            return Ok(Matrix::dense(rows, columns, self.numbers(name, &[rows, columns])?));
        }
        let part = |part: &str| format!("{name}.{part}");
        if !self.has(&part("counts")) {
            return Err(tensor(name, format!("is missing, and so is `{name}.counts`")));
        }
        let counts = self.integers(&part("counts"))?;
        let indices = self.integers(&part("places"))?;
        let values = self.numbers(&part("values"), &[indices.len()])?;
        let mut end = 0_u32;
        let row_ends: Option<Vec<u32>> = counts
            .iter()
            .map(|count| {
                end = end.checked_add(*count)?;
                Some(end)
            })
            .collect();
        let row_ends = row_ends.ok_or_else(|| tensor(&part("counts"), "has a sum above the range of u32".into()))?;
        Ok(Matrix { rows, columns, storage: MatrixData::Csr { row_ends, indices, values } })
    }
}

fn tensor(name: &str, problem: String) -> FormatError {
    FormatError::Tensor { name: name.to_string(), problem }
}
