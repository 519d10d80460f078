//! Elman's recurrent network: one information flow and no gates.
//!
//! ```text
//! h' = tanh((x W + h U) z + b) z_h
//! ```

use super::{Bias, Cell, FusedKernel, Preactivation, Role};
use crate::GateActivation;
use crate::formula::{Expr, Symbols};

/// The Elman cell.
#[derive(Debug, Clone, Copy)]
pub struct Rnn;

impl Cell for Rnn {
    fn name(&self) -> &'static str {
        "rnn"
    }

    fn description(&self) -> &'static str {
        "plain recurrent network: tanh of one preactivation, no gates"
    }

    fn preactivations(&self) -> &'static [Preactivation] {
        const { &[Preactivation { name: "h", role: Role::Flow }] }
    }

    fn biases(&self) -> &'static [Bias] {
        const { &[Bias { name: "h", uses_forget_bias: false }] }
    }

    fn states(&self) -> &'static [&'static str] {
        &["hidden"]
    }

    fn step(&self, s: Symbols) -> Vec<Expr> {
        vec![s.preactivation(0).tanh() * s.unit_factor()]
    }

    fn constant(&self, preactivation: usize, biases: &[f64], _: &[bool], _: GateActivation) -> Option<f64> {
        Some(biases[preactivation].tanh())
    }

    fn kernel(&self) -> Option<FusedKernel> {
        Some(FusedKernel::Rnn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_unit_gives_the_tanh_of_its_bias() {
        assert_eq!(Rnn.constant(0, &[0.5], &[true], GateActivation::HardSigmoid), Some(0.5_f64.tanh()));
    }
}
