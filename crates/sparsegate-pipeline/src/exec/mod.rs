//! Executes runs: each in a process of its own, one after the other in this process, or as jobs of a batch system
//! ([`slurm`]). No other module starts processes, except [`provenance`](sparsegate_store::provenance), which calls git.
//!
//! Parent and worker are connected by two pipes. The worker writes one JSON [`TrainEvent`](crate::train::TrainEvent)
//! per line to its standard output, for which [`EventReporter`] is there. An `s` on its standard input asks it to save,
//! and the end of that input tells it to save and stop, so that it also stops when its parent is killed
//! ([`obey_parent`]). It ends with exit code 0 if the run is done, with 130 if it was interrupted, and with another one
//! if it failed. What it does between is [`train_run`](crate::train_run::train_run).

mod event_reporter;
mod executor;
mod in_process;
mod interrupt;
mod local;
mod outcome;
pub mod slurm;
mod timing_helper;
mod worker;

pub use event_reporter::EventReporter;
pub use executor::{Executor, Job, JobProgress, Parallelism};
pub use in_process::InProcess;
pub use interrupt::{Interrupt, obey_parent};
pub use local::LocalProcesses;
pub use outcome::Outcome;
pub use timing_helper::{HelperCapabilities, TimingHelper};
