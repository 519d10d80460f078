//! The step of a cell as data: what runs a cell that the runtime has no code for.
//!
//! A step is a list of elementwise operations on the sums of one unit and its states. Operations are in the order of
//! their evaluation, and each is named by its index in the list. For example, an LSTM whose input gate is one minus its
//! forget gate (sums 0, 1 and 2 belong to the forget gate, the candidate and the output gate):
//!
//! ```text
//! 0  sum 0        3  sum 1        6  mul 1 5         9  gate 8
//! 1  gate 0       4  tanh 3       7  add 6 4        10  tanh 7
//! 2  state 1      5  sub 2 4      8  sum 2          11  mul 9 10        next: 11 (hidden), 7 (cell)
//! ```
//!
//! A *sum* is what the weight matrices compute for one preactivation, plus its bias. Sums take the place of the kinds
//! of preactivations of [`crate::CellKind`] and are ordered alike: those that read only the input, then both the input
//! and the state, then only the state, and last those that are a bias alone.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use serde::{Deserialize, Serialize};

use crate::model::InvalidModel;
use crate::{Activation, Float};

/// A cell that is described by its step.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellFormula {
    /// Name of the cell. A file has it outside the formula, in the header's field `cell`.
    #[serde(skip)]
    pub name: String,
    /// Numbers of sums.
    pub sums: SumCounts,
    /// Names of the states. The first is the hidden state, which the recurrent matrix and the output layer read.
    pub states: Vec<String>,
    /// The operations of a step.
    pub operations: Vec<Operation>,
    /// For each state, the operation that gives its value after the step.
    pub next: Vec<u32>,
}

/// Numbers of sums by what they read, in the order of the sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SumCounts {
    /// Only the input.
    pub input: u32,
    /// The input and the hidden state.
    pub both: u32,
    /// Only the hidden state.
    pub state: u32,
    /// Neither: the bias alone.
    pub bias: u32,
}

/// An elementwise operation. Operands are indices of earlier operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// The value of a sum. Each sum has exactly one operation of this kind, which others read.
    Sum(u32),
    /// A state before the step.
    State(u32),
    /// The unit's factor, [`crate::Model::state_factor`]; one without factors.
    UnitFactor,
    /// `a + b`.
    Add(u32, u32),
    /// `a - b`.
    Sub(u32, u32),
    /// `a b`.
    Mul(u32, u32),
    /// `1 - a`.
    Complement(u32),
    /// The gates' activation, [`crate::Model::activation`].
    Gate(u32),
    /// The hyperbolic tangent.
    Tanh(u32),
}

/// Maximum number of operations of a step.
pub const MAX_OPERATIONS: usize = 512;
/// Maximum number of sums.
pub const MAX_SUMS: usize = 64;
/// Maximum number of states.
pub const MAX_STATES: usize = 8;
/// Maximum length of the name of a cell or state.
pub const MAX_NAME: usize = 64;

impl SumCounts {
    /// Number of all sums.
    pub fn total(self) -> usize {
        [self.input, self.both, self.state, self.bias].into_iter().fold(0, |sum, count| sum + count as usize)
    }

    /// The sums that read the input.
    pub fn of_input(self) -> Range<usize> {
        0..self.input as usize + self.both as usize
    }

    /// The sums that read the state.
    pub fn of_state(self) -> Range<usize> {
        let start = self.input as usize;
        start..start + self.both as usize + self.state as usize
    }
}

impl Operation {
    /// The operations that it reads.
    pub fn operands(self) -> impl Iterator<Item = u32> {
        let [a, b] = match self {
            Self::Sum(_) | Self::State(_) | Self::UnitFactor => [None, None],
            Self::Complement(a) | Self::Gate(a) | Self::Tanh(a) => [Some(a), None],
            Self::Add(a, b) | Self::Sub(a, b) | Self::Mul(a, b) => [Some(a), Some(b)],
        };
        [a, b].into_iter().flatten()
    }

    /// The value for one unit. `known` has the values of all earlier operations; `leaf` gives the values of sums,
    /// states and the factor.
    pub fn value<T: Float>(self, activation: Activation, known: &[T], leaf: impl Fn(Self) -> T) -> T {
        let at = |index: u32| known[index as usize];
        let negative = |value: T| T::from_f64(-1.0).mul(value);
        match self {
            Self::Sum(_) | Self::State(_) | Self::UnitFactor => leaf(self),
            Self::Add(a, b) => at(a).add(at(b)),
            Self::Sub(a, b) => at(a).add(negative(at(b))),
            Self::Mul(a, b) => at(a).mul(at(b)),
            Self::Complement(a) => T::from_f64(1.0).add(negative(at(a))),
            Self::Gate(a) => activation.apply(at(a)),
            Self::Tanh(a) => at(a).tanh(),
        }
    }
}

impl CellFormula {
    /// Checks every count, name and index, so that running the formula cannot fail.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), InvalidModel> {
        let Self { name, sums, states, operations, next } = self;
        for (what, count, most) in [
            ("sums", sums.total(), MAX_SUMS),
            ("states", states.len(), MAX_STATES),
            ("operations", operations.len(), MAX_OPERATIONS),
        ] {
            ensure((1..=most).contains(&count), || format!("has {count} {what}, but must have 1 to {most}"))?;
        }
        for (what, name) in states.iter().map(|state| ("state", state)).chain([("cell", name)]) {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
            ensure((1..=MAX_NAME).contains(&name.len()) && name.bytes().all(plain), || {
                format!("has a {what} whose name is not of 1 to {MAX_NAME} lowercase letters, digits, `-` and `_`")
            })?;
        }
        for (index, state) in states.iter().enumerate() {
            ensure(!states[..index].contains(state), || format!("has two states `{state}`"))?;
        }
        for (index, operation) in operations.iter().enumerate() {
            let (what, number, below) = match *operation {
                Operation::Sum(sum) => ("sum", sum as usize, sums.total()),
                Operation::State(state) => ("state", state as usize, states.len()),
                Operation::UnitFactor => continue,
                _ => ("earlier operation", operation.operands().max().unwrap_or(0) as usize, index),
            };
            ensure(number < below, || format!("reads {what} {number} in operation {index}, but there are {below}"))?;
        }
        for sum in 0..sums.total() as u32 {
            let readers = operations.iter().filter(|operation| **operation == Operation::Sum(sum)).count();
            ensure(readers == 1, || format!("reads sum {sum} in {readers} operations instead of one"))?;
        }
        ensure(next.len() == states.len(), || format!("gives {} states, not {}", next.len(), states.len()))?;
        let missing = next.iter().find(|operation| **operation as usize >= operations.len());
        ensure(missing.is_none(), || format!("takes a state from an operation that is not among {}", operations.len()))
    }

    /// Whether a unit's factor has a place in the step.
    pub fn has_unit_factor(&self) -> bool {
        self.operations.contains(&Operation::UnitFactor)
    }
}

fn ensure(holds: bool, problem: impl FnOnce() -> String) -> Result<(), InvalidModel> {
    if holds { Ok(()) } else { Err(InvalidModel { part: "formula", problem: problem() }) }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;

    use super::*;

    fn coupled() -> CellFormula {
        use Operation::{Add, Gate, Mul, State, Sub, Sum, Tanh};
        CellFormula {
            name: "lstm-coupled".into(),
            sums: SumCounts { both: 3, ..SumCounts::default() },
            states: vec!["hidden".into(), "cell".into()],
            operations: vec![
                Sum(0),
                Gate(0),
                State(1),
                Sum(1),
                Tanh(3),
                Sub(2, 4),
                Mul(1, 5),
                Add(6, 4),
                Sum(2),
                Gate(8),
                Tanh(7),
                Mul(9, 10),
            ],
            next: vec![11, 7],
        }
    }

    #[test]
    fn a_step_is_what_the_operations_say() {
        let formula = coupled();
        assert_eq!(formula.check(), Ok(()));
        let leaf = |of| match of {
            Operation::Sum(sum) => [0.5, -0.25, 1.0][sum as usize],
            Operation::State(_) => 0.75,
            _ => 1.0,
        };
        let mut values: Vec<f64> = Vec::new();
        for operation in &formula.operations {
            values.push(operation.value(Activation::HardSigmoid, &values, leaf));
        }
        let candidate = libm::tanh(-0.25);
        let cell = 0.6 * (0.75 - candidate) + candidate;
        assert!((values[7] - cell).abs() < 1e-15 && (values[11] - 0.7 * libm::tanh(cell)).abs() < 1e-15);
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        let refused = |change: &dyn Fn(&mut CellFormula), part: &str| {
            let mut formula = coupled();
            change(&mut formula);
            let said = formula.check().expect_err(part).to_string();
            assert!(said.contains(part), "{said}");
        };
        refused(&|formula| formula.operations[0] = Operation::Gate(0), "earlier operation 0 in operation 0");
        refused(&|formula| formula.operations[1] = Operation::Gate(1), "earlier operation 1 in operation 1");
        refused(&|formula| formula.operations[6] = Operation::Mul(5, u32::MAX), "in operation 6");
        refused(&|formula| formula.operations[3] = Operation::Sum(3), "reads sum 3");
        refused(&|formula| formula.operations[2] = Operation::State(2), "reads state 2");
        refused(&|formula| formula.operations = vec![Operation::UnitFactor; MAX_OPERATIONS + 1], "has 513 operations");
        refused(&|formula| formula.operations.clear(), "has 0 operations");
        refused(&|formula| formula.sums = SumCounts { both: u32::MAX, bias: u32::MAX, ..formula.sums }, "sums");
        refused(&|formula| formula.sums.bias = 1, "reads sum 3 in 0 operations");
        refused(&|formula| formula.operations[3] = Operation::Sum(0), "reads sum 0 in 2 operations");
        refused(&|formula| formula.sums.bias = 62, "has 65 sums");
        refused(&|formula| formula.states[1] = "hidden".into(), "two states `hidden`");
        refused(&|formula| formula.states[1] = "a\nb".into(), "a state whose name");
        refused(&|formula| formula.name = String::new(), "a cell whose name");
        refused(&|formula| formula.next = vec![11], "gives 1 states, not 2");
        refused(&|formula| formula.next[0] = 12, "not among 12");
    }
}
