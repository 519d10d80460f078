//! Translates the step of a cell into the form that a compact file stores.
//!
//! Group factors have been multiplied into the weights, so that they leave the step. What the step adds up of products
//! and biases becomes a *sum*, which the runtime computes with the weight matrices; everything else becomes an
//! operation. The translation checks that the factors are where the weights have them.

use sparsegate_core::cells::Cell;
use sparsegate_core::formula::{Arithmetic, Leaf, Symbols, evaluate};
use sparsegate_runtime::CellFormula;
use sparsegate_runtime::formula::{Operation, SumCounts};

/// A cell of which no compact model can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a compact model of the cell `{cell}` would be wrong or too large: {problem}")]
pub struct UnsupportedCell {
    /// Name of the cell.
    pub cell: &'static str,
    /// What is wrong with its step, and what to do.
    pub problem: String,
}

/// What one of the runtime's sums adds up, in the terms of the cell. No parts: zero.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sum {
    /// The preactivation whose columns of the input matrix it takes.
    pub input: Option<usize>,
    /// The preactivation whose columns of the recurrent matrix it takes.
    pub state: Option<usize>,
    /// Indices of its biases.
    pub biases: Vec<usize>,
}

impl Sum {
    /// Position among the four groups of [`SumCounts`].
    fn class(&self) -> usize {
        match (self.input, self.state) {
            (Some(_), None) => 0,
            (Some(_), Some(_)) => 1,
            (None, Some(_)) => 2,
            (None, None) => 3,
        }
    }
}

/// The formula of a cell, and its sums in the formula's order.
///
/// # Errors
/// A step whose group factors are not where the compact network's weights have them, or that exceeds the runtime's
/// limits.
pub fn translate(cell: &'static dyn Cell) -> Result<(CellFormula, Vec<Sum>), UnsupportedCell> {
    let failed = |problem: String| UnsupportedCell { cell: cell.name(), problem };
    let mut translation = Translation {
        absorbs: cell.can_absorb_unit_factors(),
        sums: Vec::new(),
        operations: Vec::new(),
        problem: None,
    };
    let step = cell.step(Symbols);
    let values = evaluate(&step, &mut translation);
    let next = translation.next(values);
    let Translation { mut sums, mut operations, problem, .. } = translation;
    if let Some(problem) = problem {
        return Err(failed(problem));
    }
    let mut order: Vec<usize> = (0..sums.len()).collect();
    order.sort_by_key(|&sum| sums[sum].class());
    for operation in &mut operations {
        if let Operation::Sum(sum) = operation {
            *sum = order.iter().position(|of| *of == *sum as usize).unwrap_or_default() as u32;
        }
    }
    sums.sort_by_key(Sum::class);
    let count = |class: usize| sums.iter().filter(|sum| sum.class() == class).count() as u32;
    let formula = CellFormula {
        name: cell.name().to_owned(),
        sums: SumCounts { input: count(0), both: count(1), state: count(2), bias: count(3) },
        states: cell.states().iter().map(ToString::to_string).collect(),
        operations,
        next,
    };
    match formula.check() {
        Ok(()) => Ok((formula, sums)),
        Err(invalid) => Err(failed(format!("its {invalid}"))),
    }
}

/// What each sum of `formula` is called in its cell: the name of its preactivation or, if it is a bias alone, of that.
/// `None` if the formula is not that of `cell`.
pub fn sum_names(cell: &'static dyn Cell, formula: &CellFormula) -> Option<Vec<&'static str>> {
    let (known, sums) = translate(cell).ok().filter(|(known, _)| known == formula)?;
    let name = |sum: &Sum| {
        let bias = || sum.biases.first().map_or("0", |bias| cell.biases()[*bias].name);
        sum.state.or(sum.input).map_or_else(bias, |kind| cell.preactivations()[kind].name)
    };
    debug_assert_eq!(sums.len(), known.sums.total());
    Some(sums.iter().map(name).collect())
}

/// The operations and sums found so far.
struct Translation {
    /// Whether the weights have absorbed the units' factors.
    absorbs: bool,
    sums: Vec<Sum>,
    operations: Vec<Operation>,
    /// The first problem found.
    problem: Option<String>,
}

/// A value of the step.
#[derive(Clone)]
enum Value {
    /// Products and biases, and whether the products already have their gates' factors.
    Affine(Sum, bool),
    /// The result of an operation.
    Result(u32),
    /// The factor of a preactivation.
    GateFactor(usize),
    /// A unit's factor that the weights have absorbed.
    Absorbed,
    /// The result of an operation, times a unit's factor that the weights have absorbed.
    TimesAbsorbed(u32),
}

impl Translation {
    fn fail(&mut self, problem: impl Into<String>) -> u32 {
        self.problem.get_or_insert_with(|| problem.into());
        0
    }

    /// The index of an operation, which is added unless it is there already.
    fn operation(&mut self, operation: Operation) -> u32 {
        let known = self.operations.iter().position(|other| *other == operation);
        known.unwrap_or_else(|| {
            self.operations.push(operation);
            self.operations.len() - 1
        }) as u32
    }

    /// The value as the result of an operation.
    fn result(&mut self, value: Value) -> u32 {
        match value {
            Value::Result(operation) => operation,
            Value::Affine(sum, scaled) => {
                if let (false, Some(kind)) = (scaled, sum.input.or(sum.state)) {
                    return self.fail(format!(
                        "its step uses a product of preactivation {kind} without the preactivation's factor; multiply \
                         it by `gate_factor({kind})`"
                    ));
                }
                let known = self.sums.iter().position(|other| *other == sum);
                let sum = known.unwrap_or_else(|| {
                    self.sums.push(sum);
                    self.sums.len() - 1
                });
                self.operation(Operation::Sum(sum as u32))
            }
            Value::GateFactor(kind) => self.fail(format!(
                "its step uses the factor of preactivation {kind} other than as a factor of that preactivation's \
                 products"
            )),
            Value::Absorbed | Value::TimesAbsorbed(_) => self.fail(
                "its step uses the unit's factor other than as a factor of the hidden state; if it multiplies what the \
                 cell carries, `can_absorb_unit_factors` must be false",
            ),
        }
    }

    fn unary(&mut self, a: Value, of: fn(u32) -> Operation) -> Value {
        let a = self.result(a);
        Value::Result(self.operation(of(a)))
    }

    fn binary(&mut self, a: Value, b: Value, of: fn(u32, u32) -> Operation) -> Value {
        let (a, b) = (self.result(a), self.result(b));
        Value::Result(self.operation(of(a, b)))
    }

    /// The operations that give the states after the step.
    fn next(&mut self, values: Vec<Value>) -> Vec<u32> {
        let mut next = Vec::with_capacity(values.len());
        for (state, value) in values.into_iter().enumerate() {
            next.push(match value {
                Value::TimesAbsorbed(operation) if state == 0 => operation,
                _ if state == 0 && self.absorbs => self.fail("its hidden state is not multiplied by the unit's factor"),
                value => self.result(value),
            });
        }
        if !self.absorbs && !self.operations.contains(&Operation::UnitFactor) {
            self.fail("its hidden state is not multiplied by the unit's factor");
        }
        next
    }
}

impl Arithmetic for Translation {
    type Value = Value;

    fn leaf(&mut self, leaf: Leaf) -> Value {
        match leaf {
            Leaf::Input(kind) => Value::Affine(Sum { input: Some(kind), ..Sum::default() }, false),
            Leaf::Recurrent(kind) => Value::Affine(Sum { state: Some(kind), ..Sum::default() }, false),
            Leaf::Bias(bias) => Value::Affine(Sum { biases: vec![bias], ..Sum::default() }, true),
            Leaf::GateFactor(kind) => Value::GateFactor(kind),
            Leaf::State(0) if self.absorbs => Value::Result(self.fail(
                "its step reads the hidden state elementwise, with the unit's factor in it; carry a state without the \
                 factor, or let `can_absorb_unit_factors` be false",
            )),
            Leaf::State(state) => Value::Result(self.operation(Operation::State(state as u32))),
            Leaf::UnitFactor if self.absorbs => Value::Absorbed,
            Leaf::UnitFactor => Value::Result(self.operation(Operation::UnitFactor)),
        }
    }

    fn add(&mut self, a: Value, b: Value) -> Value {
        match (a, b) {
            // Sums of the same kind of parts are joined, so that their products are computed together.
            (Value::Affine(a, a_scaled), Value::Affine(b, b_scaled))
                if a_scaled == b_scaled
                    && !(a.input.is_some() && b.input.is_some())
                    && !(a.state.is_some() && b.state.is_some()) =>
            {
                let biases = [a.biases, b.biases].concat();
                Value::Affine(Sum { input: a.input.or(b.input), state: a.state.or(b.state), biases }, a_scaled)
            }
            (a, b) => self.binary(a, b, Operation::Add),
        }
    }

    fn sub(&mut self, a: Value, b: Value) -> Value {
        self.binary(a, b, Operation::Sub)
    }

    fn mul(&mut self, a: Value, b: Value) -> Value {
        match (a, b) {
            (Value::Affine(sum, false), Value::GateFactor(kind))
            | (Value::GateFactor(kind), Value::Affine(sum, false))
                if [sum.input, sum.state].into_iter().flatten().all(|of| of == kind) =>
            {
                Value::Affine(sum, true)
            }
            (Value::Absorbed, value) | (value, Value::Absorbed) => Value::TimesAbsorbed(self.result(value)),
            (Value::TimesAbsorbed(a), b) | (b, Value::TimesAbsorbed(a)) => {
                let b = self.result(b);
                Value::TimesAbsorbed(self.operation(Operation::Mul(a, b)))
            }
            (a, b) => self.binary(a, b, Operation::Mul),
        }
    }

    fn complement(&mut self, a: Value) -> Value {
        self.unary(a, Operation::Complement)
    }

    fn gate(&mut self, a: Value) -> Value {
        self.unary(a, Operation::Gate)
    }

    fn tanh(&mut self, a: Value) -> Value {
        self.unary(a, Operation::Tanh)
    }
}

#[cfg(test)]
mod tests {
    use sparsegate_core::GateActivation;
    use sparsegate_core::cells::{Bias, Gru, Lstm, Preactivation, Role};
    use sparsegate_core::formula::Expr;

    use super::*;

    /// A cell of two preactivations with any step.
    #[derive(Debug, Clone, Copy)]
    struct Any {
        step: fn(Symbols) -> Expr,
        absorbs: bool,
    }

    impl Cell for Any {
        fn name(&self) -> &'static str {
            "any"
        }
        fn description(&self) -> &'static str {
            "for a test"
        }
        fn preactivations(&self) -> &'static [Preactivation] {
            &[Preactivation { name: "a", role: Role::Gate }, Preactivation { name: "b", role: Role::Flow }]
        }
        fn biases(&self) -> &'static [Bias] {
            &[Bias { name: "a", uses_forget_bias: false }, Bias { name: "b", uses_forget_bias: false }]
        }
        fn states(&self) -> &'static [&'static str] {
            &["hidden"]
        }
        fn step(&self, s: Symbols) -> Vec<Expr> {
            vec![(self.step)(s)]
        }
        fn constant(&self, _: usize, _: &[f64], _: &[bool], _: GateActivation) -> Option<f64> {
            None
        }
        fn can_absorb_unit_factors(&self) -> bool {
            self.absorbs
        }
    }

    fn any(absorbs: bool, step: fn(Symbols) -> Expr) -> Result<(CellFormula, Vec<Sum>), UnsupportedCell> {
        translate(Box::leak(Box::new(Any { step, absorbs })))
    }

    #[test]
    fn sums_are_what_the_weights_compute() {
        let (formula, sums) = translate(&Lstm).unwrap();
        assert_eq!(formula.sums, SumCounts { both: 4, ..SumCounts::default() });
        assert!(sums.iter().all(|sum| sum.input == sum.state && sum.biases.len() == 1));
        let (formula, sums) = translate(&Gru::Output).unwrap();
        assert_eq!(formula.sums, SumCounts { input: 1, both: 2, state: 1, bias: 0 });
        assert_eq!(sums[0], Sum { input: Some(2), state: None, biases: vec![2] });
        assert_eq!(sums[3], Sum { input: None, state: Some(2), biases: vec![3] });
        assert!(!formula.has_unit_factor() && translate(&Gru::State).unwrap().0.has_unit_factor());
    }

    #[test]
    fn parts_that_no_single_sum_holds_are_added_up() {
        let (formula, sums) = any(true, |s| {
            let both = s.input(0) * s.gate_factor(0) + s.input(1) * s.gate_factor(1);
            both.tanh() * s.bias(1) * s.unit_factor()
        })
        .unwrap();
        assert_eq!(formula.sums, SumCounts { input: 2, bias: 1, ..SumCounts::default() });
        assert_eq!(sums[2], Sum { biases: vec![1], ..Sum::default() });
    }

    #[test]
    fn factors_that_the_weights_would_have_twice_or_not_at_all_are_refused() {
        let refused = |absorbs, step: fn(Symbols) -> Expr, part: &str| {
            let said = any(absorbs, step).expect_err(part).to_string();
            assert!(said.contains(part), "{said}");
        };
        refused(true, |s| (s.input(0) + s.bias(0)).tanh() * s.unit_factor(), "`gate_factor(0)`");
        refused(true, |s| (s.input(0) * s.gate_factor(1)).tanh() * s.unit_factor(), "without the preactivation's");
        refused(true, |s| s.gate_factor(1).tanh() * s.unit_factor(), "other than as a factor of that");
        refused(true, |s| s.preactivation(0).tanh(), "not multiplied by the unit's factor");
        refused(false, |s| s.preactivation(0).tanh(), "not multiplied by the unit's factor");
        refused(true, |s| (s.preactivation(0) * s.unit_factor()).tanh(), "other than as a factor of the hidden state");
        refused(true, |s| s.preactivation(0).gate() * s.state(0) * s.unit_factor(), "reads the hidden state");
        assert!(any(false, |s| s.preactivation(0).gate() * s.state(0) * s.unit_factor()).is_ok());
    }
}
