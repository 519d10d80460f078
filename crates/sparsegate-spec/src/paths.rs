//! Paths in a spec, which are relative to its folder.

use camino::{Utf8Path, Utf8PathBuf};

use super::diagnostic::Diagnostic;
use super::file::PublishedSource;
use super::node::{PathStep, dotted};

/// The folder that paths in a spec are relative to.
pub fn folder(file: &Utf8Path) -> &Utf8Path {
    file.parent().unwrap_or(Utf8Path::new(""))
}

/// Refuses entries of `also` without a file.
///
/// # Errors
/// The first such entry.
pub fn check_also(file: &Utf8Path, also: &[Utf8PathBuf]) -> Result<(), Diagnostic> {
    match also.iter().position(|other| !folder(file).join(other).is_file()) {
        Some(index) => {
            let mut at = dotted("also");
            at.push(PathStep::Index(index));
            Err(no_file(file, &at, &also[index]))
        }
        None => Ok(()),
    }
}

fn no_file(file: &Utf8Path, at: &[PathStep], path: &Utf8Path) -> Diagnostic {
    let help = format!("the path is relative to the folder of this file, `{}`", folder(file));
    Diagnostic::new(at, format!("no file `{path}`"), help)
}

/// Refuses a source whose files do not exist.
///
/// # Errors
/// The first such file.
pub fn check_source(file: &Utf8Path, source: Option<&PublishedSource>) -> Result<(), Diagnostic> {
    let Some(authors) = source.and_then(|source| source.authors.as_ref()) else { return Ok(()) };
    for (key, path) in [("final_values", &authors.final_values), ("curves", &authors.curves)] {
        if !folder(file).join(path).is_file() {
            return Err(no_file(file, &dotted(&format!("source.authors.{key}")), path));
        }
    }
    Ok(())
}

/// The source with its paths resolved.
pub fn found_from(file: &Utf8Path, mut source: PublishedSource) -> PublishedSource {
    if let Some(authors) = &mut source.authors {
        authors.final_values = folder(file).join(&authors.final_values);
        authors.curves = folder(file).join(&authors.curves);
    }
    source
}
