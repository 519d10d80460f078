//! Content hashes of the files that a run reads.

use std::collections::BTreeMap;

use crate::types::RunSpec;

/// Content hashes of an experiment's sources: what its runs' keys depend on beside their specs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashes {
    /// Of the data set.
    pub dataset: String,
    /// Of the pretrained vectors, by the name of their manifest.
    pub vectors: BTreeMap<String, String>,
}

impl Hashes {
    /// Of the vectors that `run` starts from.
    pub fn vectors_of(&self, run: &RunSpec) -> Option<&str> {
        self.vectors.get(run.model.embedding.as_ref()?.pretrained()?).map(String::as_str)
    }
}
