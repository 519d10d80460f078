//! Executes runs as jobs of the batch system Slurm.
//!
//! ```text
//! sparsegate run --executor slurm        SlurmExecutor: job arrays by sbatch, then the program ends
//!   the job of a run, on its node        run_task: trains it, saves before the time limit, requeues
//! sparsegate status, cancel, run --wait  Jobs: submissions joined with squeue, sacct and the run folders
//! ```
//!
//! Nothing runs between these. What they share is on disk: a folder for each job array under `<root>/slurm`
//! ([`Submission`]), which says which runs the array has, and the run folders. Only the commands of Slurm are called;
//! no daemon and no database of Slurm's accounting is needed.

mod client;
mod error;
mod executor;
mod jobs;
mod lock;
mod memory;
mod options;
mod queue;
mod run_job;
mod scratch;
mod script;
mod submission;
mod task;
mod warning;

pub use error::SlurmError;
pub use executor::SlurmExecutor;
pub use jobs::{Cancelled, Jobs};
pub use options::SlurmOptions;
pub use run_job::{Phase, RunJob};
pub use submission::{Attempt, Submission, Task, TaskEnd};
pub use task::run_task;
