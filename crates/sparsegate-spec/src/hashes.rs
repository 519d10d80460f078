//! Content hashes of the files that a run reads.

use std::collections::BTreeMap;

use crate::types::RunSpec;

/// Content hashes of an experiment's sources, which enter its runs' keys in addition to their specs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashes {
    /// Content hash of the data set.
    pub dataset: String,
    /// Content hashes of the pretrained vectors, by manifest name.
    pub vectors: BTreeMap<String, String>,
}

impl Hashes {
    /// Content hash of the vectors that `run` starts from; `None` for random initialisation.
    pub fn vectors_of(&self, run: &RunSpec) -> Option<&str> {
        self.vectors.get(run.model.embedding.as_ref()?.pretrained()?).map(String::as_str)
    }
}
