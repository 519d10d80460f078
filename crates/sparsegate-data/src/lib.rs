//! Data sets: manifests, downloads, readers that produce symbol ids, and mini-batches.
//!
//! ```text
//! datasets/<name>.yaml --Manifest--> fetch | import --> cache --reader--> Corpus --batches--> BatchSource
//!                              \--> generator (synthetic data) ----------^
//! ```
//!
//! Only [`fetch`] uses the network; [`load`] reads the cache or generates the data.

mod batching;
mod cache;
pub mod corpus;
mod draws;
mod encoded;
mod encoder;
mod error;
mod fetch;
mod folder;
mod input;
mod load;
pub mod manifest;
mod planted;
mod planted_texts;
mod readers;
mod sizes;
pub mod sniff;
mod sources;
mod survey;
mod vectors;

pub use batching::{check_batches, eval_batches, train_batches, train_size};
pub use cache::{CACHE_VARIABLE, Cache, Cached, sha256 as sha256_of};
pub use corpus::{Corpus, Parts, Texts, Unit};
pub use draws::Draws;
pub use encoder::{Encoder, Known};
pub use error::DataError;
pub use fetch::{FetchProgress, Fetched, MIRROR_VARIABLE, fetch, import};
pub use folder::{Folder, TextFiles, folder, join_tables, join_texts, pack_classes, text_files};
pub use load::{ReadText, load, read_files, read_text, survey, verify};
pub use manifest::Manifest;
pub use planted::{Oracle, oracle};
pub use readers::{Lines, START, UNKNOWN};
pub use sizes::{Sizes, known_sizes, sizes};
pub use sources::Sources;
pub use survey::Survey;
pub use vectors::{Vectors, check_vectors, load_vectors};

// The example of the README is a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
