//! The small deterministic network that computes the same as a pruned network.

use super::{Element, Masks, NetworkArrays, Posterior, PosteriorMatrix};
use sparsegate_core::GateActivation;
use sparsegate_core::cells::Cell;

/// A deterministic network without group variables, except for [`ReducedNetwork::state_factor`]. It is obtained from
/// a pruned network with V symbols, E dimensions, H units and O outputs by multiplying every group factor into the
/// weights and removing the dropped dimensions and units. E' dimensions and H' units are kept; columns of width P *
/// H' remain kind-major.
///
/// From a zero state its outputs equal those of the pruned network at the means. The output biases `[O]` are not part
/// of it, because pruning does not change them.
#[derive(Debug, Clone)]
pub struct ReducedNetwork {
    /// The recurrent cell.
    pub cell: &'static dyn Cell,
    /// Activation of the cell's gates.
    pub activation: GateActivation,
    /// Embedding `[V, E']`, if there is one. Rows of dropped symbols stay, filled with zeros.
    pub embedding: Option<DenseMatrix>,
    /// Input-to-hidden weights `[E', P * H']`, or without an embedding `[V, P * H']` with zero rows for dropped
    /// symbols.
    pub w_input: DenseMatrix,
    /// Hidden-to-hidden weights `[H', P * H']`.
    pub w_hidden: DenseMatrix,
    /// Biases of the cell, `[biases * H']`. They determine the values of constant gates.
    pub bias: Vec<f64>,
    /// Output weights `[H', O]`.
    pub w_output: DenseMatrix,
    /// Factors by which the cell multiplies its state at every step, `[H']`: the units' group factors, if the cell
    /// cannot absorb them into the weights.
    pub state_factor: Option<Vec<f64>>,
}

/// An owned dense matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseMatrix {
    /// Elements, row-major.
    pub values: Vec<f64>,
    /// `[rows, columns]`.
    pub shape: [usize; 2],
}

impl DenseMatrix {
    /// The element in the given row and column.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.shape[1] + column]
    }
}

/// Computes the reduced network of a posterior; `masks` must be those of the same posterior.
///
/// Products are taken in double precision. Dead weights and factors are zero by the rule of
/// [`PosteriorMatrix::live`], so removing a dropped unit or dimension does not change the outputs.
pub fn reduce<T: Element>(posterior: &Posterior<T>, masks: &Masks) -> ReducedNetwork {
    let NetworkArrays { cell, activation, .. } = *posterior.parts();
    let parts = posterior.parts();
    let pruned = |array: &PosteriorMatrix<T>| -> Vec<f64> {
        let live = posterior.live(array);
        array.mean.iter().zip(live).map(|(mean, live)| if live { mean.to_f64() } else { 0.0 }).collect()
    };
    let factors =
        |group: &Option<PosteriorMatrix<T>>, count: usize| group.as_ref().map_or_else(|| vec![1.0; count], pruned);
    let ones = |count: usize| vec![1.0; count];
    let (vocabulary, hidden) = (posterior.vocabulary(), posterior.hidden());
    let z_vocabulary = factors(&parts.z_vocabulary, vocabulary);
    let z_gates = factors(&parts.z_gates, posterior.columns());
    let units = kept(&masks.neurons);
    let of_neurons = factors(&parts.z_neurons, hidden);
    let (z_neurons, state_factor) = if cell.can_absorb_unit_factors() || parts.z_neurons.is_none() {
        (of_neurons, None)
    } else {
        (ones(hidden), Some(units.iter().map(|&unit| of_neurons[unit]).collect()))
    };
    let columns = of_units(&units, cell.preactivations().len(), hidden);
    let symbols: Vec<usize> = (0..vocabulary).collect();
    let outputs: Vec<usize> = (0..parts.w_output.shape[1]).collect();
    let cut = |array: &PosteriorMatrix<T>, rows: (&[usize], &[f64]), columns: (&[usize], &[f64])| {
        let (values, width) = (pruned(array), array.shape[1]);
        let row = |row: usize| columns.0.iter().map(move |&column| (row, column));
        let value = |(row, column): (usize, usize)| values[row * width + column] * rows.1[row] * columns.1[column];
        DenseMatrix {
            values: rows.0.iter().flat_map(|&index| row(index)).map(value).collect(),
            shape: [rows.0.len(), columns.0.len()],
        }
    };
    let (embedding, w_input) = if let Some(embedding) = &parts.embedding {
        let width = embedding.shape[1];
        let dimensions = kept(masks.inputs.as_deref().unwrap_or_default());
        let z_inputs = factors(&parts.z_inputs, width);
        (
            Some(cut(embedding, (&symbols, &z_vocabulary), (&dimensions, &ones(width)))),
            cut(&parts.w_input, (&dimensions, &z_inputs), (&columns, &z_gates)),
        )
    } else {
        (None, cut(&parts.w_input, (&symbols, &z_vocabulary), (&columns, &z_gates)))
    };
    ReducedNetwork {
        cell,
        activation,
        embedding,
        w_input,
        w_hidden: cut(&parts.w_hidden, (&units, &z_neurons), (&columns, &z_gates)),
        bias: of_units(&units, cell.biases().len(), hidden).iter().map(|&place| parts.bias[place].to_f64()).collect(),
        w_output: cut(&parts.w_output, (&units, &z_neurons), (&outputs, &ones(outputs.len()))),
        state_factor,
    }
}

/// Indices of the kept elements, ascending.
fn kept(mask: &[bool]) -> Vec<usize> {
    (0..mask.len()).filter(|&place| mask[place]).collect()
}

/// Columns of the given units in a matrix of `kinds * hidden` columns.
fn of_units(units: &[usize], kinds: usize, hidden: usize) -> Vec<usize> {
    (0..kinds).flat_map(|kind| units.iter().map(move |unit| kind * hidden + unit)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::masks;
    use super::super::testing::FixtureNetwork;
    use super::*;
    use sparsegate_core::cells::Gru;

    fn reduced(owned: &FixtureNetwork) -> ReducedNetwork {
        let posterior = Posterior::new(owned.parts()).unwrap();
        reduce(&posterior, &masks(&posterior))
    }

    #[test]
    fn factors_go_into_the_weights_they_multiply() {
        let mut owned = FixtureNetwork::embedded(3, 2, 2, 1);
        owned.z_vocabulary.as_mut().unwrap().mean = vec![2.0, 1.0, -3.0];
        owned.z_inputs.as_mut().unwrap().mean = vec![5.0, 1.0];
        owned.z_neurons.as_mut().unwrap().mean = vec![1.0, 7.0];
        owned.z_gates.as_mut().unwrap().mean[6] = 11.0;
        let compact = reduced(&owned);
        assert_eq!(compact.embedding.unwrap().values, [2.0, 2.0, 1.0, 1.0, -3.0, -3.0]);
        let gates = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 11.0, 1.0];
        assert_eq!(compact.w_input.values, [gates.map(|z| 5.0 * z), gates].concat());
        assert_eq!(compact.w_hidden.values, [gates, gates.map(|z| 7.0 * z)].concat());
        assert_eq!(compact.w_output.values, [1.0, 7.0]);
    }

    #[test]
    fn dropped_units_and_dimensions_are_taken_out_and_dropped_symbols_zeroed() {
        let mut owned = FixtureNetwork::embedded(3, 4, 3, 2);
        owned.z_vocabulary.as_mut().unwrap().kill(1);
        owned.z_inputs.as_mut().unwrap().kill(2);
        owned.z_neurons.as_mut().unwrap().kill(0);
        owned.z_gates.as_mut().unwrap().kill(4);
        owned.bias = (0..12).map(f64::from).collect();
        let compact = reduced(&owned);
        let embedding = compact.embedding.unwrap();
        assert_eq!((embedding.shape, &embedding.values[..6]), ([3, 3], [1.0, 1.0, 1.0, 0.0, 0.0, 0.0].as_slice()));
        assert_eq!(compact.w_input.shape, [3, 8]);
        // Gate f of unit 1 is constant: its column is zero and its bias stays.
        assert_eq!(compact.w_hidden.values[..8], [1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(compact.bias, [1.0, 2.0, 4.0, 5.0, 7.0, 8.0, 10.0, 11.0]);
        assert_eq!(compact.w_output.shape, [2, 2]);
    }

    #[test]
    fn factors_of_a_carried_state_stay() {
        let mut owned = FixtureNetwork { cell: &Gru::State, ..FixtureNetwork::sized(2, 2, 2, 3, 4) };
        owned.z_neurons.as_mut().unwrap().mean = vec![3.0, 7.0];
        let compact = reduced(&owned);
        assert_eq!(compact.state_factor, Some(vec![3.0, 7.0]));
        assert_eq!((compact.w_hidden.values, compact.w_output.values), (vec![1.0; 12], vec![1.0; 4]));
        owned.cell = &Gru::Output;
        let compact = reduced(&owned);
        assert_eq!((compact.state_factor, compact.w_output.values), (None, vec![3.0, 3.0, 7.0, 7.0]));
    }

    #[test]
    fn nothing_left_is_a_network_without_units() {
        let mut owned = FixtureNetwork::live(2, 2, 2);
        owned.z_neurons.as_mut().unwrap().kill_row(0, 2);
        let compact = reduced(&owned);
        assert_eq!(compact.w_output, DenseMatrix { values: vec![], shape: [0, 2] });
        assert_eq!((compact.w_input.shape, compact.bias.len()), ([2, 0], 0));
    }
}
