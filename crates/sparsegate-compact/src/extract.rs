//! Makes the compact model from the reduced network: everything without influence on an output is removed, and sums
//! without live weights become constants.

use sparsegate_runtime::model::{LiveColumns, Sizes, Task, Vocabulary};
use sparsegate_runtime::{Activation, Cell, CellKind, Matrix, Model, matrix};

use super::cell_formula::{Sum, UnsupportedCell, translate};
use sparsegate_prune::{DenseMatrix, ReducedNetwork};
use sparsegate_spec::types::GateActivation;

/// Makes the compact model of a reduced network.
///
/// In contrast to [`sparsegate_prune::masks`], removal cascades. A unit is removed if no output and no remaining unit
/// reads it, a dimension of the embedding if nothing reads it or nothing feeds it, a symbol's row if it is all zeros. A
/// sum is constant if no remaining weight feeds it. Remaining products and sums are unchanged, so the outputs are the
/// same except for the order of addition.
///
/// A cell that the runtime has no code for is described by its formula.
///
/// # Errors
/// [`UnsupportedCell`], which a cell that the runtime has code for never is.
pub fn extract(
    reduced: &ReducedNetwork,
    output_bias: &[f64],
    task: Task,
    original: Sizes,
) -> Result<Model<f64>, UnsupportedCell> {
    if let Some(cell) = CellKind::from_name(reduced.cell.name()) {
        return Ok(extract_as(reduced, output_bias, task, original, (cell.into(), sums(cell))));
    }
    extract_with_formula(reduced, output_bias, task, original)
}

/// Like [`extract`], but describes every cell by its formula, also one that the runtime has code for.
///
/// # Errors
/// [`UnsupportedCell`].
pub fn extract_with_formula(
    reduced: &ReducedNetwork,
    output_bias: &[f64],
    task: Task,
    original: Sizes,
) -> Result<Model<f64>, UnsupportedCell> {
    let (formula, sums) = translate(reduced.cell)?;
    Ok(extract_as(reduced, output_bias, task, original, (formula.into(), sums)))
}

/// The model with this cell, whose kinds are these sums.
fn extract_as(
    reduced: &ReducedNetwork,
    output_bias: &[f64],
    task: Task,
    original: Sizes,
    (cell, kinds): (Cell, Vec<Sum>),
) -> Model<f64> {
    let extraction = Extraction { reduced, kinds, hidden: reduced.w_hidden.shape[0] };
    let units = extraction.live_units();
    let dimensions = reduced.embedding.as_ref().map(|embedding| extraction.live_dimensions(embedding, &units));
    let rows: Vec<usize> = match (&dimensions, &reduced.embedding) {
        (Some(dimensions), Some(embedding)) => live_rows(embedding, dimensions),
        _ => live_rows(&reduced.w_input, &extraction.columns(&units, |kind| kind.input)),
    };
    let symbols = reduced.embedding.as_ref().map_or(reduced.w_input.shape[0], |embedding| embedding.shape[0]);
    let input_rows = dimensions.as_ref().unwrap_or(&rows);
    let live = extraction.live(&units, input_rows);
    let of_live = |part: fn(&Sum) -> Option<usize>| -> Vec<usize> {
        let columns = extraction.kinds.iter().zip(&live).filter_map(|(kind, live)| Some((part(kind)?, live)));
        columns
            .flat_map(|(position, live)| live.iter().map(move |at| (position, *at)))
            .map(|(position, at)| position * extraction.hidden + units[at as usize])
            .collect()
    };
    let (inputs, states) = (of_live(|kind| kind.input), of_live(|kind| kind.state));
    let outputs: Vec<usize> = (0..reduced.w_output.shape[1]).collect();
    Model {
        cell,
        activation: match reduced.activation {
            GateActivation::Sigmoid => Activation::Sigmoid,
            GateActivation::HardSigmoid => Activation::HardSigmoid,
        },
        task,
        symbols: Vocabulary { total: symbols as u32, stored: rows.iter().map(|row| *row as u32).collect() },
        embedding: dimensions
            .as_ref()
            .zip(reduced.embedding.as_ref())
            .map(|(dimensions, of)| cut(of, &rows, dimensions)),
        input: cut(&reduced.w_input, input_rows, &inputs),
        recurrent: cut(&reduced.w_hidden, &units, &states),
        bias: extraction.kinds.iter().flat_map(|kind| units.iter().map(|unit| extraction.bias(kind, *unit))).collect(),
        state_factor: reduced.state_factor.as_ref().map(|factor| units.iter().map(|&unit| factor[unit]).collect()),
        output: transposed(&cut(&reduced.w_output, &units, &outputs)),
        output_bias: output_bias.to_vec(),
        int8: None,
        columns: LiveColumns { live },
        original,
    }
}

/// The sums of a built-in cell, in the order of its kinds. The runtime splits a GRU's candidate into two sums: `n_in`
/// reads the input, `n_hn` the state.
fn sums(cell: CellKind) -> Vec<Sum> {
    let both = |kind| Sum { input: Some(kind), state: Some(kind), biases: vec![kind] };
    match cell {
        CellKind::Lstm => (0..4).map(both).collect(),
        CellKind::Gru | CellKind::GruState => vec![
            Sum { input: Some(2), state: None, biases: vec![2] },
            both(0),
            both(1),
            Sum { input: None, state: Some(2), biases: vec![3] },
        ],
        CellKind::Rnn => vec![both(0)],
    }
}

struct Extraction<'a> {
    reduced: &'a ReducedNetwork,
    kinds: Vec<Sum>,
    hidden: usize,
}

impl Extraction<'_> {
    /// The bias of a unit's sum.
    fn bias(&self, kind: &Sum, unit: usize) -> f64 {
        let biases = kind.biases.iter().map(|bias| self.reduced.bias[bias * self.hidden + unit]);
        biases.reduce(|sum, bias| sum + bias).unwrap_or(0.0)
    }

    /// Units that are read by an output or by a unit of this list.
    fn live_units(&self) -> Vec<usize> {
        let ReducedNetwork { w_hidden, w_output, .. } = self.reduced;
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
        (0..embedding.shape[1]).filter(|&at| any(&self.reduced.w_input, at, &columns) && fed(at)).collect()
    }

    /// Columns of `units` in the kinds that `part` selects.
    fn columns(&self, units: &[usize], part: fn(&Sum) -> Option<usize>) -> Vec<usize> {
        let positions = self.kinds.iter().filter_map(part);
        positions.flat_map(|position| units.iter().map(move |unit| position * self.hidden + unit)).collect()
    }

    /// For each kind, the positions in `units` of the units whose sum has a non-zero weight.
    fn live(&self, units: &[usize], input_rows: &[usize]) -> Vec<Vec<u32>> {
        let ReducedNetwork { w_input, w_hidden, .. } = self.reduced;
        let reached = |of: &DenseMatrix, rows: &[usize], position: Option<usize>, unit: usize| {
            position.is_some_and(|position| rows.iter().any(|&row| of.at(row, position * self.hidden + unit) != 0.0))
        };
        let lives = |kind: &Sum, unit: usize| {
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
