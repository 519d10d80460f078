//! Checks of a manifest's values beyond their types.

use camino::Utf8Path;

use super::labelled::{Folders, LabelledTexts, Table, TableFormat, TextSource, Tokens};
use super::plain::{PlainText, SymbolUnit};
use super::reader::{LARGEST_VECTOR, Reader};
use super::scalar::Column;
use super::{DataFile, Manifest};
use crate::DataError;
use crate::readers::common_label;

/// An error is the path of a value, and what is wrong with it and how to fix it.
type Checked = Result<(), (String, String)>;

impl Manifest {
    /// Checks the values of the manifest read from `file`, and that they do not contradict each other.
    pub(super) fn check(&self, file: &Utf8Path) -> Result<(), DataError> {
        let invalid = |(field, problem)| DataError::InvalidManifest { file: file.to_owned(), field, problem };
        if file.file_stem() != Some(&self.name) {
            let problem = format!("`{}` is not the file's name; rename one of them", self.name);
            return Err(invalid(("name".into(), problem)));
        }
        roles(self).map_err(invalid)?;
        for (role, data) in &self.files {
            data_file(data).map_err(|(key, problem)| invalid((format!("files.{role}.{key}"), problem)))?;
        }
        let checked = match &self.reader {
            Reader::PtbWords | Reader::PtbCharacters => Ok(()),
            Reader::PlainText(text) => plain_text(text),
            Reader::LabelledTexts(texts) => labelled_texts(texts),
            Reader::PlantedWords(p) | Reader::PlantedCharacters(p) => {
                generated("symbols", MOST_SYMBOLS, [("train", p.train), ("valid", p.valid), ("test", p.test)])
            }
            Reader::PlantedTexts(p) => {
                generated("texts", MOST_TEXTS, [("train", p.train), ("valid", p.valid), ("test", p.test)])
            }
            Reader::GloveText(vectors) | Reader::Word2vecText(vectors) | Reader::Word2vecBinary(vectors) => {
                vector_size(vectors.size)
            }
        };
        checked.map_err(|(field, problem)| invalid((format!("reader.{}.{field}", self.reader.key()), problem)))
    }
}

/// Checks that each role comes from exactly one source: a file of its own, or a share of another file.
fn roles(manifest: &Manifest) -> Checked {
    let (reader, key) = (&manifest.reader, manifest.reader.key());
    for role in reader.roles() {
        match (manifest.files.contains_key(*role), reader.instead_of(role)) {
            (true, Some(share)) => {
                let problem = format!("the file `{role}` provides that part already; remove the file or the share");
                return Err((format!("reader.{key}.{share}.{role}"), problem));
            }
            (false, None) => return Err(("files".into(), missing(reader, role))),
            _ => {}
        }
    }
    match manifest.files.keys().find(|role| !reader.roles().contains(&role.as_str())) {
        Some(role) => Err((format!("files.{role}"), format!("the reader {key} does not use it; remove it"))),
        None => Ok(()),
    }
}

fn missing(reader: &Reader, role: &str) -> String {
    let share = match reader {
        Reader::PlainText(_) if role != "train" => format!(", or cut it off with `shares: {{ {role}: 0.1 }}`"),
        Reader::LabelledTexts(_) if matches!(role, "valid" | "test") => {
            format!(", or cut it off with `hold_out: {{ seed: 1, {role}: 0.1 }}`")
        }
        _ => String::new(),
    };
    format!("the reader {} needs a file `{role}`; add it{share}", reader.key())
}

/// Largest generated part, symbols or texts. They are in memory as a whole, and a manifest of a few lines must not ask for
/// all of it.
const MOST_SYMBOLS: usize = 100_000_000;
const MOST_TEXTS: usize = 5_000_000;

/// Largest number of words kept. Ids have 32 bits, and some are not of words.
const MOST_WORDS: usize = 1_000_000_000;

/// Checks the sizes of generated parts; `what` is their unit, of which a part has `most` at most.
fn generated(what: &str, most: usize, sizes: [(&str, usize); 3]) -> Checked {
    sizes.iter().try_for_each(|(key, size)| {
        let range = format!("{size} {what}; it must be from 1 to {most}");
        require(*size > 0 && *size <= most, key, &range)
    })
}

fn vector_size(size: usize) -> Checked {
    require(size > 0, "size", "0 is too small; write how many numbers a vector has")?;
    let problem = format!("{size} is too large; write how many numbers a vector has, at most {LARGEST_VECTOR}");
    require(size <= LARGEST_VECTOR, "size", &problem)
}

fn data_file(file: &DataFile) -> Checked {
    let path = format!("`{}` must be relative, with `/` and without `..`", file.path);
    require(is_inside(&file.path), "path", &path)?;
    let hex = |sum: &str| sum.len() == 64 && sum.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let digits = "it must be 64 lower-case hex digits, as `sha256sum` prints them";
    require(hex(&file.sha256), "sha256", digits)?;
    for (index, copy) in file.copies.iter().enumerate() {
        require(hex(&copy.sha256), &format!("copies[{index}].sha256"), digits)?;
    }
    let url = file.url.as_deref().unwrap_or("https://");
    let web = url.starts_with("https://") || url.starts_with("http://");
    require(web, "url", &format!("`{url}` must begin with https:// or http://"))
}

fn plain_text(text: &PlainText) -> Checked {
    if let (SymbolUnit::Character, Some(_)) = (text.unit, &text.tokens) {
        return Err(("tokens".into(), "it applies to words only; remove it".into()));
    }
    if let Some(rule) = &text.tokens {
        require(*rule != Tokens::Characters, "tokens", "characters are a unit of plain text; write `unit: character`")?;
        tokens(rule)?;
    }
    at_least_one("vocabulary", text.vocabulary.map(|n| n as u64))?;
    at_least_one("min_count", text.min_count)?;
    text.shares.as_ref().map_or(Ok(()), |shares| leaves_some("shares", shares.valid, shares.test))
}

fn labelled_texts(texts: &LabelledTexts) -> Checked {
    match &texts.from {
        TextSource::Table(shape) => table(shape).map_err(|(key, problem)| (format!("from.table.{key}"), problem))?,
        TextSource::Folders(paths) => {
            folders(texts, paths).map_err(|(key, problem)| (format!("from.folders.{key}"), problem))?;
        }
    }
    classes(texts)?;
    tokens(&texts.tokens)?;
    at_least_one("words", texts.words.map(|n| n as u64))?;
    if let Some(words) = texts.words {
        let problem = format!("{words} is too large; write {MOST_WORDS} or less, or remove it to keep all words");
        require(words <= MOST_WORDS, "words", &problem)?;
    }
    at_least_one("min_count", texts.min_count)?;
    at_least_one("length", texts.length.map(|n| n as u64))?;
    let room = texts.length != Some(1) || !texts.start_symbol;
    require(room, "length", "a length of 1 holds only `<start>`; write 2 or more")?;
    texts.hold_out.as_ref().map_or(Ok(()), |held_out| leaves_some("hold_out", held_out.valid, held_out.test))
}

fn table(table: &Table) -> Checked {
    let format = table.format.name();
    let separated = matches!(table.format, TableFormat::Csv | TableFormat::Tsv);
    require(separated || table.header, "header", &format!("{format} has no header row; remove it"))?;
    require(!table.text.0.is_empty(), "text", "it names no column; name the column of the text")?;
    for (key, given, fits, formats) in [
        ("separator", table.separator.is_some(), table.format == TableFormat::Csv, "csv"),
        ("quotes", table.quotes.is_some(), separated, "csv and tsv"),
        ("escape", table.escape.is_some(), separated, "csv and tsv"),
        ("encoding", table.encoding.is_some(), table.format != TableFormat::Parquet, "text formats"),
        ("newlines", table.newlines.is_some(), table.format != TableFormat::Parquet, "text formats"),
    ] {
        require(!given || fits, key, &format!("it applies to {formats} only; remove it"))?;
    }
    let quoted = table.quotes.unwrap_or(table.format == TableFormat::Csv);
    require(table.escape.is_none() || quoted, "escape", "quotes are off; write `quotes: true`, or remove it")?;
    for (key, column) in table.text.0.iter().map(|column| ("text", column)).chain([("label", &table.label)]) {
        match column {
            Column::Number(0) => return Err((key.into(), "columns are counted from 1".into())),
            Column::Number(_) if table.format == TableFormat::Jsonl => {
                return Err((key.into(), format!("the keys of a JSON object have no order; name {column}")));
            }
            Column::Name(name) if !table.header => {
                return Err((
                    key.into(),
                    format!(
                        "the table has no header, so there is no column `{name}`; write the column's number, from 1"
                    ),
                ));
            }
            _ => {}
        }
        if key == "text" && *column == table.label {
            return Err((key.into(), format!("column {column} is the label and cannot be part of the text")));
        }
    }
    Ok(())
}

fn folders(texts: &LabelledTexts, folders: &Folders) -> Checked {
    let parts = [("train", Some(&folders.train)), ("valid", folders.valid.as_ref()), ("test", folders.test.as_ref())];
    for (part, folder) in parts {
        let held_out = texts.hold_out.as_ref().is_some_and(|held_out| held_out.of(part) > 0.0);
        match folder {
            Some(_) if held_out => {
                return Err((part.into(), "it is held out already; remove the folder or the share".into()));
            }
            None if !held_out => {
                let problem =
                    format!("the folder is missing; add it, or cut it off with `hold_out: {{ seed: 1, {part}: 0.1 }}`");
                return Err((part.into(), problem));
            }
            Some(path) if !is_inside(path) => {
                return Err((
                    part.into(),
                    format!("`{path}` must be relative, without `..` and without `/` at its end"),
                ));
            }
            _ => {}
        }
        if part != "train" && folder == Some(&folders.train) {
            return Err((part.into(), "it is the folder of the training texts; name another".into()));
        }
    }
    Ok(())
}

fn classes(texts: &LabelledTexts) -> Checked {
    let Some(classes) = &texts.classes else {
        return require(
            texts.class_names.is_none(),
            "class_names",
            "list the labels in `classes`, in the order of the names",
        );
    };
    require(classes.len() >= 2, "classes", "a classifier needs at least two classes")?;
    let common: Vec<String> = classes.iter().map(|label| common_label(&label.0)).collect();
    if let Some(twice) = (0..classes.len()).find(|&at| common[..at].contains(&common[at])) {
        return Err(("classes".into(), format!("`{}` is listed twice; remove one", classes[twice].0)));
    }
    let names = texts.class_names.as_ref().map_or(classes.len(), Vec::len);
    let problem = format!("{names} names for {} classes; write one name a class", classes.len());
    require(names == classes.len(), "class_names", &problem)
}

fn tokens(tokens: &Tokens) -> Checked {
    let Tokens::Split(pattern) = tokens else { return Ok(()) };
    match regex::Regex::new(pattern) {
        Ok(pattern) => require(!pattern.is_match(""), "tokens.split", "it matches the empty string; add a `+`"),
        Err(error) => {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            Err(("tokens.split".into(), format!("`{pattern}` is not a regular expression: {why}")))
        }
    }
}

fn leaves_some(key: &str, valid: f64, test: f64) -> Checked {
    for (part, share) in [("valid", valid), ("test", test)] {
        let problem = format!("{share} is out of range; it must be at least 0 and below 1");
        require((0.0..1.0).contains(&share), &format!("{key}.{part}"), &problem)?;
    }
    require(valid + test < 1.0, key, "the shares leave nothing to train on; lower them")
}

fn at_least_one(key: &str, value: Option<u64>) -> Checked {
    require(value != Some(0), key, "0 is too small; write 1 or more, or remove it")
}

fn require(holds: bool, key: &str, problem: &str) -> Checked {
    if holds { Ok(()) } else { Err((key.to_owned(), problem.to_owned())) }
}

/// Whether a path is relative and stays inside its folder, on every operating system.
fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\\', ':'])
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}
