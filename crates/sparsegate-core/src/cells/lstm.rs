//! Long short-term memory (LSTM) without peepholes.
//!
//! ```text
//! a_j = (x W_j + h U_j) z_j + b_j        j in i, f, g, o
//! c'  = s(a_f) c + s(a_i) tanh(a_g)
//! h'  = s(a_o) tanh(c') z_h
//! ```

use super::{Bias, Cell, FusedKernel, Preactivation, Role, gate_value};
use crate::GateActivation;
use crate::formula::{Expr, Symbols};

/// The LSTM cell.
#[derive(Debug, Clone, Copy)]
pub struct Lstm;

const fn gate(name: &'static str) -> Preactivation {
    Preactivation { name, role: Role::Gate }
}

const fn bias(name: &'static str) -> Bias {
    Bias { name, uses_forget_bias: false }
}

/// Indices of the preactivations: input gate, forget gate, candidate cell value, output gate.
const I: usize = 0;
const F: usize = 1;
const G: usize = 2;
const O: usize = 3;

impl Cell for Lstm {
    fn name(&self) -> &'static str {
        "lstm"
    }

    fn description(&self) -> &'static str {
        "long short-term memory: input, forget and output gate, candidate cell value"
    }

    fn preactivations(&self) -> &'static [Preactivation] {
        const { &[gate("i"), gate("f"), Preactivation { name: "g", role: Role::Flow }, gate("o")] }
    }

    fn biases(&self) -> &'static [Bias] {
        const { &[bias("i"), Bias { name: "f", uses_forget_bias: true }, bias("g"), bias("o")] }
    }

    fn states(&self) -> &'static [&'static str] {
        &["hidden", "cell"]
    }

    fn step(&self, s: Symbols) -> Vec<Expr> {
        let a = |kind: usize| s.preactivation(kind);
        let cell = a(F).gate() * s.state(1) + a(I).gate() * a(G).tanh();
        let hidden = a(O).gate() * cell.clone().tanh() * s.unit_factor();
        vec![hidden, cell]
    }

    fn constant(&self, preactivation: usize, biases: &[f64], _: &[bool], activation: GateActivation) -> Option<f64> {
        let bias = biases[preactivation];
        Some(if preactivation == G { bias.tanh() } else { gate_value(activation, bias) })
    }

    fn kernel(&self) -> Option<FusedKernel> {
        Some(FusedKernel::Lstm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_preactivations_take_the_value_of_their_bias() {
        let biases = [0.0, 1.0, 0.5, -3.0];
        let constant = |index, activation| Lstm.constant(index, &biases, &[true; 4], activation);
        assert_eq!(constant(0, GateActivation::Sigmoid), Some(0.5));
        assert_eq!(constant(1, GateActivation::HardSigmoid), Some(0.7));
        assert_eq!(constant(G, GateActivation::Sigmoid), Some(0.5_f64.tanh()));
        assert_eq!(constant(3, GateActivation::HardSigmoid), Some(0.0));
    }
}
