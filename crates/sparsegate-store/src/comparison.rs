//! Whether two folders of one run hold the same results: what decides if one of them is superfluous.

use camino::Utf8Path;

use crate::run_dir::read;
use crate::{RunDir, StoreError};

/// Whether the run is finished.
pub fn is_done(dir: &RunDir) -> Result<bool, StoreError> {
    Ok(dir.finished()?.is_some())
}

/// Whether the files of two folders that hold no time and no host name are equal. Weights that one of them left out
/// are not compared.
pub fn same_results(a: &Utf8Path, b: &Utf8Path) -> Result<bool, StoreError> {
    let left_out = |folder: &Utf8Path| Ok::<_, StoreError>(RunDir::at(folder).left_out()?.is_some());
    let without_weights = left_out(a)? || left_out(b)?;
    for name in ["metrics.jsonl", "structure.json", "model.safetensors"] {
        if name == "model.safetensors" && without_weights {
            continue;
        }
        if read(&a.join(name))? != read(&b.join(name))? {
            return Ok(false);
        }
    }
    Ok(true)
}
