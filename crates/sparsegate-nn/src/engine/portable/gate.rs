//! The two activation functions of gates.

use burn::backend::Backend;

use super::values::Primitive;
use sparsegate_core::GateActivation;

/// A gate's activation on tensors of any backend.
pub(super) trait GateOps {
    /// Gate values: `1 / (1 + exp(-x))`, or `clip(x / 5 + 1 / 2, 0, 1)` for the hard sigmoid.
    fn values<B: Backend>(self, preactivations: Primitive<B>) -> Primitive<B>;

    /// The derivative of the activation, computed from the gates' values.
    fn slopes<B: Backend>(self, values: Primitive<B>) -> Primitive<B>;
}

impl GateOps for GateActivation {
    fn values<B: Backend>(self, preactivations: Primitive<B>) -> Primitive<B> {
        match self {
            Self::Sigmoid => preactivations.sigmoid(),
            Self::HardSigmoid => (preactivations * 0.2 + 0.5).clamp(0.0, 1.0),
        }
    }

    fn slopes<B: Backend>(self, values: Primitive<B>) -> Primitive<B> {
        let product = values.clone() * values.one_minus();
        match self {
            Self::Sigmoid => product,
            // The product is zero exactly where the value is clipped to 0 or 1.
            Self::HardSigmoid => product.sign() * 0.2,
        }
    }
}
