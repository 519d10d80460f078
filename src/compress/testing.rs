//! Small networks for the tests of this module.

use super::{Array, Parts};

/// The arrays of one quantity.
#[derive(Debug, Clone)]
pub struct Pair {
    mean: Vec<f64>,
    log_sigma: Vec<f64>,
}

impl Pair {
    /// Live elements: log alpha is -6.
    fn live(len: usize) -> Self {
        Self { mean: vec![1.0; len], log_sigma: vec![-3.0; len] }
    }

    /// How many elements there are.
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

    fn array(&self, shape: [usize; 2]) -> Array<'_, f64> {
        Array::matrix(&self.mean, Some(&self.log_sigma), shape)
    }
}

/// A network with every quantity variational.
#[derive(Debug, Clone)]
pub struct Owned {
    pub w_input: Pair,
    pub w_hidden: Pair,
    pub z_vocabulary: Pair,
    pub z_neurons: Pair,
    pub z_gates: Pair,
    pub w_output: Pair,
    pub bias: Vec<f64>,
    sizes: [usize; 3],
}

impl Owned {
    /// How many quantities there are.
    pub const QUANTITIES: usize = 6;

    /// A network in which everything is live.
    pub fn live(vocabulary: usize, hidden: usize, output: usize) -> Self {
        Self {
            w_input: Pair::live(vocabulary * 4 * hidden),
            w_hidden: Pair::live(hidden * 4 * hidden),
            z_vocabulary: Pair::live(vocabulary),
            z_neurons: Pair::live(hidden),
            z_gates: Pair::live(4 * hidden),
            w_output: Pair::live(hidden * output),
            bias: vec![0.0; 4 * hidden],
            sizes: [vocabulary, hidden, output],
        }
    }

    /// A quantity by number, to kill elements at random.
    pub fn pair(&mut self, quantity: usize) -> &mut Pair {
        match quantity % Self::QUANTITIES {
            0 => &mut self.w_input,
            1 => &mut self.w_hidden,
            2 => &mut self.z_vocabulary,
            3 => &mut self.z_neurons,
            4 => &mut self.z_gates,
            _ => &mut self.w_output,
        }
    }

    /// The network as the module takes it.
    pub fn parts(&self) -> Parts<'_, f64> {
        let [vocabulary, hidden, output] = self.sizes;
        Parts {
            w_input: self.w_input.array([vocabulary, 4 * hidden]),
            w_hidden: self.w_hidden.array([hidden, 4 * hidden]),
            z_vocabulary: Some(self.z_vocabulary.array([1, vocabulary])),
            z_neurons: Some(self.z_neurons.array([1, hidden])),
            z_gates: Some(self.z_gates.array([1, 4 * hidden])),
            bias: &self.bias,
            w_output: self.w_output.array([hidden, output]),
        }
    }
}
