//! Data sets.
pub mod batch;
pub mod corpus;
