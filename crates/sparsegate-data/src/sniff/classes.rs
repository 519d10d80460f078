//! Looks at the texts of class folders.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use crate::DataError;
use crate::folder::{files, utf8_text};
use crate::manifest::Encoding;

/// Maximum number of texts that are read.
const TEXTS: usize = 2_000;

/// Some texts below a folder with one subfolder a class, perhaps below those of the parts, and the number of texts of
/// the smallest class.
///
/// # Errors
/// A file that cannot be read, or that is not text.
pub fn class_folders(
    folder: &Utf8Path,
    parts: &[Option<String>; 3],
    encoding: Option<Encoding>,
) -> Result<(Vec<String>, usize), DataError> {
    let roots: Vec<_> = parts.iter().flatten().map(|part| folder.join(part)).collect();
    let is_text = |file: &Utf8PathBuf| {
        let inside = file.strip_prefix(folder).map_or(0, |inside| inside.components().count());
        inside >= 2 && (roots.is_empty() || roots.iter().any(|root| file.starts_with(root)))
    };
    let files: Vec<_> = files(folder)?.into_iter().filter(is_text).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &files {
        if let Some(class) = file.parent() {
            *counts.entry(class.as_str()).or_default() += 1;
        }
    }
    let step = files.len().div_ceil(TEXTS).max(1);
    let texts = files.iter().step_by(step).map(|file| utf8_text(file, encoding)).collect::<Result<_, _>>()?;
    Ok((texts, counts.into_values().min().unwrap_or(0)))
}
