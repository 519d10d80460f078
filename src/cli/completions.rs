//! `completions`: a script for a shell.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::CliError;
use super::args::{Cli, Global};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// None.
pub fn execute(_global: &Global, args: &CompletionsArgs) -> Result<ExitCode, CliError> {
    clap_complete::generate(args.shell, &mut Cli::command(), "sparsegate", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
