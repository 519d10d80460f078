//! The penalty of single weights and its derivatives.

use crate::check::Check;

/// The checks of this file.
pub const CHECKS: &[Check] = &[];
