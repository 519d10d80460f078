//! Run folders.
pub mod format;
