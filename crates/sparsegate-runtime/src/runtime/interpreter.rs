//! Runs a cell that is described by its formula, one sequence at a time.
//!
//! Products add a row of weights for each element of the state or of the symbol's vector. The elementwise part passes
//! over the units operation by operation. Both are loops over slices, compiled for the SIMD instruction set that is
//! dispatched to.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use pulp::{Arch, Simd, WithSimd};

use super::input::Symbols;
use super::kernels::inlined;
use super::program::Program;
use crate::matrix::MatrixData;
use crate::{CellFormula, Matrix, Model};

/// A model whose cell is described by its formula. Units are in the order of its program.
pub(crate) struct Interpreter {
    arch: Arch,
    symbols: Symbols,
    embedding: Option<Matrix<f32>>,
    /// Input weights; their columns are the first ones of the live columns.
    input: Matrix<f32>,
    /// Recurrent weights; their columns are the live columns from `state_start` on.
    recurrent: Matrix<f32>,
    state_start: usize,
    /// Biases of the live columns, by kind and unit.
    bias: Vec<f32>,
    program: Program,
    /// Output weights `[H', O]`.
    output: Matrix<f32>,
    output_bias: Vec<f32>,
}

impl Interpreter {
    /// Prepares a model that has been checked, and whose cell is `formula`.
    pub fn new(arch: Arch, model: &Model<f32>, formula: &CellFormula) -> Self {
        let program = Program::new(model, formula);
        let units = model.units();
        let bias = |(sum, unit): (usize, usize)| model.bias[sum * units + unit];
        Self {
            arch,
            symbols: Symbols::new(&model.symbols),
            embedding: model.embedding.clone(),
            input: model.input.clone(),
            recurrent: reordered(&model.recurrent, &program.order),
            state_start: model.columns.count(0..formula.sums.of_state().start),
            bias: model.columns.units_of_kinds(0..formula.sums.total()).map(bias).collect(),
            output: reordered(&transposed(&model.output), &program.order),
            output_bias: model.output_bias.clone(),
            program,
        }
    }

    /// O, the number of outputs.
    pub fn outputs(&self) -> usize {
        self.output_bias.len()
    }

    /// States of a sequence before its first step, `[states, H']`; the hidden state is the first.
    fn zero_states(&self) -> Vec<f32> {
        vec![0.0; self.program.states() * self.program.units()]
    }

    /// Adds the products of the symbol and the hidden state to the biases of the live columns.
    #[inline(always)]
    fn sums(&self, symbol: u32, hidden: &[f32], columns: &mut [f32]) {
        columns.copy_from_slice(&self.bias);
        let row = self.symbols.row(symbol) as usize;
        let input = &mut columns[..self.input.columns];
        match &self.embedding {
            Some(embedding) if row < embedding.rows => {
                for_each_value(
                    embedding,
                    row,
                    inlined(
                        #[inline(always)]
                        |dimension, value| add_row(&self.input, dimension, value, input),
                    ),
                );
            }
            None if row < self.input.rows => add_row(&self.input, row, 1.0, input),
            _ => {}
        }
        let state = &mut columns[self.state_start..][..self.recurrent.columns];
        for (unit, value) in hidden.iter().enumerate() {
            add_row(&self.recurrent, unit, *value, state);
        }
    }
}

/// A sequence of an [`Interpreter`].
pub(crate) struct InterpretedStream {
    interpreter: Arc<Interpreter>,
    states: Vec<f32>,
    step: StepBuffers,
    outputs: Vec<f32>,
}

/// Buffers of a step, whose values no later step reads. They are much larger than a sequence's states, so that the
/// sequences of a batch share them.
struct StepBuffers {
    registers: Vec<f32>,
    columns: Vec<f32>,
}

impl StepBuffers {
    fn new(interpreter: &Interpreter) -> Self {
        Self { registers: interpreter.program.registers.clone(), columns: vec![0.0; interpreter.bias.len()] }
    }
}

impl InterpretedStream {
    pub fn new(interpreter: &Arc<Interpreter>) -> Self {
        Self {
            states: interpreter.zero_states(),
            step: StepBuffers::new(interpreter),
            outputs: vec![0.0; interpreter.outputs()],
            interpreter: Arc::clone(interpreter),
        }
    }

    /// Advances by several symbols.
    pub fn read(&mut self, symbols: &[u32]) {
        let Self { interpreter, states, step, .. } = self;
        interpreter.arch.dispatch(Advance { interpreter, symbols, states, step });
    }

    /// Logits `[O]` for the current state.
    pub fn outputs(&mut self) -> &[f32] {
        let Self { interpreter, states, outputs, .. } = self;
        interpreter.arch.dispatch(Logits { interpreter, states, out: outputs });
        outputs
    }

    /// Resets the state to zero.
    pub fn reset(&mut self) {
        self.states.fill(0.0);
    }
}

/// Sequences of an [`Interpreter`].
pub(crate) struct InterpretedBatch {
    interpreter: Arc<Interpreter>,
    sequences: usize,
    /// States of each of a language model's sequences, made when they are first needed.
    states: Vec<Vec<f32>>,
    /// States for one text after another, made when they are first needed.
    text: Option<Vec<f32>>,
    /// Made when they are first needed.
    step: Option<StepBuffers>,
}

impl InterpretedBatch {
    pub fn new(interpreter: &Arc<Interpreter>, sequences: usize) -> Self {
        Self { interpreter: Arc::clone(interpreter), sequences, states: Vec::new(), text: None, step: None }
    }

    /// As [`super::Batch::language_model`], for at least one sequence.
    pub fn language_model(&mut self, symbols: &[u32], out: &mut [f32]) {
        let Self { interpreter, sequences, states, step, .. } = self;
        states.resize_with(*sequences, || interpreter.zero_states());
        let step = step.get_or_insert_with(|| StepBuffers::new(interpreter));
        let count = interpreter.outputs();
        for (at, symbols) in symbols.chunks_exact(*sequences).enumerate() {
            for (number, (symbol, states)) in symbols.iter().zip(&mut *states).enumerate() {
                let out = &mut out[(at * symbols.len() + number) * count..][..count];
                interpreter.arch.dispatch(Advance { interpreter, symbols: &[*symbol], states, step });
                interpreter.arch.dispatch(Logits { interpreter, states, out });
            }
        }
    }

    /// As [`super::Batch::classify`].
    pub fn classify<T: AsRef<[u32]>>(&mut self, texts: &[T], out: &mut [f32]) {
        let Self { interpreter, text: states, step, .. } = self;
        let states = states.get_or_insert_with(|| interpreter.zero_states());
        let step = step.get_or_insert_with(|| StepBuffers::new(interpreter));
        let count = interpreter.outputs();
        for (number, text) in texts.iter().enumerate() {
            states.fill(0.0);
            interpreter.arch.dispatch(Advance { interpreter, symbols: text.as_ref(), states, step });
            interpreter.arch.dispatch(Logits { interpreter, states, out: &mut out[number * count..][..count] });
        }
    }

    /// Resets all states to zero.
    pub fn reset(&mut self) {
        self.states.iter_mut().for_each(|states| states.fill(0.0));
    }
}

/// Advances a sequence by several symbols.
struct Advance<'a> {
    interpreter: &'a Interpreter,
    symbols: &'a [u32],
    /// `[states, H']`; the hidden state is the first.
    states: &'a mut [f32],
    step: &'a mut StepBuffers,
}

impl WithSimd for Advance<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { interpreter, symbols, states, step: StepBuffers { registers, columns } } = self;
        let program = &interpreter.program;
        for symbol in symbols {
            interpreter.sums(*symbol, &states[..program.units()], columns);
            for (place, value) in program.columns.iter().zip(&*columns) {
                registers[*place as usize] = *value;
            }
            program.step(simd, registers, states);
        }
    }
}

/// Computes the logits for the current state of a sequence.
struct Logits<'a> {
    interpreter: &'a Interpreter,
    states: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Logits<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { interpreter, states, out } = self;
        out.copy_from_slice(&interpreter.output_bias);
        for (unit, value) in states[..interpreter.program.units()].iter().enumerate() {
            add_row(&interpreter.output, unit, *value, out);
        }
    }
}

/// Adds `factor` times a row to `sums`.
#[inline(always)]
fn add_row(matrix: &Matrix<f32>, row: usize, factor: f32, sums: &mut [f32]) {
    match &matrix.storage {
        MatrixData::Dense(values) => {
            for (sum, weight) in sums.iter_mut().zip(&values[row * matrix.columns..][..matrix.columns]) {
                *sum += factor * weight;
            }
        }
        MatrixData::Csr { .. } => {
            for_each_value(
                matrix,
                row,
                inlined(
                    #[inline(always)]
                    |column: usize, weight: f32| sums[column] += factor * weight,
                ),
            );
        }
    }
}

/// Calls `run` with the column and value of each stored element of a row.
#[inline(always)]
fn for_each_value(matrix: &Matrix<f32>, row: usize, mut run: impl FnMut(usize, f32)) {
    for (column, value) in matrix.row(row) {
        run(column, value);
    }
}

/// The matrix with its rows in the order `rows`.
fn reordered(matrix: &Matrix<f32>, rows: &[u32]) -> Matrix<f32> {
    let rows = rows.iter().map(|row| *row as usize);
    match &matrix.storage {
        MatrixData::Dense(values) => {
            let values = rows.flat_map(|row| values[row * matrix.columns..][..matrix.columns].iter().copied());
            Matrix::dense(matrix.rows, matrix.columns, values.collect())
        }
        MatrixData::Csr { indices, values, .. } => {
            let (mut row_ends, mut moved) = (Vec::with_capacity(matrix.rows), Vec::with_capacity(indices.len()));
            let mut moved_values = Vec::with_capacity(values.len());
            for row in rows {
                matrix.row(row).for_each(|(column, value)| {
                    moved.push(column as u32);
                    moved_values.push(value);
                });
                row_ends.push(moved.len() as u32);
            }
            Matrix { storage: MatrixData::Csr { row_ends, indices: moved, values: moved_values }, ..*matrix }
        }
    }
}

/// The transposed matrix, in the same storage.
fn transposed(matrix: &Matrix<f32>) -> Matrix<f32> {
    let (rows, columns) = (matrix.columns, matrix.rows);
    match &matrix.storage {
        MatrixData::Dense(values) => {
            let turned = (0..rows).flat_map(|row| values.iter().skip(row).step_by(rows).copied());
            Matrix::dense(rows, columns, turned.collect())
        }
        MatrixData::Csr { values, .. } => {
            let mut lists = vec![Vec::new(); rows];
            for column in 0..columns {
                matrix.row(column).for_each(|(row, value)| lists[row].push((column as u32, value)));
            }
            let mut end = 0;
            let row_ends = lists.iter().map(|list| {
                end += list.len() as u32;
                end
            });
            let row_ends = row_ends.collect();
            let (mut indices, mut turned) = (Vec::with_capacity(values.len()), Vec::with_capacity(values.len()));
            for (index, value) in lists.into_iter().flatten() {
                indices.push(index);
                turned.push(value);
            }
            Matrix { rows, columns, storage: MatrixData::Csr { row_ends, indices, values: turned } }
        }
    }
}
