//! The text of a new manifest.

use std::fmt::Write as _;

use camino::Utf8Path;

use super::quoted;
use crate::cli::CliError;
use sparsegate_data::manifest::Column;
use sparsegate_data::sha256_of;

/// A user's file, as described by an entry of a manifest's `files:`.
pub(super) struct File<'a> {
    role: &'a str,
    name: String,
    bytes: u64,
    sha256: String,
}

impl<'a> File<'a> {
    /// Reads the file's size and checksum.
    pub(super) fn of(from: &Utf8Path, role: &'a str) -> Result<Self, CliError> {
        let bytes = fs_err::metadata(from).map_err(CliError::data)?.len();
        let name = from.file_name().unwrap_or("file").replace(['\\', ':'], "_");
        Ok(Self { role, name, bytes, sha256: sha256_of(from)? })
    }
}

/// The whole manifest; `reader` is the YAML below `reader:`, indented by two spaces.
pub(super) fn text(name: &str, about: &str, reader: &str, file: &File<'_>, split: &str) -> String {
    let File { role, name: file_name, bytes, sha256 } = file;
    let path = quoted(&format!("{name}/{file_name}"));
    format!(
        "# Written by `sparsegate new`; docs/data.md explains the keys.\n\
         name: {name}\n\
         about: {about}\n\
         # Fill in the licence before you share the data.\n\
         licence: {{ name: unknown, redistribution: false, terms: not stated }}\n\
         reader:\n{reader}\
         # No URL: the file is already cached. On another machine, add it with `sparsegate data import {name} FILE`.\n\
         files:\n  \
           {role}:\n    \
             path: {path}\n    \
             bytes: {bytes}\n    \
             sha256: {sha256}\n\
         split: {split}\n",
        about = quoted(about),
        split = quoted(split),
    )
}

/// The reader of labelled texts in a table; `words` limits the vocabulary, `length` the symbols per text.
pub(super) fn labelled(table: &Table<'_>, words: Option<usize>, length: Option<usize>) -> String {
    let header = if table.header_key { format!("header: {}, ", table.header) } else { String::new() };
    let mut text = format!(
        "  labelled-texts:\n    \
         from:\n      \
           table: {{ format: {}, {header}text: {}, label: {} }}\n    \
         tokens: {{ split: '\\W+' }} # words are runs of letters, digits and _\n    \
         lower: true\n",
        table.format,
        column(table.text),
        column(table.label),
    );
    if let Some(words) = words {
        let _ = writeln!(text, "    words: {words} # the most frequent ones; the others are <unk>");
    }
    if let Some(length) = length {
        let _ = writeln!(
            text,
            "    length: {length} # symbols kept per text: the 95th percentile of the training texts, at most 400"
        );
    }
    text + "    empty_texts: unknown # a text without a word is one <unk>\n    \
            hold_out: { seed: 0, valid: 0.1, test: 0.1 }\n"
}

/// The format and columns of a table of labelled texts.
pub(super) struct Table<'a> {
    pub(super) format: &'a str,
    /// Whether the format has a `header` key.
    pub(super) header_key: bool,
    pub(super) header: bool,
    pub(super) text: &'a Column,
    pub(super) label: &'a Column,
}

fn column(column: &Column) -> String {
    match column {
        Column::Name(name) => quoted(name),
        Column::Number(number) => number.to_string(),
    }
}

/// The reader of a plain text.
pub(super) fn plain(words: bool, vocabulary: Option<usize>) -> String {
    let mut text = String::from("  plain-text:\n");
    text += if words { "    unit: word\n    tokens: blanks\n" } else { "    unit: character\n" };
    if let Some(vocabulary) = vocabulary {
        let _ = writeln!(text, "    vocabulary: {vocabulary} # the most frequent symbols; the others are <unk>");
    }
    text + "    shares: { valid: 0.05, test: 0.05 } # cut off the end\n"
}
