//! `runs show`: what is stored of one run.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::list::ListedRun;
use crate::cli::args::{Global, OutputFormat};
use crate::cli::output;
use crate::cli::table::TextTable;
use crate::cli::{CliError, Exit};
use sparsegate_spec::varying;
use sparsegate_store::format::{EpochMetrics, ResourceUsage};
use sparsegate_store::plan::Status;
use sparsegate_store::{StoredRun, find_run};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The run: its key or a prefix of it, its folder, or EXPERIMENT:KEY=VALUE,... if that matches one run
    #[arg(value_name = "RUN")]
    run: String,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

/// A run in full.
#[derive(Serialize)]
struct ShownRun {
    #[serde(flatten)]
    row: ListedRun,
    settings: BTreeMap<String, Value>,
    provenance: BTreeMap<String, String>,
    /// The line of metrics of the epoch whose model is stored, or of the last one.
    shown: Option<EpochMetrics>,
    usage: Option<ResourceUsage>,
    error: Option<String>,
}

/// Prints state, settings, numbers and provenance of a run.
///
/// # Errors
/// No such run, or several (2); a damaged file (4).
pub fn execute(global: &Global, args: &ShowArgs) -> Result<ExitCode, CliError> {
    let dir = find_run(&global.root, &args.run).map_err(sparsegate_compact::FindModelError::from)?;
    let run = StoredRun::read(&global.root, dir)?;
    if let Some(Status::Damaged { error }) = &run.status {
        return Err(CliError::data(error.clone()));
    }
    let shown = ShownRun {
        row: ListedRun::new(&run)?,
        usage: run.dir.summary()?.and_then(|summary| summary.usage),
        settings: run.record.as_ref().map(|record| varying::settings(&record.spec)).unwrap_or_default(),
        provenance: run.record.map(|record| record.provenance).unwrap_or_default(),
        shown: run.progress.shown,
        error: run.status.and_then(|status| if let Status::Failed { error } = status { Some(error) } else { None }),
    };
    let text = match args.format {
        OutputFormat::Json => output::json(&shown)?,
        OutputFormat::Table => table(&shown)?.render(global.color_stdout(), Global::width_stdout()),
    };
    output::print(&text)?;
    Ok(Exit::Done.into())
}

/// One row for each fact: those of the run, its settings, the counts of what is kept, and its provenance.
fn table(run: &ShownRun) -> Result<TextTable, CliError> {
    let mut table = TextTable::new().words("about").words("name").words("value");
    let mut put = |about: &str, values: Value| {
        let Value::Object(map) = values else { return };
        for (name, value) in map {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text,
                other => other.to_string(),
            };
            table.row([about.to_owned(), name, text]);
        }
    };
    let json = |value: serde_json::Result<Value>| value.map_err(CliError::failed);
    put("run", json(serde_json::to_value(&run.row))?);
    put("run", serde_json::json!({ "error": run.error }));
    let usage = run.usage.unwrap_or_default();
    put("used", json(serde_json::to_value(ResourceUsage { allocation: None, ..usage }))?);
    put("given", json(serde_json::to_value(usage.allocation))?);
    put("setting", json(serde_json::to_value(&run.settings))?);
    put("kept", json(serde_json::to_value(run.shown.as_ref().map(|line| &line.counts)))?);
    put("provenance", json(serde_json::to_value(&run.provenance))?);
    Ok(table)
}
