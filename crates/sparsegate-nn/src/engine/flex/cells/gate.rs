//! The two activation functions of gates.

use crate::engine::float::KernelFloat;

/// An activation function of gates.
pub(in crate::engine::flex) trait Gate {
    /// The gate's value.
    fn value<T: KernelFloat>(preactivation: T) -> T;
    /// The derivative of the activation, computed from the gate's value.
    fn slope<T: KernelFloat>(value: T) -> T;
}

/// `1 / (1 + exp(-x))`.
pub(in crate::engine::flex) struct Logistic;

impl Gate for Logistic {
    #[inline(always)]
    fn value<T: KernelFloat>(preactivation: T) -> T {
        preactivation.logistic()
    }

    #[inline(always)]
    fn slope<T: KernelFloat>(value: T) -> T {
        value.mul(T::from_f64(1.0).sub(value))
    }
}

/// `clip(x / 5 + 1 / 2, 0, 1)`.
pub(in crate::engine::flex) struct Hard;

impl Gate for Hard {
    #[inline(always)]
    fn value<T: KernelFloat>(preactivation: T) -> T {
        let line = preactivation.fma(T::from_f64(0.2), T::from_f64(0.5));
        // With the operands in this order NaN stays NaN.
        T::from_f64(1.0).at_most(T::from_f64(0.0).at_least(line))
    }

    #[inline(always)]
    fn slope<T: KernelFloat>(value: T) -> T {
        let inside = value > T::from_f64(0.0) && value < T::from_f64(1.0);
        if inside { T::from_f64(0.2) } else { T::from_f64(0.0) }
    }
}
