//! Configurations in which a case is computed.

use burn::tensor::{DType, Device, Tensor, TensorData};
use sparsegate_core::Backend;
use sparsegate_nn::engine::{self, FusedOps, Ops, ReferenceOps};

use crate::compare::{F32, F64, Tolerance};

/// Ops, backend, precision and tolerance.
#[derive(Clone, Copy)]
pub struct CheckConfig {
    /// The ops.
    pub ops: &'static dyn Ops,
    /// The backend.
    backend: Backend,
    /// The precision.
    dtype: DType,
    /// Tolerance of every value.
    pub tolerance: Tolerance,
}

/// Composed of Burn ops, on flex, in double precision.
pub const COMPOSED_F64: CheckConfig = CheckConfig { ops: &ReferenceOps, ..FLEX_F64 };
/// Composed of Burn ops, on flex, in single precision.
pub const COMPOSED_F32: CheckConfig = CheckConfig { ops: &ReferenceOps, ..FLEX_F32 };
/// Flex kernels in double precision.
pub const FLEX_F64: CheckConfig =
    CheckConfig { ops: &FusedOps, backend: Backend::Flex, dtype: DType::F64, tolerance: F64 };
/// Flex kernels in single precision.
pub const FLEX_F32: CheckConfig =
    CheckConfig { ops: &FusedOps, backend: Backend::Flex, dtype: DType::F32, tolerance: F32 };
/// libtorch on the CPU in double precision.
#[cfg(feature = "tch")]
pub const TCH_F64: CheckConfig = CheckConfig { backend: Backend::Tch { cuda: None }, ..FLEX_F64 };
/// The same in single precision.
#[cfg(feature = "tch")]
pub const TCH_F32: CheckConfig = CheckConfig { backend: Backend::Tch { cuda: None }, ..FLEX_F32 };

impl CheckConfig {
    /// A tensor outside autodiff from row-major values.
    pub fn tensor(self, values: Vec<f64>, shape: [usize; 2]) -> Result<Tensor<2>, String> {
        if values.len() == shape[0] * shape[1] {
            Ok(Tensor::from_data(TensorData::new(values, shape), (&self.device()?, self.dtype)))
        } else {
            Err(format!("{} elements do not fill the shape {shape:?}", values.len()))
        }
    }

    fn device(self) -> Result<Device, String> {
        engine::open(self.backend).map(|engine| engine.device).map_err(|error| error.to_string())
    }
}
