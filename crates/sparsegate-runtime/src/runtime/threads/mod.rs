//! Thread pool, and the data that its threads share.
//!
//! | file | content |
//! |---|---|
//! | `pool` | threads that live as long as a runtime and sleep while idle |
//! | `alone` | replacement without the standard library: one thread |
//! | `barrier` | synchronises threads within a job |
//! | `parts` | an output buffer whose disjoint parts are written by different threads |

mod barrier;
mod disjoint;
#[cfg(feature = "std")]
mod pool;
#[cfg(not(feature = "std"))]
mod single_thread;

pub(crate) use barrier::Barrier;
pub(crate) use disjoint::DisjointWriter;
#[cfg(feature = "std")]
pub(crate) use pool::Pool;
#[cfg(not(feature = "std"))]
pub(crate) use single_thread::Pool;

/// Number of polls before a thread sleeps or yields the processor: some ten microseconds.
const SPINS: u32 = 1024;

/// Bound for data shared by threads: [`Sync`] if there are threads, nothing otherwise.
#[cfg(feature = "std")]
pub(crate) trait MaybeSync: Sync {}
#[cfg(feature = "std")]
impl<T: Sync> MaybeSync for T {}
#[cfg(not(feature = "std"))]
pub(crate) trait MaybeSync {}
#[cfg(not(feature = "std"))]
impl<T> MaybeSync for T {}
