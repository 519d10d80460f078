//! `new`: writes a manifest and an experiment for a user's file, from a guess at its format.

mod experiment;
mod manifest;
mod task;
mod vectors;

use std::io::Write;
use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, Subcommand, ValueEnum};

use super::CliError;
use super::args::Global;
use sparsegate_data::Cache;
use sparsegate_data::manifest::Manifest;

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

#[derive(Debug, Args)]
struct TaskArgs {
    /// Name of the new data set and experiment
    #[arg(value_name = "NAME")]
    name: String,
    /// What the model predicts
    #[arg(long, value_name = "KIND")]
    kind: Kind,
    /// The file: CSV, TSV, JSON lines, Parquet or, for a language model, plain text
    #[arg(long, value_name = "FILE")]
    from: Utf8PathBuf,
    /// The column with the text, by name or number from 1 [default: the one with the longest values]
    #[arg(long, value_name = "COLUMN")]
    text: Option<String>,
    /// The column with the label, by name or number from 1 [default: one with a usual name, or with the fewest distinct
    /// values]
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// Replace an existing manifest and experiment of that name
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
struct VectorsArgs {
    /// Name of the new manifest
    #[arg(value_name = "NAME")]
    name: String,
    /// The file: `GloVe` text or word2vec binary
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
fn check(name: &str, from: &Utf8Path, targets: &[&Utf8Path], force: bool) -> Result<(), CliError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > 100 || !name.chars().all(plain) || name.starts_with(['.', '-']) {
        return Err(CliError::usage(format!("`{name}` cannot be the name of a data set"))
            .help("use letters, digits, `-`, `_` and `.`, such as my-task"));
    }
    if !from.is_file() {
        return Err(CliError::usage(format!("there is no file {from}")).help("name an existing file with --from"));
    }
    match targets.iter().find(|target| target.exists() && !force) {
        Some(there) => {
            let error = CliError::usage(format!("{there} already exists"));
            Err(error.help("choose another name, or replace it with --force"))
        }
        None => Ok(()),
    }
}

/// A copy of a user's file in the cache, which is removed on drop unless [`Cached::keep`] is called.
struct Cached {
    path: Utf8PathBuf,
    new: bool,
}

impl Cached {
    /// Copies `from` to the cache path of the manifest's only file.
    fn import(global: &Global, manifest: &Manifest, from: &Utf8Path) -> Result<Self, CliError> {
        let cache = Cache::new(&global.root);
        let path = manifest.files.values().next().map(|file| cache.path(file)).unwrap_or_default();
        let before = path.exists();
        sparsegate_data::import(&global.root, manifest, &[from.to_owned()], &())?;
        Ok(Self { path, new: !before })
    }

    /// Keeps the copy in the cache.
    fn keep(mut self) {
        self.new = false;
    }
}

impl Drop for Cached {
    fn drop(&mut self) {
        if self.new {
            let _ = fs_err::remove_file(&self.path);
            // Removes the folder too, if it is empty.
            let _ = self.path.parent().map(fs_err::remove_dir);
        }
    }
}

/// Writes a file atomically, through a temporary file in the same folder.
fn write(target: &Utf8Path, text: &str) -> Result<(), CliError> {
    let folder = target.parent().unwrap_or(Utf8Path::new("."));
    let attempt = || -> std::io::Result<()> {
        fs_err::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(target).map_err(|error| error.error)?;
        Ok(())
    };
    attempt().map_err(|error| CliError::failed(format!("failed to write {target}: {error}")))
}

/// A text as a quoted YAML scalar, which is always parsed as a string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
