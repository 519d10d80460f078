//! `schema`: JSON Schema of the YAML files.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::CliError;
use super::args::Global;
use crate::{data, spec};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Which kind of file
    #[arg(value_enum)]
    kind: Kind,
}

/// A kind of YAML file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// experiments/*.yaml
    Experiment,
    /// datasets/*.yaml
    Dataset,
}

/// Prints the schema, made from the types that read the files.
///
/// # Errors
/// None in practice; printing JSON could fail.
pub fn execute(_global: &Global, args: &SchemaArgs) -> Result<ExitCode, CliError> {
    let schema = match args.kind {
        Kind::Experiment => spec::schema(),
        Kind::Dataset => schemars::schema_for!(data::Manifest).to_value(),
    };
    println!("{}", serde_json::to_string_pretty(&schema).map_err(CliError::failed)?);
    Ok(ExitCode::SUCCESS)
}
