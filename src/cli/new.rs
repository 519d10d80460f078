//! `new`: writes a manifest and an experiment for a user's file, from a guess at its format.

mod classification;
mod experiment;
mod folder;
mod install;
mod language_model;
mod manifest;
mod preview;
mod settings;
mod tables;
mod task;
mod vectors;

use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, Subcommand, ValueEnum};

use super::CliError;
use super::args::Global;
use sparsegate_data::manifest::{Encoding, Escape, Separator};
use sparsegate_data::sniff::Hints;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct NewArgs {
    #[command(subcommand)]
    command: NewCommand,
}

#[derive(Debug, Subcommand)]
enum NewCommand {
    /// Inspect a file of texts; write a data set manifest and an experiment that is ready to run
    Task(TaskArgs),
    /// Write a manifest of pretrained vectors, for `model.embedding.vectors`
    Vectors(VectorsArgs),
}

/// What the model predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The class of a text.
    Classification,
    /// The next word or character.
    LanguageModel,
}

#[derive(Debug, Clone, Args)]
struct TaskArgs {
    /// Name of the new data set and experiment
    #[arg(value_name = "NAME")]
    name: String,
    /// What the model predicts
    #[arg(long, value_name = "KIND")]
    kind: Kind,
    /// The file: CSV, TSV, JSON (lines of objects or an array), Parquet or, for a language model, plain text, also
    /// compressed (gz, zst, zip); or a folder of such files, or with one subfolder of texts a class
    #[arg(long, value_name = "FILE")]
    from: Utf8PathBuf,
    /// A file of the same format for validation [default: a part of the training data]
    #[arg(long, value_name = "FILE")]
    valid: Option<Utf8PathBuf>,
    /// A file of the same format for the test [default: a part of the training data]
    #[arg(long, value_name = "FILE")]
    test: Option<Utf8PathBuf>,
    /// The column with the text, by name or number from 1 [default: the one with the longest values]
    #[arg(long, value_name = "COLUMN")]
    text: Option<String>,
    /// The column with the label, by name or number from 1 [default: one with a usual name, or with the fewest distinct
    /// values]
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// Whether the first row of a CSV or TSV table names the columns [default: decided from the data]
    #[arg(long, value_name = "ANSWER")]
    header: Option<Answer>,
    /// The encoding of text files, such as windows-1252 [default: UTF-8, or UTF-16 where the file shows it]
    #[arg(long, value_name = "LABEL", value_parser = encoding)]
    encoding: Option<Encoding>,
    /// The character between the values of a CSV table, or `tab` [default: decided from the data]
    #[arg(long, value_name = "CHARACTER", value_parser = separator)]
    separator: Option<Separator>,
    /// How quotes inside a quoted value are escaped, if not by writing them twice
    #[arg(long, value_name = "HOW")]
    escape: Option<EscapeArg>,
    /// Leave out texts without a label, which are an error otherwise
    #[arg(long)]
    skip_unlabelled: bool,
    /// Replace an existing manifest and experiment of that name
    #[arg(long)]
    force: bool,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Answer {
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// How quotes are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EscapeArg {
    /// `\"` is a quote.
    Backslash,
}

impl TaskArgs {
    fn hints(&self) -> Hints {
        let escape = self.escape.map(|EscapeArg::Backslash| Escape::Backslash);
        let plain = self.kind == Kind::LanguageModel;
        Hints { encoding: self.encoding, escape, separator: self.separator, plain }
    }

    /// The first option that says how tables are written, if any is given.
    fn table_option(&self) -> Option<&'static str> {
        let given = [
            ("--text", self.text.is_some()),
            ("--label", self.label.is_some()),
            ("--header", self.header.is_some()),
            ("--separator", self.separator.is_some()),
            ("--escape", self.escape.is_some()),
            ("--skip-unlabelled", self.skip_unlabelled),
        ];
        given.into_iter().find_map(|(option, given)| given.then_some(option))
    }
}

fn encoding(label: &str) -> Result<Encoding, String> {
    Encoding::from_label(label)
        .ok_or_else(|| "not an encoding; examples are windows-1252, iso-8859-2, utf-16le, gbk".into())
}

fn separator(text: &str) -> Result<Separator, String> {
    let text = if text == "tab" { "\t" } else { text };
    let mut characters = text.chars();
    let only = characters.next().filter(|_| characters.next().is_none());
    only.and_then(Separator::new).ok_or_else(|| "write one character, such as ';', or `tab`".into())
}

#[derive(Debug, Args)]
struct VectorsArgs {
    /// Name of the new manifest
    #[arg(value_name = "NAME")]
    name: String,
    /// The file: the text format of `GloVe`, word2vec or fastText, or word2vec's binary one; also compressed
    #[arg(long, value_name = "FILE")]
    from: Utf8PathBuf,
    /// Replace an existing manifest of that name
    #[arg(long)]
    force: bool,
}

/// Runs the command.
///
/// # Errors
/// An invalid name, a missing file, or an existing manifest or experiment of that name (2); a file that cannot be read
/// or used (4). No files are left behind in these cases.
pub fn execute(global: &Global, args: &NewArgs) -> Result<ExitCode, CliError> {
    match &args.command {
        NewCommand::Task(args) => task::execute(global, args),
        NewCommand::Vectors(args) => vectors::execute(global, args),
    }
}

/// Rejects invalid names, missing files and, without `force`, existing targets.
fn check(name: &str, from: &[&Utf8Path], targets: &[&Utf8Path], force: bool) -> Result<(), CliError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > 100 || !name.chars().all(plain) || name.starts_with(['.', '-']) {
        return Err(CliError::usage(format!("`{name}` cannot be the name of a data set"))
            .help("use letters, digits, `-`, `_` and `.`, such as my-task"));
    }
    if let Some(missing) = from.iter().find(|from| !from.is_file()) {
        let what =
            if missing.is_dir() { format!("{missing} is a folder") } else { format!("there is no file {missing}") };
        return Err(CliError::usage(what).help("name an existing file"));
    }
    match targets.iter().find(|target| target.exists() && !force) {
        Some(there) => {
            let error = CliError::usage(format!("{there} already exists"));
            Err(error.help("choose another name, or replace it with --force"))
        }
        None => Ok(()),
    }
}

/// The next command, with words quoted for a shell and with `--root` where it is not the working folder.
fn next_command(global: &Global, words: &[&str]) -> String {
    let mut command: Vec<String> = std::iter::once("sparsegate").chain(words.iter().copied()).map(shell).collect();
    if global.root != "." {
        command.extend(["--root".to_owned(), shell(global.root.as_str())]);
    }
    command.join(" ")
}

/// A word as a shell reads it back.
pub(super) fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=+:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A text as a quoted YAML scalar, which is always parsed as a string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(shell("./experiments/my-task.yaml"), "./experiments/my-task.yaml");
        assert_eq!(shell("my data/it's"), r"'my data/it'\''s'");
        assert_eq!(shell(""), "''");
    }
}
