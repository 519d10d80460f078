//! Training.
pub mod trainee;
