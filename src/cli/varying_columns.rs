//! Columns of tables for the keys that vary in a sweep.

use sparsegate_spec::types::RunSpec;
use sparsegate_spec::{VaryingKeys, varying};

/// One column per key that varies in any of several experiments, or the sparsity level if nothing varies.
pub struct VaryingColumns {
    keys: Vec<String>,
}

impl VaryingColumns {
    /// The columns for experiments, each with its varying keys.
    pub fn of<'a>(experiments: impl IntoIterator<Item = &'a VaryingKeys>) -> Self {
        let mut keys: Vec<String> = Vec::new();
        for varying in experiments {
            let level = varying.keys().is_empty().then(|| "sparsity".to_owned());
            for key in varying.keys().iter().cloned().chain(level) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        keys.sort_by_key(|key| varying::rank(key));
        Self { keys }
    }

    /// The headers: short names of the keys.
    pub fn heads(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| varying::short_name(key))
    }

    /// The cells of a run of an experiment with the given varying keys; a key that does not vary there has an empty
    /// cell.
    pub fn cells(&self, varying: &VaryingKeys, spec: &RunSpec) -> Vec<String> {
        let cell = |key: &String| {
            let shown = varying.contains(key) || (varying.keys().is_empty() && key == "sparsity");
            if shown { varying::value_text(spec, key) } else { String::new() }
        };
        self.keys.iter().map(cell).collect()
    }
}
