//! Parses bytes into a model.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use safetensors::{Dtype, SafeTensors};

use super::header::{CLASSIFICATION, Header, LANGUAGE_MODEL, Version};
use super::integers::decode;
use super::{BUILT_IN_FORMAT, DETAILS, FORMAT, File, FormatError, HEADER, INT8_FORMAT, mask};
use crate::int8::{Int8, IntegerProducts, LARGEST};
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
    if header.int8.is_some() && header.format < INT8_FORMAT {
        return Err(FormatError::Header(format!("format {} has no 8-bit weights", header.format)));
    }
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
        let int8 = header.int8.is_some();
        let axes = |axis| int8.then_some(axis);
        let input_size = [dimensions.unwrap_or(stored), columns.count(cell.input_kinds())];
        let embedding = dimensions.map(|dimensions| self.matrix("embedding", [stored, dimensions], axes(Axis::Rows)));
        let (embedding, embedding_scales) = embedding.transpose()?.unzip();
        let (input, input_scales) = self.matrix("input", input_size, axes(Axis::Rows))?;
        let recurrent_size = [units, columns.count(cell.state_kinds())];
        let (recurrent, recurrent_scales) = self.matrix("recurrent", recurrent_size, axes(Axis::Columns))?;
        let (output, output_scales) = self.matrix("output", [outputs, units], axes(Axis::Rows))?;
        let int8 = header.int8.as_ref().map(|products| Int8 {
            embedding: embedding_scales.flatten(),
            input: input_scales,
            recurrent: recurrent_scales,
            output: output_scales,
            products: IntegerProducts { recurrent: products.recurrent, output: products.output },
        });
        Ok(Model {
            activation: named("activation", &header.activation, Activation::from_name(&header.activation))?,
            task: match header.task.as_str() {
                LANGUAGE_MODEL => Task::LanguageModel,
                CLASSIFICATION => Task::Classification,
                other => return Err(FormatError::Header(format!("there is no task `{other}`"))),
            },
            embedding,
            input,
            recurrent,
            bias: self.numbers("bias", &[cell.kinds(), units])?,
            state_factor: self.has("state_factor").then(|| self.numbers("state_factor", &[units])).transpose()?,
            output,
            output_bias: self.numbers("output_bias", &[outputs])?,
            int8,
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

    /// 8-bit integers as floats.
    fn bytes(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, FormatError> {
        let view = self.find(name)?;
        if view.dtype() != Dtype::I8 || view.shape() != shape {
            let problem = format!("is {:?} {:?}, but must be I8 {shape:?}", view.dtype(), view.shape());
            return Err(tensor(name, problem));
        }
        if view.data().iter().any(|byte| (*byte as i8) < -LARGEST) {
            return Err(tensor(name, format!("has an integer below -{LARGEST}")));
        }
        Ok(view.data().iter().map(|byte| f32::from(*byte as i8)).collect())
    }

    /// A matrix; with an axis and scales, of 8-bit weights, and their scales along it.
    fn matrix(
        &self,
        name: &str,
        [rows, columns]: [usize; 2],
        axis: Option<Axis>,
    ) -> Result<(Matrix<f32>, Option<Vec<f32>>), FormatError> {
        let part = |part: &str| format!("{name}.{part}");
        let axis = axis.filter(|_| self.has(&part("scales")));
        let values = |name: &str, shape: &[usize]| match axis {
            Some(_) => self.bytes(name, shape),
            None => self.numbers(name, shape),
        };
        let mut matrix = if self.has(name) {
            Matrix::dense(rows, columns, values(name, &[rows, columns])?)
        } else {
            let (row_ends, indices) = if axis.is_some() && self.has(&part("mask")) {
                self.mask(&part("mask"), [rows, columns])?
            } else if self.has(&part("counts")) {
                (self.row_ends(&part("counts"))?, self.integers(&part("places"))?)
            } else {
                return Err(tensor(name, format!("is missing, and so is `{name}.counts`")));
            };
            let values = values(&part("values"), &[indices.len()])?;
            Matrix { rows, columns, storage: MatrixData::Csr { row_ends, indices, values } }
        };
        let Some(axis) = axis else { return Ok((matrix, None)) };
        let scales = self.numbers(&part("scales"), &[if axis == Axis::Rows { rows } else { columns }])?;
        scale(&mut matrix, axis, &scales).ok_or_else(|| tensor(name, "has indices outside its size".into()))?;
        Ok((matrix, Some(scales)))
    }

    fn row_ends(&self, name: &str) -> Result<Vec<u32>, FormatError> {
        let mut end = 0_u32;
        let add = |count: &u32| {
            end = end.checked_add(*count)?;
            Some(end)
        };
        let row_ends: Option<Vec<u32>> = self.integers(name)?.iter().map(add).collect();
        row_ends.ok_or_else(|| tensor(name, "has a sum above the range of u32".into()))
    }

    /// Row ends and column indices of the elements that a mask marks.
    fn mask(&self, name: &str, [rows, columns]: [usize; 2]) -> Result<(Vec<u32>, Vec<u32>), FormatError> {
        let view = self.find(name)?;
        let wanted = rows.checked_mul(columns).map(|_| mask::bytes(rows, columns));
        if view.dtype() != Dtype::U8 || Some(view.data().len()) != wanted {
            let problem = format!("is {:?} {:?}, not one bit per element, as U8", view.dtype(), view.shape());
            return Err(tensor(name, problem));
        }
        mask::decode(view.data(), rows, columns).ok_or_else(|| tensor(name, "has bits behind the last element".into()))
    }
}

/// What the scales of a matrix belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Axis {
    Rows,
    Columns,
}

/// Multiplies the integers by their scales; `None` if the structure of the matrix is inconsistent.
fn scale(matrix: &mut Matrix<f32>, axis: Axis, scales: &[f32]) -> Option<()> {
    let Matrix { rows, columns, storage } = matrix;
    let mut start = 0;
    for row in 0..*rows {
        let (values, indices) = match storage {
            MatrixData::Dense(values) => (values.get_mut(row * *columns..(row + 1) * *columns)?, None),
            MatrixData::Csr { row_ends, indices, values } => {
                let range = start..*row_ends.get(row)? as usize;
                start = range.end;
                (values.get_mut(range.clone())?, Some(indices.get(range)?))
            }
        };
        for (at, value) in values.iter_mut().enumerate() {
            let column = indices.map_or(at, |indices| indices[at] as usize);
            *value *= scales.get(if axis == Axis::Rows { row } else { column })?;
        }
    }
    Some(())
}

fn tensor(name: &str, problem: String) -> FormatError {
    FormatError::Tensor { name: name.to_string(), problem }
}
