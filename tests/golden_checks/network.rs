//! Outputs, losses, gradients and optimiser steps of whole networks.

use crate::check::Check;

/// The checks of this file.
pub const CHECKS: &[Check] = &[];
