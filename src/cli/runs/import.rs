//! `runs import`: takes the runs of a bundle into the project.

use std::process::ExitCode;

use camino::Utf8PathBuf;
use clap::Args;

use crate::cli::args::{Global, OutputFormat};
use crate::cli::output;
use crate::cli::terminal_text::printable;
use crate::cli::{CliError, Exit};
use sparsegate_store::bundle::{self, Import, ImportOutcome};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Bundles that `runs export` wrote: folders, or .tar or .tar.zst files
    #[arg(value_name = "BUNDLE", required = true)]
    bundles: Vec<Utf8PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

/// Imports the runs and prints a line for each; nothing is overwritten.
///
/// # Errors
/// Not a bundle (2); a damaged bundle (4); a file that cannot be read or written (1). The exit code is also 1 if a run
/// or a file had to be left.
pub fn execute(global: &Global, args: &ImportArgs) -> Result<ExitCode, CliError> {
    let mut all: Vec<Import> = Vec::new();
    let mut result = Ok(());
    for from in &args.bundles {
        let mut printed = Ok(());
        let imported = bundle::import(&global.root, from, &mut |import| {
            if args.format == OutputFormat::Table && printed.is_ok() {
                printed = output::print(&line(import));
            }
            all.push(import.clone());
        });
        result = imported.map_err(CliError::from).and(printed);
        if result.is_err() {
            break;
        }
    }
    if args.format == OutputFormat::Json {
        output::print(&output::json(&all)?)?;
    }
    let count = |wanted: fn(&ImportOutcome) -> bool| all.iter().filter(|one| wanted(&one.outcome)).count();
    let left = count(|outcome| matches!(outcome, ImportOutcome::Left { .. }));
    if result.is_ok() && global.verbosity() >= 0 {
        let imported = count(|outcome| *outcome == ImportOutcome::Imported);
        let known = count(|outcome| *outcome == ImportOutcome::Known);
        output::message!("{imported} imported, {known} known already, {left} left");
    }
    result?;
    Ok(if left > 0 { Exit::Failed } else { Exit::Done }.into())
}

fn line(Import { name, to, outcome }: &Import) -> String {
    let text = match outcome {
        ImportOutcome::Imported => format!("{name} -> {to}"),
        ImportOutcome::Known => format!("{name} known already"),
        ImportOutcome::Left { why } => format!("{name} left: {why}"),
    };
    printable(&text) + "\n"
}
