//! `runs`: what is stored.

mod adopt;
mod compare;
mod export;
mod export_metrics;
mod gc;
mod import;
mod list;
mod notes;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::CliError;
use super::args::Global;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct RunsArgs {
    #[command(subcommand)]
    command: RunsCommand,
}

#[derive(Debug, Subcommand)]
enum RunsCommand {
    /// List the stored runs
    List(list::ListArgs),
    /// Show settings, numbers and provenance of a run
    Show(show::ShowArgs),
    /// Compare two runs: settings, numbers, curves and what they keep
    Compare(compare::CompareArgs),
    /// List runs and checkpoints that are not needed any more; delete them when told
    Gc(gc::GcArgs),
    /// Write runs to one file or folder, to keep, publish or move them
    Export(export::ExportArgs),
    /// Write the metrics of runs as event files for TensorBoard
    ExportMetrics(export_metrics::ExportMetricsArgs),
    /// Take the runs of exported files or folders into the project
    Import(import::ImportArgs),
    /// Set, print or remove the note of a run
    Note(notes::NoteArgs),
    /// Add, print or remove tags of runs
    Tag(notes::TagArgs),
    /// Move run folders of earlier versions, runs/EXPERIMENT/KEY, to runs/KEY
    Adopt(adopt::AdoptArgs),
}

/// Runs the subcommand.
///
/// # Errors
/// Those of the subcommand.
pub fn execute(global: &Global, args: &RunsArgs) -> Result<ExitCode, CliError> {
    match &args.command {
        RunsCommand::List(args) => list::execute(global, args),
        RunsCommand::Show(args) => show::execute(global, args),
        RunsCommand::Compare(args) => compare::execute(global, args),
        RunsCommand::Gc(args) => gc::execute(global, args),
        RunsCommand::Export(args) => export::execute(global, args),
        RunsCommand::ExportMetrics(args) => export_metrics::execute(global, args),
        RunsCommand::Import(args) => import::execute(global, args),
        RunsCommand::Note(args) => notes::note(global, args),
        RunsCommand::Tag(args) => notes::tag(global, args),
        RunsCommand::Adopt(args) => adopt::execute(global, args),
    }
}
