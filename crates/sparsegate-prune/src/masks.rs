//! Which weights, symbols, units and gates are kept, considering all layers together.

use rayon::prelude::*;

use super::layer_masks::{both, either};
use super::{Element, EmbeddingMasks, LayerMasks, Posterior, layer_masks};
use sparsegate_core::cells::Cell;

/// The result of pruning, by the authors' rules.
///
/// A hidden unit is kept if its group is live and it has a live outgoing weight, recurrent or to the output; its
/// incoming weights do not matter. Without an embedding, an input symbol is kept if its group is live and it has a live
/// outgoing weight. With an embedding, a symbol is kept if its group is live, regardless of its weights, or, without
/// groups on symbols, if one of its weights is live. A dimension of the embedding is kept if its group is live and it
/// has a live weight on either side: from some symbol and to some gate.
///
/// The incoming and outgoing weights of a dropped symbol, dimension or unit are dropped with it, and so are the gates
/// of a dropped unit. This is done once and does not cascade: a unit whose last reader is dropped here stays. Weights
/// that feed a dead gate of a kept unit stay in the weight masks; [`super::counts`] reports figures with and without
/// them. Likewise a gate with a live incoming weight counts as live even if all such weights come from dropped symbols
/// and units.
#[derive(Debug, Clone)]
pub struct Masks {
    /// The cell, whose kinds of preactivations define the columns and gates.
    pub cell: &'static dyn Cell,
    /// Weights of the embedding `[V, E]`, if there is one.
    pub embedding: Option<Vec<bool>>,
    /// Input-to-hidden weights `[I, P * H]`.
    pub w_input: Vec<bool>,
    /// Hidden-to-hidden weights `[H, P * H]`.
    pub w_hidden: Vec<bool>,
    /// Output weights `[H, O]`.
    pub w_output: Vec<bool>,
    /// Input symbols `[V]`.
    pub vocabulary: Vec<bool>,
    /// Dimensions of the embedding `[E]`, if there is one.
    pub inputs: Option<Vec<bool>>,
    /// Hidden units `[H]`.
    pub neurons: Vec<bool>,
    /// Gates `[P * H]` of kept units with a live group and a live incoming weight; false for dead gates.
    pub gates: Vec<bool>,
}

/// Computes the masks of a posterior with one parallel pass over the weights and one over their masks.
pub fn masks<T: Element>(posterior: &Posterior<T>) -> Masks {
    let cell = posterior.parts().cell;
    let LayerMasks {
        embedding,
        mut w_input,
        mut w_hidden,
        mut w_output,
        gates,
        inputs,
        neurons_by_weights,
        neurons_by_group,
        neurons_by_output,
    } = layer_masks(posterior);
    let neurons = both(&either(&neurons_by_weights, &neurons_by_output), &neurons_by_group);
    let columns: Vec<bool> = neurons.repeat(cell.preactivations().len());
    let (embedding, vocabulary, inputs, rows) = match embedding {
        Some(EmbeddingMasks { mut weights, vocabulary, columns }) => {
            let dimensions = both(&columns, &inputs);
            drop_rows_and_columns(&mut weights, &vocabulary, &dimensions);
            (Some(weights), vocabulary, Some(dimensions.clone()), dimensions)
        }
        None => (None, inputs.clone(), None, inputs),
    };
    drop_rows_and_columns(&mut w_input, &rows, &columns);
    drop_rows_and_columns(&mut w_hidden, &neurons, &columns);
    let outputs = vec![true; posterior.parts().w_output.shape[1]];
    drop_rows_and_columns(&mut w_output, &neurons, &outputs);
    Masks { cell, embedding, w_input, w_hidden, w_output, vocabulary, inputs, gates: both(&gates, &columns), neurons }
}

/// Sets the elements outside the kept rows and columns to false.
fn drop_rows_and_columns(mask: &mut [bool], rows: &[bool], columns: &[bool]) {
    mask.par_chunks_mut(columns.len().max(1)).with_min_len(64).zip(rows).for_each(|(mask, &row)| {
        mask.iter_mut().zip(columns).for_each(|(mask, &column)| *mask &= row && column);
    });
}

#[cfg(test)]
mod tests {
    use super::super::PosteriorMatrix;
    use super::super::testing::FixtureNetwork;
    use super::*;

    const V: usize = 3;
    const H: usize = 2;
    const O: usize = 3;

    fn masks_of(owned: &FixtureNetwork) -> Masks {
        masks(&Posterior::new(owned.parts()).unwrap())
    }

    #[test]
    fn everything_live_is_kept() {
        let masks = masks_of(&FixtureNetwork::live(V, H, O));
        let all = [&masks.w_input, &masks.w_hidden, &masks.w_output, &masks.vocabulary, &masks.neurons, &masks.gates];
        assert!(all.into_iter().flatten().all(|&kept| kept));
    }

    #[test]
    fn a_unit_without_readers_goes_with_its_weights_and_gates() {
        let mut owned = FixtureNetwork::live(V, H, O);
        owned.w_hidden.kill_row(1, 4 * H);
        owned.w_output.kill_row(1, O);
        let masks = masks_of(&owned);
        assert_eq!(masks.neurons, [true, false]);
        let kept_columns = [true, false].repeat(4);
        assert_eq!(masks.gates, kept_columns);
        assert_eq!(masks.w_input, kept_columns.repeat(V));
        assert_eq!(masks.w_hidden, [kept_columns, vec![false; 4 * H]].concat());
        assert_eq!(masks.w_output, [true, true, true, false, false, false]);
    }

    #[test]
    fn one_kind_of_reader_is_enough() {
        let mut owned = FixtureNetwork::live(V, H, O);
        owned.w_hidden.kill_row(1, 4 * H);
        assert_eq!(masks_of(&owned).neurons, [true, true]);
        let mut owned = FixtureNetwork::live(V, H, O);
        owned.w_output.kill_row(1, O);
        assert_eq!(masks_of(&owned).neurons, [true, true]);
    }

    #[test]
    fn a_unit_that_nothing_reaches_is_kept_with_constant_gates() {
        let mut owned = FixtureNetwork::live(V, H, O);
        for gate in 0..4 {
            owned.w_input.kill_column(gate * H, 4 * H);
            owned.w_hidden.kill_column(gate * H, 4 * H);
        }
        let masks = masks_of(&owned);
        assert_eq!(masks.neurons, [true, true]);
        assert_eq!(masks.gates, [false, true].repeat(4));
    }

    #[test]
    fn a_gate_needs_one_live_weight_from_either_side() {
        let mut owned = FixtureNetwork::live(V, H, O);
        owned.w_input.kill_column(5, 4 * H);
        owned.w_hidden.kill_column(6, 4 * H);
        assert_eq!(masks_of(&owned).gates, [true; 4 * H]);
        owned.w_hidden.kill_column(5, 4 * H);
        assert_eq!(masks_of(&owned).gates, [true, true, true, true, true, false, true, true]);
    }

    #[test]
    fn groups_drop_what_they_multiply() {
        let mut owned = FixtureNetwork::live(V, H, O);
        owned.z_vocabulary.as_mut().unwrap().kill_row(2, 1);
        owned.z_neurons.as_mut().unwrap().kill_row(0, 1);
        owned.z_gates.as_mut().unwrap().kill_row(3, 1);
        let masks = masks_of(&owned);
        assert_eq!(masks.vocabulary, [true, true, false]);
        assert_eq!(masks.neurons, [false, true]);
        // Unit 0 is dropped with its four gates; gate f of unit 1 is dead by its own group.
        assert_eq!(masks.gates, [false, true, false, false, false, true, false, true]);
        // Weights into the dead gate of the kept unit stay in the mask.
        assert_eq!(masks.w_input[..4 * H], [false, true].repeat(4));
        assert!(masks.w_input[2 * 4 * H..].iter().all(|&kept| !kept));
    }

    #[test]
    fn dropping_is_not_repeated() {
        // Unit 0 is read only by unit 1, which is dropped. Unit 0 stays, as in the authors' count.
        let mut owned = FixtureNetwork::live(V, H, O);
        owned.w_output.kill_row(0, O);
        for gate in 0..4 {
            owned.w_hidden.kill(gate * H);
        }
        owned.z_neurons.as_mut().unwrap().kill_row(1, 1);
        assert_eq!(masks_of(&owned).neurons, [true, false]);
    }

    #[test]
    fn a_symbol_with_an_embedding_goes_by_its_group_alone() {
        let mut owned = FixtureNetwork::embedded(4, V, H, O);
        owned.embedding.as_mut().unwrap().kill_row(1, V);
        owned.z_vocabulary.as_mut().unwrap().kill(2);
        let masks = masks_of(&owned);
        // Symbol 1 is kept although none of its weights is live.
        assert_eq!(masks.vocabulary, [true, true, false, true]);
        let rows = [true, false, false, true].map(|kept| vec![kept; V]).concat();
        assert_eq!(masks.embedding, Some(rows));
        owned.z_vocabulary = None;
        assert_eq!(masks_of(&owned).vocabulary, [true, false, true, true]);
    }

    #[test]
    fn a_dimension_needs_weights_on_both_sides_and_its_group() {
        let mut owned = FixtureNetwork::embedded(2, 4, H, O);
        owned.embedding.as_mut().unwrap().kill_column(0, 4);
        owned.w_input.kill_row(1, 4 * H);
        owned.z_inputs.as_mut().unwrap().kill(2);
        let masks = masks_of(&owned);
        let dimensions = [false, false, false, true];
        assert_eq!(masks.inputs, Some(dimensions.to_vec()));
        assert_eq!(masks.embedding, Some(dimensions.repeat(2)));
        assert_eq!(masks.w_input, dimensions.map(|kept| vec![kept; 4 * H]).concat());
        assert_eq!(masks.vocabulary, [true, true]);
    }

    #[test]
    fn exact_zeros_drop_a_unit_where_a_baseline_made_them() {
        let zeros = |width: usize| [vec![1.0; width], vec![0.0; width]].concat();
        let (input, hidden, output) = (vec![1.0; V * 4 * H], zeros(4 * H), zeros(O));
        let mut parts = FixtureNetwork::live(V, H, O);
        (parts.z_vocabulary, parts.z_neurons, parts.z_gates) = (None, None, None);
        let mut parts = parts.parts();
        parts.w_input = PosteriorMatrix::matrix(&input, None, [V, 4 * H]);
        parts.w_hidden = PosteriorMatrix::matrix(&hidden, None, [H, 4 * H]);
        parts.w_output = PosteriorMatrix::matrix(&output, None, [H, O]);
        assert_eq!(masks(&Posterior::new(parts).unwrap()).neurons, [true, true]);
        parts.zeros_are_pruned = true;
        assert_eq!(masks(&Posterior::new(parts).unwrap()).neurons, [true, false]);
    }
}
