//! Data set manifests, `datasets/<name>.yaml`: source, licence and reader of the data.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DataError;
use sparsegate_spec::types::Reading;
use sparsegate_spec::yaml;

mod check;
mod dialect;
mod labelled;
mod plain;
mod reader;
mod scalar;

pub use dialect::{Encoding, Escape, Newlines, Separator};
pub use labelled::{EmptyTexts, Folders, HoldOut, LabelledTexts, Table, TableFormat, TextSource, Tokens};
pub use plain::{PlainText, Shares, SymbolUnit};
pub use reader::{Planted, PlantedTexts, Reader, WordVectors};
pub use scalar::{Column, Columns, Label};

pub(crate) use reader::LARGEST_VECTOR;

/// A dataset manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name of the data set; the file is called `<name>.yaml`.
    pub name: String,
    /// One-line description of the data.
    pub about: String,
    /// Web page about the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// Licence of the data.
    pub licence: Licence,
    /// How files are read, or which generator makes the data.
    pub reader: Reader,
    /// The files by role; the roles depend on the reader. Empty for a generator.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, DataFile>,
    /// How training, validation and test parts were split, in words.
    pub split: String,
}

/// Licence of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// Name of the licence or agreement, if possible as an SPDX expression.
    pub name: String,
    /// Whether the data may be redistributed.
    pub redistribution: bool,
    /// The terms in words.
    pub terms: String,
}

/// One file of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataFile {
    /// Path of the file in the cache and in a mirror: relative, with `/`, without `..`.
    pub path: String,
    /// The canonical URL; omitted if the file has no public address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Size, bytes.
    pub bytes: u64,
    /// SHA-256 of the contents, 64 lower-case hex digits.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub sha256: String,
    /// Accepted alternative files that hold the same data, such as a repacked archive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<FileCopy>,
}

/// An accepted alternative to a [`DataFile`] that holds the same data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileCopy {
    /// Size, bytes.
    pub bytes: u64,
    /// SHA-256, 64 lower-case hex digits.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub sha256: String,
}

impl DataFile {
    /// Size and checksum of every accepted file, the canonical one first.
    pub fn accepted(&self) -> impl Iterator<Item = (u64, &str)> {
        let copies = self.copies.iter().map(|copy| (copy.bytes, copy.sha256.as_str()));
        std::iter::once((self.bytes, self.sha256.as_str())).chain(copies)
    }

    /// Whether one of the accepted files has this size.
    pub fn has_size(&self, bytes: u64) -> bool {
        self.accepted().any(|(accepted, _)| accepted == bytes)
    }
}

impl Manifest {
    /// The folder of the manifests under `root`.
    pub fn folder(root: &Utf8Path) -> Utf8PathBuf {
        root.join("datasets")
    }

    /// Reads and checks `<root>/datasets/<name>.yaml`.
    ///
    /// # Errors
    /// No such manifest (the message lists the existing ones), a manifest that does not parse, or values that are
    /// invalid or contradict each other.
    pub fn load(root: &Utf8Path, name: &str) -> Result<Self, DataError> {
        let folder = Self::folder(root);
        let file = folder.join(format!("{name}.yaml"));
        if !is_name(name) || !file.is_file() {
            return Err(DataError::UnknownDataset { name: name.to_owned(), folder, known: Self::names(root)? });
        }
        Self::from_text(&file, &yaml::read(&file)?)
    }

    /// Parses and checks the text of a manifest; `file` is its path, which need not exist yet.
    ///
    /// # Errors
    /// A manifest that does not parse, or values that are invalid or contradict each other.
    pub fn from_text(file: &Utf8Path, text: &str) -> Result<Self, DataError> {
        let manifest: Self = yaml::parse(file, text)?;
        manifest.check(file)?;
        Ok(manifest)
    }

    /// Names of all manifests under `root`, sorted.
    ///
    /// # Errors
    /// A folder that exists but cannot be read.
    pub fn names(root: &Utf8Path) -> Result<Vec<String>, DataError> {
        let folder = Self::folder(root);
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for entry in fs_err::read_dir(&folder)? {
            let name = entry?.file_name();
            if let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".yaml")).filter(|name| is_name(name)) {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// The files with their roles, in reading order.
    pub fn files_in_order(&self) -> impl Iterator<Item = (&'static str, &DataFile)> {
        self.reader.roles().iter().filter_map(|role| Some((*role, self.files.get(*role)?)))
    }

    /// blake3 over everything the symbol ids depend on, as lower-case hex.
    ///
    /// That is the reader with its parameters and version, and the checksum of each file in reading order. Reads no
    /// data file. Descriptions, addresses and licence do not enter.
    pub fn content_hash(&self) -> String {
        let mut text = format!("{} {}\n{}", self.reader.key(), self.reader.version(), self.reader.parameters());
        for (role, file) in self.files_in_order() {
            text.extend([role, " ", &file.sha256, "\n"]);
        }
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }

    /// [`Manifest::content_hash`] for a spec whose `reading` options deviate from the manifest.
    pub fn content_hash_read(&self, reading: Reading) -> String {
        let plain = self.content_hash();
        if reading.is_plain() {
            return plain;
        }
        let Reading { lose_first_row, shift_ids } = reading;
        let text = format!("{plain}\nlose_first_row {lose_first_row} shift_ids {shift_ids}\n");
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }
}

/// Whether `name` is a valid data set name: letters, digits, `-`, `_` and `.`, not beginning with a dot.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This package's folder.
    fn shipped() -> &'static Utf8Path {
        Utf8Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
    }

    fn load(name: &str, text: &str) -> Result<Manifest, DataError> {
        let root = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(root.path()).unwrap();
        fs_err::create_dir_all(root.join("datasets")).unwrap();
        fs_err::write(root.join("datasets").join(format!("{name}.yaml")), text).unwrap();
        Manifest::load(root, name)
    }

    fn word_ptb() -> String {
        fs_err::read_to_string(shipped().join("datasets/word-ptb.yaml")).unwrap()
    }

    fn why(text: &str) -> String {
        load("word-ptb", text).unwrap_err().to_string()
    }

    #[test]
    fn shipped_manifests_load_and_have_hashes_of_their_own() {
        let names = Manifest::names(shipped()).unwrap();
        for name in ["char-ptb", "planted-characters", "planted-words", "word-ptb"] {
            assert!(names.iter().any(|known| known == name), "{name}");
        }
        let mut hashes: Vec<String> =
            names.iter().map(|name| Manifest::load(shipped(), name).unwrap().content_hash()).collect();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), names.len());
    }

    #[test]
    fn the_hash_depends_on_what_the_ids_depend_on() {
        let hash = |text: &str| load("word-ptb", text).unwrap().content_hash();
        let text = word_ptb();
        assert_eq!(hash(&text), hash(&text.replace("https://raw", "https://elsewhere")));
        assert_eq!(hash(&text), hash(&text.replace("about: ", "about: The ")));
        assert_ne!(hash(&text), hash(&text.replace("sha256: f", "sha256: e")));
        assert_ne!(hash(&text), hash(&text.replace("reader: ptb-words", "reader: ptb-characters")));
    }

    #[test]
    fn an_unknown_data_set_lists_the_known_ones() {
        for name in ["imbd", "", "../datasets/word-ptb", ".hidden"] {
            let error = Manifest::load(shipped(), name).unwrap_err();
            assert!(error.to_string().contains("there are agnews, "), "{error}");
            assert!(error.is_users_mistake());
        }
    }

    #[test]
    fn contradictions_name_file_and_field() {
        let text = word_ptb();
        let cases = [
            ("name: word-ptb", "name: other", "name: `other` is not the file's name"),
            ("path: ptb/", "path: /ptb/", "files.test.path: `/ptb/ptb.test.txt` must be relative"),
            ("path: ptb/", "path: ../", "files.test.path"),
            ("path: ptb/", "path: c:/", "files.test.path"),
            ("sha256: f", "sha256: F", "files.train.sha256: it must be 64 lower-case hex digits"),
            ("https://raw", "ftp://raw", "files.test.url"),
            ("\n  test:", "\n  tset:", "files: the reader ptb-words needs a file `test`"),
        ];
        for (from, to, message) in cases {
            assert!(text.contains(from));
            let error = why(&text.replace(from, to));
            assert!(error.contains(message) && error.contains("word-ptb.yaml"), "{error}");
        }
        let generated = "reader:\n  planted-words: { seed: 1, train: 1, valid: 0, test: 1 }";
        assert!(why(&text.replace("reader: ptb-words", generated)).contains("does not use it; remove it"));
        let files = text.find("files:").unwrap()..text.find("split:").unwrap();
        let mut empty = text.clone();
        empty.replace_range(files, "");
        assert!(why(&empty.replace("reader: ptb-words", generated)).contains("reader.planted-words.valid: 0 symbols"));
    }

    #[test]
    fn numbers_that_cannot_be_meant_are_refused() {
        let with = |name: &str, from: &str, to: &str| {
            let text = fs_err::read_to_string(shipped().join(format!("datasets/{name}.yaml"))).unwrap();
            assert!(text.contains(from), "{name}");
            load(name, &text.replace(from, to)).map_err(|error| error.to_string())
        };
        let size = |size: &str| with("glove-6b-50d-part", "size: 50 }\n", &format!("size: {size} }}\n"));
        assert!(size("65536").is_ok());
        assert!(size("0").unwrap_err().contains("reader.glove-text.size: 0 is too small"));
        let words = |words: &str| with("agnews", "words: 20000\n", &format!("words: {words}\n"));
        assert!(words("1000000000").is_ok());
        for (found, expected) in [
            (size("65537"), "reader.glove-text.size: 65537 is too large; write how many numbers a vector has"),
            (size("18446744073709551615"), "reader.glove-text.size: 18446744073709551615 is too large"),
            (words("1000000001"), "reader.labelled-texts.words: 1000000001 is too large; write 1000000000 or less"),
            (words("18446744073709551615"), "reader.labelled-texts.words: 18446744073709551615 is too large"),
        ] {
            let why = found.unwrap_err();
            assert!(why.contains(expected), "{why}\n{expected}");
        }
    }

    #[test]
    fn misspelt_keys_are_told_with_their_place() {
        let error = why(&word_ptb().replace("homepage:", "homepgae:"));
        assert!(error.contains("homepgae") && error.contains("word-ptb.yaml"), "{error}");
        assert!(!why(&word_ptb().replace("ptb-words", "ptb-wrods")).is_empty());
    }
}
