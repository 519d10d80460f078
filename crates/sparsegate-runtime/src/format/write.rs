//! Serialises a model.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use safetensors::{Dtype, View};

use super::header::{CLASSIFICATION, Header, LANGUAGE_MODEL, Original};
use super::integers::encode;
use super::{BUILT_IN_FORMAT, DETAILS, FORMAT, File, FormatError, HEADER};
use crate::matrix::MatrixData;
use crate::model::{Model, Sizes, Task};
use crate::{Cell, Float, Matrix};

/// A tensor in the form that `safetensors` serialises.
struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// Tensors by name.
struct Tensors(Vec<(String, Tensor)>);

impl Tensors {
    fn numbers(&mut self, name: &str, shape: Vec<usize>, values: &[f32]) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.0.push((name.to_string(), Tensor { dtype: Dtype::F32, shape, bytes }));
    }

    fn integers(&mut self, name: &str, values: &[u32]) {
        let (dtype, bytes) = encode(values);
        self.0.push((name.to_string(), Tensor { dtype, shape: vec![values.len()], bytes }));
    }

    /// Adds a matrix in whichever storage takes fewer bytes.
    fn matrix(&mut self, name: &str, matrix: &Matrix<f32>) {
        let sparse = matrix.sparse();
        let MatrixData::Csr { row_ends, indices, values } = &sparse.storage else { return };
        let counts: Vec<u32> =
            row_ends.iter().scan(0, |start, end| Some(end - core::mem::replace(start, *end))).collect();
        let bytes = encode(&counts).1.len() + encode(indices).1.len() + size_of_val(values.as_slice());
        if bytes < matrix.rows * matrix.columns * size_of::<f32>() {
            self.integers(&format!("{name}.counts"), &counts);
            self.integers(&format!("{name}.places"), indices);
            self.numbers(&format!("{name}.values"), vec![values.len()], values);
        } else {
            self.numbers(name, vec![matrix.rows, matrix.columns], &matrix.to_dense());
        }
    }
}

/// Header of a model.
fn header<T: Float>(model: &Model<T>) -> Header {
    let Sizes { symbols, dimensions, units, outputs } = model.original;
    let formula = match &model.cell {
        Cell::BuiltIn(_) => None,
        Cell::Formula(formula) => Some(formula.clone()),
    };
    Header {
        format: if formula.is_some() { FORMAT } else { BUILT_IN_FORMAT },
        cell: model.cell.name().into(),
        formula,
        activation: model.activation.name().into(),
        task: match model.task {
            Task::LanguageModel => LANGUAGE_MODEL.into(),
            Task::Classification => CLASSIFICATION.into(),
        },
        symbols: model.symbols.total,
        dimensions: model.embedding.as_ref().map(|embedding| embedding.columns as u32),
        units: model.units() as u32,
        outputs: model.outputs() as u32,
        live: model.columns.live.iter().map(|live| live.len() as u32).collect(),
        original: Original { symbols, dimensions, units, outputs },
    }
}

pub(super) fn write(file: &File) -> Result<Vec<u8>, FormatError> {
    let File { model, details } = file;
    model.check()?;
    let mut tensors = Tensors(Vec::new());
    if model.symbols.stored.len() < model.symbols.total as usize {
        tensors.integers("symbols", &model.symbols.stored);
    }
    tensors.integers("columns", &model.columns.live.concat());
    if let Some(embedding) = &model.embedding {
        tensors.matrix("embedding", embedding);
    }
    tensors.matrix("input", &model.input);
    tensors.matrix("recurrent", &model.recurrent);
    tensors.matrix("output", &model.output);
    tensors.numbers("bias", vec![model.cell.kinds(), model.units()], &model.bias);
    if let Some(factor) = &model.state_factor {
        tensors.numbers("state_factor", vec![factor.len()], factor);
    }
    tensors.numbers("output_bias", vec![model.output_bias.len()], &model.output_bias);
    let header = serde_json::to_string(&header(model)).map_err(|error| FormatError::Header(error.to_string()))?;
    container(tensors, header, details)
}

/// Serialises the tensors and adds the metadata. `safetensors` keeps metadata in a hash map, whose order changes from
/// run to run, so the header is assembled here to give reproducible bytes.
fn container(tensors: Tensors, header: String, details: &str) -> Result<Vec<u8>, FormatError> {
    let failed = |error: safetensors::SafeTensorError| FormatError::Container(error.to_string());
    let bytes = safetensors::serialize(tensors.0, None).map_err(failed)?;
    let (length, _) = safetensors::SafeTensors::read_metadata(&bytes).map_err(failed)?;
    let json_error = |error: serde_json::Error| FormatError::Container(error.to_string());
    let quoted = |text: &str| serde_json::to_string(text).map_err(json_error);
    let entries = core::str::from_utf8(&bytes[8..8 + length]).unwrap_or_default().trim_end();
    let mut head = format!(
        "{{\"__metadata__\":{{\"{HEADER}\":{},\"{DETAILS}\":{}}},{}",
        quoted(&header)?,
        quoted(details)?,
        entries.trim_start_matches('{')
    );
    // The data section starts at a multiple of eight bytes.
    while head.len() % 8 != 0 {
        head.push(' ');
    }
    let mut whole = Vec::with_capacity(8 + head.len() + bytes.len() - 8 - length);
    whole.extend((head.len() as u64).to_le_bytes());
    whole.extend(head.as_bytes());
    whole.extend(&bytes[8 + length..]);
    Ok(whole)
}
