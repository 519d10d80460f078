//! Times the forward pass of a compact model, of the network it was extracted from, and of reference implementations.
//!
//! | file | contents |
//! |---|---|
//! | `statistics` | a median and its confidence interval |
//! | `alternate` | implementations timed in alternation |
//! | `work` | multiply-adds per token |
//! | `pinned` | runs work on a number of threads and processors |
//! | `runtime` | the runtime, and the masked network |
//! | `reference` | cases timed by a helper process |

mod alternate;
mod pinned;
mod reference;
mod runtime;
mod statistics;
mod work;

pub use alternate::{Timed, time_alternately};
pub use pinned::pinned;
pub use reference::HelperCase;
pub use runtime::{Workload, masked, packed};
pub use work::work;
