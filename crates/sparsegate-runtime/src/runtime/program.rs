//! A formula prepared for a model: which operations run for which units, and the values of those that are constant.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use pulp::Simd;

use super::activation::{gate, tanh};
use super::order::WIDTH;
use crate::formula::Operation;
use crate::{Activation, CellFormula, Model};

/// The elementwise part of a step. Its values are *registers*: one vector `[H']` per operation, with the units in the
/// program's order. A sum, or anything else that is constant for a unit, is computed once and stays in its register.
pub(crate) struct Program {
    activation: Activation,
    operations: Vec<Operation>,
    next: Vec<u32>,
    units: usize,
    runs: Vec<Run>,
    /// All registers before the first step.
    pub registers: Vec<f32>,
    /// The unit at each position.
    pub order: Vec<u32>,
    /// For each live column, by kind and unit, the register element of its sum.
    pub columns: Vec<u32>,
}

/// Units with the same live sums.
struct Run {
    positions: Range<usize>,
    /// Indices of the operations that vary from step to step and that a state depends on, without the sums.
    varying: Vec<u32>,
}

impl Program {
    pub fn new(model: &Model<f32>, formula: &CellFormula) -> Self {
        let units = model.units();
        // The set of live sums of each unit; there are at most 64 sums.
        let mut live = vec![0_u64; units];
        model.columns.units_of_kinds(0..model.cell.kinds()).for_each(|(sum, unit)| live[unit] |= 1 << sum);
        let mut order: Vec<u32> = (0..units as u32).collect();
        order.sort_by_key(|unit| core::cmp::Reverse(live[*unit as usize]));
        let mut positions = vec![0; units];
        order.iter().enumerate().for_each(|(position, unit)| positions[*unit as usize] = position);
        let mut register_of_sum = vec![0; model.cell.kinds()];
        for (index, operation) in formula.operations.iter().enumerate() {
            if let Operation::Sum(sum) = operation {
                register_of_sum[*sum as usize] = index;
            }
        }
        let needed = needed(formula);
        let mut runs = Vec::new();
        let mut registers = vec![0.0; formula.operations.len() * units];
        let mut start = 0;
        for same in order.chunk_by(|a, b| live[*a as usize] == live[*b as usize]) {
            let varies = varying(formula, live[same[0] as usize]);
            for (position, unit) in (start..).zip(same) {
                constants(model, formula, &varies, *unit as usize, |index, value| {
                    registers[index * units + position] = value;
                });
            }
            let runs_here = |index: &u32| {
                let at = *index as usize;
                varies[at] && needed[at] && !matches!(formula.operations[at], Operation::Sum(_))
            };
            let varying = (0..formula.operations.len() as u32).filter(runs_here).collect();
            runs.push(Run { positions: start..start + same.len(), varying });
            start += same.len();
        }
        let place = |(sum, unit): (usize, usize)| (register_of_sum[sum] * units + positions[unit]) as u32;
        let columns = model.columns.units_of_kinds(0..model.cell.kinds()).map(place).collect();
        Self {
            activation: model.activation,
            operations: formula.operations.clone(),
            next: formula.next.clone(),
            units,
            runs,
            registers,
            order,
            columns,
        }
    }

    /// Number of units, H'.
    pub fn units(&self) -> usize {
        self.units
    }

    /// Number of states.
    pub fn states(&self) -> usize {
        self.next.len()
    }

    /// Advances `states` `[states, H']`; `registers` holds the sums.
    #[inline(always)]
    pub fn step<S: Simd>(&self, simd: S, registers: &mut [f32], states: &mut [f32]) {
        let units = self.units;
        for run in &self.runs {
            for index in run.varying.iter().map(|index| *index as usize) {
                let (known, rest) = registers.split_at_mut(index * units);
                let to = &mut rest[run.positions.clone()];
                let of = |register: u32| &known[register as usize * units..][..units][run.positions.clone()];
                match self.operations[index] {
                    // A constant, or written before the step.
                    Operation::Sum(_) | Operation::UnitFactor => {}
                    Operation::State(state) => {
                        to.copy_from_slice(&states[state as usize * units..][..units][run.positions.clone()]);
                    }
                    Operation::Add(a, b) => combine(to, of(a), of(b), |a, b| a + b),
                    Operation::Sub(a, b) => combine(to, of(a), of(b), |a, b| a - b),
                    Operation::Mul(a, b) => combine(to, of(a), of(b), |a, b| a * b),
                    Operation::Complement(a) => combine(to, of(a), of(a), |a, _| 1.0 - a),
                    Operation::Gate(a) => activate(simd, to, of(a), Some(self.activation)),
                    Operation::Tanh(a) => activate(simd, to, of(a), None),
                }
            }
        }
        for (state, register) in self.next.iter().enumerate() {
            states[state * units..][..units].copy_from_slice(&registers[*register as usize * units..][..units]);
        }
    }
}

/// For each operation, whether a state after the step depends on it.
fn needed(formula: &CellFormula) -> Vec<bool> {
    let mut needed = vec![false; formula.operations.len()];
    formula.next.iter().for_each(|next| needed[*next as usize] = true);
    for index in (0..needed.len()).rev() {
        if needed[index] {
            formula.operations[index].operands().for_each(|operand| needed[operand as usize] = true);
        }
    }
    needed
}

/// For each operation, whether its value changes from step to step for a unit with these live sums.
fn varying(formula: &CellFormula, live: u64) -> Vec<bool> {
    let mut varying: Vec<bool> = Vec::with_capacity(formula.operations.len());
    for operation in &formula.operations {
        let varies = match operation {
            Operation::Sum(sum) => live >> sum & 1 == 1,
            Operation::State(_) => true,
            _ => operation.operands().any(|operand| varying[operand as usize]),
        };
        varying.push(varies);
    }
    varying
}

/// Calls `set` with each operation that is constant for a unit, and its value.
fn constants(model: &Model<f32>, formula: &CellFormula, varies: &[bool], unit: usize, mut set: impl FnMut(usize, f32)) {
    let mut values = Vec::with_capacity(varies.len());
    for (index, operation) in formula.operations.iter().enumerate() {
        let value = operation.value(model.activation, &values, |leaf| match leaf {
            Operation::Sum(sum) => model.bias[sum as usize * model.units() + unit],
            Operation::State(_) => 0.0,
            _ => model.state_factor.as_ref().map_or(1.0, |factor| factor[unit]),
        });
        values.push(value);
        if !varies[index] {
            set(index, value);
        }
    }
}

#[inline(always)]
fn combine(to: &mut [f32], a: &[f32], b: &[f32], of: impl Fn(f32, f32) -> f32) {
    for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
        *to = of(*a, *b);
    }
}

/// The gates' activation, or tanh if there is none given.
#[inline(always)]
fn activate<S: Simd>(simd: S, to: &mut [f32], of: &[f32], activation: Option<Activation>) {
    let (vectors, rest) = S::as_simd_f32s(of);
    let (to_vectors, to_rest) = S::as_mut_simd_f32s(to);
    for (to, of) in to_vectors.iter_mut().zip(vectors) {
        *to = function(simd, *of, activation);
    }
    // Vectors are at most this wide.
    let mut padded = [0.0; WIDTH];
    padded[..rest.len()].copy_from_slice(rest);
    for vector in S::as_mut_simd_f32s(&mut padded).0 {
        *vector = function(simd, *vector, activation);
    }
    to_rest.copy_from_slice(&padded[..rest.len()]);
}

#[inline(always)]
fn function<S: Simd>(simd: S, of: S::f32s, activation: Option<Activation>) -> S::f32s {
    match activation {
        Some(activation) => gate(simd, activation, of),
        None => tanh(simd, of),
    }
}
