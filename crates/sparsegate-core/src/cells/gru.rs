//! Gated recurrent unit (GRU). The reset gate multiplies the candidate's recurrent product, as in cuDNN and PyTorch.
//!
//! ```text
//! r = s((x W_r + h U_r) z_r + b_r)        u = s((x W_z + h U_z) z_z + b_z)
//! n = tanh(x W_n z_n + b_in + r (h U_n z_n + b_hn))
//! ```
//!
//! There are two variants, which differ in what the unit's group factor `z_h` multiplies. In `gru` it multiplies the
//! output, as in the LSTM, and not the carried state; a pruned network is then a plain GRU with the factors multiplied
//! into its weights:
//!
//! ```text
//! s' = (1 - u) n + u s                    h' = z_h s'
//! ```
//!
//! In `gru-zhstate` it multiplies the carried state at every step, so that the state grows or decays like `z_h^t` where
//! u is near 1:
//!
//! ```text
//! h' = z_h ((1 - u) n + u h)
//! ```

use super::{Bias, Cell, FusedKernel, Preactivation, Role, gate_value};
use crate::GateActivation;
use crate::formula::{Expr, Symbols};

/// The GRU variants, named after what the unit's group factor multiplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gru {
    /// The factor multiplies the output only.
    Output,
    /// The factor multiplies the carried state.
    State,
}

/// Indices of the preactivations.
const R: usize = 0;
const Z: usize = 1;
const N: usize = 2;
/// Indices of the candidate's two biases. The biases of r and z have the indices of their preactivations.
const B_IN: usize = 2;
const B_HN: usize = 3;

const fn gate(name: &'static str) -> Preactivation {
    Preactivation { name, role: Role::Gate }
}

const fn bias(name: &'static str) -> Bias {
    Bias { name, uses_forget_bias: false }
}

impl Cell for Gru {
    fn name(&self) -> &'static str {
        match self {
            Self::Output => "gru",
            Self::State => "gru-zhstate",
        }
    }

    fn layer(&self) -> &'static str {
        "gru"
    }

    fn description(&self) -> &'static str {
        match self {
            Self::Output => "gated recurrent unit: reset and update gate, candidate; unit factors multiply the output",
            Self::State => "gated recurrent unit whose unit factors multiply the state at every step",
        }
    }

    fn preactivations(&self) -> &'static [Preactivation] {
        const { &[gate("r"), gate("z"), Preactivation { name: "n", role: Role::Flow }] }
    }

    /// The bias of the update gate starts at `model.forget_bias`, because an update gate near 1 keeps the state, like
    /// the LSTM's forget gate.
    fn biases(&self) -> &'static [Bias] {
        const { &[bias("r"), Bias { name: "z", uses_forget_bias: true }, bias("n_in"), bias("n_hn")] }
    }

    fn states(&self) -> &'static [&'static str] {
        match self {
            Self::Output => &["hidden", "leak"],
            Self::State => &["hidden"],
        }
    }

    fn step(&self, s: Symbols) -> Vec<Expr> {
        let input = |kind: usize| s.input(kind) * s.gate_factor(kind);
        let recurrent = |kind: usize| s.recurrent(kind) * s.gate_factor(kind);
        let gate = |kind: usize| (input(kind) + recurrent(kind) + s.bias(kind)).gate();
        let (reset, update) = (gate(R), gate(Z));
        let candidate = (input(N) + s.bias(B_IN) + reset * (recurrent(N) + s.bias(B_HN))).tanh();
        let mix = |before: Expr| update.clone().complement() * candidate + update * before;
        match self {
            Self::Output => {
                let leak = mix(s.state(1));
                vec![leak.clone() * s.unit_factor(), leak]
            }
            Self::State => vec![mix(s.state(0)) * s.unit_factor()],
        }
    }

    fn constant(&self, preactivation: usize, biases: &[f64], dead: &[bool], activation: GateActivation) -> Option<f64> {
        match preactivation {
            N if dead[R] => Some((biases[B_IN] + gate_value(activation, biases[R]) * biases[B_HN]).tanh()),
            // While the reset gate is live, the candidate varies through its recurrent bias.
            N => (biases[B_HN] == 0.0).then(|| biases[B_IN].tanh()),
            _ => Some(gate_value(activation, biases[preactivation])),
        }
    }

    fn can_absorb_unit_factors(&self) -> bool {
        *self == Self::Output
    }

    fn kernel(&self) -> Option<FusedKernel> {
        Some(match self {
            Self::Output => FusedKernel::GruOutput,
            Self::State => FusedKernel::GruState,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BIASES: [f64; 4] = [1.0, -2.0, 0.5, 0.75];

    fn constant(preactivation: usize, biases: [f64; 4], dead: [bool; 3], activation: GateActivation) -> Option<f64> {
        Gru::Output.constant(preactivation, &biases, &dead, activation)
    }

    #[test]
    fn dead_gates_take_the_value_of_their_bias() {
        for dead in [[true, true, true], [true, true, false]] {
            let near = |found: Option<f64>, wanted: f64| (found.expect("a constant") - wanted).abs() < 1e-12;
            assert!(near(constant(R, BIASES, dead, GateActivation::Sigmoid), 0.731_058_578_630_004_9));
            assert!(near(constant(Z, BIASES, dead, GateActivation::HardSigmoid), 0.1));
        }
    }

    #[test]
    fn a_dead_candidate_is_constant_only_with_the_reset_gate_or_without_recurrent_bias() {
        let [r_alive, r_dead] = [[false, false, true], [true, false, true]];
        assert_eq!(constant(N, BIASES, r_alive, GateActivation::Sigmoid), None);
        // s(b_r) is 0.7 with the hard sigmoid.
        assert_eq!(constant(N, BIASES, r_dead, GateActivation::HardSigmoid), Some((0.5 + 0.7 * 0.75_f64).tanh()));
        assert_eq!(constant(N, [1.0, 0.0, 0.5, 0.0], r_alive, GateActivation::Sigmoid), Some(0.5_f64.tanh()));
    }
}
