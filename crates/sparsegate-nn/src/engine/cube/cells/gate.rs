//! The two activation functions of gates.

use cubecl::prelude::*;

/// A gate's value: `1 / (1 + exp(-x))`, or `clip(x / 5 + 1 / 2, 0, 1)` if `hard`.
#[cube]
pub(super) fn gate(preactivation: f32, #[comptime] hard: bool) -> f32 {
    if comptime!(hard) {
        // With comparisons NaN stays NaN.
        let line = fma(preactivation, 0.2f32, 0.5f32);
        let above = select(line < 0.0f32, 0.0f32, line);
        select(above > 1.0f32, 1.0f32, above)
    } else {
        1.0f32 / (1.0f32 + f32::exp(-preactivation))
    }
}

/// The derivative of the activation, computed from the gate's value.
#[cube]
pub(super) fn slope(value: f32, #[comptime] hard: bool) -> f32 {
    if comptime!(hard) { select(value > 0.0f32 && value < 1.0f32, 0.2f32, 0.0f32) } else { value * (1.0f32 - value) }
}
