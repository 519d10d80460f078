//! The words and classes of a run that comes from somebody else.

use serde::Deserialize;
use sparsegate_runtime::format::File;

use crate::{RunDir, StoreError, check_entries};

/// The lists among the details of a compact model. Details of another version may have others.
#[derive(Deserialize)]
struct Lists {
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    classes: Vec<String>,
}

/// Checks that the words and classes in `compact.safetensors` and `classes.json` are within the limits of
/// [`check_entries`]. A file that this version cannot read is not judged: the commands that need it name it.
///
/// # Errors
/// The name of the file, and what is wrong with which entry.
pub(super) fn check(run: &RunDir) -> Result<(), (&'static str, String)> {
    if let Err(StoreError::Corrupt { problem, .. }) = run.classes() {
        return Err(("classes.json", problem));
    }
    let file = run.compact().ok().flatten().and_then(|bytes| File::read(&bytes).ok());
    let lists = file.and_then(|file| serde_json::from_str::<Lists>(&file.details).ok());
    let Some(Lists { words, classes }) = lists else { return Ok(()) };
    let checked = check_entries("words", &words).and_then(|()| check_entries("classes", &classes));
    checked.map_err(|problem| ("compact.safetensors", problem))
}
