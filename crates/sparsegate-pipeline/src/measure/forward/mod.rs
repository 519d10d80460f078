//! How long the forward pass takes: a compact model against the network that it was taken from, and others.
//!
//! | file | idea |
//! |---|---|
//! | `statistics` | a median and its confidence interval |
//! | `contest` | several ways, timed in turns |
//! | `work` | multiply-adds and bytes a token |
//! | `pinned` | a number of threads, on as many processors |
//! | `ours` | calls of the runtime, and of the masked network |
//! | `rival` | cases of a program that takes orders |

mod contest;
mod ours;
mod pinned;
mod rival;
mod statistics;
mod work;

pub use contest::{Contestant, contest};
pub use ours::{Load, masked, ours};
pub use pinned::pinned;
pub use rival::Rival;
pub use work::work;
