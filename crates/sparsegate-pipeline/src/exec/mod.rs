//! Who runs the runs: one process each on this machine. The only module that spawns (but for the look at git in
//! [`provenance`](sparsegate_store::provenance)).
//!
//! Parent and worker share two pipes: the worker writes one JSON [`Event`](crate::train::Event) a line to its standard output, and takes the end
//! of its standard input as the order to save and stop, so that it also stops when its parent is killed.

mod interrupt;
pub mod local;
mod outcome;
mod peer;
mod worker;

pub use interrupt::{Interrupt, stop_at_end_of_input};
pub use outcome::Outcome;
pub use peer::{Greeting, Peer};
