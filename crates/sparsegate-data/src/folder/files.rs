//! Lists the files of a folder.

use std::path::PathBuf;

use camino::{Utf8Path, Utf8PathBuf};

use crate::DataError;

/// Beginnings of the names of files that only describe the others.
const DESCRIBES: [&str; 6] = ["README", "LICENSE", "LICENCE", "dataset_info", "dataset_dict", "state.json"];

/// All files below a folder that count, in the order of their paths. Links are followed, but for those in circles.
///
/// # Errors
/// A folder that cannot be read, a name that is not UTF-8, a link that leads nowhere: such a file must not be missing
/// without a word.
pub(crate) fn files(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, DataError> {
    let mut found = Vec::new();
    // Each with the folders on the way to it in which a link was followed; the others on the way contain one of these.
    let mut folders: Vec<(Utf8PathBuf, Vec<PathBuf>)> = vec![(folder.to_owned(), Vec::new())];
    while let Some((next, above)) = folders.pop() {
        for entry in fs_err::read_dir(&next)? {
            let path = Utf8PathBuf::from_path_buf(entry?.path()).map_err(|path| DataError::Unusable {
                file: next.clone(),
                problem: format!("the name of {} is not UTF-8; rename it", path.display()),
            })?;
            let name = path.file_name().unwrap_or_default();
            if name.starts_with('.') || DESCRIBES.iter().any(|word| name.starts_with(word)) {
                continue;
            }
            if path.is_symlink() && !path.exists() {
                let problem = "this is a link to a file that does not exist; restore the file or remove the link";
                return Err(DataError::Unusable { file: path, problem: problem.to_owned() });
            }
            if path.is_dir() {
                let mut above = above.clone();
                if path.is_symlink() {
                    above.push(fs_err::canonicalize(&next)?);
                    if leads_back(&path, &above)? {
                        continue;
                    }
                }
                folders.push((path, above));
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a link to a folder leads to one that contains one of those above it, and so in circles.
fn leads_back(link: &Utf8Path, above: &[PathBuf]) -> Result<bool, DataError> {
    let target = fs_err::canonicalize(link)?;
    Ok(above.iter().any(|folder| folder.starts_with(&target)))
}
