//! The recurrent cells, described by their kinds of preactivations. Those listed here have code of their own; any other
//! cell is a [`CellFormula`].
//!
//! A *column* is one preactivation of one unit, and a column of the weight matrices. An LSTM has four per unit. A GRU's
//! candidate has two, because the reset gate multiplies only the part that comes from the state. The kinds are ordered
//! so that those that read the input are contiguous, and so are those that read the state:
//!
//! ```text
//! lstm                     i  f  g  o          all read the input, all read the state
//! gru, gru-zhstate         n_in  r  z  n_hn    the first three read the input, the last three the state
//! rnn                      h
//! ```
//!
//! ```text
//! lstm   c' = s(f) c + s(i) tanh(g)              h' = s(o) tanh(c')
//! gru    n = tanh(n_in + s(r) n_hn)              h' = (1 - s(z)) n + s(z) h
//! rnn    h' = tanh(h)
//! ```
//!
//! `gru-zhstate` is a GRU that multiplies its new state by a factor per unit; the factor cannot be folded into weights.

use core::ops::Range;

use crate::Float;
use crate::formula::CellFormula;

/// The cell of a model: one that the runtime has code for, or one that is described by the formula of its step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Cell {
    /// A cell that the runtime has code for.
    BuiltIn(CellKind),
    /// Any other cell.
    Formula(CellFormula),
}

/// A recurrent cell that the runtime has code for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CellKind {
    /// Long short-term memory without peepholes.
    Lstm,
    /// Gated recurrent unit; the reset gate multiplies the candidate's recurrent product (as in PyTorch).
    Gru,
    /// [`CellKind::Gru`] with a factor on each unit's new state.
    GruState,
    /// Elman network.
    Rnn,
}

/// Activation function of the gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activation {
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// `x / 5 + 1 / 2`, clamped to 0..1.
    HardSigmoid,
}

impl Cell {
    /// Name in specs and files.
    pub fn name(&self) -> &str {
        match self {
            Self::BuiltIn(cell) => cell.name(),
            Self::Formula(formula) => &formula.name,
        }
    }

    /// The built-in cell, if it is one.
    pub fn built_in(&self) -> Option<CellKind> {
        match self {
            Self::BuiltIn(cell) => Some(*cell),
            Self::Formula(_) => None,
        }
    }

    /// Number of kinds of preactivations: those of [`CellKind::preactivations`], or the sums of the formula.
    pub fn kinds(&self) -> usize {
        match self {
            Self::BuiltIn(cell) => cell.preactivations().len(),
            Self::Formula(formula) => formula.sums.total(),
        }
    }

    /// Kinds that read the input.
    pub fn input_kinds(&self) -> Range<usize> {
        match self {
            Self::BuiltIn(cell) => cell.input_kinds(),
            Self::Formula(formula) => formula.sums.of_input(),
        }
    }

    /// Kinds that read the state.
    pub fn state_kinds(&self) -> Range<usize> {
        match self {
            Self::BuiltIn(cell) => cell.state_kinds(),
            Self::Formula(formula) => formula.sums.of_state(),
        }
    }

    /// Number of states, the hidden state included.
    pub fn states(&self) -> usize {
        match self {
            Self::BuiltIn(cell) => 1 + usize::from(cell.has_cell_state()),
            Self::Formula(formula) => formula.states.len(),
        }
    }

    /// Whether the cell multiplies by a factor per unit, [`crate::Model::state_factor`].
    pub fn has_state_factor(&self) -> bool {
        match self {
            Self::BuiltIn(cell) => *cell == CellKind::GruState,
            Self::Formula(formula) => formula.has_unit_factor(),
        }
    }
}

impl From<CellKind> for Cell {
    fn from(cell: CellKind) -> Self {
        Self::BuiltIn(cell)
    }
}

impl From<CellFormula> for Cell {
    fn from(formula: CellFormula) -> Self {
        Self::Formula(formula)
    }
}

impl CellKind {
    /// Every cell.
    pub const ALL: [Self; 4] = [Self::Lstm, Self::Gru, Self::GruState, Self::Rnn];

    /// Name in specs and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lstm => "lstm",
            Self::Gru => "gru",
            Self::GruState => "gru-zhstate",
            Self::Rnn => "rnn",
        }
    }

    /// The cell with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cell| cell.name() == name)
    }

    /// Names of the kinds of preactivations, in order.
    pub fn preactivations(self) -> &'static [&'static str] {
        match self {
            Self::Lstm => &["i", "f", "g", "o"],
            Self::Gru | Self::GruState => &["n_in", "r", "z", "n_hn"],
            Self::Rnn => &["h"],
        }
    }

    /// Kinds that read the input.
    pub fn input_kinds(self) -> Range<usize> {
        match self {
            Self::Gru | Self::GruState => 0..3,
            Self::Lstm | Self::Rnn => 0..self.preactivations().len(),
        }
    }

    /// Kinds that read the state.
    pub fn state_kinds(self) -> Range<usize> {
        match self {
            Self::Gru | Self::GruState => 1..4,
            Self::Lstm | Self::Rnn => 0..self.preactivations().len(),
        }
    }

    /// Whether this kind is a gate: the gates' activation is applied to its preactivation alone. The cell combines the
    /// other kinds in its own way.
    pub fn is_gate(self, kind: usize) -> bool {
        matches!((self, kind), (Self::Lstm, 0 | 1 | 3) | (Self::Gru | Self::GruState, 1 | 2))
    }

    /// Whether the cell has a second state, the LSTM's cell state.
    pub fn has_cell_state(self) -> bool {
        self == Self::Lstm
    }
}

impl Activation {
    /// Name in specs and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sigmoid => "sigmoid",
            Self::HardSigmoid => "hard-sigmoid",
        }
    }

    /// The activation with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sigmoid, Self::HardSigmoid].into_iter().find(|activation| activation.name() == name)
    }

    /// Gate value for a preactivation.
    pub fn apply<T: Float>(self, sum: T) -> T {
        match self {
            Self::Sigmoid => T::from_f64(1.0 / T::from_f64(1.0).add(T::from_f64(-1.0).mul(sum).exp()).to_f64()),
            Self::HardSigmoid => {
                let line = T::from_f64(0.2).mul(sum).add(T::from_f64(0.5));
                if line < T::from_f64(0.0) {
                    T::from_f64(0.0)
                } else if line > T::from_f64(1.0) {
                    T::from_f64(1.0)
                } else {
                    line
                }
            }
        }
    }
}
