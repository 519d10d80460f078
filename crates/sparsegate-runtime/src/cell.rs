//! The cells, as kinds of columns.
//!
//! A *column* is a sum that the weights compute for one unit. An LSTM's are its four preactivations. A GRU's candidate is made
//! of two, since the reset gate stands between what comes from the input and what comes from the state. Kinds are in such
//! an order that those which read the input, and those which read the state, are each side by side:
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
//! `gru-zhstate` is a GRU whose new state is multiplied by a factor of each unit, which no weight can do in its place.

use core::ops::Range;

use crate::Real;

/// A recurrent cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cell {
    /// Long short-term memory without peepholes.
    Lstm,
    /// Gated recurrent unit, the candidate's recurrent product behind the reset gate (as in PyTorch).
    Gru,
    /// The same with a factor on each unit's state.
    GruState,
    /// Elman's network.
    Rnn,
}

/// What a gate's sum goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activation {
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// `x / 5 + 1 / 2`, between 0 and 1.
    HardSigmoid,
}

impl Cell {
    /// Every cell.
    pub const ALL: [Self; 4] = [Self::Lstm, Self::Gru, Self::GruState, Self::Rnn];

    /// Its name, as in specs and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lstm => "lstm",
            Self::Gru => "gru",
            Self::GruState => "gru-zhstate",
            Self::Rnn => "rnn",
        }
    }

    /// The cell of that name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cell| cell.name() == name)
    }

    /// Names of the kinds of columns, in order.
    pub fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::Lstm => &["i", "f", "g", "o"],
            Self::Gru | Self::GruState => &["n_in", "r", "z", "n_hn"],
            Self::Rnn => &["h"],
        }
    }

    /// The kinds that read the input.
    pub fn input_kinds(self) -> Range<usize> {
        match self {
            Self::Gru | Self::GruState => 0..3,
            Self::Lstm | Self::Rnn => 0..self.kinds().len(),
        }
    }

    /// The kinds that read the state.
    pub fn state_kinds(self) -> Range<usize> {
        match self {
            Self::Gru | Self::GruState => 1..4,
            Self::Lstm | Self::Rnn => 0..self.kinds().len(),
        }
    }

    /// Whether a kind's sum goes through the gates' activation by itself: of the others, the cell makes its own use.
    pub fn is_gate(self, kind: usize) -> bool {
        matches!((self, kind), (Self::Lstm, 0 | 1 | 3) | (Self::Gru | Self::GruState, 1 | 2))
    }

    /// Whether it carries a second state, the LSTM's cell value.
    pub fn has_memory(self) -> bool {
        self == Self::Lstm
    }
}

impl Activation {
    /// Its name, as in specs and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sigmoid => "sigmoid",
            Self::HardSigmoid => "hard-sigmoid",
        }
    }

    /// The activation of that name.
    pub fn find(name: &str) -> Option<Self> {
        [Self::Sigmoid, Self::HardSigmoid].into_iter().find(|activation| activation.name() == name)
    }

    /// The gate's value.
    pub fn of<T: Real>(self, sum: T) -> T {
        match self {
            Self::Sigmoid => T::of(1.0 / T::of(1.0).add(T::of(-1.0).mul(sum).exp()).wide()),
            Self::HardSigmoid => {
                let line = T::of(0.2).mul(sum).add(T::of(0.5));
                if line < T::of(0.0) {
                    T::of(0.0)
                } else if line > T::of(1.0) {
                    T::of(1.0)
                } else {
                    line
                }
            }
        }
    }
}
