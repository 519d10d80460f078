//! Out-of-memory errors.

use burn::tensor::{DType, Tensor};
use sparsegate_nn::engine::{Fault, guarded};

use crate::matrix::host;
use crate::target::Target;

/// Sixteen tebibytes: more than any device has.
pub fn more_memory_than_there_is_is_an_error(target: &Target) {
    let device = target.engine.device.clone();
    let fault = guarded(target.backend, move || {
        let large = Tensor::<2>::zeros([1 << 21, 1 << 21], (&device, DType::F32));
        host(&large.narrow(0, 0, 1))
    });
    match fault {
        Err(Fault::OutOfMemory { backend, said }) => {
            assert_eq!(backend, target.backend);
            assert!(!said.contains('\n') && said.len() <= 203, "{said}");
        }
        other => panic!("{other:?} is not an out-of-memory error"),
    }
}
