//! `new task`: writes a data set manifest, a task and an experiment for a file of texts.

use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};

use super::install::install;
use super::manifest::File;
use super::{Kind, TaskArgs, check, classification, folder, language_model, next_command, tables};
use crate::cli::args::Global;
use crate::cli::output;
use crate::cli::terminal_text;
use crate::cli::{CliError, Exit};
use sparsegate_data::manifest::Manifest;
use sparsegate_data::sniff::{self, Format};
use sparsegate_data::{Corpus, DataError, Survey, read_files};

/// The contents of the files to write, and lines that describe the data.
pub(super) struct Proposal {
    pub(super) manifest: String,
    pub(super) task: String,
    pub(super) experiment: String,
    pub(super) files: Vec<File>,
    /// What will be read.
    pub(super) found: Vec<String>,
    /// What may be wrong.
    pub(super) warnings: Vec<String>,
}

/// The files to read, and what the user says about their columns.
pub(super) struct Sources {
    pub(super) train: Utf8PathBuf,
    pub(super) valid: Option<Utf8PathBuf>,
    pub(super) test: Option<Utf8PathBuf>,
    /// Columns of the text and the label, by name or number.
    pub(super) columns: [Option<String>; 2],
}

impl Sources {
    fn of(args: &TaskArgs) -> Self {
        let columns = [args.text.clone(), args.label.clone()];
        Self { train: args.from.clone(), valid: args.valid.clone(), test: args.test.clone(), columns }
    }

    /// The parts without a file of their own.
    pub(super) fn held_out(&self) -> Vec<&'static str> {
        let parts = [("valid", &self.valid), ("test", &self.test)];
        parts.into_iter().filter(|(_, file)| file.is_none()).map(|(part, _)| part).collect()
    }
}

pub(super) fn execute(global: &Global, args: &TaskArgs) -> Result<ExitCode, CliError> {
    let name = &args.name;
    let manifest = Manifest::folder(&global.root).join(format!("{name}.yaml"));
    let spec = global.root.join("experiments").join(format!("{name}.yaml"));
    let task = global.root.join("experiments/tasks").join(format!("{name}.yaml"));
    let given: Vec<&Utf8Path> =
        std::iter::once(&args.from).chain(&args.valid).chain(&args.test).map(Utf8PathBuf::as_path).collect();
    check(name, &given[usize::from(args.from.is_dir())..], &[&manifest, &task, &spec], args.force)?;
    // Files that are made from a folder live here until they are copied into the cache.
    let made = tempfile::tempdir().map_err(CliError::failed)?;
    let made = Utf8Path::from_path(made.path())
        .ok_or_else(|| CliError::failed("the folder for temporary files has no UTF-8 name"))?;
    let proposal = if args.from.is_dir() {
        folder::propose(args, &manifest, made)?
    } else {
        let sources = Sources::of(args);
        match tables::unlike(args, &sources)? {
            Some(parts) => tables::joined(args, &manifest, made, Utf8Path::new(""), &parts)?,
            None => propose(args, &sources, &manifest)?,
        }
    };
    for warning in &proposal.warnings {
        output::message!("warning: {warning}");
    }
    output::print(&terminal_text::escaped(&(proposal.found.join("\n") + "\n")))?;
    let parsed = Manifest::from_text(&manifest, &proposal.manifest)?;
    let texts = [
        (manifest.as_path(), proposal.manifest.as_str()),
        (task.as_path(), proposal.task.as_str()),
        (spec.as_path(), proposal.experiment.as_str()),
    ];
    install(global, &parsed, &proposal.files, &texts)?;
    let next = next_command(global, &["run", spec.as_str(), "--report"]);
    output::print(&format!("written: {manifest}, {task}, {spec}\nnext:    {next}\n"))?;
    Ok(Exit::Done.into())
}

/// Proposes a manifest and an experiment for files.
pub(super) fn propose(args: &TaskArgs, sources: &Sources, target: &Utf8Path) -> Result<Proposal, CliError> {
    let look = sniff::look(&sources.train, &args.hints())?;
    match (args.kind, look.format) {
        (Kind::Classification, Format::Table(format)) => classification::of_table(args, sources, target, format, &look),
        (Kind::LanguageModel, Format::Text) => language_model::propose(args, sources, target, &look),
        (Kind::Classification, Format::Text) => {
            let error = CliError::usage(format!("{} does not look like a table of texts with labels", args.from));
            let fasttext =
                sniff::lines(&sources.train, &look)?.first().is_some_and(|line| line.starts_with("__label__"));
            Err(error.help(if fasttext {
                "it is in the format of fastText; write `label<tab>text` lines into a .tsv file, as \
                 `sed 's/^__label__\\([^ ]*\\) /\\1\\t/'` does"
            } else {
                "give it the ending .csv, .tsv, .jsonl or .parquet, or use --kind language-model"
            }))
        }
        (Kind::LanguageModel, Format::Table(format)) => {
            let error = CliError::usage(format!("{} is a table ({}), not plain text", args.from, format.name()));
            Err(error.help("use --kind classification, or write the texts into a .txt file"))
        }
    }
}

/// Reads the user's files, where they lie, with a manifest given as text. An error in a file that was made of others
/// names what the user named.
pub(super) fn read(
    args: &TaskArgs,
    target: &Utf8Path,
    text: &str,
    files: &[File],
) -> Result<(Corpus, Option<Survey>), CliError> {
    let manifest = Manifest::from_text(target, text)?;
    let files = files.iter().map(|file| (file.role, file.from.clone())).collect();
    let given =
        |file: &Utf8Path| std::iter::once(&args.from).chain(&args.valid).chain(&args.test).any(|from| from == file);
    Ok(read_files(&manifest, &files).map_err(|error| match error {
        DataError::Unusable { file, problem } | DataError::Malformed { file, problem, .. } if !given(&file) => {
            DataError::Unusable { file: args.from.clone(), problem }
        }
        DataError::BadRecord { file, place, problem } if !given(&file) => {
            DataError::BadRecord { file: args.from.clone(), place, problem }
        }
        other => other,
    })?)
}
