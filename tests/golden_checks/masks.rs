//! Which weights survive, and what the reference counts and prints.

use crate::check::Check;

/// The checks of this file.
pub const CHECKS: &[Check] = &[];
