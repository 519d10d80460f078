//! The recurrent cells, described by their kinds of preactivations.
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

/// A recurrent cell.
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
