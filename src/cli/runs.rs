//! `runs`: what is stored.

mod adopt;

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
    /// Move run folders of earlier versions, runs/EXPERIMENT/KEY, to runs/KEY
    Adopt(adopt::AdoptArgs),
}

/// Runs the subcommand.
///
/// # Errors
/// Those of the subcommand.
pub fn execute(global: &Global, args: &RunsArgs) -> Result<ExitCode, CliError> {
    match &args.command {
        RunsCommand::Adopt(args) => adopt::execute(global, args),
    }
}
