//! Executes runs on this machine, one process per run. No other module starts processes, except
//! [`provenance`](sparsegate_store::provenance), which calls git.
//!
//! Parent and worker are connected by two pipes. The worker writes one JSON [`TrainEvent`](crate::train::TrainEvent)
//! per line to its standard output. The end of its standard input tells it to save and stop, so that it also stops
//! when its parent is killed.

mod interrupt;
pub mod local;
mod outcome;
mod timing_helper;
mod worker;

pub use interrupt::{Interrupt, stop_at_end_of_input};
pub use outcome::Outcome;
pub use timing_helper::{HelperCapabilities, TimingHelper};
