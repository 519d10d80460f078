//! Folders of files as data sets: one subfolder a class, the parts of a table, or several plain texts.
//!
//! A manifest names one file a part, so the files of a folder are joined into one: class folders into a `.tar.gz`,
//! tables into JSON lines, texts into one text. The result depends on names and contents alone.

mod files;
mod join;
mod parts;

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use crate::DataError;
use parts::{ByPart, by_part, part};

pub(crate) use files::files;
pub(crate) use join::utf8_text;
pub use join::{join_tables, join_texts, pack_classes};

/// What a folder holds. `left_out` names what is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folder {
    /// Text files in one subfolder a class, below the subfolders of the parts or as training texts.
    Classes {
        /// The subfolders of the training, validation and test part; without any, the class folders are for training.
        parts: [Option<String>; 3],
        /// Subfolders beside those of the parts.
        left_out: Vec<String>,
    },
    /// Tables, in the order of their names.
    Tables {
        /// Files of the training, validation and test part, told by their names; those that tell none are for
        /// training, unless others are.
        parts: [Vec<Utf8PathBuf>; 3],
        /// Tables that are not of a part.
        left_out: Vec<Utf8PathBuf>,
    },
    /// Plain texts.
    Texts(TextFiles),
}

/// Plain texts by part, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFiles {
    /// Files of the training, validation and test part. Without a file whose name says that it is for training, all
    /// are.
    pub parts: [Vec<Utf8PathBuf>; 3],
    /// Files that are not of a part.
    pub left_out: Vec<Utf8PathBuf>,
}

/// Looks at a folder. Hidden files, and files that only describe the others (`README`, `LICENSE`), do not count.
///
/// # Errors
/// A folder that cannot be read, or that holds nothing that could be read, or tables beside class folders.
pub fn folder(folder: &Utf8Path) -> Result<Folder, DataError> {
    let files = files(folder)?;
    let unusable = |problem: String| DataError::Unusable { file: folder.to_owned(), problem };
    let inside = |file: &Utf8Path| file.strip_prefix(folder).unwrap_or(file).to_owned();
    let depth = |file: &Utf8PathBuf| inside(file).components().count();
    let (mut tables, others): (Vec<Utf8PathBuf>, Vec<Utf8PathBuf>) =
        files.into_iter().partition(|file| is_table(file, &[".parquet", ".csv", ".tsv", ".tab", ".jsonl", ".ndjson"]));
    let mut others = others;
    if tables.is_empty() {
        // JSON files beside tables describe them more often than not.
        (tables, others) = others.into_iter().partition(|file| is_table(file, &[".json"]));
    }
    let classes: BTreeSet<&Utf8Path> =
        others.iter().filter(|file| depth(file) >= 2).filter_map(|file| file.parent()).collect();
    let is_text = |file: &Utf8PathBuf| file.extension().is_none_or(|end| end.eq_ignore_ascii_case("txt"));
    if let (Some(table), true) = (tables.first(), classes.len() >= 2 && others.iter().any(is_text)) {
        return Err(unusable(format!(
            "the folder holds tables ({}) and folders of other files ({}); name the table with --from, or move the tables away",
            inside(table),
            others.iter().find(|file| depth(file) >= 2).map_or_else(Utf8PathBuf::new, |file| inside(file))
        )));
    }
    if !tables.is_empty() {
        // An empty file has no header, and no row to miss.
        tables.retain(|table| fs_err::metadata(table).map_or(true, |about| about.len() > 0));
        let ByPart { parts, left_out } = by_part(folder, tables);
        return Ok(Folder::Tables { parts, left_out });
    }
    if !others.is_empty() && others.iter().all(|file| depth(file) == 1) {
        return Ok(Folder::Texts(by_training(folder, others)));
    }
    if others.is_empty() {
        let problem = "the folder holds neither tables nor texts nor one folder of texts a class".to_owned();
        return Err(unusable(problem));
    }
    let mut parts = [const { None }; 3];
    let mut left_out: BTreeSet<String> = BTreeSet::new();
    for file in &others {
        let below = inside(file);
        let Some(first) = below.components().next().filter(|_| depth(file) >= 2) else { continue };
        match part(first.as_str()).filter(|_| depth(file) >= 3) {
            Some(part) => {
                parts[part].get_or_insert_with(|| first.as_str().to_owned());
            }
            None => {
                left_out.insert(first.as_str().to_owned());
            }
        }
    }
    let told = parts.iter().flatten().count();
    let part_folders: BTreeSet<String> = others
        .iter()
        .filter(|file| depth(file) >= 3)
        .filter_map(|file| inside(file).components().next().map(|first| first.as_str().to_owned()))
        .filter(|first| part(first).is_some())
        .collect();
    if parts[0].is_none() {
        let both = beside_and_inside(&others, &inside);
        if told > 0 && !both.is_empty() {
            let parts: Vec<String> = part_folders.into_iter().collect();
            let parts = parts.join(", ");
            return Err(unusable(format!(
                "the folder has no subfolder for training beside {parts}, and {} are both beside it and in it; move those \
                 beside it into a subfolder called train, or rename {parts} if it is a class",
                both.join(", ")
            )));
        }
        if told > 0 && left_out.is_empty() {
            let names: Vec<String> = part_folders.into_iter().collect();
            return Err(unusable(format!(
                "the folder has no subfolder for training beside {}; call it train, or name the folder of the classes with --from",
                names.join(", ")
            )));
        }
        // A class may be called `test`.
        return Ok(Folder::Classes { parts: [None, None, None], left_out: Vec::new() });
    }
    left_out.extend(part_folders);
    left_out.retain(|name| !parts.iter().flatten().any(|part| part == name));
    Ok(Folder::Classes { parts, left_out: left_out.into_iter().collect() })
}

/// Names of subfolders that a folder of a part has as well, so that they are the classes of a part without a folder.
fn beside_and_inside(files: &[Utf8PathBuf], inside: &dyn Fn(&Utf8Path) -> Utf8PathBuf) -> Vec<String> {
    let mut beside: BTreeSet<String> = BTreeSet::new();
    let mut below: BTreeSet<String> = BTreeSet::new();
    for file in files {
        let path = inside(file);
        let names: Vec<&str> = path.components().map(|component| component.as_str()).collect();
        match names[..] {
            [first, second, _, ..] if part(first).is_some() => below.insert(second.to_owned()),
            [first, _, ..] if part(first).is_none() => beside.insert(first.to_owned()),
            _ => false,
        };
    }
    beside.intersection(&below).cloned().collect()
}

/// The plain texts below a folder and its subfolders, whatever their endings.
///
/// # Errors
/// A folder that cannot be read.
pub fn text_files(folder: &Utf8Path) -> Result<TextFiles, DataError> {
    Ok(by_training(folder, files(folder)?))
}

fn by_training(folder: &Utf8Path, files: Vec<Utf8PathBuf>) -> TextFiles {
    let sorted = by_part(folder, files.clone());
    // Of a collection of texts, one may be called `test`; only a training text shows that the names tell parts.
    let told = sorted.parts[0].iter().any(|file| parts::part_of(folder, file) == Some(0));
    if told {
        TextFiles { parts: sorted.parts, left_out: sorted.left_out }
    } else {
        TextFiles { parts: [files, Vec::new(), Vec::new()], left_out: Vec::new() }
    }
}

fn is_table(file: &Utf8Path, endings: &[&str]) -> bool {
    let name = file.file_name().unwrap_or_default().to_ascii_lowercase();
    let name = [".gz", ".zst", ".zip"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    endings.iter().any(|end| name.ends_with(end))
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
        let Folder::Tables { parts, .. } = folder(&root).unwrap() else { panic!("tables") };
        assert_eq!(parts.map(|files: Vec<Utf8PathBuf>| files.len()), [2, 0, 1]);
        drop(kept);
        let (_kept, root) = made(&["pos/1.txt", "neg/1.txt", ".git/x"]);
        assert_eq!(folder(&root).unwrap(), Folder::Classes { parts: [None, None, None], left_out: Vec::new() });
        let (_kept, root) = made(&["train/pos/1.txt", "train/neg/1.txt", "test/pos/1.txt", "imdb.vocab"]);
        let parts = [Some("train".to_owned()), None, Some("test".to_owned())];
        assert_eq!(folder(&root).unwrap(), Folder::Classes { parts, left_out: Vec::new() });
        let (_kept, root) = made(&["b.txt", "a.txt"]);
        let parts = [vec![root.join("a.txt"), root.join("b.txt")], Vec::new(), Vec::new()];
        assert_eq!(folder(&root).unwrap(), Folder::Texts(TextFiles { parts, left_out: Vec::new() }));
        let (_kept, root) = made(&["README.md"]);
        assert!(folder(&root).unwrap_err().to_string().contains("neither tables nor texts"));
    }

    #[test]
    fn a_packed_folder_depends_on_its_contents_alone() {
        let pack = |names: &[&str]| {
            let (_kept, root) = made(names);
            let to = root.join("packed.tar.gz");
            pack_classes(&root, &[None, None, None], None, &to).unwrap();
            fs_err::read(to).unwrap()
        };
        assert_eq!(pack(&["pos/1.txt", "neg/1.txt"]), pack(&["neg/1.txt", "pos/1.txt"]));
    }

    #[test]
    fn parts_and_what_is_left_out_are_told_by_names() {
        let (_kept, root) = made(&["train/pos/1.txt", "train/neg/1.txt", "extra/pos/1.txt", "train2/pos/1"]);
        let Folder::Classes { parts, left_out } = folder(&root).unwrap() else { panic!("classes") };
        assert_eq!((parts[0].as_deref(), left_out), (Some("train"), vec!["extra".to_owned(), "train2".to_owned()]));
        // A class may be called `test`, even with folders below.
        let (_kept, root) = made(&["test/a/1.txt", "drive/a/1.txt"]);
        assert_eq!(folder(&root).unwrap(), Folder::Classes { parts: [None, None, None], left_out: Vec::new() });
        let (_kept, root) = made(&["test/pos/1.txt", "test/neg/1.txt"]);
        assert!(folder(&root).unwrap_err().to_string().contains("no subfolder for training beside test"));
        // The classes of a training part without a folder beside those of the test part.
        let (_kept, root) = made(&["pos/1.txt", "neg/1.txt", "test/pos/1.txt", "test/neg/1.txt"]);
        let why = folder(&root).unwrap_err().to_string();
        let expected = "no subfolder for training beside test, and neg, pos are both beside it and in it; move those";
        assert!(why.contains(expected), "{why}");
        let (_kept, root) = made(&["wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens"]);
        let Folder::Texts(texts) = folder(&root).unwrap() else { panic!("texts") };
        assert_eq!(texts.parts.map(|files| files.len()), [1, 1, 1]);
        let (_kept, root) = made(&["chapter.txt", "test.txt"]);
        assert_eq!(text_files(&root).unwrap().parts.map(|files| files.len()), [2, 0, 0]);
    }

    #[test]
    fn tables_beside_class_folders_are_not_guessed_about() {
        let (_kept, root) = made(&["pos/1.txt", "neg/1.txt", "labels.csv"]);
        let why = folder(&root).unwrap_err().to_string();
        assert!(why.contains("tables (labels.csv) and folders of other files (neg/1.txt)"), "{why}");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_never_lost() {
        use std::os::unix::fs::symlink;
        let (_kept, root) = made(&["d/pos/1.txt", "elsewhere/2.txt"]);
        symlink(root.join("elsewhere"), root.join("d/neg")).unwrap();
        symlink(root.join("d"), root.join("d/pos/round")).unwrap();
        let found = files(&root.join("d")).unwrap();
        assert_eq!(found, [root.join("d/neg/2.txt"), root.join("d/pos/1.txt")]);
        let (_kept, pair) = made(&["a/1.txt", "b/2.txt"]);
        symlink(pair.join("b"), pair.join("a/x")).unwrap();
        symlink(pair.join("a"), pair.join("b/y")).unwrap();
        let expected = ["a/1.txt", "a/x/2.txt", "b/2.txt", "b/y/1.txt"].map(|name| pair.join(name));
        assert_eq!(files(&pair).unwrap(), expected, "links into each other's folder");
        symlink(root.join("gone"), root.join("d/pos/3.txt")).unwrap();
        assert!(files(&root.join("d")).unwrap_err().to_string().contains("3.txt: this is a link to a file that"));
    }
}
