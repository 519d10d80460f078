//! Out-of-memory errors.

use burn::tensor::{DType, Tensor};
use sparsegate_nn::engine::{BackendFailure, catch_backend_panic};

use crate::matrix::host;
use crate::target::Target;

/// Sixteen tebibytes: more than any device has.
pub fn more_memory_than_there_is_is_an_error(target: &Target) {
    let device = target.engine.device.clone();
    let fault = catch_backend_panic(target.backend, move || {
        let large = Tensor::<2>::zeros([1 << 21, 1 << 21], (&device, DType::F32));
        host(&large.narrow(0, 0, 1))
    });
    match fault {
        Err(BackendFailure::OutOfMemory { backend, message }) => {
            assert_eq!(backend, target.backend);
            assert!(!message.contains('\n') && message.len() <= 203, "{message}");
        }
        other => panic!("{other:?} is not an out-of-memory error"),
    }
}
