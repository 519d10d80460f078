//! `schema`: prints a JSON Schema of the YAML files.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::CliError;
use super::args::Global;
use super::output;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Kind of file
    #[arg(value_enum)]
    kind: SchemaKind,
}

/// A kind of YAML file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SchemaKind {
    /// experiments/*.yaml
    Experiment,
    /// experiments/tasks/*.yaml
    Task,
    /// datasets/*.yaml
    Dataset,
}

/// Prints the schema, which is derived from the types that parse the files.
///
/// # Errors
/// The result cannot be printed (1).
pub fn execute(_global: &Global, args: &SchemaArgs) -> Result<ExitCode, CliError> {
    let schema = match args.kind {
        SchemaKind::Experiment => sparsegate_spec::schema(),
        SchemaKind::Task => sparsegate_spec::task_schema(),
        SchemaKind::Dataset => schemars::schema_for!(sparsegate_data::Manifest).to_value(),
    };
    output::print(&output::json(&schema)?)?;
    Ok(ExitCode::SUCCESS)
}
