//! Run folders: layout, atomic writes, lock, format versions.
//!
//! The only module that writes inside a run folder, and only through [`LockedRun`], which is handed out by
//! [`RunDir::lock`]: whoever can write holds the folder's lock. Reading needs no lock, since every file is replaced
//! whole by a rename, except `metrics.jsonl`, whose last line is skipped by readers until its newline is there.
//!
//! `docs/run-format.md` lists the files and their fields.

mod atomic;
mod checkpoint;
mod error;
pub mod format;
mod lock;
pub mod plan;
pub mod provenance;
mod run_dir;
pub mod speed;
mod tensors;

pub use atomic::write_atomic;
pub use checkpoint::{Checkpoint, Position, Sums};
pub use error::StoreError;
pub use lock::{Holder, LockedRun};
pub use run_dir::{RunDir, runs};
