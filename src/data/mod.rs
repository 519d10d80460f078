//! Data sets: what they are, how they get here, how they become symbol ids and mini-batches.
//!
//! ```text
//! datasets/<name>.yaml --Manifest--> fetch | import --> cache --reader--> Corpus --batches--> BatchSource
//!                              \--> generator (embedded languages) ------^
//! ```
//!
//! Only [`fetch`] touches the network; [`load`] reads the cache, or generates, and nothing else.

pub mod batch;
pub mod corpus;
mod error;
pub mod manifest;

pub use error::DataError;
pub use manifest::Manifest;
