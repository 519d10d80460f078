//! `runs adopt`: moves run folders of earlier versions to where runs are stored now.

use std::process::ExitCode;

use clap::Args;

use crate::cli::args::{Global, OutputFormat};
use crate::cli::output;
use crate::cli::terminal_text::printable;
use crate::cli::{CliError, Exit};
use sparsegate_store::{Adoption, AdoptionOutcome};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct AdoptArgs {
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

/// Moves the folders and prints a line for each; nothing is overwritten.
///
/// # Errors
/// A folder that cannot be read or moved (1). The exit code is also 1 if a folder had to be left.
pub fn execute(global: &Global, args: &AdoptArgs) -> Result<ExitCode, CliError> {
    let mut all: Vec<Adoption> = Vec::new();
    let mut printed = Ok(());
    let adopted = sparsegate_store::adopt(&global.root, &mut |adoption| {
        if args.format == OutputFormat::Table && printed.is_ok() {
            printed = output::print(&line(adoption));
        }
        all.push(adoption.clone());
    });
    if args.format == OutputFormat::Json {
        output::print(&output::json(&all)?)?;
    }
    printed?;
    adopted.map_err(CliError::failed)?;
    let count = |wanted: fn(&AdoptionOutcome) -> bool| all.iter().filter(|one| wanted(&one.outcome)).count();
    let left = count(|outcome| matches!(outcome, AdoptionOutcome::Left { .. }));
    if global.verbosity() >= 0 {
        let moved = count(|outcome| *outcome == AdoptionOutcome::Moved);
        let removed = count(|outcome| *outcome == AdoptionOutcome::Removed);
        output::message!("{moved} moved, {removed} removed as copies, {left} left");
    }
    Ok(if left > 0 { Exit::Failed } else { Exit::Done }.into())
}

fn line(Adoption { from, to, outcome }: &Adoption) -> String {
    let text = match outcome {
        AdoptionOutcome::Moved => format!("{from} -> {to}"),
        AdoptionOutcome::Removed => format!("{from} removed: {to} has the same results"),
        AdoptionOutcome::Left { why } => format!("{from} left: {why}"),
    };
    printable(&text) + "\n"
}
