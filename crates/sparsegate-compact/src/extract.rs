//! Extracts a self-contained model from the compact network: everything without influence on an output is removed, and
//! sums without live weights become constants.

use sparsegate_runtime::model::{LiveColumns, Sizes, Task, Vocabulary};
use sparsegate_runtime::{Activation, CellKind, Matrix, Model, matrix};

use sparsegate_core::cells::{self, FusedKernel};
use sparsegate_prune::{DenseMatrix, ReducedNetwork};
use sparsegate_spec::types::GateActivation;

/// A network whose cell the runtime does not support.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the runtime does not support the cell `{cell}`; it supports lstm, gru, gru-zhstate and rnn")]
pub struct UnsupportedCell {
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
/// [`UnsupportedCell`].
pub fn extract(
    compact: &ReducedNetwork,
    output_bias: &[f64],
    task: Task,
    original: Sizes,
) -> Result<Model<f64>, UnsupportedCell> {
    let cell = runtime_cell(compact.cell)?;
    let extraction = Extraction { compact, kinds: kinds(cell), hidden: compact.w_hidden.shape[0] };
    let units = extraction.live_units();
    let dimensions = compact.embedding.as_ref().map(|embedding| extraction.live_dimensions(embedding, &units));
    let rows: Vec<usize> = match (&dimensions, &compact.embedding) {
        (Some(dimensions), Some(embedding)) => live_rows(embedding, dimensions),
        _ => live_rows(&compact.w_input, &extraction.columns(&units, |kind| kind.input)),
    };
    let symbols = compact.embedding.as_ref().map_or(compact.w_input.shape[0], |embedding| embedding.shape[0]);
    let input_rows = dimensions.as_ref().unwrap_or(&rows);
    let live = extraction.live(&units, input_rows);
    let of_live = |part: fn(&SumColumns) -> Option<usize>| -> Vec<usize> {
        let columns = extraction.kinds.iter().zip(&live).filter_map(|(kind, live)| Some((part(kind)?, live)));
        columns
            .flat_map(|(position, live)| live.iter().map(move |at| (position, *at)))
            .map(|(position, at)| position * extraction.hidden + units[at as usize])
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
        symbols: Vocabulary { total: symbols as u32, stored: rows.iter().map(|row| *row as u32).collect() },
        embedding: dimensions
            .as_ref()
            .zip(compact.embedding.as_ref())
            .map(|(dimensions, of)| cut(of, &rows, dimensions)),
        input: cut(&compact.w_input, input_rows, &inputs),
        recurrent: cut(&compact.w_hidden, &units, &states),
        bias: extraction
            .kinds
            .iter()
            .flat_map(|kind| units.iter().map(|unit| compact.bias[kind.bias * extraction.hidden + unit]))
            .collect(),
        state_factor: compact.state_factor.as_ref().map(|factor| units.iter().map(|&unit| factor[unit]).collect()),
        output: transposed(&cut(&compact.w_output, &units, &outputs)),
        output_bias: output_bias.to_vec(),
        columns: LiveColumns { live },
        original,
    })
}

fn runtime_cell(cell: &'static dyn cells::Cell) -> Result<CellKind, UnsupportedCell> {
    match cell.kernel() {
        Some(FusedKernel::Lstm) => Ok(CellKind::Lstm),
        Some(FusedKernel::GruOutput) => Ok(CellKind::Gru),
        Some(FusedKernel::GruState) => Ok(CellKind::GruState),
        Some(FusedKernel::Rnn) => Ok(CellKind::Rnn),
        None => Err(UnsupportedCell { cell: cell.name() }),
    }
}

/// Position of one of the runtime's kinds of sums in the compact network's matrices and biases.
struct SumColumns {
    /// Kind of its columns in the input matrix, if it reads the input.
    input: Option<usize>,
    /// Kind of its columns in the recurrent matrix, if it reads the state.
    state: Option<usize>,
    bias: usize,
}

/// The runtime splits a GRU's candidate into two sums: `n_in` reads the input, `n_hn` the state.
fn kinds(cell: CellKind) -> Vec<SumColumns> {
    let both = |position| SumColumns { input: Some(position), state: Some(position), bias: position };
    match cell {
        CellKind::Lstm => (0..4).map(both).collect(),
        CellKind::Gru | CellKind::GruState => vec![
            SumColumns { input: Some(2), state: None, bias: 2 },
            both(0),
            both(1),
            SumColumns { input: None, state: Some(2), bias: 3 },
        ],
        CellKind::Rnn => vec![both(0)],
    }
}

struct Extraction<'a> {
    compact: &'a ReducedNetwork,
    kinds: Vec<SumColumns>,
    hidden: usize,
}

impl Extraction<'_> {
    /// Units that are read by an output or by a unit of this list.
    fn live_units(&self) -> Vec<usize> {
        let ReducedNetwork { w_hidden, w_output, .. } = self.compact;
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
    fn live_dimensions(&self, embedding: &DenseMatrix, units: &[usize]) -> Vec<usize> {
        let columns = self.columns(units, |kind| kind.input);
        let fed = |dimension: usize| (0..embedding.shape[0]).any(|row| embedding.at(row, dimension) != 0.0);
        (0..embedding.shape[1]).filter(|&at| any(&self.compact.w_input, at, &columns) && fed(at)).collect()
    }

    /// Columns of `units` in the kinds that `part` selects.
    fn columns(&self, units: &[usize], part: fn(&SumColumns) -> Option<usize>) -> Vec<usize> {
        let positions = self.kinds.iter().filter_map(part);
        positions.flat_map(|position| units.iter().map(move |unit| position * self.hidden + unit)).collect()
    }

    /// For each kind, the positions in `units` of the units whose sum has a non-zero weight.
    fn live(&self, units: &[usize], input_rows: &[usize]) -> Vec<Vec<u32>> {
        let ReducedNetwork { w_input, w_hidden, .. } = self.compact;
        let reached = |of: &DenseMatrix, rows: &[usize], position: Option<usize>, unit: usize| {
            position.is_some_and(|position| rows.iter().any(|&row| of.at(row, position * self.hidden + unit) != 0.0))
        };
        let lives = |kind: &SumColumns, unit: usize| {
            reached(w_input, input_rows, kind.input, unit) || reached(w_hidden, units, kind.state, unit)
        };
        let positions = |kind| (0_u32..).zip(units).filter(|(_, unit)| lives(kind, **unit)).map(|(at, _)| at).collect();
        self.kinds.iter().map(positions).collect()
    }
}

/// Rows with a non-zero weight in one of `columns`.
fn live_rows(matrix: &DenseMatrix, columns: &[usize]) -> Vec<usize> {
    (0..matrix.shape[0]).filter(|row| any(matrix, *row, columns)).collect()
}

fn any(matrix: &DenseMatrix, row: usize, columns: &[usize]) -> bool {
    columns.iter().any(|&column| matrix.at(row, column) != 0.0)
}

/// The submatrix of the given rows and columns.
fn cut(matrix: &DenseMatrix, rows: &[usize], columns: &[usize]) -> Matrix<f64> {
    let values = rows.iter().flat_map(|&row| columns.iter().map(move |&column| matrix.at(row, column))).collect();
    Matrix::dense(rows.len(), columns.len(), values)
}

fn transposed(of: &Matrix<f64>) -> Matrix<f64> {
    let matrix::MatrixData::Dense(values) = &of.storage else { return of.clone() };
    let turned = (0..of.columns).flat_map(|column| (0..of.rows).map(move |row| values[row * of.columns + column]));
    Matrix::dense(of.columns, of.rows, turned.collect())
}
