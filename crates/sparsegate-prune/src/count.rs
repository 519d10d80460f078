//! Counts and compression from masks.

use rayon::prelude::*;

use super::Masks;
use sparsegate_core::cells::Role;
use sparsegate_core::{Counts, GateCount, KeptCount};

/// Keeps the authors' ratio finite if nothing survives. It also makes the compression of a dense network slightly less
/// than 1.
const EPSILON: f64 = 1e-8;

/// Counts the kept weights, gates, units and symbols.
///
/// `compression` is the authors' figure: all weights over (surviving weights + 1e-8), for the embedding, input,
/// recurrent and output matrices; biases and group variables do not count. It counts the weights of a kept unit that
/// feed a gate whose group is dead, although they are multiplied by zero. `compression_exact` and `weights_kept_exact`
/// count these weights as zero: the columns of dead gates are cleared from the input and recurrent masks, and nothing
/// else changes. In particular the removal does not cascade: a unit, symbol or dimension whose only live weights fed
/// dead gates stays kept, so that all figures refer to the same units, symbols and gates. The incoming weights of such
/// a unit still count; such a symbol in a network without an embedding has no counted weight at all.
pub fn counts(masks: &Masks) -> Counts {
    let embedding_weights = masks.embedding.as_deref().map(kept);
    let input_weights = kept(&masks.w_input);
    let recurrent_weights = kept(&masks.w_hidden);
    let output_weights = kept(&masks.w_output);
    let embedding = embedding_weights.unwrap_or_default();
    let total = embedding.total + input_weights.total + recurrent_weights.total + output_weights.total;
    let weights_kept = embedding.kept + input_weights.kept + recurrent_weights.kept + output_weights.kept;
    let weights_kept_exact = embedding.kept
        + feeding_live_gates(&masks.w_input, &masks.gates)
        + feeding_live_gates(&masks.w_hidden, &masks.gates)
        + output_weights.kept;
    Counts {
        compression: compression(total, weights_kept),
        compression_exact: compression(total, weights_kept_exact),
        embedding_weights,
        input_weights,
        recurrent_weights,
        output_weights,
        weights_kept_exact,
        vocabulary: kept(&masks.vocabulary),
        inputs: masks.inputs.as_deref().map(kept),
        neurons: kept(&masks.neurons),
        gates: masks
            .cell
            .preactivations()
            .iter()
            .zip(masks.gates.chunks(masks.neurons.len().max(1)))
            .map(|(kind, gates)| {
                let KeptCount { kept, total } = kept(gates);
                GateCount { kind: kind.name.to_owned(), flow: kind.role == Role::Flow, kept, total }
            })
            .collect(),
    }
}

fn compression(total: u64, kept: u64) -> f64 {
    total as f64 / (kept as f64 + EPSILON)
}

fn kept(mask: &[bool]) -> KeptCount {
    KeptCount { kept: mask.par_chunks(1 << 15).map(trues).sum(), total: mask.len() as u64 }
}

/// Number of kept weights of a `[rows, P * H]` mask in the columns of live gates.
fn feeding_live_gates(mask: &[bool], gates: &[bool]) -> u64 {
    mask.par_chunks(gates.len().max(1))
        .with_min_len(64)
        .map(|row| row.iter().zip(gates).map(|(&weight, &gate)| u64::from(weight & gate)).sum::<u64>())
        .sum()
}

fn trues(mask: &[bool]) -> u64 {
    mask.iter().map(|&kept| u64::from(kept)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::FixtureNetwork;
    use super::super::{Posterior, masks};
    use super::*;

    const V: usize = 4;
    const H: usize = 3;
    const O: usize = 5;
    const TOTAL: u64 = (V * 4 * H + H * 4 * H + H * O) as u64;

    fn counts_of(owned: &FixtureNetwork) -> Counts {
        counts(&masks(&Posterior::new(owned.parts()).unwrap()))
    }

    #[test]
    fn a_dense_network_is_not_compressed() {
        let counts = counts_of(&FixtureNetwork::live(V, H, O));
        assert!((counts.compression - 1.0).abs() < 1e-9 && counts.compression < 1.0);
        assert_eq!(counts.weights_kept_exact, TOTAL);
        assert_eq!(counts.input_weights, KeptCount { kept: 48, total: 48 });
        assert_eq!(counts.recurrent_weights, KeptCount { kept: 36, total: 36 });
        assert_eq!(counts.output_weights, KeptCount { kept: 15, total: 15 });
        let kinds: Vec<_> = counts.gates.iter().map(|g| (g.kind.as_str(), g.kept, g.total)).collect();
        assert_eq!(kinds, [("i", 3, 3), ("f", 3, 3), ("g", 3, 3), ("o", 3, 3)]);
        let flow: Vec<bool> = counts.gates.iter().map(|gate| gate.flow).collect();
        assert_eq!(flow, [false, false, true, false]);
        assert_eq!((counts.embedding_weights, counts.inputs), (None, None));
    }

    #[test]
    fn an_embedding_counts_among_the_weights() {
        let mut owned = FixtureNetwork::embedded(7, V, H, O);
        let counts_before = counts_of(&owned);
        assert_eq!(counts_before.embedding_weights, Some(KeptCount { kept: 28, total: 28 }));
        assert_eq!(counts_before.inputs, Some(KeptCount { kept: 4, total: 4 }));
        assert_eq!(counts_before.weights_kept_exact, 28 + TOTAL);
        assert!((counts_before.compression - 1.0).abs() < 1e-9);
        owned.z_inputs.as_mut().unwrap().kill(0);
        owned.z_vocabulary.as_mut().unwrap().kill(6);
        let counts = counts_of(&owned);
        assert_eq!(counts.embedding_weights, Some(KeptCount { kept: 6 * 3, total: 28 }));
        assert_eq!(counts.inputs, Some(KeptCount { kept: 3, total: 4 }));
        assert_eq!(counts.vocabulary, KeptCount { kept: 6, total: 7 });
        // The weights that read the dropped dimension are dropped too.
        assert_eq!(counts.input_weights, KeptCount { kept: 48 - 12, total: 48 });
        let all = (28 + TOTAL) as f64;
        assert!((counts.compression - all / (all - 10.0 - 12.0)).abs() < 1e-9);
    }

    #[test]
    fn weights_into_a_gate_that_its_group_killed_count_in_one_figure_only() {
        let mut owned = FixtureNetwork::live(V, H, O);
        owned.z_gates.as_mut().unwrap().kill(2 * H + 1);
        let counts = counts_of(&owned);
        assert_eq!(counts.input_weights.kept + counts.recurrent_weights.kept, 48 + 36);
        assert_eq!(counts.weights_kept_exact, TOTAL - (V + H) as u64);
        assert!(counts.compression_exact > counts.compression);
        let kept: Vec<u64> = counts.gates.iter().map(|g| g.kept).collect();
        assert_eq!(kept, [3, 3, 2, 3]);
    }

    #[test]
    fn a_gate_without_live_weights_counts_the_same_in_both() {
        let mut owned = FixtureNetwork::live(V, H, O);
        owned.w_input.kill_column(4, 4 * H);
        owned.w_hidden.kill_column(4, 4 * H);
        let counts = counts_of(&owned);
        assert_eq!(counts.weights_kept_exact, TOTAL - (V + H) as u64);
        assert!((counts.compression_exact - counts.compression).abs() < 1e-12);
    }

    #[test]
    fn the_exact_count_does_not_cascade() {
        // Unit 0 and symbol 0 are read by gate i of unit 1 alone, and that gate's group is dead.
        let mut owned = FixtureNetwork::live(V, H, O);
        owned.w_output.kill_row(0, O);
        for column in (0..4 * H).filter(|&column| column != 1) {
            owned.w_hidden.kill(column);
            owned.w_input.kill(column);
        }
        owned.z_gates.as_mut().unwrap().kill(1);
        let counts = counts_of(&owned);
        assert_eq!((counts.neurons.kept, counts.vocabulary.kept), (H as u64, V as u64));
        // Not counted: 11 dead weights in each of two rows, the gate's column and the output row. The weights into unit
        // 0 count.
        assert_eq!(counts.weights_kept_exact, TOTAL - 2 * 11 - (V + H) as u64 - O as u64);
    }

    #[test]
    fn a_network_without_survivors_has_a_finite_ratio() {
        let mut owned = FixtureNetwork::live(V, H, O);
        for pair in owned.pairs() {
            (0..pair.size()).for_each(|index| pair.kill(index));
        }
        let counts = counts_of(&owned);
        assert!(counts.compression.is_finite() && counts.compression_exact.is_finite());
        assert_eq!((counts.neurons.kept, counts.vocabulary.kept, counts.weights_kept_exact), (0, 0, 0));
    }

    #[test]
    fn more_rows_than_one_task_takes() {
        let mut owned = FixtureNetwork::live(1000, 40, 700);
        owned.z_vocabulary.as_mut().unwrap().kill(999);
        owned.z_neurons.as_mut().unwrap().kill(39);
        let counts = counts_of(&owned);
        assert_eq!(counts.input_weights, KeptCount { kept: 999 * 4 * 39, total: 1000 * 160 });
        assert_eq!(counts.recurrent_weights, KeptCount { kept: 39 * 4 * 39, total: 40 * 160 });
        assert_eq!(counts.output_weights, KeptCount { kept: 39 * 700, total: 40 * 700 });
    }

    /// An arbitrary network with some dead elements, with or without an embedding. Each element is chosen by two
    /// fractions: which array, and which position in it.
    fn network() -> impl Strategy<Value = FixtureNetwork> {
        let kills = proptest::collection::vec((0.0..1.0, 0.0..1.0), 0..120);
        (any::<bool>(), kills).prop_map(|(embedded, kills)| {
            let mut owned = if embedded { FixtureNetwork::embedded(6, V, H, O) } else { FixtureNetwork::live(V, H, O) };
            for (quantity, place) in kills {
                kill(&mut owned, quantity, place);
            }
            owned
        })
    }

    fn kill(owned: &mut FixtureNetwork, quantity: f64, place: f64) {
        let mut pairs = owned.pairs();
        let chosen = (quantity * pairs.len() as f64) as usize;
        let pair = &mut *pairs[chosen];
        pair.kill((place * pair.size() as f64) as usize);
    }

    /// All counts of kept elements.
    fn all_kept(counts: &Counts) -> Vec<u64> {
        let parts = [
            counts.input_weights,
            counts.recurrent_weights,
            counts.output_weights,
            counts.vocabulary,
            counts.neurons,
            counts.embedding_weights.unwrap_or_default(),
            counts.inputs.unwrap_or_default(),
            KeptCount { kept: counts.weights_kept_exact, total: total(counts) },
        ];
        for part in parts {
            assert!(part.kept <= part.total);
        }
        parts.iter().map(|part| part.kept).chain(counts.gates.iter().map(|gate| gate.kept)).collect()
    }

    fn total(counts: &Counts) -> u64 {
        TOTAL + counts.embedding_weights.unwrap_or_default().total
    }

    proptest! {
        #[test]
        fn exact_compression_is_never_the_smaller(owned in network()) {
            let counts = counts_of(&owned);
            prop_assert!(counts.compression_exact >= counts.compression);
            let embedding = counts.embedding_weights.unwrap_or_default().kept;
            let kept = embedding + counts.input_weights.kept + counts.recurrent_weights.kept + counts.output_weights.kept;
            prop_assert!(counts.weights_kept_exact <= kept);
            let ratio = total(&counts) as f64 / (kept as f64 + 1e-8);
            prop_assert!((counts.compression - ratio).abs() <= 1e-12 * ratio);
        }

        #[test]
        fn nothing_is_kept_of_what_is_dropped(owned in network()) {
            let masks = masks(&Posterior::new(owned.parts()).unwrap());
            let rows = masks.inputs.as_ref().unwrap_or(&masks.vocabulary);
            for (index, &kept) in masks.w_input.iter().enumerate() {
                prop_assert!(!kept || (rows[index / (4 * H)] && masks.neurons[index % H]));
            }
            for (index, &kept) in masks.embedding.iter().flatten().enumerate() {
                prop_assert!(!kept || (masks.vocabulary[index / V] && rows[index % V]));
            }
            for (index, &kept) in masks.w_hidden.iter().enumerate() {
                prop_assert!(!kept || (masks.neurons[index / (4 * H)] && masks.neurons[index % H]));
            }
            for (index, &kept) in masks.w_output.iter().enumerate() {
                prop_assert!(!kept || masks.neurons[index / O]);
            }
            for (index, &kept) in masks.gates.iter().enumerate() {
                prop_assert!(!kept || masks.neurons[index % H]);
            }
        }

        #[test]
        fn killing_an_element_never_keeps_more(owned in network(), quantity in 0.0..1.0, place in 0.0..1.0) {
            let before = all_kept(&counts_of(&owned));
            let mut fewer = owned;
            kill(&mut fewer, quantity, place);
            let after = all_kept(&counts_of(&fewer));
            prop_assert!(after.iter().zip(&before).all(|(after, before)| after <= before), "{before:?} {after:?}");
        }
    }
}
