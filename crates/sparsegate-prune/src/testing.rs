//! Small fixture networks for the tests of this module.

use super::{NetworkArrays, PosteriorMatrix};
use sparsegate_core::GateActivation;
use sparsegate_core::cells::{Cell, Lstm};

/// Mean and log sigma of one array.
#[derive(Debug, Clone)]
pub struct OwnedArray {
    pub mean: Vec<f64>,
    log_sigma: Vec<f64>,
    shape: [usize; 2],
}

impl OwnedArray {
    /// An array of live elements: log alpha is -6.
    fn live(shape: [usize; 2]) -> Self {
        let len = shape[0] * shape[1];
        Self { mean: vec![1.0; len], log_sigma: vec![-3.0; len], shape }
    }

    /// Number of elements.
    pub fn size(&self) -> usize {
        self.mean.len()
    }

    /// Makes an element dead: log alpha is 3.2.
    pub fn kill(&mut self, index: usize) {
        self.mean[index] = 0.01;
    }

    /// Makes a row of a matrix dead.
    pub fn kill_row(&mut self, row: usize, columns: usize) {
        (0..columns).for_each(|column| self.kill(row * columns + column));
    }

    /// Makes a column of a matrix dead.
    pub fn kill_column(&mut self, column: usize, columns: usize) {
        (0..self.mean.len() / columns).for_each(|row| self.kill(row * columns + column));
    }

    fn array(&self) -> PosteriorMatrix<'_, f64> {
        PosteriorMatrix::matrix(&self.mean, Some(&self.log_sigma), self.shape)
    }
}

/// A network with only variational arrays.
#[derive(Debug, Clone)]
pub struct FixtureNetwork {
    pub cell: &'static dyn Cell,
    pub embedding: Option<OwnedArray>,
    pub w_input: OwnedArray,
    pub w_hidden: OwnedArray,
    pub z_vocabulary: Option<OwnedArray>,
    pub z_inputs: Option<OwnedArray>,
    pub z_neurons: Option<OwnedArray>,
    pub z_gates: Option<OwnedArray>,
    pub w_output: OwnedArray,
    pub bias: Vec<f64>,
}

impl FixtureNetwork {
    /// An LSTM without an embedding, with every element live.
    pub fn live(vocabulary: usize, hidden: usize, output: usize) -> Self {
        Self::sized(vocabulary, hidden, output, 4, 4)
    }

    /// The same with arrays sized for a cell of `preactivations` and `biases` kinds. `cell` is still the LSTM; the
    /// caller sets it.
    pub fn sized(vocabulary: usize, hidden: usize, output: usize, preactivations: usize, biases: usize) -> Self {
        let columns = preactivations * hidden;
        Self {
            cell: &Lstm,
            embedding: None,
            w_input: OwnedArray::live([vocabulary, columns]),
            w_hidden: OwnedArray::live([hidden, columns]),
            z_vocabulary: Some(OwnedArray::live([1, vocabulary])),
            z_inputs: None,
            z_neurons: Some(OwnedArray::live([1, hidden])),
            z_gates: Some(OwnedArray::live([1, columns])),
            w_output: OwnedArray::live([hidden, output]),
            bias: vec![0.0; biases * hidden],
        }
    }

    /// The same with an embedding of `size` dimensions.
    pub fn embedded(vocabulary: usize, size: usize, hidden: usize, output: usize) -> Self {
        Self {
            embedding: Some(OwnedArray::live([vocabulary, size])),
            z_vocabulary: Some(OwnedArray::live([1, vocabulary])),
            z_inputs: Some(OwnedArray::live([1, size])),
            ..Self::live(size, hidden, output)
        }
    }

    /// The arrays that the network has, for killing elements at random.
    pub fn pairs(&mut self) -> Vec<&mut OwnedArray> {
        [&mut self.w_input, &mut self.w_hidden, &mut self.w_output]
            .into_iter()
            .chain([&mut self.z_vocabulary, &mut self.z_neurons, &mut self.z_gates].into_iter().flatten())
            .chain([&mut self.embedding, &mut self.z_inputs].into_iter().flatten())
            .collect()
    }

    /// The network in the form that this module reads.
    pub fn parts(&self) -> NetworkArrays<'_, f64> {
        NetworkArrays {
            cell: self.cell,
            activation: GateActivation::Sigmoid,
            embedding: self.embedding.as_ref().map(OwnedArray::array),
            z_vocabulary: self.z_vocabulary.as_ref().map(OwnedArray::array),
            w_input: self.w_input.array(),
            w_hidden: self.w_hidden.array(),
            z_inputs: self.z_inputs.as_ref().map(OwnedArray::array),
            z_neurons: self.z_neurons.as_ref().map(OwnedArray::array),
            z_gates: self.z_gates.as_ref().map(OwnedArray::array),
            bias: &self.bias,
            w_output: self.w_output.array(),
            zeros_are_pruned: false,
        }
    }
}
