//! Test cases of the recurrence: a cell on a batch, with random inputs.

use burn::tensor::{DType, Tensor};
use sparsegate_core::GateActivation;
use sparsegate_core::cells::{CELLS, Cell};
use sparsegate_nn::engine::{Ops, RecurrenceInputs};

use super::matrix::{HostMatrix, MemoryLayout};

const ACTIVATIONS: [GateActivation; 2] = [GateActivation::Sigmoid, GateActivation::HardSigmoid];

/// A cell on a batch.
#[derive(Clone)]
pub struct Case {
    /// The cell.
    pub cell: &'static dyn Cell,
    /// Activation of its gates.
    pub activation: GateActivation,
    /// Number of active sequences at each step.
    pub active: Vec<usize>,
    /// H.
    pub units: usize,
}

/// Active sequences at each step, and number of units: one of everything, sizes around the width of a SIMD vector, more
/// than one block of sequences, and all but one sequence starting at the last step.
fn shapes() -> Vec<(Vec<usize>, usize)> {
    let even = [[1, 1, 1], [1, 5, 3], [6, 1, 4], [5, 3, 1], [4, 2, 16], [3, 7, 17], [3, 33, 6], [2, 65, 9], [9, 4, 65]];
    let mut shapes: Vec<_> = even.iter().map(|[steps, rows, units]| (vec![*rows; *steps], *units)).collect();
    let ragged: [(&[usize], usize); 6] = [
        (&[1, 2], 1),
        (&[1, 2, 3, 5, 5], 3),
        (&[1, 1, 1, 40], 4),
        (&[1, 1, 2, 2, 2, 6, 6], 17),
        (&[3, 3, 7, 30, 70], 9),
        (&[2, 40, 40, 65], 33),
    ];
    shapes.extend(ragged.iter().map(|(active, units)| (active.to_vec(), *units)));
    shapes
}

/// Every cell and activation on every shape.
pub fn cases() -> impl Iterator<Item = Case> {
    CELLS.iter().flat_map(|cell| {
        ACTIVATIONS.iter().flat_map(|activation| {
            let case = |(active, units)| Case { cell: *cell, activation: *activation, active, units };
            shapes().into_iter().map(case)
        })
    })
}

impl Case {
    /// Name for messages.
    pub fn name(&self) -> String {
        format!("{} {:?} {:?} {}", self.cell.name(), self.activation, self.active, self.units)
    }

    /// B, the number of sequences.
    pub fn rows(&self) -> usize {
        self.active[self.active.len() - 1]
    }

    /// N, the number of inputs in all steps.
    pub fn total(&self) -> usize {
        self.active.iter().sum()
    }

    /// Random values of the differentiable inputs.
    pub fn inputs(&self) -> Vec<(&'static str, HostMatrix)> {
        let (units, wide) = (self.units, self.cell.preactivations().len() * self.units);
        let spread = 1.5 / (units as f64).sqrt();
        vec![
            ("input", HostMatrix::random([self.total(), wide], [-2.0, 2.0], 1)),
            ("recurrent", HostMatrix::random([units, wide], [-spread, spread], 2)),
            ("z_gates", HostMatrix::random([self.rows(), wide], [0.3, 1.5], 3)),
            ("bias", HostMatrix::random([1, self.cell.biases().len() * units], [-0.5, 1.0], 4)),
            ("z_neurons", HostMatrix::random([self.rows(), units], [-0.5, 1.5], 5)),
        ]
    }

    /// The inputs as tensors on flex.
    pub fn leaves(&self, dtype: DType, layout: MemoryLayout) -> Vec<Tensor<2>> {
        self.inputs().iter().map(|(_, input)| input.view(dtype, layout)).collect()
    }

    /// Inputs of the recurrence from leaf tensors, with non-zero initial states, on the leaves' device.
    pub fn with_states(&self, leaves: &[Tensor<2>], layout: MemoryLayout) -> RecurrenceInputs<'_> {
        let [input, recurrent, z_gates, bias, z_neurons] = [0, 1, 2, 3, 4].map(|index| leaves[index].clone());
        let (device, dtype) = (input.device().inner(), input.dtype());
        let state =
            |index| HostMatrix::random([self.rows(), self.units], [-0.9, 0.9], 6 + index).place(&device, dtype, layout);
        let states = (0..self.cell.states().len() as u64).map(state).collect();
        let (active, activation) = (self.active.as_slice(), self.activation);
        RecurrenceInputs { input, recurrent, z_gates, bias, z_neurons, states, active, columns: None, activation }
    }

    /// Computes all states.
    pub fn run(&self, ops: &dyn Ops, leaves: &[Tensor<2>], layout: MemoryLayout) -> Vec<Tensor<2>> {
        let states = ops.recurrence(self.cell, self.with_states(leaves, layout));
        assert_eq!(states.len(), self.cell.states().len(), "{}", self.name());
        states
    }

    /// Computes the hidden states.
    pub fn hidden(&self, ops: &dyn Ops, leaves: &[Tensor<2>]) -> Tensor<2> {
        self.run(ops, leaves, MemoryLayout::Plain).remove(0)
    }
}
