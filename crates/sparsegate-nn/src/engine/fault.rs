//! Backend failures during a computation. Burn's ops report failure only by panicking, so running out of memory or
//! losing the device shows up as a panic, which is turned into an error here.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sparsegate_core::Backend;

/// A computation that failed in its backend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackendFailure {
    /// The device or the machine ran out of memory.
    #[error(
        "backend `{backend}` is out of memory ({message}): use a smaller train.batch or train.sequence, fewer runs at \
         once (--jobs 1), or another backend or device"
    )]
    OutOfMemory {
        /// The backend that failed.
        backend: Backend,
        /// Its error message, shortened.
        message: String,
    },
    /// The driver lost or removed the device.
    #[error(
        "backend `{backend}` lost its device ({message}): see the system log for driver errors; run again to continue \
         from the last checkpoint"
    )]
    DeviceLost {
        /// The backend that failed.
        backend: Backend,
        /// Its error message, shortened.
        message: String,
    },
    /// Any other panic, most likely a bug in this program.
    #[error(
        "backend `{backend}` stopped ({message}): this is a bug in this program or in the backend; the run's log.txt \
         says where; --backend {alternative} may work"
    )]
    Stopped {
        /// The backend that failed.
        backend: Backend,
        /// Its error message, shortened.
        message: String,
        /// Another backend to try.
        alternative: &'static str,
    },
}

impl BackendFailure {
    /// Classifies a panic by its message.
    fn new(backend: Backend, message: &str) -> Self {
        let message = root_cause(message);
        let lower = message.to_lowercase();
        let says = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
        if says(&["out of memory", "outofmemory", "can't allocate", "not enough memory", "buffertoobig"]) {
            Self::OutOfMemory { backend, message }
        } else if says(&["device lost", "device is lost", "devicelost", "cuda error", "cuda-capable"]) {
            Self::DeviceLost { backend, message }
        } else {
            let alternative = if backend == Backend::Flex { "tch" } else { "flex" };
            Self::Stopped { backend, message, alternative }
        }
    }
}

/// The informative part of a panic message: the innermost cause, without the text that Rust puts around an error and
/// without the C++ stack frames after it.
fn root_cause(message: &str) -> String {
    const LONGEST: usize = 200;
    let text = message.rsplit_once("on an `Err` value: ").map_or(message, |(_, error)| error);
    let text = text.rsplit_once("Caused by:\n").map_or(text, |(_, cause)| cause);
    let text = text.trim_start_matches("Torch(\"");
    // libtorch's allocator puts its source location before the message.
    let text = text.split_once("DefaultCPUAllocator: ").map_or(text, |(_, sentence)| sentence);
    let end = ["\\n", "\n", "\")"].iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
    let text = text[..end].trim();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Runs `work`, which computes on `backend`, and turns a panic into an error. The panic hook still logs the location.
///
/// # Errors
/// [`BackendFailure`] if `work` panics.
pub fn catch_backend_panic<T>(backend: Backend, work: impl FnOnce() -> T) -> Result<T, BackendFailure> {
    // Unwind safety: state that the panic leaves half-updated is dropped with the closure.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let message = text.or_else(|| payload.downcast_ref::<&str>().copied());
        BackendFailure::new(backend, message.unwrap_or("a panic without a message"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUDA: Backend = Backend::Tch { cuda: Some(0) };

    #[test]
    fn a_full_memory_is_told_from_a_lost_device_and_from_the_rest() {
        let full = "called `Result::unwrap()` on an `Err` value: Torch(\"CUDA out of memory. Tried to allocate 2.00 GiB. \
                    GPU 0 has a total capacity of 79.10 GiB\\nException raised from malloc at ...\")";
        let fault = BackendFailure::new(CUDA, full);
        assert!(
            matches!(&fault, BackendFailure::OutOfMemory { message, .. } if message.starts_with("CUDA out of memory. Tried")),
            "{fault}"
        );
        assert!(fault.to_string().contains("`tch:cuda`") && fault.to_string().contains("train.batch"), "{fault}");
        assert!(!fault.to_string().contains("Exception raised"), "{fault}");
        let full = "Error while reading data\nCaused by:\n  Several failures at once\nCaused by:\n  can't allocate buffer of \
                    size: 17592186044416\nNo backtrace available\nAsked at:\nNo backtrace available";
        let fault = BackendFailure::new(Backend::Wgpu { adapter: None }, full);
        let wanted = "can't allocate buffer of size: 17592186044416";
        assert!(matches!(&fault, BackendFailure::OutOfMemory { message, .. } if message == wanted), "{fault}");
        assert!(matches!(
            BackendFailure::new(CUDA, "CUDA error: an illegal memory access"),
            BackendFailure::DeviceLost { .. }
        ));
        assert!(matches!(
            BackendFailure::new(Backend::Flex, "index out of bounds"),
            BackendFailure::Stopped { alternative: "tch", .. }
        ));
    }

    #[test]
    fn a_panic_becomes_an_error_and_anything_else_passes() {
        assert_eq!(catch_backend_panic(Backend::Flex, || 3), Ok(3));
        let fault = catch_backend_panic(Backend::Flex, || panic!("no rows")).expect_err("a panic");
        assert!(fault.to_string().contains("no rows"), "{fault}");
    }
}
