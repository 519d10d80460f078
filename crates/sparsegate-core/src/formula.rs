//! Expressions over one time step of a cell, written as the paper writes them.
//!
//! A cell builds its step from the leaves in [`Symbols`] with `+`, `-`, `*` and the activations. The result is a graph
//! without numbers: [`evaluate`] runs it on whatever implements [`Arithmetic`], such as tensors, single floats or the
//! nodes of an export. Every value is that of one unit: an `[n, H]` matrix for `n` sequences and H units.

use std::collections::HashMap;
use std::ops::{Add, Mul, Sub};
use std::rc::Rc;

/// A value that the step of a cell is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Leaf {
    /// The product `x W` of this preactivation.
    Input(usize),
    /// The product `h U` of this preactivation.
    Recurrent(usize),
    /// The group factor of this preactivation.
    GateFactor(usize),
    /// This bias.
    Bias(usize),
    /// This state before the step.
    State(usize),
    /// The group factor of the unit.
    UnitFactor,
}

#[derive(Debug)]
enum Node {
    Leaf(Leaf),
    Add(Expr, Expr),
    Sub(Expr, Expr),
    Mul(Expr, Expr),
    /// `1 - x`.
    Complement(Expr),
    /// The gate's activation, `model.gate_activation`.
    Gate(Expr),
    Tanh(Expr),
}

/// An expression. A clone is the same value and is computed once.
#[derive(Debug, Clone)]
pub struct Expr(Rc<Node>);

impl Expr {
    fn new(node: Node) -> Self {
        Self(Rc::new(node))
    }

    /// `1 - self`.
    #[must_use]
    pub fn complement(self) -> Self {
        Self::new(Node::Complement(self))
    }

    /// The gate's activation of `self`.
    #[must_use]
    pub fn gate(self) -> Self {
        Self::new(Node::Gate(self))
    }

    /// The hyperbolic tangent of `self`.
    #[must_use]
    pub fn tanh(self) -> Self {
        Self::new(Node::Tanh(self))
    }
}

impl Add for Expr {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(Node::Add(self, other))
    }
}

impl Sub for Expr {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(Node::Sub(self, other))
    }
}

impl Mul for Expr {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::new(Node::Mul(self, other))
    }
}

/// The leaves that a cell writes its step with.
#[derive(Debug, Clone, Copy)]
pub struct Symbols;

impl Symbols {
    fn leaf(leaf: Leaf) -> Expr {
        Expr::new(Node::Leaf(leaf))
    }

    /// The product `x W` of preactivation `kind`.
    pub fn input(self, kind: usize) -> Expr {
        Self::leaf(Leaf::Input(kind))
    }

    /// The product `h U` of preactivation `kind`.
    pub fn recurrent(self, kind: usize) -> Expr {
        Self::leaf(Leaf::Recurrent(kind))
    }

    /// The group factor of preactivation `kind`.
    pub fn gate_factor(self, kind: usize) -> Expr {
        Self::leaf(Leaf::GateFactor(kind))
    }

    /// Bias `index`.
    pub fn bias(self, index: usize) -> Expr {
        Self::leaf(Leaf::Bias(index))
    }

    /// State `index` before the step.
    pub fn state(self, index: usize) -> Expr {
        Self::leaf(Leaf::State(index))
    }

    /// The group factor of the unit.
    pub fn unit_factor(self) -> Expr {
        Self::leaf(Leaf::UnitFactor)
    }

    /// `(x W + h U) z + b` of preactivation `kind`, whose bias has the same index: what most gates are made of.
    pub fn preactivation(self, kind: usize) -> Expr {
        (self.input(kind) + self.recurrent(kind)) * self.gate_factor(kind) + self.bias(kind)
    }
}

/// What can run a formula.
pub trait Arithmetic {
    /// A value of each unit.
    type Value: Clone;

    /// The value of a leaf.
    fn leaf(&mut self, leaf: Leaf) -> Self::Value;
    /// `a + b`.
    fn add(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `a - b`.
    fn sub(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `a b`.
    fn mul(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `1 - a`.
    fn complement(&mut self, a: Self::Value) -> Self::Value;
    /// The gate's activation.
    fn gate(&mut self, a: Self::Value) -> Self::Value;
    /// The hyperbolic tangent.
    fn tanh(&mut self, a: Self::Value) -> Self::Value;
}

/// The values of `formulas`; what they share is computed once.
pub fn evaluate<A: Arithmetic>(formulas: &[Expr], arithmetic: &mut A) -> Vec<A::Value> {
    let mut known = HashMap::new();
    formulas.iter().map(|formula| value(formula, arithmetic, &mut known)).collect()
}

fn value<A: Arithmetic>(Expr(node): &Expr, arithmetic: &mut A, known: &mut HashMap<*const Node, A::Value>) -> A::Value {
    if let Some(value) = known.get(&Rc::as_ptr(node)) {
        return value.clone();
    }
    let mut of = |expr: &Expr, arithmetic: &mut A| value(expr, arithmetic, known);
    let found = match &**node {
        Node::Leaf(leaf) => arithmetic.leaf(*leaf),
        Node::Add(a, b) => {
            let (a, b) = (of(a, arithmetic), of(b, arithmetic));
            arithmetic.add(a, b)
        }
        Node::Sub(a, b) => {
            let (a, b) = (of(a, arithmetic), of(b, arithmetic));
            arithmetic.sub(a, b)
        }
        Node::Mul(a, b) => {
            let (a, b) = (of(a, arithmetic), of(b, arithmetic));
            arithmetic.mul(a, b)
        }
        Node::Complement(a) => {
            let a = of(a, arithmetic);
            arithmetic.complement(a)
        }
        Node::Gate(a) => {
            let a = of(a, arithmetic);
            arithmetic.gate(a)
        }
        Node::Tanh(a) => {
            let a = of(a, arithmetic);
            arithmetic.tanh(a)
        }
    };
    known.insert(Rc::as_ptr(node), found.clone());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers, with a count of the operations.
    struct Counting(usize);

    impl Arithmetic for Counting {
        type Value = f64;
        fn leaf(&mut self, leaf: Leaf) -> f64 {
            match leaf {
                Leaf::Input(kind) => kind as f64,
                Leaf::Bias(_) => 0.5,
                _ => 1.0,
            }
        }
        fn add(&mut self, a: f64, b: f64) -> f64 {
            self.0 += 1;
            a + b
        }
        fn sub(&mut self, a: f64, b: f64) -> f64 {
            self.0 += 1;
            a - b
        }
        fn mul(&mut self, a: f64, b: f64) -> f64 {
            self.0 += 1;
            a * b
        }
        fn complement(&mut self, a: f64) -> f64 {
            self.0 += 1;
            1.0 - a
        }
        fn gate(&mut self, a: f64) -> f64 {
            self.0 += 1;
            a / 2.0
        }
        fn tanh(&mut self, a: f64) -> f64 {
            self.0 += 1;
            a.tanh()
        }
    }

    #[test]
    fn what_two_formulas_share_is_computed_once() {
        let s = Symbols;
        let sum = s.preactivation(3);
        let formulas = [sum.clone().gate() * s.state(0), sum.clone().complement() - sum];
        let mut counting = Counting(0);
        // (3 + 1) * 1 + 0.5 = 4.5, in three operations.
        assert_eq!(evaluate(&formulas, &mut counting), [2.25, -8.0]);
        assert_eq!(counting.0, 3 + 2 + 2);
    }
}
