//! `verify`: reads all stored files of runs and compares them with their checksums.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::args::{self, Global, OutputFormat};
use super::output;
use super::table::TextTable;
use super::{CliError, Exit};
use sparsegate_pipeline::sweep::Sweep;
use sparsegate_store::{RunDir, Store, StoreError, Verified, find_run};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Experiment files, for all of their runs, and single runs, each by its key or a prefix of it, its folder, or
    /// EXPERIMENT:KEY=VALUE,... [default: all stored runs]
    #[arg(value_name = "SPEC|RUN")]
    subjects: Vec<String>,
    /// Write a manifest for finished runs that have none, as those of earlier versions, if their files fit together
    #[arg(long)]
    adopt: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

/// One run.
#[derive(Serialize)]
struct VerifiedRun {
    run: String,
    folder: String,
    /// `by-manifest`, `by-content`, `unfinished`, `not-started` or `damaged`.
    verified: &'static str,
    /// The damaged file, what is wrong with it, and what to do; or what is to be known besides.
    note: Option<String>,
}

/// Prints a line for each run. The exit code is 4 if a file is damaged.
///
/// # Errors
/// No such run or experiment (2); the runs cannot be listed, or a manifest cannot be written (1).
pub fn execute(global: &Global, args: &VerifyArgs) -> Result<ExitCode, CliError> {
    let mut verified = Vec::new();
    for dir in runs(global, &args.subjects)? {
        verified.push(verify(&dir, args.adopt)?);
    }
    let text = match args.format {
        OutputFormat::Json => output::json(&verified)?,
        OutputFormat::Table => {
            let mut table = TextTable::new().words("run").words("verified").words("note");
            for VerifiedRun { run, verified, note, .. } in &verified {
                table.row([run.clone(), (*verified).to_owned(), note.clone().unwrap_or_default()]);
            }
            table.render(global.color_stdout(), Global::width_stdout())
        }
    };
    output::print(&text)?;
    let damaged = verified.iter().filter(|run| run.verified == DAMAGED).count();
    if global.verbosity() >= 0 {
        output::message!("{} runs, {damaged} damaged", verified.len());
    }
    Ok(if damaged > 0 { Exit::Data } else { Exit::Done }.into())
}

const DAMAGED: &str = "damaged";

/// The stored runs that the subjects name, each once.
fn runs(global: &Global, subjects: &[String]) -> Result<Vec<RunDir>, CliError> {
    if subjects.is_empty() {
        return Ok(Store::open(&global.root)?.with_prefix(""));
    }
    let mut dirs: Vec<RunDir> = Vec::new();
    for subject in subjects {
        match args::experiment_file(&global.root, subject) {
            Some(file) => {
                let experiments = sparsegate_spec::load_all_in(&global.root, &[file], &[], &[])?;
                let sweep = Sweep::plan(&global.root, experiments)?;
                dirs.extend(sweep.runs().map(|run| run.entry.dir.clone()));
            }
            None => dirs.push(find_run(&global.root, subject).map_err(sparsegate_compact::FindModelError::from)?),
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    dirs.retain(|dir| dir.path().exists() && seen.insert(dir.path().to_owned()));
    Ok(dirs)
}

fn verify(dir: &RunDir, adopt: bool) -> Result<VerifiedRun, CliError> {
    let found =
        |verified, note| VerifiedRun { run: dir.key().to_owned(), folder: dir.path().to_string(), verified, note };
    Ok(match dir.verify() {
        Ok(Verified::ByManifest) => found("by-manifest", None),
        Ok(Verified::ByContent) if adopt => {
            dir.lock()?.write_manifest()?;
            found("by-content", Some("manifest written".to_owned()))
        }
        Ok(Verified::ByContent) => {
            found("by-content", Some("no manifest: --adopt writes one of the files as they are".to_owned()))
        }
        Ok(Verified::Unfinished) => found("unfinished", None),
        Ok(Verified::NotStarted) => found("not-started", None),
        Err(error @ (StoreError::Corrupt { .. } | StoreError::Newer { .. })) => found(DAMAGED, Some(error.to_string())),
        Err(error) => return Err(error.into()),
    })
}
