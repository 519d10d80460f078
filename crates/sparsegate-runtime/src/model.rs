//! A compact network as plain data.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::int8::{self, Int8};
use crate::matrix::MatrixData;
use crate::{Activation, Cell, Float, Matrix};

/// A network with V' stored symbols, E' embedding dimensions (if it has an embedding), H' units and O outputs. It has C
/// columns, one for each preactivation that is not constant; see [`LiveColumns`].
#[derive(Debug, Clone, PartialEq)]
pub struct Model<T> {
    /// The recurrent cell.
    pub cell: Cell,
    /// Activation of the gates.
    pub activation: Activation,
    /// Meaning of the outputs.
    pub task: Task,
    /// The symbols that have a row.
    pub symbols: Vocabulary,
    /// Embedding vectors of the stored symbols `[V', E']`; `None` if the input matrix has one row per symbol.
    pub embedding: Option<Matrix<T>>,
    /// Input weights `[E' or V', input columns]`.
    pub input: Matrix<T>,
    /// Recurrent weights `[H', state columns]`.
    pub recurrent: Matrix<T>,
    /// The preactivations that are not constant.
    pub columns: LiveColumns,
    /// Biases `[kinds * H']`, ordered by kind; a constant preactivation equals its bias.
    pub bias: Vec<T>,
    /// Factor of each unit's new state `[H']`; only for [`crate::CellKind::GruState`], or what
    /// [`crate::formula::Operation::UnitFactor`] stands for.
    pub state_factor: Option<Vec<T>>,
    /// Output weights `[O, H']`.
    pub output: Matrix<T>,
    /// Output biases `[O]`.
    pub output_bias: Vec<T>,
    /// The scales of the weights, if they are 8-bit integers; the matrices above then hold `integer * scale`.
    pub int8: Option<Int8>,
    /// Sizes of the network before pruning.
    pub original: Sizes,
}

/// Meaning of the outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Logits of the next symbol, after every step.
    LanguageModel,
    /// Logits of the classes, after the last step; two classes have one logit, that of the second class.
    Classification,
}

/// The vocabulary of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    /// Number of ids: they run from 0 to `total - 1`.
    pub total: u32,
    /// Sorted ids of the symbols that have a row. Any other symbol contributes no input.
    pub stored: Vec<u32>,
}

/// The preactivations that still depend on the input or the state, by kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveColumns {
    /// For each kind of preactivation of the cell ([`Cell::kinds`]), the sorted indices of the units whose
    /// preactivation is not constant.
    pub live: Vec<Vec<u32>>,
}

/// Sizes of a network before pruning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Input symbols.
    pub symbols: u32,
    /// Dimensions of the embedding, 0 without one.
    pub dimensions: u32,
    /// Hidden units.
    pub units: u32,
    /// Outputs.
    pub outputs: u32,
}

/// A part of a model that is inconsistent with the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidModel {
    /// Name of the part's tensor.
    pub part: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl core::fmt::Display for InvalidModel {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} {}", self.part, self.problem)
    }
}

impl core::error::Error for InvalidModel {}

/// Maximum number of symbols, dimensions, units or outputs: indices are `u32`, and sums of sizes must not overflow.
pub const MAX_SIZE: usize = 1 << 24;

/// Maximum number of intermediate values of a step of a [`crate::CellFormula`]: operations times units. It limits the
/// memory that a small file can ask for.
pub const MAX_VALUES: usize = 1 << 24;

/// Maximum number of rows of an embedding or input matrix without columns. Such rows take no byte of a file, so it
/// limits the memory that a small file can ask for. A network has none of them once what is without influence is
/// removed.
pub const MAX_EMPTY_ROWS: usize = 1 << 16;

impl LiveColumns {
    /// Number of columns of these kinds.
    pub fn count(&self, kinds: Range<usize>) -> usize {
        self.live[kinds].iter().map(Vec::len).sum()
    }

    /// Kind and unit of each column of these kinds, in order.
    pub fn units_of_kinds(&self, kinds: Range<usize>) -> impl Iterator<Item = (usize, usize)> + '_ {
        kinds.flat_map(|kind| self.live[kind].iter().map(move |unit| (kind, *unit as usize)))
    }
}

impl<T: Float> Model<T> {
    /// H', the number of units.
    pub fn units(&self) -> usize {
        self.recurrent.rows
    }

    /// O, the number of outputs.
    pub fn outputs(&self) -> usize {
        self.output.rows
    }

    /// Row index of a symbol, if it has a row.
    pub fn row(&self, symbol: u32) -> Option<usize> {
        self.symbols.stored.binary_search(&symbol).ok()
    }

    /// Checks every length, index and value, so that running the model cannot fail.
    ///
    /// # Errors
    /// The first inconsistent part.
    pub fn check(&self) -> Result<(), InvalidModel> {
        let (units, kinds) = (self.units(), self.cell.kinds());
        let sizes = self.original;
        if let Cell::Formula(formula) = &self.cell {
            formula.check()?;
            ensure("formula", formula.operations.len().saturating_mul(units) <= MAX_VALUES, || {
                format!("has {} operations for {units} units, above {MAX_VALUES} values", formula.operations.len())
            })?;
        }
        for (part, size) in [
            ("original", sizes.symbols),
            ("original", sizes.dimensions),
            ("original", sizes.units),
            ("original", sizes.outputs),
            ("symbols", self.symbols.total),
        ] {
            ensure(part, size as usize <= MAX_SIZE, || format!("has a size of {size}, above {MAX_SIZE}"))?;
        }
        check_increasing("symbols", &self.symbols.stored, self.symbols.total)?;
        ensure("columns", self.columns.live.len() == kinds, || {
            format!("list {} kinds, but `{}` has {kinds}", self.columns.live.len(), self.cell.name())
        })?;
        self.columns.live.iter().try_for_each(|live| check_increasing("columns", live, units as u32))?;
        let inputs = match &self.embedding {
            Some(embedding) => {
                check_matrix("embedding", embedding, [self.symbols.stored.len(), embedding.columns])?;
                check_empty_rows("embedding", embedding)?;
                embedding.columns
            }
            None => self.symbols.stored.len(),
        };
        check_matrix("input", &self.input, [inputs, self.columns.count(self.cell.input_kinds())])?;
        check_empty_rows("input", &self.input)?;
        check_matrix("recurrent", &self.recurrent, [units, self.columns.count(self.cell.state_kinds())])?;
        check_matrix("output", &self.output, [self.outputs(), units])?;
        check_values("bias", &self.bias, kinds * units)?;
        check_values("output_bias", &self.output_bias, self.outputs())?;
        if let Some(factor) = &self.state_factor {
            ensure("state_factor", self.cell.has_state_factor(), || format!("is not for `{}`", self.cell.name()))?;
            check_values("state_factor", factor, units)?;
        }
        self.int8.as_ref().map_or(Ok(()), |int8| self.check_int8(int8))
    }

    /// Checks that every weight is an integer times its scale.
    fn check_int8(&self, int8: &Int8) -> Result<(), InvalidModel> {
        let none = Matrix::dense(0, 0, Vec::new());
        let embedding = self.embedding.as_ref().unwrap_or(&none);
        let by_row = |row, _| row;
        check_grid("embedding", embedding, int8.embedding.as_deref(), embedding.rows, by_row)?;
        check_grid("input", &self.input, int8.input.as_deref(), self.input.rows, by_row)?;
        let columns = self.recurrent.columns;
        check_grid("recurrent", &self.recurrent, int8.recurrent.as_deref(), columns, |_, column| column)?;
        check_grid("output", &self.output, int8.output.as_deref(), self.output.rows, by_row)?;
        for (part, product, scales) in
            [("recurrent", int8.products.recurrent, &int8.recurrent), ("output", int8.products.output, &int8.output)]
        {
            ensure(part, !product || scales.is_some(), || "has products in integers, but no scales".into())?;
        }
        let products = int8.products.recurrent || int8.products.output;
        ensure("int8", !products || matches!(self.cell, Cell::BuiltIn(_)), || {
            format!("has integer products, which are not for `{}`", self.cell.name())
        })?;
        ensure("int8", !products || self.units() <= int8::MAX_UNITS, || {
            format!("has integer products of {} units, above {}", self.units(), int8::MAX_UNITS)
        })
    }

    /// The same model in another number type.
    pub fn to<U: Float>(&self) -> Model<U> {
        let convert = |values: &[T]| values.iter().map(|value| U::from_f64(value.to_f64())).collect::<Vec<U>>();
        Model {
            cell: self.cell.clone(),
            activation: self.activation,
            task: self.task,
            symbols: self.symbols.clone(),
            embedding: self.embedding.as_ref().map(Matrix::to),
            input: self.input.to(),
            recurrent: self.recurrent.to(),
            columns: self.columns.clone(),
            bias: convert(&self.bias),
            state_factor: self.state_factor.as_deref().map(convert),
            output: self.output.to(),
            output_bias: convert(&self.output_bias),
            int8: self.int8.clone(),
            original: self.original,
        }
    }
}

fn ensure(part: &'static str, holds: bool, problem: impl FnOnce() -> String) -> Result<(), InvalidModel> {
    if holds { Ok(()) } else { Err(InvalidModel { part, problem: problem() }) }
}

fn check_values<T: Float>(part: &'static str, values: &[T], count: usize) -> Result<(), InvalidModel> {
    ensure(part, values.len() == count, || format!("has {} values, not {count}", values.len()))?;
    ensure(part, values.iter().all(|value| value.is_finite()), || "has a value that is not finite".into())
}

fn check_grid<T: Float>(
    part: &'static str,
    matrix: &Matrix<T>,
    scales: Option<&[f32]>,
    count: usize,
    scale_of: impl Fn(usize, usize) -> usize,
) -> Result<(), InvalidModel> {
    let Some(scales) = scales else { return Ok(()) };
    check_values(part, scales, count)?;
    ensure(part, scales.iter().all(|scale| *scale >= 0.0), || "has a negative scale".into())?;
    let on_grid = |row: usize| {
        matrix.row(row).all(|(column, weight)| {
            let scale = scales[scale_of(row, column)];
            let integer = int8::integer(weight, scale);
            integer >= -int8::LARGEST && T::from_f64(f64::from(f32::from(integer) * scale)) == weight
        })
    };
    ensure(part, (0..matrix.rows).all(on_grid), || "has a weight that is not an 8-bit integer times its scale".into())
}

fn check_increasing(part: &'static str, indices: &[u32], below: u32) -> Result<(), InvalidModel> {
    let rises = indices.is_sorted_by(|a, b| a < b) && indices.last().is_none_or(|last| *last < below);
    ensure(part, rises, || format!("must have strictly increasing indices below {below}"))
}

fn check_empty_rows<T>(part: &'static str, matrix: &Matrix<T>) -> Result<(), InvalidModel> {
    ensure(part, matrix.columns > 0 || matrix.rows <= MAX_EMPTY_ROWS, || {
        format!("has {} rows without columns, above {MAX_EMPTY_ROWS}", matrix.rows)
    })
}

fn check_matrix<T: Float>(
    part: &'static str,
    matrix: &Matrix<T>,
    [rows, columns]: [usize; 2],
) -> Result<(), InvalidModel> {
    ensure(part, matrix.rows <= MAX_SIZE && matrix.columns <= MAX_SIZE, || {
        format!("has more than {MAX_SIZE} rows or columns")
    })?;
    ensure(part, [matrix.rows, matrix.columns] == [rows, columns], || {
        format!("is {} x {}, not {rows} x {columns}", matrix.rows, matrix.columns)
    })?;
    match &matrix.storage {
        MatrixData::Dense(values) => {
            ensure(part, rows.checked_mul(columns).is_some(), || "is too large".into())?;
            check_values(part, values, rows * columns)
        }
        MatrixData::Csr { row_ends, indices, values } => {
            ensure(part, row_ends.len() == rows, || format!("has {} rows, not {rows}", row_ends.len()))?;
            let count = row_ends.last().map_or(0, |end| *end as usize);
            ensure(part, row_ends.is_sorted() && indices.len() == count, || {
                format!("has row ends that do not fit its {} column indices", indices.len())
            })?;
            check_values(part, values, count)?;
            let mut start = 0;
            for end in row_ends.iter().map(|end| *end as usize) {
                check_increasing(part, &indices[start..end], columns as u32)?;
                start = end;
            }
            Ok(())
        }
    }
}
