//! Which units and symbols survive, and the values of the constant gates.

use super::{Element, Masks, Posterior, counts};
use sparsegate_core::cells::Role;
use sparsegate_core::{FORMAT, GateKind, GateRole, Structure, UnitGates};

/// Lists the kept units, symbols and dimensions of a network and the constant gates of each kept unit.
///
/// A dead gate receives nothing from the input or the state once dead weights and groups are zero, so its value follows
/// from the biases alone ([`sparsegate_core::cells::Cell::constant`]). In some cells a dead gate still varies because
/// another gate of its unit does; it is then listed like a live gate. `masks` must be those of the same posterior.
pub fn structure<T: Element>(posterior: &Posterior<T>, masks: &Masks) -> Structure {
    let parts = posterior.parts();
    let cell = parts.cell;
    let hidden = posterior.hidden();
    let neurons = indices(&masks.neurons);
    let vocabulary = indices(&masks.vocabulary);
    let gates = neurons
        .iter()
        .map(|&unit| {
            let of_unit = |kind: usize| kind * hidden + unit as usize;
            let biases: Vec<f64> = (0..cell.biases().len()).map(|kind| parts.bias[of_unit(kind)].to_f64()).collect();
            let dead: Vec<bool> = (0..cell.preactivations().len()).map(|kind| !masks.gates[of_unit(kind)]).collect();
            let constant = (0..dead.len())
                .map(|kind| dead[kind].then(|| cell.constant(kind, &biases, &dead, parts.activation)).flatten())
                .collect();
            UnitGates { unit, constant }
        })
        .collect();
    let kinds = cell.preactivations().iter().map(|kind| GateKind {
        name: kind.name.to_owned(),
        role: if kind.role == Role::Flow { GateRole::Flow } else { GateRole::Gate },
    });
    Structure {
        format: FORMAT,
        counts: counts(masks),
        kinds: kinds.collect(),
        strengths: vocabulary.iter().map(|&symbol| strength(posterior, masks, symbol as usize)).collect(),
        vocabulary,
        inputs: masks.inputs.as_deref().map(indices).unwrap_or_default(),
        neurons,
        gates,
        words: Vec::new(),
    }
}

/// The Euclidean norm of the kept weights in a symbol's row of the embedding (of the input matrix without an
/// embedding), times the magnitude of the symbol's group factor.
fn strength<T: Element>(posterior: &Posterior<T>, masks: &Masks, symbol: usize) -> f64 {
    let parts = posterior.parts();
    let (matrix, mask) = match (&parts.embedding, &masks.embedding) {
        (Some(embedding), Some(mask)) => (embedding, mask),
        _ => (&parts.w_input, &masks.w_input),
    };
    let width = matrix.shape[1];
    let row = symbol * width..(symbol + 1) * width;
    let kept = matrix.mean[row.clone()].iter().zip(&mask[row]).filter(|(_, kept)| **kept);
    let norm = kept.map(|(mean, _)| mean.to_f64().powi(2)).sum::<f64>().sqrt();
    norm * parts.z_vocabulary.map_or(1.0, |factors| factors.mean[symbol].to_f64().abs())
}

/// Indices of the kept elements, ascending.
fn indices(mask: &[bool]) -> Vec<u32> {
    (0..).zip(mask).filter_map(|(index, &kept)| kept.then_some(index)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::masks;
    use super::super::testing::FixtureNetwork;
    use super::*;

    #[test]
    fn a_dead_gate_is_its_bias_through_its_activation() {
        const V: usize = 2;
        const H: usize = 3;
        let mut owned = FixtureNetwork::live(V, H, V);
        owned.z_neurons.as_mut().unwrap().kill_row(1, 1);
        owned.z_vocabulary.as_mut().unwrap().kill_row(0, 1);
        for gate in 0..4 {
            owned.z_gates.as_mut().unwrap().kill(gate * H + 2);
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
        let mut owned = FixtureNetwork::live(2, 2, 2);
        owned.w_input.kill_column(7, 8);
        owned.w_hidden.kill_column(7, 8);
        let posterior = Posterior::new(owned.parts()).unwrap();
        let structure = structure(&posterior, &masks(&posterior));
        assert_eq!(structure.gates[1].constant, [None, None, None, Some(0.5)]);
    }

    #[test]
    fn kinds_are_named_as_the_cell_names_them() {
        let owned = FixtureNetwork::live(2, 2, 2);
        let posterior = Posterior::new(owned.parts()).unwrap();
        let kinds = structure(&posterior, &masks(&posterior)).kinds;
        let named: Vec<_> = kinds.iter().map(|kind| (kind.name.as_str(), kind.role)).collect();
        assert_eq!(named, [("i", GateRole::Gate), ("f", GateRole::Gate), ("g", GateRole::Flow), ("o", GateRole::Gate)]);
    }

    #[test]
    fn a_symbol_is_as_strong_as_what_is_kept_of_its_row_times_its_factor() {
        let mut owned = FixtureNetwork::embedded(3, 4, 2, 2);
        owned.z_vocabulary.as_mut().unwrap().mean = vec![-0.5, 1.0, 0.0];
        let embedding = owned.embedding.as_mut().unwrap();
        embedding.mean[0] = 3.0;
        embedding.mean[1] = -4.0;
        embedding.kill(2);
        // The last dimension is dropped for all symbols.
        owned.z_inputs.as_mut().unwrap().kill(3);
        let posterior = Posterior::new(owned.parts()).unwrap();
        let structure = structure(&posterior, &masks(&posterior));
        assert_eq!((structure.vocabulary, structure.inputs), (vec![0, 1], vec![0, 1, 2]));
        assert_eq!(structure.strengths, [2.5, 3.0_f64.sqrt()]);
    }
}
