//! What goes wrong while a backend computes. Burn's ops have no way to fail but to panic, so that a full memory or a lost
//! device arrives as one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sparsegate_core::Backend;

/// A computation that its backend ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The device, or the machine, has no memory left.
    #[error(
        "backend `{backend}` is out of memory ({said}): use a smaller train.batch or train.sequence, fewer runs at once \
         (--jobs 1), or another backend or device"
    )]
    OutOfMemory {
        /// Where.
        backend: Backend,
        /// What it said.
        said: String,
    },
    /// The driver took the device away.
    #[error(
        "backend `{backend}` lost its device ({said}): see the system's log for the driver; run again, and it goes on from \
         the last checkpoint"
    )]
    DeviceLost {
        /// Where.
        backend: Backend,
        /// What it said.
        said: String,
    },
    /// Anything else, most likely a mistake in this program.
    #[error(
        "backend `{backend}` stopped ({said}): that is a mistake in this program or in the backend; the run's log.txt \
         says where, and --backend {other} may do"
    )]
    Stopped {
        /// Where.
        backend: Backend,
        /// What it said.
        said: String,
        /// One to try instead.
        other: &'static str,
    },
}

impl Fault {
    /// From the message of a panic.
    fn new(backend: Backend, message: &str) -> Self {
        let said = gist(message);
        let lower = message.to_lowercase();
        let says = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
        if says(&["out of memory", "outofmemory", "can't allocate", "not enough memory", "buffertoobig"]) {
            Self::OutOfMemory { backend, said }
        } else if says(&["device lost", "device is lost", "devicelost", "cuda error", "cuda-capable"]) {
            Self::DeviceLost { backend, said }
        } else {
            let other = if backend == Backend::Flex { "tch" } else { "flex" };
            Self::Stopped { backend, said, other }
        }
    }
}

/// The sentence that counts: the innermost cause, without what Rust puts around an error, and without the C++ frames
/// behind it.
fn gist(message: &str) -> String {
    const LONGEST: usize = 200;
    let text = message.rsplit_once("on an `Err` value: ").map_or(message, |(_, error)| error);
    let text = text.rsplit_once("Caused by:\n").map_or(text, |(_, cause)| cause);
    let text = text.trim_start_matches("Torch(\"");
    // libtorch's allocator puts the place in its source before the sentence.
    let text = text.split_once("DefaultCPUAllocator: ").map_or(text, |(_, sentence)| sentence);
    let end = ["\\n", "\n", "\")"].iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
    let text = text[..end].trim();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Runs what computes on `backend`; a panic in there becomes an error. The panic hook still says where it was.
///
/// # Errors
/// [`Fault`].
pub fn guarded<T>(backend: Backend, work: impl FnOnce() -> T) -> Result<T, Fault> {
    // What the work has half done is dropped with it.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let message = text.or_else(|| payload.downcast_ref::<&str>().copied());
        Fault::new(backend, message.unwrap_or("a panic without a message"))
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
        let fault = Fault::new(CUDA, full);
        assert!(
            matches!(&fault, Fault::OutOfMemory { said, .. } if said.starts_with("CUDA out of memory. Tried")),
            "{fault}"
        );
        assert!(fault.to_string().contains("`tch:cuda`") && fault.to_string().contains("train.batch"), "{fault}");
        assert!(!fault.to_string().contains("Exception raised"), "{fault}");
        let full = "Error while reading data\nCaused by:\n  Several failures at once\nCaused by:\n  can't allocate buffer of \
                    size: 17592186044416\nNo backtrace available\nAsked at:\nNo backtrace available";
        let fault = Fault::new(Backend::Wgpu { adapter: None }, full);
        let wanted = "can't allocate buffer of size: 17592186044416";
        assert!(matches!(&fault, Fault::OutOfMemory { said, .. } if said == wanted), "{fault}");
        assert!(matches!(Fault::new(CUDA, "CUDA error: an illegal memory access"), Fault::DeviceLost { .. }));
        assert!(matches!(Fault::new(Backend::Flex, "index out of bounds"), Fault::Stopped { other: "tch", .. }));
    }

    #[test]
    fn a_panic_becomes_an_error_and_anything_else_passes() {
        assert_eq!(guarded(Backend::Flex, || 3), Ok(3));
        let fault = guarded(Backend::Flex, || panic!("no rows")).expect_err("a panic");
        assert!(fault.to_string().contains("no rows"), "{fault}");
    }
}
