//! `new task`: writes a data set manifest and an experiment for a file of texts.

use std::process::ExitCode;

use camino::Utf8Path;

use super::install::install;
use super::manifest::File;
use super::{Kind, TaskArgs, check, classification, language_model, next_command};
use crate::cli::args::Global;
use crate::cli::output;
use crate::cli::{CliError, Exit};
use sparsegate_data::manifest::Manifest;
use sparsegate_data::sniff::{self, Format};
use sparsegate_data::{Corpus, read_files};

/// The contents of the files to write, and lines that describe the data.
pub(super) struct Proposal {
    pub(super) manifest: String,
    pub(super) experiment: String,
    pub(super) files: Vec<File>,
    /// What will be read.
    pub(super) found: Vec<String>,
    /// What may be wrong.
    pub(super) warnings: Vec<String>,
}

pub(super) fn execute(global: &Global, args: &TaskArgs) -> Result<ExitCode, CliError> {
    let name = &args.name;
    let manifest = Manifest::folder(&global.root).join(format!("{name}.yaml"));
    let spec = global.root.join("experiments").join(format!("{name}.yaml"));
    let sources: Vec<&Utf8Path> =
        std::iter::once(&args.from).chain(&args.valid).chain(&args.test).map(|file| file.as_path()).collect();
    check(name, &sources, &[&manifest, &spec], args.force)?;
    let look = sniff::look(&args.from, &args.hints())?;
    let proposal = match (args.kind, look.format) {
        (Kind::Classification, Format::Table(format)) => classification::propose(args, &manifest, format, look)?,
        (Kind::LanguageModel, Format::Text) => language_model::propose(args, &manifest, &look)?,
        (Kind::Classification, Format::Text) => {
            let error = CliError::usage(format!("{} does not look like a table of texts with labels", args.from));
            return Err(error.help("give it the ending .csv, .tsv, .jsonl or .parquet, or use --kind language-model"));
        }
        (Kind::LanguageModel, Format::Table(format)) => {
            let error = CliError::usage(format!("{} is a table ({}), not plain text", args.from, format.name()));
            return Err(error.help("use --kind classification, or write the texts into a .txt file"));
        }
    };
    for warning in &proposal.warnings {
        output::message!("warning: {warning}");
    }
    output::print(&(proposal.found.join("\n") + "\n"))?;
    let parsed = Manifest::from_text(&manifest, &proposal.manifest)?;
    let texts = [(manifest.as_path(), proposal.manifest.as_str()), (spec.as_path(), proposal.experiment.as_str())];
    install(global, &parsed, &proposal.files, &texts)?;
    let next = next_command(global, &["run", spec.as_str(), "--report"]);
    output::print(&format!("written: {manifest}, {spec}\nnext:    {next}\n"))?;
    Ok(Exit::Done.into())
}

/// Reads the user's files, where they lie, with a manifest given as text.
pub(super) fn read(target: &Utf8Path, text: &str, files: &[File]) -> Result<Corpus, CliError> {
    let manifest = Manifest::from_text(target, text)?;
    let files = files.iter().map(|file| (file.role, file.from.clone())).collect();
    Ok(read_files(&manifest, &files)?.0)
}

/// The parts without a file of their own.
pub(super) fn held_out(args: &TaskArgs) -> Vec<&'static str> {
    [("valid", &args.valid), ("test", &args.test)]
        .into_iter()
        .filter(|(_, file)| file.is_none())
        .map(|(part, _)| part)
        .collect()
}
