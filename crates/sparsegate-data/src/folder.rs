//! Folders of files as data sets: one subfolder a class, the parts of a table, or several plain texts.
//!
//! A manifest names one file a part, so the files of a folder are joined into one: class folders into a `.tar.gz`,
//! tables into JSON lines, texts into one text. The result depends on names and contents alone.

use std::io::{BufWriter, Read as _, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use flate2::{Compression, GzBuilder};

use crate::DataError;
use crate::input::{self, TextFormat};
use crate::manifest::{LabelledTexts, TextSource};
use crate::readers::each_record;

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folder {
    /// Text files in one subfolder a class, below the subfolders of the parts or as training texts.
    Classes {
        /// The subfolders of the training, validation and test part; without any, the class folders are for training.
        parts: [Option<String>; 3],
    },
    /// Files that begin with `train`, `valid` or `test`, or all for training: of tables, in the order of their names.
    Tables {
        /// Files of the training, validation and test part.
        parts: [Vec<Utf8PathBuf>; 3],
    },
    /// Plain texts, in the order of their names.
    Texts(Vec<Utf8PathBuf>),
}

/// Looks at a folder. Hidden files, and files that only describe the others (`README`, `LICENSE`), do not count.
///
/// # Errors
/// A folder that cannot be read, or that holds nothing that could be read.
pub fn folder(folder: &Utf8Path) -> Result<Folder, DataError> {
    let files = files(folder)?;
    let is_table = |file: &&Utf8PathBuf| {
        let name = file.file_name().unwrap_or_default().to_ascii_lowercase();
        let name = [".gz", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        [".parquet", ".csv", ".tsv", ".jsonl", ".ndjson"].iter().any(|end| name.ends_with(end))
    };
    let tables: Vec<Utf8PathBuf> = files.iter().filter(is_table).cloned().collect();
    if !tables.is_empty() {
        let mut parts = [const { Vec::new() }; 3];
        for table in tables {
            let inside = table.strip_prefix(folder).unwrap_or(&table);
            let part = inside.components().rev().find_map(|component| part(component.as_str())).unwrap_or(0);
            parts[part].push(table);
        }
        return Ok(Folder::Tables { parts });
    }
    let depth = |file: &Utf8PathBuf| file.strip_prefix(folder).map_or(0, |inside| inside.components().count());
    if !files.is_empty() && files.iter().all(|file| depth(file) == 1) {
        return Ok(Folder::Texts(files));
    }
    let mut parts = [const { None }; 3];
    for file in files.iter().filter(|file| depth(file) >= 3) {
        let first = file.strip_prefix(folder).ok().and_then(|inside| inside.components().next());
        if let Some((part, name)) = first.and_then(|first| Some((part(first.as_str())?, first))) {
            parts[part].get_or_insert_with(|| name.as_str().to_owned());
        }
    }
    if files.iter().any(|file| depth(file) >= 2) {
        return Ok(Folder::Classes { parts });
    }
    let problem = "the folder holds neither tables nor texts nor one folder of texts a class".to_owned();
    Err(DataError::Unusable { file: folder.to_owned(), problem })
}

/// The part that a name begins with.
fn part(name: &str) -> Option<usize> {
    let name = name.to_ascii_lowercase();
    let begins = |word: &str| {
        let rest = name.strip_prefix(word)?;
        (!rest.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(())
    };
    [&["train", "training"][..], &["valid", "validation", "val", "dev"], &["test", "testing"]]
        .iter()
        .position(|words| words.iter().any(|word| begins(word).is_some()))
}

/// All files below a folder that count, in the order of their paths.
pub(crate) fn files(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, DataError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs_err::read_dir(&next)? {
            let path = Utf8PathBuf::from_path_buf(entry?.path()).map_err(|path| DataError::Unusable {
                file: next.clone(),
                problem: format!("the name of {} is not UTF-8; rename it", path.display()),
            })?;
            let name = path.file_name().unwrap_or_default();
            let describes = ["README", "LICENSE", "LICENCE", "dataset_info", "dataset_dict", "state.json"];
            if name.starts_with('.') || describes.iter().any(|word| name.starts_with(word)) {
                continue;
            }
            // A link to a folder could lead in circles.
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Packs the class folders below `from` into the archive `to`: below the folder of their part, or below `train`.
///
/// # Errors
/// A file that cannot be read or written.
pub fn pack_classes(from: &Utf8Path, parts: &[Option<String>; 3], to: &Utf8Path) -> Result<(), DataError> {
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
            let bytes = fs_err::read(&file)?;
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(0);
            let name = inside.components().map(|component| component.as_str()).collect::<Vec<_>>().join("/");
            archive.append_data(&mut header, format!("{part}/{name}"), bytes.as_slice())?;
        }
    }
    archive.into_inner()?.finish()?.flush()?;
    Ok(())
}

/// Joins texts into one in UTF-8. A text that does not end with a line end gets one.
///
/// # Errors
/// A file that cannot be read or written.
pub fn join_texts(from: &[Utf8PathBuf], to: &Utf8Path) -> Result<(), DataError> {
    let mut joined = BufWriter::new(fs_err::File::create(to)?);
    for file in from {
        let mut bytes = Vec::new();
        input::text(file, &TextFormat::default())?.read_to_end(&mut bytes)?;
        joined.write_all(&bytes)?;
        if !bytes.ends_with(b"\n") {
            joined.write_all(b"\n")?;
        }
    }
    Ok(joined.flush()?)
}

/// Joins tables that `rules` reads into one of JSON lines with the keys `text`, `label` and `from`, where the row
/// stood.
///
/// # Errors
/// A file that cannot be read or written, or a row that `rules` cannot read.
pub fn join_tables(from: &[Utf8PathBuf], rules: &LabelledTexts, to: &Utf8Path) -> Result<(), DataError> {
    debug_assert!(matches!(rules.from, TextSource::Table(_)), "tables are joined");
    let mut joined = BufWriter::new(fs_err::File::create(to)?);
    for file in from {
        let name = file.file_name().unwrap_or_default();
        each_record(file, rules, &mut |place, text, label| {
            let line = serde_json::json!({ "text": text, "label": label, "from": format!("{name}{place}") });
            Ok(writeln!(joined, "{line}")?)
        })?;
    }
    Ok(joined.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(names: &[&str]) -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap().to_owned();
        for name in names {
            let file = root.join(name);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, format!("text of {name}")).unwrap();
        }
        (folder, root)
    }

    #[test]
    fn folders_are_told_by_what_they_hold() {
        let (kept, root) = made(&[
            "README.md",
            "data/train-00000-of-00002.parquet",
            "data/train-00001-of-00002.parquet",
            "data/test-0.parquet",
        ]);
        let Folder::Tables { parts } = folder(&root).unwrap() else { panic!("tables") };
        assert_eq!(parts.map(|files: Vec<Utf8PathBuf>| files.len()), [2, 0, 1]);
        drop(kept);
        let (_kept, root) = made(&["pos/1.txt", "neg/1.txt", ".git/x"]);
        assert_eq!(folder(&root).unwrap(), Folder::Classes { parts: [None, None, None] });
        let (_kept, root) = made(&["train/pos/1.txt", "train/neg/1.txt", "test/pos/1.txt", "imdb.vocab"]);
        let parts = [Some("train".to_owned()), None, Some("test".to_owned())];
        assert_eq!(folder(&root).unwrap(), Folder::Classes { parts });
        let (_kept, root) = made(&["b.txt", "a.txt"]);
        assert_eq!(folder(&root).unwrap(), Folder::Texts(vec![root.join("a.txt"), root.join("b.txt")]));
        let (_kept, root) = made(&["README.md"]);
        assert!(folder(&root).unwrap_err().to_string().contains("neither tables nor texts"));
    }

    #[test]
    fn a_packed_folder_depends_on_its_contents_alone() {
        let pack = |names: &[&str]| {
            let (_kept, root) = made(names);
            let to = root.join("packed.tar.gz");
            pack_classes(&root, &[None, None, None], &to).unwrap();
            fs_err::read(to).unwrap()
        };
        assert_eq!(pack(&["pos/1.txt", "neg/1.txt"]), pack(&["neg/1.txt", "pos/1.txt"]));
    }
}
