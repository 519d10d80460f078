//! Weights as 8-bit integers.
//!
//! A matrix of weights has one scale for each row of its product's result: `weight = integer * scale`, with integers
//! from -127 to 127 (symmetric, without a zero point). The rows are those of the embedding, of the input matrix and of
//! the output matrix, and the columns of the recurrent matrix. A [`Model`] that has [`Int8`] holds the products
//! `integer * scale` as its weights, so that everything that reads weights needs to know nothing of integers.
//!
//! A symbol's input is looked up, not multiplied, and uses these weights. The products with the hidden state, of the
//! recurrent and of the output matrix, either use them too, or are computed in integers: see [`IntegerProducts`]. Then
//! the state is quantised anew at each step, with one scale for the whole state:
//!
//! ```text
//! m = max |h|,  scale(h) = m / 127,  q(h) = round(h * (127 / m))         round: to nearest, ties to even
//! product = (sum of q(h) q(w), an exact integer) * (scale(w) * scale(h))
//! ```
//!
//! All of this is in f32, without fused operations, so every implementation gives the same bits. A state below
//! [`SMALLEST`] counts as zero; if a state is not finite, the products are NaN.

use alloc::vec;
use alloc::vec::Vec;

use crate::matrix::MatrixData;
use crate::{Cell, Float, Matrix, Model};

/// Largest absolute integer.
pub const LARGEST: i8 = 127;

/// States whose largest absolute value is below this are zero when quantised.
pub const SMALLEST: f32 = 1e-30;

/// Maximum number of units of a model with integer products: a sum of more products could overflow an i32.
pub const MAX_UNITS: usize = 1 << 17;

/// The scales of a model's weights. A matrix without scales has f32 weights.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Int8 {
    /// Scale of each row of the embedding `[V']`.
    pub embedding: Option<Vec<f32>>,
    /// Scale of each row of the input matrix.
    pub input: Option<Vec<f32>>,
    /// Scale of each column of the recurrent matrix.
    pub recurrent: Option<Vec<f32>>,
    /// Scale of each row of the output matrix `[O]`.
    pub output: Option<Vec<f32>>,
    /// Which products are computed in integers; their matrices have scales.
    pub products: IntegerProducts,
}

impl Int8 {
    /// Scales of the recurrent matrix if its products are computed in integers.
    pub fn recurrent_product(&self) -> Option<&[f32]> {
        self.recurrent.as_deref().filter(|_| self.products.recurrent)
    }

    /// Scales of the output matrix if its products are computed in integers.
    pub fn output_product(&self) -> Option<&[f32]> {
        self.output.as_deref().filter(|_| self.products.output)
    }
}

/// Which products with the hidden state are computed in integers. It is a part of the model, not a choice of the
/// runtime, because it changes the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IntegerProducts {
    /// The recurrent matrix.
    pub recurrent: bool,
    /// The output matrix.
    pub output: bool,
}

/// Number of elements from which on an integer product is faster than one with floats, and the largest ratio of the
/// number of elements to that of non-zero weights: integer products multiply zeros, too. Measured: docs/performance.md.
const MIN_ELEMENTS: usize = 1024;
const MAX_ELEMENTS_PER_WEIGHT: usize = 16;

impl IntegerProducts {
    /// The products that are worth it.
    fn of<T: Float>(model: &Model<T>) -> Self {
        let worth = |matrix: &Matrix<T>| {
            let elements = matrix.rows * matrix.columns;
            elements >= MIN_ELEMENTS && elements <= MAX_ELEMENTS_PER_WEIGHT * matrix.count_nonzero()
        };
        let possible = matches!(model.cell, Cell::BuiltIn(_)) && model.units() <= MAX_UNITS;
        Self { recurrent: possible && worth(&model.recurrent), output: possible && worth(&model.output) }
    }
}

impl Model<f32> {
    /// The model with its weights rounded to 8-bit integers, but for a matrix of so few weights that they and their
    /// scales would take more bytes. Integer products are chosen for the dense matrices that are large enough. A model
    /// that has 8-bit weights is returned unchanged. The model must be valid ([`Model::check`]).
    #[must_use]
    pub fn to_int8(&self) -> Self {
        if self.int8.is_some() {
            return self.clone();
        }
        self.rounded(IntegerProducts::of(self), |weights, scales| 3 * weights > size_of::<f32>() * scales)
    }

    /// Like [`Self::to_int8`], with every matrix rounded, and with these products in integers. For tests.
    #[must_use]
    pub fn to_int8_with(&self, products: IntegerProducts) -> Self {
        self.rounded(products, |_, _| true)
    }

    /// The model with rounded weights; `worth` decides by the number of a matrix's weights and scales.
    fn rounded(&self, products: IntegerProducts, worth: impl Fn(usize, usize) -> bool) -> Self {
        let round = |matrix: &Matrix<f32>, by_row: bool| {
            let scales = if by_row { matrix.rows } else { matrix.columns };
            if worth(matrix.count_nonzero(), scales) {
                let (matrix, scales) = rounded(matrix, by_row, scales);
                (matrix, Some(scales))
            } else {
                (matrix.clone(), None)
            }
        };
        let (embedding, embedding_scales) = self.embedding.as_ref().map(|matrix| round(matrix, true)).unzip();
        let (input, input_scales) = round(&self.input, true);
        let (recurrent, recurrent_scales) = round(&self.recurrent, false);
        let (output, output_scales) = round(&self.output, true);
        let int8 = Int8 {
            embedding: embedding_scales.flatten(),
            input: input_scales,
            recurrent: recurrent_scales,
            output: output_scales,
            products,
        };
        Self { embedding, input, recurrent, output, int8: Some(int8), ..self.clone() }
    }
}

/// The matrix with rounded weights, and its scales, by row or by column.
fn rounded(matrix: &Matrix<f32>, by_row: bool, scales: usize) -> (Matrix<f32>, Vec<f32>) {
    let mut largest = vec![0.0_f32; scales];
    for row in 0..matrix.rows {
        for (column, weight) in matrix.row(row) {
            let largest = &mut largest[if by_row { row } else { column }];
            *largest = largest.max(weight.abs());
        }
    }
    let scales: Vec<f32> =
        largest.into_iter().map(|m| if m < SMALLEST { 0.0 } else { m / f32::from(LARGEST) }).collect();
    let mut values = Vec::new();
    for row in 0..matrix.rows {
        for (column, weight) in matrix.row(row) {
            let scale = scales[if by_row { row } else { column }];
            values.push(f32::from(integer(weight, scale)) * scale);
        }
    }
    let storage = match &matrix.storage {
        MatrixData::Dense(_) => MatrixData::Dense(values),
        MatrixData::Csr { row_ends, indices, .. } => {
            MatrixData::Csr { row_ends: row_ends.clone(), indices: indices.clone(), values }
        }
    };
    let rounded = Matrix { storage, ..*matrix };
    // Weights that are now zero are left out.
    let rounded = if matches!(rounded.storage, MatrixData::Csr { .. }) { rounded.sparse() } else { rounded };
    (rounded, scales)
}

/// The integer of a weight.
pub fn integer<T: Float>(weight: T, scale: f32) -> i8 {
    if scale == 0.0 { 0 } else { nearest((weight.to_f64() / f64::from(scale)) as f32) }
}

/// Adding this to a number of at most 2^22 rounds it to an integer, ties to even, which is then in the last bits.
pub(crate) const ROUND: f32 = 12_582_912.0;

/// The nearest integer of a number from -127 to 127.
fn nearest(value: f32) -> i8 {
    (value + ROUND).to_bits() as i8
}

/// Scale of a state, and the factor by which it is multiplied before it is rounded; `largest` is its largest absolute
/// value, and not finite if any of its values is not.
#[inline(always)]
pub(crate) fn state_scale(largest: f32) -> (f32, f32) {
    if largest < SMALLEST {
        (0.0, 0.0)
    } else if largest <= f32::MAX {
        (largest / f32::from(LARGEST), f32::from(LARGEST) / largest)
    } else {
        (f32::NAN, 0.0)
    }
}

/// A hidden state as 8-bit integers.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantizedState {
    /// The integer of each unit.
    pub integers: Vec<i8>,
    /// The common scale.
    pub scale: f32,
}

impl QuantizedState {
    /// Quantises a state.
    pub fn new<T: Float>(state: &[T]) -> Self {
        let state: Vec<f32> = state.iter().map(|value| value.to_f64() as f32).collect();
        let finite = state.iter().all(|value| value.is_finite());
        let largest = state.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let (scale, factor) = state_scale(if finite { largest } else { f32::NAN });
        let integers = state.iter().map(|value| if finite { nearest(value * factor) } else { 0 }).collect();
        Self { integers, scale }
    }

    /// The product with some weights, given as pairs of unit and weight, of this scale.
    pub fn product<T: Float>(&self, weights: impl Iterator<Item = (usize, T)>, scale: f32) -> f32 {
        let term = |(unit, weight)| i32::from(self.integers[unit]) * i32::from(integer(weight, scale));
        weights.map(term).sum::<i32>() as f32 * (scale * self.scale)
    }
}
