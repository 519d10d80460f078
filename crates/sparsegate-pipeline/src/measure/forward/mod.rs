//! Times the forward pass of a compact model, of the network it was extracted from, and of reference implementations.
//!
//! | file | contents |
//! |---|---|
//! | `statistics` | a median and its confidence interval |
//! | `contest` | implementations timed in alternation |
//! | `work` | multiply-adds per token |
//! | `pinned` | runs work on a number of threads and processors |
//! | `ours` | the runtime, and the masked network |
//! | `rival` | cases timed by a helper process |

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
