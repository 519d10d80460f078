//! Serialises a model.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use safetensors::{Dtype, View};

use super::header::{CLASSIFICATION, Header, LANGUAGE_MODEL, Original, Products};
use super::integers::encode;
use super::{BUILT_IN_FORMAT, DETAILS, FORMULA_FORMAT, File, FormatError, HEADER, INT8_FORMAT, mask};
use crate::int8;
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
        let counts = counts(row_ends);
        let bytes = encode(&counts).1.len() + encode(indices).1.len() + size_of_val(values.as_slice());
        if bytes < matrix.rows * matrix.columns * size_of::<f32>() {
            self.integers(&format!("{name}.counts"), &counts);
            self.integers(&format!("{name}.places"), indices);
            self.numbers(&format!("{name}.values"), vec![values.len()], values);
        } else {
            self.numbers(name, vec![matrix.rows, matrix.columns], &matrix.to_dense());
        }
    }

    /// Adds a matrix of 8-bit weights in whichever storage takes fewer bytes, and its scales.
    fn int8_matrix(&mut self, name: &str, matrix: &Matrix<f32>, (scales, by_row): (&[f32], bool)) {
        let sparse = matrix.sparse();
        let MatrixData::Csr { row_ends, indices, .. } = &sparse.storage else { return };
        let integers = |matrix: &Matrix<f32>| -> Vec<u8> {
            let of_row = |row| {
                let scale = move |column: usize| scales[if by_row { row } else { column }];
                matrix.row(row).map(move |(column, weight)| int8::integer(weight, scale(column)) as u8)
            };
            (0..matrix.rows).flat_map(of_row).collect()
        };
        let mut bytes = |name: &str, dtype: Dtype, shape: Vec<usize>, bytes: Vec<u8>| {
            self.0.push((name.to_string(), Tensor { dtype, shape, bytes }));
        };
        let counts = counts(row_ends);
        let mask_bytes = mask::bytes(matrix.rows, matrix.columns);
        let list_bytes = encode(&counts).1.len() + encode(indices).1.len();
        let stored = indices.len();
        if matrix.rows * matrix.columns <= stored + mask_bytes.min(list_bytes) {
            let dense = Matrix::dense(matrix.rows, matrix.columns, matrix.to_dense());
            bytes(name, Dtype::I8, vec![matrix.rows, matrix.columns], integers(&dense));
        } else {
            bytes(&format!("{name}.values"), Dtype::I8, vec![stored], integers(&sparse));
            if mask_bytes <= list_bytes {
                let mask = mask::encode(row_ends, indices, matrix.columns);
                bytes(&format!("{name}.mask"), Dtype::U8, vec![mask_bytes], mask);
            } else {
                self.integers(&format!("{name}.counts"), &counts);
                self.integers(&format!("{name}.places"), indices);
            }
        }
        self.numbers(&format!("{name}.scales"), vec![scales.len()], scales);
    }
}

/// Number of values in each row.
fn counts(row_ends: &[u32]) -> Vec<u32> {
    row_ends.iter().scan(0, |start, end| Some(end - core::mem::replace(start, *end))).collect()
}

/// Header of a model.
fn header<T: Float>(model: &Model<T>) -> Header {
    let Sizes { symbols, dimensions, units, outputs } = model.original;
    let formula = match &model.cell {
        Cell::BuiltIn(_) => None,
        Cell::Formula(formula) => Some(formula.clone()),
    };
    Header {
        // The oldest version that says all, so that older programs can read what they understand.
        format: match (&formula, &model.int8) {
            (_, Some(_)) => INT8_FORMAT,
            (Some(_), None) => FORMULA_FORMAT,
            (None, None) => BUILT_IN_FORMAT,
        },
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
        int8: model
            .int8
            .as_ref()
            .map(|int8| Products { recurrent: int8.products.recurrent, output: int8.products.output }),
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
    let int8 = model.int8.as_ref();
    let mut matrix = |name: &str, matrix: &Matrix<f32>, scales: Option<(&[f32], bool)>| match scales {
        Some(scales) => tensors.int8_matrix(name, matrix, scales),
        None => tensors.matrix(name, matrix),
    };
    if let Some(embedding) = &model.embedding {
        matrix("embedding", embedding, int8.and_then(|int8| Some((int8.embedding.as_deref()?, true))));
    }
    matrix("input", &model.input, int8.and_then(|int8| Some((int8.input.as_deref()?, true))));
    matrix("recurrent", &model.recurrent, int8.and_then(|int8| Some((int8.recurrent.as_deref()?, false))));
    matrix("output", &model.output, int8.and_then(|int8| Some((int8.output.as_deref()?, true))));
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
