//! A compact model as a dense layer: weights for every kind of sum of every unit, with zeros for pruned weights.

use sparsegate_runtime::int8::integer;
use sparsegate_runtime::{Matrix, Model};

use super::ExportError;

/// Maximum bytes of all matrices together. A protobuf message is limited to 2 GiB; 1 MiB is left for everything else.
pub const MAX_BYTES: u128 = (1 << 31) - (1 << 20);

/// A dense view of a model, with `H` units and `D` inputs. Both are at least 1, because frameworks reject empty layers;
/// if nothing survives, the single unit or input stays zero.
pub struct DenseLayer<'a> {
    model: &'a Model<f32>,
    vectors: SymbolVectors,
    /// H.
    pub units: usize,
    /// D, the length of a symbol's vector.
    pub inputs: usize,
}

/// How symbols are represented as vectors. A network without embedding has one row of its input matrix per symbol,
/// whereas layers of frameworks multiply each input vector by a matrix; so either the vectors or the matrix must be
/// trivial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SymbolVectors {
    /// The symbol's row of the embedding.
    Embedding,
    /// A one-hot vector; the layer's input matrix is the model's.
    OneHot,
    /// The symbol's row of the input matrix, with one element per sum that has input weights. The layer's input matrix
    /// routes each element to its sum with a weight of one.
    Sums,
}

impl<'a> DenseLayer<'a> {
    /// Without an embedding, chooses the exact representation with fewer inputs.
    ///
    /// # Errors
    /// [`ExportError::TooLarge`].
    pub fn new(model: &'a Model<f32>) -> Result<Self, ExportError> {
        let (stored, sums) = (model.symbols.stored.len(), model.input.columns);
        let (vectors, inputs) = match &model.embedding {
            Some(embedding) => (SymbolVectors::Embedding, embedding.columns),
            None if stored <= sums => (SymbolVectors::OneHot, stored),
            None => (SymbolVectors::Sums, sums),
        };
        let dense = Self { model, vectors, units: model.units().max(1), inputs: inputs.max(1) };
        let bytes = dense.bytes();
        if bytes > MAX_BYTES { Err(ExportError::TooLarge { bytes }) } else { Ok(dense) }
    }

    /// Bytes of all matrices, with one vector per symbol.
    fn bytes(&self) -> u128 {
        let (units, inputs) = (self.units as u128, self.inputs as u128);
        let (reads, states) =
            (self.model.cell.input_kinds().len() as u128, self.model.cell.state_kinds().len() as u128);
        let vectors = (u128::from(self.model.symbols.total) + 1) * (inputs + 2);
        let layer = units * (reads * inputs + states * units + 2 * (reads + states));
        4 * (vectors + layer + self.model.outputs() as u128 * (units + 1))
    }

    /// The vector `[D]` of the symbol stored in `row`.
    pub fn vector(&self, row: usize) -> Vec<f32> {
        let mut vector = vec![0.0; self.inputs];
        match (self.vectors, &self.model.embedding) {
            (SymbolVectors::OneHot, _) => vector[row] = 1.0,
            (_, Some(embedding)) => embedding.row(row).for_each(|(place, value)| vector[place] = value),
            (_, None) => self.model.input.row(row).for_each(|(place, value)| vector[place] = value),
        }
        vector
    }

    /// Input weights of the given kinds, stacked by rows, `[kinds * H, D]`.
    pub fn input(&self, kinds: &[usize]) -> Vec<f32> {
        let columns = self.model.columns.units_of_kinds(self.model.cell.input_kinds());
        if self.vectors == SymbolVectors::Sums {
            let ones = columns.enumerate().map(|(column, place)| (column, place, 1.0));
            return self.stacked(kinds, self.inputs, ones);
        }
        self.scattered(kinds, self.inputs, &self.model.input, &columns.collect::<Vec<_>>())
    }

    /// Recurrent weights of the given kinds, stacked by rows, `[kinds * H, H]`.
    pub fn recurrent(&self, kinds: &[usize]) -> Vec<f32> {
        let columns: Vec<_> = self.model.columns.units_of_kinds(self.model.cell.state_kinds()).collect();
        self.scattered(kinds, self.units, &self.model.recurrent, &columns)
    }

    /// Biases of the given kinds, concatenated, `[kinds * H]`; `None` stands for zeros.
    pub fn bias(&self, kinds: &[Option<usize>]) -> Vec<f32> {
        let mut bias = vec![0.0; kinds.len() * self.units];
        for (kind, bias) in kinds.iter().zip(bias.chunks_mut(self.units)) {
            if let Some(kind) = kind {
                let units = self.model.units();
                bias[..units].copy_from_slice(&self.model.bias[kind * units..][..units]);
            }
        }
        bias
    }

    /// Output weights `[O, H]`.
    pub fn output(&self) -> Vec<f32> {
        let mut weights = vec![0.0; self.model.outputs() * self.units];
        for (row, weights) in weights.chunks_mut(self.units).enumerate() {
            self.model.output.row(row).for_each(|(unit, weight)| weights[unit] = weight);
        }
        weights
    }

    /// Scales of 8-bit vectors, one each symbol and for the vector of zeros; `None` if vectors are floats or one-hot.
    pub fn vector_scales(&self) -> Option<AxisScales> {
        let int8 = self.model.int8.as_ref()?;
        let mut scales = match self.vectors {
            SymbolVectors::OneHot => return None,
            SymbolVectors::Embedding => int8.embedding.clone()?,
            SymbolVectors::Sums => int8.input.clone()?,
        };
        scales.push(0.0);
        Some(AxisScales { axis: 0, scales })
    }

    /// Scales of 8-bit input weights, one each input; `None` if they are floats, or ones. `axis` is that of the inputs.
    pub fn input_scales(&self, axis: usize) -> Option<AxisScales> {
        let int8 = self.model.int8.as_ref().filter(|_| self.vectors != SymbolVectors::Sums)?;
        let mut scales = int8.input.clone()?;
        scales.resize(self.inputs, 0.0);
        Some(AxisScales { axis, scales })
    }

    /// Scales of 8-bit recurrent weights of the given kinds, one each sum, `[kinds * H]`; `None` if they are floats.
    pub fn recurrent_scales(&self, kinds: &[usize], axis: usize) -> Option<AxisScales> {
        let of_column = self.model.int8.as_ref()?.recurrent.as_ref()?;
        let columns = self.model.columns.units_of_kinds(self.model.cell.state_kinds());
        let mut scales = vec![0.0; kinds.len() * self.units];
        for ((kind, unit), scale) in columns.zip(of_column) {
            if let Some(place) = kinds.iter().position(|wanted| *wanted == kind) {
                scales[place * self.units + unit] = *scale;
            }
        }
        Some(AxisScales { axis, scales })
    }

    /// Scales of 8-bit output weights, one each output; `None` if they are floats.
    pub fn output_scales(&self, axis: usize) -> Option<AxisScales> {
        Some(AxisScales { axis, scales: self.model.int8.as_ref()?.output.clone()? })
    }

    /// The factors by which the units' new states are multiplied, `[H]`, if the cell has any.
    pub fn state_factor(&self) -> Option<Vec<f32>> {
        let mut factor = self.model.state_factor.clone()?;
        factor.resize(self.units, 0.0);
        Some(factor)
    }

    fn scattered(&self, kinds: &[usize], reads: usize, matrix: &Matrix<f32>, columns: &[(usize, usize)]) -> Vec<f32> {
        let weights = (0..matrix.rows)
            .flat_map(|row| matrix.row(row).map(move |(column, weight)| (row, columns[column], weight)));
        self.stacked(kinds, reads, weights)
    }

    /// Arranges weights as `[kinds * H, reads]`. Each weight comes with the index of what it reads and the kind and
    /// unit of its sum.
    fn stacked(
        &self,
        kinds: &[usize],
        reads: usize,
        weights: impl Iterator<Item = (usize, (usize, usize), f32)>,
    ) -> Vec<f32> {
        let mut stacked = vec![0.0; kinds.len() * self.units * reads];
        for (from, (kind, unit), weight) in weights {
            if let Some(place) = kinds.iter().position(|wanted| *wanted == kind) {
                stacked[(place * self.units + unit) * reads + from] = weight;
            }
        }
        stacked
    }
}

/// The scales of 8-bit weights: one for each index along an axis.
pub struct AxisScales {
    pub axis: usize,
    pub scales: Vec<f32>,
}

impl AxisScales {
    /// The integers of weights with these sides.
    pub fn integers(&self, sides: &[usize], weights: &[f32]) -> Vec<i8> {
        let after: usize = sides[self.axis + 1..].iter().product();
        let scale = |place: usize| self.scales[place / after % sides[self.axis]];
        weights.iter().enumerate().map(|(place, weight)| integer(*weight, scale(place))).collect()
    }
}

/// Transposes a row-major matrix with `columns` columns.
pub fn transposed(matrix: &[f32], columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| matrix.iter().skip(column).step_by(columns).copied()).collect()
}
