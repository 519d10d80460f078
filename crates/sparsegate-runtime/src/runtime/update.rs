//! Vectorised state update of the cells; the lanes of a vector are units or sequences.

use pulp::Simd;

use super::activation::{gate, tanh};
use crate::{Activation, CellKind};

/// A preactivation, or the value of a constant one.
#[derive(Clone, Copy)]
pub(crate) enum PreactivationValue<V> {
    /// A preactivation.
    Live(V),
    /// A constant, with its activation already applied, see [`constant`].
    Fixed(V),
}

impl<V> PreactivationValue<V> {
    #[inline(always)]
    fn value(self) -> V {
        match self {
            Self::Live(value) | Self::Fixed(value) => value,
        }
    }
}

/// Value that the cell uses for a constant preactivation.
pub(crate) fn constant(cell: CellKind, activation: Activation, kind: usize, bias: f32) -> f32 {
    match (cell, kind) {
        _ if cell.is_gate(kind) => activation.apply(bias),
        (CellKind::Lstm | CellKind::Rnn, _) => libm::tanhf(bias),
        // The candidate's two parts are combined before tanh is applied.
        (CellKind::Gru | CellKind::GruState, _) => bias,
    }
}

/// A cell and its gate activation.
#[derive(Clone, Copy)]
pub(crate) struct CellUpdate {
    pub cell: CellKind,
    pub activation: Activation,
}

// No closures: without an explicit `#[inline(always)]` they would be compiled without the SIMD instructions.
impl CellUpdate {
    #[inline(always)]
    fn gate<S: Simd>(self, simd: S, sum: PreactivationValue<S::f32s>) -> S::f32s {
        match sum {
            PreactivationValue::Live(sum) => gate(simd, self.activation, sum),
            PreactivationValue::Fixed(value) => value,
        }
    }

    /// New cell state and hidden state from the preactivations of each kind and `[cell state, hidden state, state
    /// factor]`.
    #[inline(always)]
    pub fn update<S: Simd>(
        self,
        simd: S,
        sum: impl Fn(usize) -> PreactivationValue<S::f32s>,
        [cell_state, state, factor]: [S::f32s; 3],
    ) -> [S::f32s; 2] {
        match self.cell {
            CellKind::Lstm => {
                let new = simd.mul_f32s(self.gate(simd, sum(0)), content(simd, sum(2)));
                let cell_state = simd.mul_add_f32s(self.gate(simd, sum(1)), cell_state, new);
                [cell_state, simd.mul_f32s(self.gate(simd, sum(3)), tanh(simd, cell_state))]
            }
            CellKind::Gru | CellKind::GruState => {
                let inner = simd.mul_add_f32s(self.gate(simd, sum(1)), sum(3).value(), sum(0).value());
                let (candidate, keep) = (tanh(simd, inner), self.gate(simd, sum(2)));
                let rest = simd.sub_f32s(simd.splat_f32s(1.0), keep);
                let mixed = simd.mul_add_f32s(keep, state, simd.mul_f32s(rest, candidate));
                [cell_state, simd.mul_f32s(factor, mixed)]
            }
            CellKind::Rnn => [cell_state, content(simd, sum(0))],
        }
    }
}

#[inline(always)]
fn content<S: Simd>(simd: S, sum: PreactivationValue<S::f32s>) -> S::f32s {
    match sum {
        PreactivationValue::Live(sum) => tanh(simd, sum),
        PreactivationValue::Fixed(value) => value,
    }
}
