//! `report`: tables and figures from what is stored.

use std::process::ExitCode;

use clap::Args;

use super::CliError;
use super::args::{Global, SpecArgs};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    specs: SpecArgs,
}

/// Runs the command.
///
/// # Errors
/// Always: it is not there yet.
pub fn execute(_global: &Global, _args: &ReportArgs) -> Result<ExitCode, CliError> {
    Err(CliError::failed("not implemented yet"))
}
