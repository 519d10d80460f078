//! Sweeps: the runs of one or several experiments, from the files to trained runs.
//!
//! ```text
//! experiment files --Sweep::load--> Sweep --prepare--> PreparedSweep --run--> one Outcome a run
//!                                     |--status--> one RunStatus a run
//!                                     \--estimate--> time and space of what is left
//! ```
//!
//! [`Sweep::plan`] reads manifests and run folders, and uses neither network nor clock. [`Sweep::prepare`] opens the
//! backends, downloads missing data and checks them. [`PreparedSweep::run`] writes `run.json` into the runs' folders
//! and hands the runs to an [executor](crate::exec::Executor).

mod backends;
mod data;
mod error;
mod estimate;
mod observer;
mod plan;
mod prepare;
mod status;
mod watched;

pub use backends::not_compiled;
pub use error::SweepError;
pub use estimate::{Measured, Measurement, RunEstimate, SweepEstimate, TimeSource};
pub use observer::SweepObserver;
pub use plan::{ExperimentPlan, Sweep, SweepRun};
pub use prepare::{LeftOut, PreparedSweep, SweepOptions};
pub use status::RunStatus;
pub use watched::WatchedSweep;
