//! Decides which runs are done, new or stale, and why. Uses no network, no GPU and no clock, and reads run folders only
//! through `store`.

mod continuation;
mod differences;
mod key;
mod parent;
mod status;
mod stored_runs;

pub(crate) use key::check_key;
pub use key::{NUMERICS, START_FROM, key};
pub use parent::ParentRun;
pub use status::{Plan, PlanEntry, PlanError, Progress, Status, plan, plan_and_progress};
