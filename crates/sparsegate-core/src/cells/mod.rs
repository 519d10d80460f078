//! The recurrent cells, one file each, behind one trait.
//!
//! A cell's *preactivations* are what its weight matrices compute: `x W + h U` for each of its P kinds, side by side in
//! the columns, `kind * H + unit`. Each has a group factor of its own. Some are *gates*, which let something through or
//! not; the others are *information flow*, what passes. Everything else follows from what a cell says here: shapes,
//! names, masks, counts, constants, the columns of tables and figures, and the values `model.cell` may have.
//!
//! A new cell is one file and one line in [`CELLS`]; `docs/new-cell.md` goes through it.

mod gru;
mod lstm;
mod rnn;

use std::fmt::Debug;

use crate::GateActivation;
use crate::formula::{Expr, Symbols};

pub use gru::Gru;
pub use lstm::Lstm;
pub use rnn::Rnn;

/// The cells there are, in the order in which they are listed.
pub const CELLS: &[&dyn Cell] = &[&Lstm, &Gru::Output, &Gru::State, &Rnn];

/// The cell of that name.
pub fn find(name: &str) -> Option<&'static dyn Cell> {
    CELLS.iter().copied().find(|cell| cell.name() == name)
}

/// One kind of preactivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preactivation {
    /// A short name, such as `f`; part of file formats and of the metrics' names.
    pub name: &'static str,
    /// What it does in the cell.
    pub role: Role,
}

/// What a preactivation does in its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Lets something through or not; through `model.gate_activation`.
    Gate,
    /// What passes; through tanh.
    Flow,
}

/// One kind of bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bias {
    /// A short name, such as `f`.
    pub name: &'static str,
    /// Whether it starts at `model.forget_bias` and not at zero.
    pub starts_open: bool,
}

/// The fused kernels that an engine may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// [`Lstm`].
    Lstm,
    /// [`Gru::Output`].
    GruOutput,
    /// [`Gru::State`].
    GruState,
    /// [`Rnn`].
    Rnn,
}

/// A recurrent cell.
pub trait Cell: Debug + Send + Sync {
    /// The value of `model.cell`.
    fn name(&self) -> &'static str;

    /// The layer's name in parameters' paths, such as the `lstm` of `lstm/w_input/mean`. Two placements of a group
    /// factor in one architecture share it.
    fn layer(&self) -> &'static str {
        self.name()
    }

    /// One line for lists.
    fn about(&self) -> &'static str;

    /// The preactivations, in the order of the columns.
    fn preactivations(&self) -> &'static [Preactivation];

    /// The biases, in the order of the columns.
    fn biases(&self) -> &'static [Bias];

    /// Names of the recurrent states. The first is the hidden state, which the recurrent matrix and the next layer
    /// read; it is already multiplied by the units' factors.
    fn states(&self) -> &'static [&'static str];

    /// The states after a step, in the order of [`Cell::states`]: the definition, which every engine without a kernel
    /// for the cell evaluates.
    fn step(&self, s: Symbols) -> Vec<Expr>;

    /// What a unit's preactivation gives forever when nothing reaches it any more, neither from the input nor from the
    /// state: its value after the activation. `biases` are the unit's, in the order of [`Cell::biases`], and `dead` tells
    /// which of its preactivations nothing reaches. `None` for one that still moves because another one does.
    fn constant(&self, preactivation: usize, biases: &[f64], dead: &[bool], activation: GateActivation) -> Option<f64>;

    /// Whether a unit's factor can be multiplied into the weights that read the unit. Not where it multiplies what the
    /// cell carries from step to step.
    fn absorbs_neurons(&self) -> bool {
        true
    }

    /// The fused kernel, if the engine has one for this cell.
    fn kernel(&self) -> Option<Kernel> {
        None
    }
}

/// A gate's value for a number.
pub fn gate_value(activation: GateActivation, preactivation: f64) -> f64 {
    match activation {
        GateActivation::Sigmoid => 1.0 / (1.0 + (-preactivation).exp()),
        GateActivation::HardSigmoid => (0.2 * preactivation + 0.5).clamp(0.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_names_of_their_own_and_a_hidden_state() {
        for (index, cell) in CELLS.iter().enumerate() {
            assert_eq!(find(cell.name()).map(Cell::name), Some(cell.name()));
            assert!(CELLS[..index].iter().all(|other| other.name() != cell.name()));
            assert!(!cell.states().is_empty() && !cell.preactivations().is_empty());
        }
        assert!(find("LSTM").is_none());
    }
}
