//! Looks at the texts of class folders.

use std::collections::BTreeMap;

use camino::Utf8Path;

use crate::DataError;
use crate::folder::files;

/// Maximum number of texts that are read.
const TEXTS: usize = 2_000;

/// Some texts below a folder with one subfolder a class, and the number of texts of the smallest class.
///
/// # Errors
/// A file that cannot be read.
pub fn class_folders(folder: &Utf8Path) -> Result<(Vec<String>, usize), DataError> {
    let files = files(folder)?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &files {
        if let Some(class) = file.parent() {
            *counts.entry(class.as_str()).or_default() += 1;
        }
    }
    let step = files.len().div_ceil(TEXTS).max(1);
    let text = |file| Ok(String::from_utf8_lossy(&fs_err::read(file)?).into_owned());
    let texts = files.iter().step_by(step).map(text).collect::<Result<_, DataError>>()?;
    Ok((texts, counts.into_values().min().unwrap_or(0)))
}
