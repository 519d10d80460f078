//! LSTM with coupled gates: the input gate is one minus the forget gate.
//!
//! ```text
//! a_j = (x W_j + h U_j) z_j + b_j        j in f, g, o
//! c'  = s(a_f) c + (1 - s(a_f)) tanh(a_g)
//! h'  = s(a_o) tanh(c') z_h
//! ```

use sparsegate_core::GateActivation;
use sparsegate_core::cells::{Bias, Cell, Preactivation, Role, gate_value};
use sparsegate_core::formula::{Expr, Symbols};

/// The cell.
#[derive(Debug, Clone, Copy)]
pub struct CoupledLstm;

/// Indices of the preactivations.
const F: usize = 0;
const G: usize = 1;
const O: usize = 2;

impl Cell for CoupledLstm {
    fn name(&self) -> &'static str {
        "lstm-coupled"
    }

    fn description(&self) -> &'static str {
        "long short-term memory with coupled gates: forget and output gate, candidate cell value"
    }

    fn preactivations(&self) -> &'static [Preactivation] {
        &[
            Preactivation { name: "f", role: Role::Gate },
            Preactivation { name: "g", role: Role::Flow },
            Preactivation { name: "o", role: Role::Gate },
        ]
    }

    fn biases(&self) -> &'static [Bias] {
        &[
            Bias { name: "f", uses_forget_bias: true },
            Bias { name: "g", uses_forget_bias: false },
            Bias { name: "o", uses_forget_bias: false },
        ]
    }

    fn states(&self) -> &'static [&'static str] {
        &["hidden", "cell"]
    }

    fn step(&self, s: Symbols) -> Vec<Expr> {
        let a = |kind: usize| s.preactivation(kind);
        let (forget, candidate) = (a(F).gate(), a(G).tanh());
        let cell = forget * (s.state(1) - candidate.clone()) + candidate;
        let hidden = a(O).gate() * cell.clone().tanh() * s.unit_factor();
        vec![hidden, cell]
    }

    fn constant(&self, preactivation: usize, biases: &[f64], _: &[bool], activation: GateActivation) -> Option<f64> {
        let bias = biases[preactivation];
        Some(if preactivation == G { bias.tanh() } else { gate_value(activation, bias) })
    }
}
