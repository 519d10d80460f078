//! The text of a manifest.

use std::fmt::Write as _;

use camino::Utf8Path;

use super::quoted;
use crate::cli::CliError;
use sparsegate_data::manifest::Column;
use sparsegate_data::sha256_of;

/// A user's file as a manifest's `files:` entry says it.
pub(super) struct File<'a> {
    role: &'a str,
    name: String,
    bytes: u64,
    sha256: String,
}

impl<'a> File<'a> {
    /// Measures the file.
    pub(super) fn of(from: &Utf8Path, role: &'a str) -> Result<Self, CliError> {
        let bytes = fs_err::metadata(from).map_err(CliError::data)?.len();
        let name = from.file_name().unwrap_or("file").replace(['\\', ':'], "_");
        Ok(Self { role, name, bytes, sha256: sha256_of(from)? })
    }
}

/// The whole manifest: `reader` is the text under `reader:`, indented by two blanks.
pub(super) fn text(name: &str, about: &str, reader: &str, file: &File<'_>, split: &str) -> String {
    let File { role, name: file_name, bytes, sha256 } = file;
    let path = quoted(&format!("{name}/{file_name}"));
    format!(
        "# Written by `sparsegate new`; docs/data.md explains the keys.\n\
         name: {name}\n\
         about: {about}\n\
         # Say what may be done with the data before you pass them on.\n\
         licence: {{ name: unknown, redistribution: false, terms: not stated }}\n\
         reader:\n{reader}\
         # No address: the file is in the cache already. Elsewhere, `sparsegate data import {name} FILE` takes it in.\n\
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

/// The reader of labelled texts in a table; `words` and `length` limit the vocabulary and the texts.
pub(super) fn labelled(table: &Table<'_>, words: Option<usize>, length: Option<usize>) -> String {
    let header = if table.header_key { format!("header: {}, ", table.header) } else { String::new() };
    let mut text = format!(
        "  labelled-texts:\n    \
         from:\n      \
           table: {{ format: {}, {header}text: {}, label: {} }}\n    \
         tokens: {{ split: '\\W+' }} # words are what stands between other characters than letters, digits and _\n    \
         lower: true\n",
        table.format,
        column(table.text),
        column(table.label),
    );
    if let Some(words) = words {
        let _ = writeln!(text, "    words: {words} # the most frequent ones; the others are <unk>");
    }
    if let Some(length) = length {
        let _ = writeln!(text, "    length: {length} # symbols kept of a text; 19 of 20 texts are no longer");
    }
    text + "    empty_texts: unknown # a text without a word is one <unk>\n    \
            hold_out: { seed: 0, valid: 0.1, test: 0.1 }\n"
}

/// Where labelled texts stand.
pub(super) struct Table<'a> {
    pub(super) format: &'a str,
    /// Whether the format asks for `header`.
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
