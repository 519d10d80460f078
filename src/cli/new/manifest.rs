//! The text of a new manifest.

use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::quoted;
use crate::cli::CliError;
use sparsegate_data::manifest::{Column, Escape, Newlines, Tokens};
use sparsegate_data::sha256_of;
use sparsegate_data::sniff::Look;

/// A user's file, as described by an entry of a manifest's `files:`.
pub(super) struct File {
    pub(super) role: &'static str,
    /// Where the user's file lies.
    pub(super) from: Utf8PathBuf,
    name: String,
    pub(super) bytes: u64,
    sha256: String,
}

impl File {
    /// Reads the file's size and checksum.
    pub(super) fn of(from: &Utf8Path, role: &'static str) -> Result<Self, CliError> {
        let bytes = fs_err::metadata(from).map_err(CliError::data)?.len();
        let name = from.file_name().unwrap_or("file").replace(['\\', ':'], "_");
        Ok(Self { role, from: from.to_owned(), name, bytes, sha256: sha256_of(from)? })
    }

    /// The files of the training data and of the parts that have a file of their own.
    pub(super) fn parts(
        train: &Utf8Path,
        valid: Option<&Utf8Path>,
        test: Option<&Utf8Path>,
    ) -> Result<Vec<Self>, CliError> {
        let given = [("train", Some(train)), ("valid", valid), ("test", test)];
        let mut files: Vec<Self> =
            given.into_iter().filter_map(|(role, from)| Some(Self::of(from?, role))).collect::<Result<_, _>>()?;
        for index in 1..files.len() {
            if let Some(same) = files[..index].iter().find(|other| other.sha256 == files[index].sha256) {
                let error = CliError::usage(format!("{} and {} have the same contents", same.from, files[index].from));
                return Err(
                    error.help("name different files, or leave one out to hold a part out of the training data")
                );
            }
            // Files of one name from different folders get different names in the cache.
            if files[..index].iter().any(|other| other.name == files[index].name) {
                files[index].name = format!("{}-{}", files[index].role, files[index].name);
            }
        }
        Ok(files)
    }
}

/// The whole manifest; `reader` is the YAML below `reader:`, indented by two spaces.
pub(super) fn text(name: &str, about: &str, reader: &str, files: &[File], split: &str) -> String {
    let entry = |file: &File| {
        let File { role, name: file_name, bytes, sha256, .. } = file;
        let path = quoted(&format!("{name}/{file_name}"));
        format!("  {role}:\n    path: {path}\n    bytes: {bytes}\n    sha256: {sha256}\n")
    };
    format!(
        "# Written by `sparsegate new`; docs/data.md explains the keys.\n\
         name: {name}\n\
         about: {about}\n\
         # Fill in the licence before you share the data.\n\
         licence: {{ name: unknown, redistribution: false, terms: not stated }}\n\
         reader:\n{reader}\
         # No URL: the file is already cached. On another machine, add it with `sparsegate data import {name} FILE`.\n\
         files:\n{files}\
         split: {split}\n",
        about = quoted(about),
        files = files.iter().map(entry).collect::<String>(),
        split = quoted(split),
    )
}

/// The reader of labelled texts in a table.
pub(super) struct Labelled<'a> {
    /// The YAML of `from:`, on one line.
    pub(super) from: &'a str,
    /// How texts fall into words.
    pub(super) tokens: &'a Tokens,
    /// Limit of the vocabulary.
    pub(super) words: Option<usize>,
    /// Limit of the symbols per text.
    pub(super) length: Option<usize>,
    /// Parts that are held out of the training texts.
    pub(super) hold_out: &'a [&'static str],
    /// Whether they are held out class by class.
    pub(super) stratified: bool,
    /// Whether texts without a label are left out.
    pub(super) skip_unlabelled: bool,
}

/// The format and columns of a table of labelled texts.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    pub(super) format: &'a str,
    /// Whether the first row names the columns; `None` for formats without a header.
    pub(super) header: Option<bool>,
    pub(super) text: &'a Column,
    pub(super) label: &'a Column,
    pub(super) look: &'a Look,
}

impl Table<'_> {
    /// The YAML of `from:`, on one line.
    pub(super) fn yaml(&self) -> String {
        let Table { format, header, text, label, look } = *self;
        let mut keys = vec![format!("format: {format}")];
        keys.extend(header.map(|header| format!("header: {header}")));
        keys.extend([format!("text: {}", column(text)), format!("label: {}", column(label))]);
        let separator = |byte: u8| quoted(&char::from(byte).to_string());
        keys.extend(look.separator.map(|found| format!("separator: {}", separator(found.byte()))));
        keys.extend(look.quotes.map(|quotes| format!("quotes: {quotes}")));
        keys.extend(look.escape.map(|Escape::Backslash| "escape: backslash".to_owned()));
        keys.extend(text_keys(look));
        format!("table: {{ {} }}", keys.join(", "))
    }
}

impl Labelled<'_> {
    /// The YAML below `reader:`.
    pub(super) fn reader(&self) -> String {
        let tokens = match self.tokens {
            Tokens::Split(pattern) => {
                format!("{{ split: '{}' }} # words are runs of letters, digits and _", pattern.replace('\'', "''"))
            }
            Tokens::UnicodeWords => "unicode-words # words by the rules of Unicode, a Han character each".to_owned(),
            Tokens::Characters => "characters # what a reader sees as one character".to_owned(),
            Tokens::Blanks => "blanks".to_owned(),
            Tokens::Keras => "keras".to_owned(),
        };
        let mut yaml =
            format!("  labelled-texts:\n    from:\n      {}\n    tokens: {tokens}\n    lower: true\n", self.from);
        if let Some(words) = self.words {
            let _ = writeln!(yaml, "    words: {words} # the most frequent ones; the others are <unk>");
        }
        if let Some(length) = self.length {
            let _ = writeln!(
                yaml,
                "    length: {length} # symbols kept per text: the 95th percentile of the training texts, at most 400"
            );
        }
        yaml += "    empty_texts: unknown # a text without a word is one <unk>\n";
        if self.skip_unlabelled {
            yaml += "    skip_unlabelled: true # texts without a label are left out\n";
        }
        if !self.hold_out.is_empty() {
            let parts: Vec<String> = self.hold_out.iter().map(|part| format!("{part}: 0.1")).collect();
            let stratified = if self.stratified { ", stratified: true" } else { "" };
            let why = if self.stratified { " # spread over the classes, of which some are small" } else { "" };
            let _ = writeln!(yaml, "    hold_out: {{ seed: 0, {}{stratified} }}{why}", parts.join(", "));
        }
        yaml
    }
}

fn column(column: &Column) -> String {
    match column {
        Column::Name(name) => quoted(name),
        Column::Number(number) => number.to_string(),
    }
}

/// The keys of the encoding and the line ends.
fn text_keys(look: &Look) -> impl Iterator<Item = String> {
    let encoding = look.encoding.map(|encoding| format!("encoding: {}", encoding.name()));
    encoding.into_iter().chain(look.newlines.map(|Newlines::Cr| "newlines: cr".to_owned()))
}

/// The reader of a plain text, of which some parts are cut off the end.
pub(super) fn plain(
    words: bool,
    min_count: Option<u64>,
    vocabulary: Option<usize>,
    look: &Look,
    cut: &[&'static str],
) -> String {
    let mut yaml = String::from("  plain-text:\n");
    yaml += if words { "    unit: word\n    tokens: blanks\n" } else { "    unit: character\n" };
    if let Some(count) = min_count {
        let _ = writeln!(yaml, "    min_count: {count} # rarer symbols are <unk>, so that <unk> is trained");
    }
    if let Some(vocabulary) = vocabulary {
        let _ = writeln!(yaml, "    vocabulary: {vocabulary} # the most frequent symbols; the others are <unk>");
    }
    for key in text_keys(look) {
        let _ = writeln!(yaml, "    {key}");
    }
    if !cut.is_empty() {
        let parts: Vec<String> = cut.iter().map(|part| format!("{part}: 0.05")).collect();
        let _ = writeln!(yaml, "    shares: {{ {} }} # cut off the end", parts.join(", "));
    }
    yaml
}
