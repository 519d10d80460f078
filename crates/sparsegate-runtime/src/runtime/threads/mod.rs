//! Thread pool, and the data that its threads share.
//!
//! | file | content |
//! |---|---|
//! | `pool` | threads that live as long as a runtime and sleep while idle |
//! | `alone` | replacement without the standard library: one thread |
//! | `barrier` | synchronises threads within a job |
//! | `parts` | an output buffer whose disjoint parts are written by different threads |

#[cfg(not(feature = "std"))]
mod alone;
mod barrier;
mod parts;
#[cfg(feature = "std")]
mod pool;

#[cfg(not(feature = "std"))]
pub(crate) use alone::Pool;
pub(crate) use barrier::Barrier;
pub(crate) use parts::Parts;
#[cfg(feature = "std")]
pub(crate) use pool::Pool;

/// Number of polls before a thread sleeps or yields the processor: some ten microseconds.
const SPINS: u32 = 1024;

/// Bound for data shared by threads: [`Sync`] if there are threads, nothing otherwise.
#[cfg(feature = "std")]
pub(crate) trait Shared: Sync {}
#[cfg(feature = "std")]
impl<T: Sync> Shared for T {}
#[cfg(not(feature = "std"))]
pub(crate) trait Shared {}
#[cfg(not(feature = "std"))]
impl<T> Shared for T {}
