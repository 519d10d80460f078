//! `new`: a manifest and an experiment from a file that nobody described.

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
    /// Look at a file of texts; write a data set manifest and an experiment that can be run at once
    Task(TaskArgs),
    /// Write a manifest of pretrained vectors, for `model.embedding.vectors`
    Vectors(VectorsArgs),
}

/// What is to be predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The class of a text.
    Classification,
    /// The next word or character.
    LanguageModel,
}

#[derive(Debug, Args)]
struct TaskArgs {
    /// Name of the data set and of the experiment
    #[arg(value_name = "NAME")]
    name: String,
    /// What is predicted
    #[arg(long, value_name = "KIND")]
    kind: Kind,
    /// The file: CSV, TSV, JSON lines, Parquet or, for a language model, plain text
    #[arg(long, value_name = "FILE")]
    from: Utf8PathBuf,
    /// The column of the text, by name or number from 1 [default: the longest values]
    #[arg(long, value_name = "COLUMN")]
    text: Option<String>,
    /// The column of the label, by name or number from 1 [default: a usual name, or the fewest distinct values]
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// Replace a manifest and an experiment of that name
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
struct VectorsArgs {
    /// Name of the manifest
    #[arg(value_name = "NAME")]
    name: String,
    /// The file: `GloVe` text or word2vec binary
    #[arg(long, value_name = "FILE")]
    from: Utf8PathBuf,
    /// Replace a manifest of that name
    #[arg(long)]
    force: bool,
}

/// Runs the command.
///
/// # Errors
/// A name that cannot be used, a file that is not there, something of that name already (2); a file that cannot be read or
/// used (4). Nothing is left behind then.
pub fn execute(global: &Global, args: &NewArgs) -> Result<ExitCode, CliError> {
    match &args.command {
        NewCommand::Task(args) => task::execute(global, args),
        NewCommand::Vectors(args) => vectors::execute(global, args),
    }
}

/// Refuses names that cannot be a file's, files that are not there, and what would be overwritten.
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
            let error = CliError::usage(format!("{there} is there already"));
            Err(error.help("choose another name, or replace it with --force"))
        }
        None => Ok(()),
    }
}

/// A copy of a user's file in the cache, taken away again unless it is kept.
struct Cached {
    path: Utf8PathBuf,
    new: bool,
}

impl Cached {
    /// Copies `from` to where `manifest` has its only file.
    fn import(global: &Global, manifest: &Manifest, from: &Utf8Path) -> Result<Self, CliError> {
        let cache = Cache::new(&global.root);
        let path = manifest.files.values().next().map(|file| cache.path(file)).unwrap_or_default();
        let before = path.exists();
        sparsegate_data::import(&global.root, manifest, &[from.to_owned()], &())?;
        Ok(Self { path, new: !before })
    }

    /// Leaves the copy where it is.
    fn keep(mut self) {
        self.new = false;
    }
}

impl Drop for Cached {
    fn drop(&mut self) {
        if self.new {
            let _ = fs_err::remove_file(&self.path);
            // The folder was made for it; one with other files in it stays.
            let _ = self.path.parent().map(fs_err::remove_dir);
        }
    }
}

/// Writes a file under a temporary name first.
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

/// A text as a YAML scalar that cannot be read as anything else.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
