//! What would run, what is stored already, and why. Touches no network, no GPU and no clock; reads run folders through
//! `store` alone.

mod differences;
mod key;
mod status;

pub use key::{NUMERICS, key};
pub use status::{Plan, PlanEntry, PlanError, Status, plan};
