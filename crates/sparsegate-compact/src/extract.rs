//! Extracts a self-contained model from the compact network: everything without influence on an output is removed, and
//! sums without live weights become constants.

use sparsegate_runtime::model::{Columns, Sizes, Symbols, Task};
use sparsegate_runtime::{Activation, Cell, Matrix, Model, matrix};

use sparsegate_core::cells::{self, Kernel};
use sparsegate_prune::{Compact, Matrix as Dense};
use sparsegate_spec::types::GateActivation;

/// A network whose cell the runtime does not support.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the runtime does not support the cell `{cell}`; it supports lstm, gru, gru-zhstate and rnn")]
pub struct UnknownCell {
    /// Name of the cell.
    pub cell: &'static str,
}

/// Extracts the model of a compact network.
///
/// In contrast to [`sparsegate_prune::masks`], removal cascades. A unit is removed if no output and no remaining unit
/// reads it, a dimension of the embedding if nothing reads it or nothing feeds it, a symbol's row if it is all zeros. A
/// sum is constant if no remaining weight feeds it. Remaining products and sums are unchanged, so the outputs are the
/// same except for the order of addition.
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

/// Position of one of the runtime's kinds of sums in the compact network's matrices and biases.
struct Kind {
    /// Kind of its columns in the input matrix, if it reads the input.
    input: Option<usize>,
    /// Kind of its columns in the recurrent matrix, if it reads the state.
    state: Option<usize>,
    bias: usize,
}

/// The runtime splits a GRU's candidate into two sums: `n_in` reads the input, `n_hn` the state.
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
    /// Units that are read by an output or by a unit of this list.
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

    /// Dimensions with a non-zero weight on both sides.
    fn living_dimensions(&self, embedding: &Dense, units: &[usize]) -> Vec<usize> {
        let columns = self.columns(units, |kind| kind.input);
        let fed = |dimension: usize| (0..embedding.shape[0]).any(|row| embedding.at(row, dimension) != 0.0);
        (0..embedding.shape[1]).filter(|&at| any(&self.compact.w_input, at, &columns) && fed(at)).collect()
    }

    /// Columns of `units` in the kinds that `part` selects.
    fn columns(&self, units: &[usize], part: fn(&Kind) -> Option<usize>) -> Vec<usize> {
        let places = self.kinds.iter().filter_map(part);
        places.flat_map(|place| units.iter().map(move |unit| place * self.hidden + unit)).collect()
    }

    /// For each kind, the positions in `units` of the units whose sum has a non-zero weight.
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

/// Rows with a non-zero weight in one of `columns`.
fn living_rows(matrix: &Dense, columns: &[usize]) -> Vec<usize> {
    (0..matrix.shape[0]).filter(|row| any(matrix, *row, columns)).collect()
}

fn any(matrix: &Dense, row: usize, columns: &[usize]) -> bool {
    columns.iter().any(|&column| matrix.at(row, column) != 0.0)
}

/// The submatrix of the given rows and columns.
fn cut(matrix: &Dense, rows: &[usize], columns: &[usize]) -> Matrix<f64> {
    let values = rows.iter().flat_map(|&row| columns.iter().map(move |&column| matrix.at(row, column))).collect();
    Matrix::dense(rows.len(), columns.len(), values)
}

fn transposed(of: &Matrix<f64>) -> Matrix<f64> {
    let matrix::Storage::Dense(values) = &of.storage else { return of.clone() };
    let turned = (0..of.columns).flat_map(|column| (0..of.rows).map(move |row| values[row * of.columns + column]));
    Matrix::dense(of.columns, of.rows, turned.collect())
}
