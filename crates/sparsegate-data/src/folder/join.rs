//! Joins the files of a folder into one.

use std::io::{BufWriter, Read as _, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use flate2::{Compression, GzBuilder};

use super::files;
use crate::DataError;
use crate::input;
use crate::manifest::{Encoding, LabelledTexts, TextSource};
use crate::readers::each_record;
use crate::sniff::{self, Hints};

/// The text of a file in UTF-8, without a byte order mark: unpacked, and decoded from the encoding that the user names
/// or that the file shows.
///
/// # Errors
/// A file that cannot be read, that another program wrote, or that is not text in its encoding.
pub(crate) fn utf8_text(file: &Utf8Path, encoding: Option<Encoding>) -> Result<String, DataError> {
    let look = sniff::look(file, &Hints { encoding, plain: true, ..Hints::default() })?;
    let mut bytes = Vec::new();
    input::text(file, &look.text_format())?.read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
        let line = 1 + valid.matches('\n').count();
        let problem = "this is not UTF-8 text; convert it, name its encoding with --encoding, such as windows-1252, or \
                       remove the file if it is not one of the texts";
        DataError::Malformed { file: file.to_owned(), line, problem: problem.to_owned() }
    })
}

/// Packs the class folders below `from` into the archive `to`: below the folder of their part, or below `train`. Texts
/// are written in UTF-8.
///
/// # Errors
/// A file that cannot be read or written, or that is not text.
pub fn pack_classes(
    from: &Utf8Path,
    parts: &[Option<String>; 3],
    encoding: Option<Encoding>,
    to: &Utf8Path,
) -> Result<(), DataError> {
    let gzip = GzBuilder::new().mtime(0).write(BufWriter::new(fs_err::File::create(to)?), Compression::default());
    let mut archive = tar::Builder::new(gzip);
    let roots: Vec<(&str, Utf8PathBuf)> = if parts.iter().all(Option::is_none) {
        vec![("train", from.to_owned())]
    } else {
        let named = ["train", "valid", "test"].into_iter().zip(parts);
        named.filter_map(|(part, folder)| Some((part, from.join(folder.as_ref()?)))).collect()
    };
    for (part, root) in roots {
        for file in files(&root)? {
            let inside = file.strip_prefix(&root).unwrap_or(&file);
            if inside.components().count() < 2 {
                continue;
            }
            let text = utf8_text(&file, encoding)?;
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(0);
            let name = inside.components().map(|component| component.as_str()).collect::<Vec<_>>().join("/");
            archive.append_data(&mut header, format!("{part}/{name}"), text.as_bytes())?;
        }
    }
    archive.into_inner()?.finish()?.flush()?;
    Ok(())
}

/// Joins texts into one in UTF-8 whose lines end in line feeds. A text that does not end with a line end gets one.
///
/// # Errors
/// A file that cannot be read or written, or that is not text.
pub fn join_texts(from: &[Utf8PathBuf], encoding: Option<Encoding>, to: &Utf8Path) -> Result<(), DataError> {
    let mut joined = BufWriter::new(fs_err::File::create(to)?);
    for file in from {
        let text = utf8_text(file, encoding)?;
        joined.write_all(text.as_bytes())?;
        if !text.is_empty() && !text.ends_with('\n') {
            joined.write_all(b"\n")?;
        }
    }
    Ok(joined.flush()?)
}

/// Joins tables, each with the rules that read it, into one of JSON lines with the keys `text`, `label` and `from`,
/// where the row stood: the file's path below `root` and the place in it.
///
/// # Errors
/// A file that cannot be read or written, or a row that its rules cannot read.
pub fn join_tables(root: &Utf8Path, from: &[(Utf8PathBuf, LabelledTexts)], to: &Utf8Path) -> Result<(), DataError> {
    let mut joined = BufWriter::new(fs_err::File::create(to)?);
    for (file, rules) in from {
        debug_assert!(matches!(rules.from, TextSource::Table(_)), "tables are joined");
        let name = file.strip_prefix(root).unwrap_or(file);
        each_record(file, rules, &mut |place, text, label| {
            let line = serde_json::json!({ "text": text, "label": label, "from": format!("{name}{place}") });
            Ok(writeln!(joined, "{line}")?)
        })?;
    }
    Ok(joined.flush()?)
}
