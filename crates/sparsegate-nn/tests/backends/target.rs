//! The devices under test.

use burn::tensor::DType;
use sparsegate_core::Backend;
use sparsegate_nn::engine::{Engine, open};

/// A device with its ops, and its tolerances relative to the composed ops in double precision, as a fraction of the
/// largest magnitude of a result, or of one if that is larger.
pub struct Target {
    /// The backend.
    pub backend: Backend,
    /// Device and ops.
    pub engine: Engine,
    /// Float types with their tolerances.
    pub types: &'static [(DType, f64)],
}

fn target(backend: Backend, types: &'static [(DType, f64)]) -> Target {
    match open(backend) {
        Ok(engine) => Target { backend, engine, types },
        Err(error) => panic!("{error}; {}", error.hint()),
    }
}

/// libtorch on the CPU. Tolerance in single precision: products of up to 65 numbers over up to nine steps, each rounded
/// to 6e-8. In double precision: the same sums in another order.
#[cfg(feature = "tch")]
pub fn tch() -> Target {
    target(Backend::Tch { cuda: None }, &[(DType::F32, 1e-5), (DType::F64, 1e-10)])
}

/// The first GPU, which may be a software Vulkan. Single precision only, because shaders do not support double
/// precision. WGSL leaves `exp`, `log` and `tanh` to the driver, which may deviate by some units in the last place.
#[cfg(feature = "wgpu")]
pub fn wgpu() -> Target {
    target(Backend::Wgpu { adapter: None }, &[(DType::F32, 2e-5)])
}
