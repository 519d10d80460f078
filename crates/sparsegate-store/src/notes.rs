//! `notes.json`: what a person wrote about a run. It is no result: no key, checksum or figure depends on it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::format::FORMAT;
use super::{LockedRun, RunDir, StoreError};

/// Name of the file.
pub(super) const NOTES: &str = "notes.json";

/// A note and tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    format: u32,
    /// Text; may be empty.
    pub note: String,
    /// Short names to find the run by, sorted.
    pub tags: BTreeSet<String>,
}

impl Default for Notes {
    fn default() -> Self {
        Self { format: FORMAT, note: String::new(), tags: BTreeSet::new() }
    }
}

impl RunDir {
    /// Reads `notes.json`; no note and no tags if there is none.
    ///
    /// # Errors
    /// Any [`StoreError`] except `Locked`.
    pub fn notes(&self) -> Result<Notes, StoreError> {
        Ok(self.json(NOTES)?.unwrap_or_default())
    }
}

impl LockedRun {
    /// Writes `notes.json`.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn write_notes(&self, notes: &Notes) -> Result<(), StoreError> {
        self.write_json(NOTES, notes)
    }
}
