//! From the plain reduced network to a model that runs alone: nothing is kept that no output depends on, and sums that
//! nothing reaches become constants.

use sparsegate_runtime::model::{Columns, Sizes, Symbols, Task};
use sparsegate_runtime::{Activation, Cell, Matrix, Model, matrix};

use sparsegate_core::cells::{self, Kernel};
use sparsegate_prune::{Compact, Matrix as Dense};
use sparsegate_spec::types::GateActivation;

/// Why a network has no model that runs alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the runtime does not know the cell `{cell}`; it knows lstm, gru, gru-zhstate and rnn")]
pub struct UnknownCell {
    /// Name of the cell.
    pub cell: &'static str,
}

/// The model of a compact network.
///
/// Beyond what [`sparsegate_prune::masks`] drops once, this goes on until nothing changes: a unit goes when nothing reads
/// it any more, a dimension of the embedding when nothing reads or feeds it, a symbol's row when it is all zeros; a
/// sum is a constant when no weight that is left reaches it. Products and sums are not changed, so outputs are the same
/// numbers but for the order of addition.
///
/// # Errors
/// [`UnknownCell`].
pub fn extract(compact: &Compact, output_bias: &[f64], task: Task, original: Sizes) -> Result<Model<f64>, UnknownCell> {
    let cell = runtime_cell(compact.cell)?;
    let network = Network { compact, kinds: kinds(cell), hidden: compact.w_hidden.shape[0] };
    let units = network.living_units();
    let dimensions = compact.embedding.as_ref().map(|embedding| network.living_dimensions(embedding, &units));
    let rows: Vec<usize> = match (&dimensions, &compact.embedding) {
        (Some(dimensions), Some(embedding)) => living_rows(embedding, dimensions),
        _ => living_rows(&compact.w_input, &network.columns(&units, |kind| kind.input)),
    };
    let symbols = compact.embedding.as_ref().map_or(compact.w_input.shape[0], |embedding| embedding.shape[0]);
    let input_rows = dimensions.as_ref().unwrap_or(&rows);
    let live = network.live(&units, input_rows);
    let of_live = |part: fn(&Kind) -> Option<usize>| -> Vec<usize> {
        let columns = network.kinds.iter().zip(&live).filter_map(|(kind, live)| Some((part(kind)?, live)));
        columns
            .flat_map(|(place, live)| live.iter().map(move |at| (place, *at)))
            .map(|(place, at)| place * network.hidden + units[at as usize])
            .collect()
    };
    let (inputs, states) = (of_live(|kind| kind.input), of_live(|kind| kind.state));
    let outputs: Vec<usize> = (0..compact.w_output.shape[1]).collect();
    Ok(Model {
        cell,
        activation: match compact.activation {
            GateActivation::Sigmoid => Activation::Sigmoid,
            GateActivation::HardSigmoid => Activation::HardSigmoid,
        },
        task,
        symbols: Symbols { total: symbols as u32, stored: rows.iter().map(|row| *row as u32).collect() },
        embedding: dimensions
            .as_ref()
            .zip(compact.embedding.as_ref())
            .map(|(dimensions, of)| cut(of, &rows, dimensions)),
        input: cut(&compact.w_input, input_rows, &inputs),
        recurrent: cut(&compact.w_hidden, &units, &states),
        bias: network
            .kinds
            .iter()
            .flat_map(|kind| units.iter().map(|unit| compact.bias[kind.bias * network.hidden + unit]))
            .collect(),
        state_factor: compact.state_factor.as_ref().map(|factor| units.iter().map(|&unit| factor[unit]).collect()),
        output: transposed(&cut(&compact.w_output, &units, &outputs)),
        output_bias: output_bias.to_vec(),
        columns: Columns { live },
        original,
    })
}

fn runtime_cell(cell: &'static dyn cells::Cell) -> Result<Cell, UnknownCell> {
    match cell.kernel() {
        Some(Kernel::Lstm) => Ok(Cell::Lstm),
        Some(Kernel::GruOutput) => Ok(Cell::Gru),
        Some(Kernel::GruState) => Ok(Cell::GruState),
        Some(Kernel::Rnn) => Ok(Cell::Rnn),
        None => Err(UnknownCell { cell: cell.name() }),
    }
}

/// Where a kind of the runtime's columns is in the network: kinds of preactivations, and of biases.
struct Kind {
    /// In the input matrix, if the kind reads the input.
    input: Option<usize>,
    /// In the recurrent matrix, if it reads the state.
    state: Option<usize>,
    bias: usize,
}

/// A GRU's candidate is two sums in the runtime: `n_in` reads the input, `n_hn` the state.
fn kinds(cell: Cell) -> Vec<Kind> {
    let both = |place| Kind { input: Some(place), state: Some(place), bias: place };
    match cell {
        Cell::Lstm => (0..4).map(both).collect(),
        Cell::Gru | Cell::GruState => vec![
            Kind { input: Some(2), state: None, bias: 2 },
            both(0),
            both(1),
            Kind { input: None, state: Some(2), bias: 3 },
        ],
        Cell::Rnn => vec![both(0)],
    }
}

struct Network<'a> {
    compact: &'a Compact,
    kinds: Vec<Kind>,
    hidden: usize,
}

impl Network<'_> {
    /// Units that an output or a living unit reads.
    fn living_units(&self) -> Vec<usize> {
        let Compact { w_hidden, w_output, .. } = self.compact;
        let outputs: Vec<usize> = (0..w_output.shape[1]).collect();
        let mut units: Vec<usize> = (0..self.hidden).collect();
        loop {
            let columns = self.columns(&units, |kind| kind.state);
            let read = |unit: &usize| any(w_output, *unit, &outputs) || any(w_hidden, *unit, &columns);
            let living: Vec<usize> = units.iter().copied().filter(read).collect();
            if living.len() == units.len() {
                return living;
            }
            units = living;
        }
    }

    /// Dimensions with a weight on either side.
    fn living_dimensions(&self, embedding: &Dense, units: &[usize]) -> Vec<usize> {
        let columns = self.columns(units, |kind| kind.input);
        let fed = |dimension: usize| (0..embedding.shape[0]).any(|row| embedding.at(row, dimension) != 0.0);
        (0..embedding.shape[1]).filter(|&at| any(&self.compact.w_input, at, &columns) && fed(at)).collect()
    }

    /// Columns of these units, in the places that `part` gives.
    fn columns(&self, units: &[usize], part: fn(&Kind) -> Option<usize>) -> Vec<usize> {
        let places = self.kinds.iter().filter_map(part);
        places.flat_map(|place| units.iter().map(move |unit| place * self.hidden + unit)).collect()
    }

    /// For each kind, places in `units` of those whose sum some weight reaches.
    fn live(&self, units: &[usize], input_rows: &[usize]) -> Vec<Vec<u32>> {
        let Compact { w_input, w_hidden, .. } = self.compact;
        let reached = |of: &Dense, rows: &[usize], place: Option<usize>, unit: usize| {
            place.is_some_and(|place| rows.iter().any(|&row| of.at(row, place * self.hidden + unit) != 0.0))
        };
        let lives = |kind: &Kind, unit: usize| {
            reached(w_input, input_rows, kind.input, unit) || reached(w_hidden, units, kind.state, unit)
        };
        let places = |kind| (0_u32..).zip(units).filter(|(_, unit)| lives(kind, **unit)).map(|(at, _)| at).collect();
        self.kinds.iter().map(places).collect()
    }
}

/// Rows with a weight in one of these columns.
fn living_rows(matrix: &Dense, columns: &[usize]) -> Vec<usize> {
    (0..matrix.shape[0]).filter(|row| any(matrix, *row, columns)).collect()
}

fn any(matrix: &Dense, row: usize, columns: &[usize]) -> bool {
    columns.iter().any(|&column| matrix.at(row, column) != 0.0)
}

/// These rows and columns.
fn cut(matrix: &Dense, rows: &[usize], columns: &[usize]) -> Matrix<f64> {
    let values = rows.iter().flat_map(|&row| columns.iter().map(move |&column| matrix.at(row, column))).collect();
    Matrix::dense(rows.len(), columns.len(), values)
}

fn transposed(of: &Matrix<f64>) -> Matrix<f64> {
    let matrix::Storage::Dense(values) = &of.storage else { return of.clone() };
    let turned = (0..of.columns).flat_map(|column| (0..of.rows).map(move |row| values[row * of.columns + column]));
    Matrix::dense(of.columns, of.rows, turned.collect())
}
