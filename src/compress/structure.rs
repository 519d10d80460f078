//! Which units and symbols survive, and what the constant gates are worth.

use super::{Masks, Posterior, Real, counts};
use crate::store::format::{FORMAT, Structure, UnitGates};

/// The gates of an LSTM in the order of the columns: input, forget, candidate cell value, output.
pub const GATE_KINDS: [&str; 4] = ["i", "f", "g", "o"];

/// Lists the kept units and symbols of a model and, gate by gate, the constants.
///
/// A gate whose mask is dead gets nothing from the input or the state once dead weights and groups are zero, so that
/// its preactivation is its bias and its value the activation of the bias: the logistic function for i, f and o, the
/// hyperbolic tangent for g. `masks` are those of the same posterior.
pub fn structure<T: Real>(posterior: &Posterior<T>, masks: &Masks) -> Structure {
    let hidden = posterior.hidden();
    let bias = posterior.parts().bias;
    let neurons = indices(&masks.neurons);
    let gates = neurons
        .iter()
        .map(|&unit| {
            let constant = (0..GATE_KINDS.len())
                .map(|gate| {
                    let column = gate * hidden + unit as usize;
                    (!masks.gates[column]).then(|| activation(GATE_KINDS[gate], bias[column].to_f64()))
                })
                .collect();
            UnitGates { unit, constant }
        })
        .collect();
    Structure { format: FORMAT, counts: counts(masks), vocabulary: indices(&masks.vocabulary), neurons, gates }
}

fn activation(gate: &str, preactivation: f64) -> f64 {
    if gate == "g" { preactivation.tanh() } else { 1.0 / (1.0 + (-preactivation).exp()) }
}

/// Indices of what is kept, ascending.
fn indices(mask: &[bool]) -> Vec<u32> {
    (0..).zip(mask).filter_map(|(index, &kept)| kept.then_some(index)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::masks;
    use super::super::testing::Owned;
    use super::*;

    #[test]
    fn a_dead_gate_is_its_bias_through_its_activation() {
        const V: usize = 2;
        const H: usize = 3;
        let mut owned = Owned::live(V, H, V);
        owned.z_neurons.kill_row(1, 1);
        owned.z_vocabulary.kill_row(0, 1);
        for gate in 0..4 {
            owned.z_gates.kill(gate * H + 2);
            owned.bias[gate * H + 2] = 0.5;
        }
        let posterior = Posterior::new(owned.parts()).unwrap();
        let structure = structure(&posterior, &masks(&posterior));
        assert_eq!(structure.neurons, [0, 2]);
        assert_eq!(structure.vocabulary, [1]);
        // 1 / (1 + e^-0.5) and tanh(0.5).
        let (sigmoid, tanh) = (0.622_459_331_201_854_6, 0.462_117_157_260_009_76);
        assert_eq!(structure.gates[0], UnitGates { unit: 0, constant: vec![None; 4] });
        assert_eq!(structure.gates[1].unit, 2);
        for (ours, wanted) in structure.gates[1].constant.iter().zip([sigmoid, sigmoid, tanh, sigmoid]) {
            assert!((ours.unwrap() - wanted).abs() < 1e-15, "{ours:?} is not {wanted}");
        }
    }

    #[test]
    fn a_gate_that_nothing_reaches_is_constant_too() {
        let mut owned = Owned::live(2, 2, 2);
        owned.w_input.kill_column(7, 8);
        owned.w_hidden.kill_column(7, 8);
        let posterior = Posterior::new(owned.parts()).unwrap();
        let structure = structure(&posterior, &masks(&posterior));
        assert_eq!(structure.gates[1].constant, [None, None, None, Some(0.5)]);
    }
}
