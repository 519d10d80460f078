//! The recurrent cells: one file per cell, all behind the [`Cell`] trait.
//!
//! A cell's *preactivations* are the sums that its weight matrices compute: `x W + h U` for each of its P kinds.
//! Columns are kind-major, `kind * H + unit`. Each preactivation has its own group factor. Some preactivations are
//! *gates*, which control how much passes; the others are *information flow*, the values that pass. Shapes, names,
//! masks, counts, constants, the columns of tables and figures, and the permitted values of `model.cell` are all
//! derived from the methods of [`Cell`].
//!
//! To add a cell, write one file and add one line to [`CELLS`]; see `docs/new-cell.md`.

mod gru;
mod lstm;
mod rnn;

use std::fmt::Debug;

use crate::GateActivation;
use crate::formula::{Expr, Symbols};

pub use gru::Gru;
pub use lstm::Lstm;
pub use rnn::Rnn;

/// All cells, in listing order.
pub const CELLS: &[&dyn Cell] = &[&Lstm, &Gru::Output, &Gru::State, &Rnn];

/// The cell with this name, or `None`.
pub fn find(name: &str) -> Option<&'static dyn Cell> {
    CELLS.iter().copied().find(|cell| cell.name() == name)
}

/// One kind of preactivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preactivation {
    /// A short name, such as `f`; used in file formats and metric names.
    pub name: &'static str,
    /// Role in the cell.
    pub role: Role,
}

/// Role of a preactivation in its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A gate, which controls how much passes; its activation is `model.gate_activation`.
    Gate,
    /// Information flow, a value that passes; its activation is tanh.
    Flow,
}

/// One kind of bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bias {
    /// A short name, such as `f`.
    pub name: &'static str,
    /// Whether the bias is initialised to `model.forget_bias` instead of zero.
    pub uses_forget_bias: bool,
}

/// The fused kernels that an engine may provide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FusedKernel {
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
    /// The name of the cell, which is its value of `model.cell`.
    fn name(&self) -> &'static str;

    /// The layer's name in parameter paths, such as the `lstm` of `lstm/w_input/mean`. Cells of the same architecture
    /// that differ only in where a group factor acts share one layer name.
    fn layer(&self) -> &'static str {
        self.name()
    }

    /// A one-line description for listings.
    fn description(&self) -> &'static str;

    /// The kinds of preactivations, in column order.
    fn preactivations(&self) -> &'static [Preactivation];

    /// The kinds of biases, in column order.
    fn biases(&self) -> &'static [Bias];

    /// Names of the recurrent states. The first is the hidden state, which the recurrent matrix and the next layer
    /// read; it already includes the units' group factors.
    fn states(&self) -> &'static [&'static str];

    /// The states after a step, in the order of [`Cell::states`]: the definition, which every engine without a kernel
    /// for the cell evaluates.
    fn step(&self, s: Symbols) -> Vec<Expr>;

    /// The constant value (after the activation) of a dead preactivation, one that no live weight connects to the input
    /// or the state. `biases` are the unit's biases, in the order of [`Cell::biases`]; `dead[k]` tells whether the
    /// unit's preactivation k is dead. `None` if the value still varies because another preactivation of the unit is
    /// live.
    fn constant(&self, preactivation: usize, biases: &[f64], dead: &[bool], activation: GateActivation) -> Option<f64>;

    /// Whether a unit's group factor can be multiplied into the weights that read the unit. False if the factor
    /// multiplies the state that the cell carries from step to step.
    fn can_absorb_unit_factors(&self) -> bool {
        true
    }

    /// The fused kernel, if the engine has one for this cell.
    fn kernel(&self) -> Option<FusedKernel> {
        None
    }
}

/// The value of a gate with the given preactivation.
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
