//! Reference implementation of the forward pass in scalar code; faster implementations are tested against it.

use alloc::vec;
use alloc::vec::Vec;

use crate::formula::Operation;
use crate::int8::{Int8, QuantizedState, integer};
use crate::{Activation, Cell, CellFormula, CellKind, Float, Model};

/// The state of one sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct State<T> {
    /// Hidden state `[H']`, which the recurrent matrix and the output layer read.
    pub hidden: Vec<T>,
    /// The LSTM's cell state `[H']`; for a [`CellFormula`] all states after the first, one after the other; empty for
    /// other cells.
    pub cell_state: Vec<T>,
}

impl<T: Float> State<T> {
    /// The zero state.
    pub fn zero(model: &Model<T>) -> Self {
        let zeros = |states: usize| vec![T::default(); states * model.units()];
        Self { hidden: zeros(1), cell_state: zeros(model.cell.states() - 1) }
    }
}

/// Advances the state by one symbol. A symbol without a row, or an id outside the vocabulary, contributes no input.
pub fn step<T: Float>(model: &Model<T>, symbol: u32, state: &mut State<T>) {
    let units = model.units();
    let mut sums = model.bias.clone();
    for ((kind, unit), value) in model.columns.units_of_kinds(model.cell.input_kinds()).zip(input(model, symbol)) {
        add(&mut sums[kind * units + unit], value);
    }
    let state_columns: Vec<_> = model.columns.units_of_kinds(model.cell.state_kinds()).collect();
    match model.int8.as_ref().and_then(Int8::recurrent_product) {
        Some(scales) => {
            let products = integer_products(model, scales, &state.hidden);
            for ((kind, unit), product) in state_columns.into_iter().zip(products) {
                add(&mut sums[kind * units + unit], T::from_f64(f64::from(product)));
            }
        }
        None => {
            for from in 0..units {
                for (column, weight) in model.recurrent.row(from) {
                    let (kind, unit) = state_columns[column];
                    add(&mut sums[kind * units + unit], weight.mul(state.hidden[from]));
                }
            }
        }
    }
    match &model.cell {
        Cell::BuiltIn(cell) => built_in(model, *cell, &sums, state),
        Cell::Formula(formula) => evaluate(model, formula, &sums, state),
    }
}

/// Products of the recurrent matrix with the quantised state, column by column.
fn integer_products<T: Float>(model: &Model<T>, scales: &[f32], hidden: &[T]) -> Vec<f32> {
    let state = QuantizedState::new(hidden);
    let mut sums = vec![0_i32; scales.len()];
    for (unit, from) in state.integers.iter().enumerate() {
        for (column, weight) in model.recurrent.row(unit) {
            sums[column] += i32::from(*from) * i32::from(integer(weight, scales[column]));
        }
    }
    sums.into_iter().zip(scales).map(|(sum, scale)| sum as f32 * (scale * state.scale)).collect()
}

/// The new state of a built-in cell.
fn built_in<T: Float>(model: &Model<T>, cell: CellKind, sums: &[T], state: &mut State<T>) {
    let units = model.units();
    for unit in 0..units {
        let sum = |kind: usize| sums[kind * units + unit];
        let gate = |kind: usize| model.activation.apply(sum(kind));
        match cell {
            CellKind::Lstm => {
                let cell_state = gate(1).mul(state.cell_state[unit]).add(gate(0).mul(sum(2).tanh()));
                state.cell_state[unit] = cell_state;
                state.hidden[unit] = gate(3).mul(cell_state.tanh());
            }
            CellKind::Gru | CellKind::GruState => {
                let candidate = sum(0).add(gate(1).mul(sum(3))).tanh();
                let keep = gate(2);
                let rest = T::from_f64(1.0).add(T::from_f64(-1.0).mul(keep));
                state.hidden[unit] = factor(model, unit).mul(rest.mul(candidate).add(keep.mul(state.hidden[unit])));
            }
            CellKind::Rnn => state.hidden[unit] = sum(0).tanh(),
        }
    }
}

/// The new state of a cell that is described by its formula.
fn evaluate<T: Float>(model: &Model<T>, formula: &CellFormula, sums: &[T], state: &mut State<T>) {
    let units = model.units();
    let mut values: Vec<T> = Vec::with_capacity(formula.operations.len());
    for unit in 0..units {
        values.clear();
        for operation in &formula.operations {
            let value = operation.value(model.activation, &values, |leaf| match leaf {
                Operation::Sum(sum) => sums[sum as usize * units + unit],
                Operation::State(0) => state.hidden[unit],
                Operation::State(index) => state.cell_state[(index as usize - 1) * units + unit],
                _ => factor(model, unit),
            });
            values.push(value);
        }
        state.hidden[unit] = values[formula.next[0] as usize];
        for (index, next) in formula.next[1..].iter().enumerate() {
            state.cell_state[index * units + unit] = values[*next as usize];
        }
    }
}

/// The factor of a unit's new state.
fn factor<T: Float>(model: &Model<T>, unit: usize) -> T {
    model.state_factor.as_ref().map_or(T::from_f64(1.0), |factor| factor[unit])
}

/// Input contribution of a symbol `[input columns]`.
fn input<T: Float>(model: &Model<T>, symbol: u32) -> Vec<T> {
    let mut sums = vec![T::default(); model.input.columns];
    let Some(row) = model.row(symbol) else { return sums };
    let mut read = |row: usize, factor: T| {
        model.input.row(row).for_each(|(column, weight)| add(&mut sums[column], weight.mul(factor)));
    };
    match &model.embedding {
        Some(embedding) => embedding.row(row).for_each(|(dimension, value)| read(dimension, value)),
        None => read(row, T::from_f64(1.0)),
    }
    sums
}

fn add<T: Float>(sum: &mut T, value: T) {
    *sum = sum.add(value);
}

/// Logits `[O]` for a state.
pub fn outputs<T: Float>(model: &Model<T>, state: &State<T>) -> Vec<T> {
    if let Some(scales) = model.int8.as_ref().and_then(Int8::output_product) {
        let hidden = QuantizedState::new(&state.hidden);
        let sum = |(output, (bias, scale)): (usize, (&T, &f32))| {
            bias.add(T::from_f64(f64::from(hidden.product(model.output.row(output), *scale))))
        };
        return model.output_bias.iter().zip(scales).enumerate().map(sum).collect();
    }
    let sum = |(output, bias): (usize, &T)| {
        model.output.row(output).fold(*bias, |sum, (unit, weight)| sum.add(weight.mul(state.hidden[unit])))
    };
    model.output_bias.iter().enumerate().map(sum).collect()
}

/// Logits `[O]` after the last of `symbols`, starting from the zero state.
pub fn classify<T: Float>(model: &Model<T>, symbols: &[u32]) -> Vec<T> {
    let mut state = State::zero(model);
    for symbol in symbols {
        step(model, *symbol, &mut state);
    }
    outputs(model, &state)
}

/// Probabilities of the classes or symbols, by softmax; a single logit gives the probabilities of two classes.
pub fn probabilities<T: Float>(logits: &[T]) -> Vec<T> {
    if let [logit] = logits {
        let second = Activation::Sigmoid.apply(*logit);
        return vec![T::from_f64(1.0).add(T::from_f64(-1.0).mul(second)), second];
    }
    let largest = logits.iter().fold(f64::NEG_INFINITY, |largest, logit| largest.max(logit.to_f64()));
    let powers: Vec<f64> = logits.iter().map(|logit| libm::exp(logit.to_f64() - largest)).collect();
    let total: f64 = powers.iter().sum();
    powers.into_iter().map(|power| T::from_f64(power / total)).collect()
}
