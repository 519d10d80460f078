//! Run folders: layout, atomic writes, lock, format versions.
//!
//! This is the only crate that writes inside a run folder. Writing requires a [`LockedRun`], which [`RunDir::lock`]
//! returns, so a writer always holds the folder's lock; the exception is `log.txt` ([`RunDir::open_log`]). Reading
//! needs no lock: every other file is replaced atomically by a rename, except `metrics.jsonl` and `times.jsonl`, whose
//! last line readers skip until its newline is written.
//!
//! `docs/run-format.md` lists the files and their fields.

mod adopt;
mod atomic;
pub mod bundle;
mod checkpoint;
pub mod classes;
mod collapse;
mod comparison;
mod error;
mod examine;
pub mod experiments;
mod find;
pub mod format;
mod index;
mod listing;
mod lock;
mod manifest;
mod mounts;
mod notes;
pub mod plan;
pub mod provenance;
mod run_dir;
pub mod speed;
mod store;
mod tensors;
mod times;
mod timestamp;
mod verify;
mod word_lists;
mod writing;

pub use adopt::{Adoption, AdoptionOutcome, adopt};
pub use atomic::write_atomic;
pub use checkpoint::{Checkpoint, EpochSums, Position};
pub use error::StoreError;
pub use find::{FindRunError, find_run, find_runs};
pub use listing::{StoredRun, list};
pub use lock::{Holder, LockedRun};
pub use manifest::{Checksum, Manifest, checksum_of};
pub use mounts::{LocalLocks, local_locks};
pub use notes::Notes;
pub use run_dir::RunDir;
pub use store::{Store, runs};
pub use times::EpochTime;
pub use timestamp::{Timestamp, TimestampError};
pub use verify::Verified;
pub use word_lists::{LONGEST_ENTRY, check_entries};

// The example of the README is a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
