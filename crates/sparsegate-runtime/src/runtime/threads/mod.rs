//! Threads that wait for work, and what they share.
//!
//! | file | idea |
//! |---|---|
//! | `pool` | threads that live as long as a runtime and sleep when there is nothing to do |
//! | `alone` | the same without the standard library: there is one thread |
//! | `barrier` | where threads wait for each other within a job |
//! | `parts` | a caller's buffer of which threads write different parts |

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

/// How often to look before going to sleep, or leaving the processor to others: some ten microseconds.
const SPINS: u32 = 1024;

/// [`Sync`], if there are threads.
#[cfg(feature = "std")]
pub(crate) trait Shared: Sync {}
#[cfg(feature = "std")]
impl<T: Sync> Shared for T {}
#[cfg(not(feature = "std"))]
pub(crate) trait Shared {}
#[cfg(not(feature = "std"))]
impl<T> Shared for T {}
