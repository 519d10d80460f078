//! `train-run` (hidden): train one run in this process.

use std::process::ExitCode;

use clap::Args;

use super::CliError;
use super::args::Global;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct TrainRunArgs {}

/// Runs the command.
///
/// # Errors
/// Always: it is not there yet.
pub fn execute(_global: &Global, _args: &TrainRunArgs) -> Result<ExitCode, CliError> {
    Err(CliError::failed("not implemented yet"))
}
