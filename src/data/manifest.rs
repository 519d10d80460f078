//! A dataset manifest, `datasets/<name>.yaml`: where the data come from, under which licence, and how they are read.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DataError;
use crate::spec::yaml;

/// A dataset manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name of the data set; the file is called `<name>.yaml`.
    pub name: String,
    /// One line on what the data are.
    pub about: String,
    /// Where a person reads about the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// What may be done with the data.
    pub licence: Licence,
    /// How files become symbols, or which generator makes them.
    pub reader: Reader,
    /// The files by role; which roles there are depends on the reader. Empty for a generator.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, DataFile>,
    /// How training, validation and test parts are told apart, in words.
    pub split: String,
}

/// What may be done with the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// Name of the licence or agreement, an SPDX expression where there is one.
    pub name: String,
    /// Whether the data may be passed on.
    pub redistribution: bool,
    /// The terms in words.
    pub terms: String,
}

/// How files become symbols: one key naming the reader, with its parameters if it has any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reader {
    /// Words of a line split on blanks, then `<eos>`. Roles: `train`, `valid`, `test`.
    PtbWords,
    /// Characters of a line without the blanks at its ends, ' ' as '_', then a newline. Roles: `train`, `valid`, `test`.
    PtbCharacters,
    /// The embedded language, one symbol a word.
    PlantedWords(Planted),
    /// The embedded language, spelled, one symbol a character.
    PlantedCharacters(Planted),
    /// The embedded labelled texts, one symbol a word.
    PlantedTexts(PlantedTexts),
}

/// Parameters of the embedded language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Planted {
    /// Seed of the generator.
    pub seed: u64,
    /// Symbols in the training stream.
    #[schemars(range(min = 1))]
    pub train: usize,
    /// Symbols in the validation stream.
    #[schemars(range(min = 1))]
    pub valid: usize,
    /// Symbols in the test stream.
    #[schemars(range(min = 1))]
    pub test: usize,
}

/// Parameters of the embedded texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlantedTexts {
    /// Seed of the generator.
    pub seed: u64,
    /// Training texts.
    #[schemars(range(min = 1))]
    pub train: usize,
    /// Validation texts.
    #[schemars(range(min = 1))]
    pub valid: usize,
    /// Test texts.
    #[schemars(range(min = 1))]
    pub test: usize,
}

/// One file of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataFile {
    /// Where the file lies in the cache and in a mirror: relative, with `/`, without `..`.
    pub path: String,
    /// The canonical address.
    pub url: String,
    /// Size, bytes.
    pub bytes: u64,
    /// SHA-256 of the contents, 64 lower-case hex digits.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub sha256: String,
}

impl Reader {
    /// The roles a manifest with this reader lists under `files`, in reading order.
    pub fn roles(&self) -> &'static [&'static str] {
        match self {
            Self::PtbWords | Self::PtbCharacters => &["train", "valid", "test"],
            Self::PlantedWords(_) | Self::PlantedCharacters(_) | Self::PlantedTexts(_) => &[],
        }
    }

    /// The reader's key in a manifest.
    pub fn key(&self) -> &'static str {
        match self {
            Self::PtbWords => "ptb-words",
            Self::PtbCharacters => "ptb-characters",
            Self::PlantedWords(_) => "planted-words",
            Self::PlantedCharacters(_) => "planted-characters",
            Self::PlantedTexts(_) => "planted-texts",
        }
    }

    /// Version of the reading rules, raised by hand when the same files would become other ids.
    fn version(&self) -> u32 {
        match self {
            _ => 1,
        }
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
    /// No such manifest (the message lists those there are), a manifest that does not parse, or one that contradicts
    /// itself.
    pub fn load(root: &Utf8Path, name: &str) -> Result<Self, DataError> {
        let folder = Self::folder(root);
        let file = folder.join(format!("{name}.yaml"));
        if !is_name(name) || !file.is_file() {
            return Err(DataError::UnknownDataset { name: name.to_owned(), folder, known: Self::names(root)? });
        }
        let manifest: Self = yaml::parse(&file, &fs_err::read_to_string(&file)?)?;
        manifest.check(&file)?;
        Ok(manifest)
    }

    /// Names of all manifests under `root`, sorted.
    ///
    /// # Errors
    /// A folder that is there but cannot be read.
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

    /// blake3 over everything the symbol ids depend on: the reader with its parameters and version, and the checksum of
    /// each file in reading order. Needs no data file; what is written about source or licence does not enter.
    pub fn content_hash(&self) -> String {
        let generator =
            |seed, [train, valid, test]: [usize; 3]| format!("seed {seed} train {train} valid {valid} test {test}\n");
        let parameters = match &self.reader {
            Reader::PtbWords | Reader::PtbCharacters => String::new(),
            Reader::PlantedWords(p) | Reader::PlantedCharacters(p) => generator(p.seed, [p.train, p.valid, p.test]),
            Reader::PlantedTexts(p) => generator(p.seed, [p.train, p.valid, p.test]),
        };
        let mut text = format!("{} {}\n{parameters}", self.reader.key(), self.reader.version());
        for (role, file) in self.files_in_order() {
            text.extend([role, " ", &file.sha256, "\n"]);
        }
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }

    /// Holds the values against each other.
    fn check(&self, file: &Utf8Path) -> Result<(), DataError> {
        let invalid =
            |field: String, problem: String| Err(DataError::InvalidManifest { file: file.to_owned(), field, problem });
        if file.file_stem() != Some(&self.name) {
            return invalid("name".into(), format!("`{}` is not the file's name; rename one of them", self.name));
        }
        let roles = self.reader.roles();
        if let Some(role) = roles.iter().find(|role| !self.files.contains_key(**role)) {
            return invalid("files".into(), format!("the reader {} needs a file `{role}`; add it", self.reader.key()));
        }
        for (role, data) in &self.files {
            let field = |key: &str| format!("files.{role}.{key}");
            if !roles.contains(&role.as_str()) {
                let problem = format!("the reader {} has no use for it; remove it", self.reader.key());
                return invalid(format!("files.{role}"), problem);
            }
            if !is_inside(&data.path) {
                return invalid(field("path"), format!("`{}` must be relative, with `/` and without `..`", data.path));
            }
            if data.sha256.len() != 64 || !data.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                return invalid(
                    field("sha256"),
                    "it must be 64 lower-case hex digits, as `sha256sum` prints them".into(),
                );
            }
            if !data.url.starts_with("https://") && !data.url.starts_with("http://") {
                return invalid(field("url"), format!("`{}` must begin with https:// or http://", data.url));
            }
        }
        let (what, sizes) = match &self.reader {
            Reader::PlantedWords(p) | Reader::PlantedCharacters(p) => ("symbols", [p.train, p.valid, p.test]),
            Reader::PlantedTexts(p) => ("texts", [p.train, p.valid, p.test]),
            Reader::PtbWords | Reader::PtbCharacters => return Ok(()),
        };
        for (key, size) in ["train", "valid", "test"].into_iter().zip(sizes) {
            if size == 0 || u32::try_from(size).is_err() {
                let problem = format!("{size} {what}; it must be from 1 to {}", u32::MAX);
                return invalid(format!("reader.{}.{key}", self.reader.key()), problem);
            }
        }
        Ok(())
    }
}

/// Whether `name` can be a data set's name: letters, digits, `-`, `_` and `.`, not beginning with a dot.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Whether a manifest's path stays inside the cache, on every operating system.
fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\\', ':'])
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This package's folder.
    fn shipped() -> &'static Utf8Path {
        Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
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
        for name in ["imdb", "", "../datasets/word-ptb", ".hidden"] {
            let error = Manifest::load(shipped(), name).unwrap_err();
            assert!(error.to_string().contains("there are char-ptb, planted-"), "{error}");
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
        assert!(why(&text.replace("reader: ptb-words", generated)).contains("has no use for it; remove it"));
        let files = text.find("files:").unwrap()..text.find("split:").unwrap();
        let mut empty = text.clone();
        empty.replace_range(files, "");
        assert!(why(&empty.replace("reader: ptb-words", generated)).contains("reader.planted-words.valid: 0 symbols"));
    }

    #[test]
    fn misspelt_keys_are_told_with_their_place() {
        let error = why(&word_ptb().replace("homepage:", "homepgae:"));
        assert!(error.contains("homepgae") && error.contains("word-ptb.yaml"), "{error}");
        assert!(!why(&word_ptb().replace("ptb-words", "ptb-wrods")).is_empty());
    }
}
