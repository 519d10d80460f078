//! `backends`: the available backends and devices, and what the others need.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::CliError;
use super::args::{Global, OutputFormat};
use super::output;
use super::table::TextTable;
use sparsegate_nn::engine::{self, BackendDevices};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct BackendsArgs {
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

/// A kind of backend, as `--format json` prints it.
#[derive(Serialize)]
struct BackendJson {
    kind: &'static str,
    devices: Vec<DeviceJson>,
    missing: Option<String>,
    #[serde(rename = "cure")]
    hint: Option<String>,
}

#[derive(Serialize)]
struct DeviceJson {
    backend: String,
    name: String,
}

impl From<&BackendDevices> for BackendJson {
    fn from(found: &BackendDevices) -> Self {
        let device = |(backend, name): &(_, String)| DeviceJson { backend: String::from(*backend), name: name.clone() };
        Self {
            kind: found.kind,
            devices: found.devices.iter().map(device).collect(),
            missing: found.error.as_ref().map(ToString::to_string),
            hint: found.error.as_ref().map(engine::OpenError::hint),
        }
    }
}

/// Prints the devices under the names used in specs and by `--backend`, then each missing backend with a hint.
///
/// # Errors
/// The result cannot be printed (1).
pub fn execute(global: &Global, args: &BackendsArgs) -> Result<ExitCode, CliError> {
    let found = engine::list_devices();
    let text = match args.format {
        OutputFormat::Table => table(&found, global),
        OutputFormat::Json => {
            let printed: Vec<BackendJson> = found.iter().map(BackendJson::from).collect();
            output::json(&printed)?
        }
    };
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn table(found: &[BackendDevices], global: &Global) -> String {
    let mut devices = TextTable::new().words("backend").words("device");
    for (backend, name) in found.iter().flat_map(|found| &found.devices) {
        devices.row([backend.to_string(), name.clone()]);
    }
    let mut text = devices.render(global.color_stdout(), Global::width_stdout());
    for error in found.iter().filter_map(|found| found.error.as_ref()) {
        text.push_str(&format!("\n{error}\n  help: {}\n", error.hint()));
    }
    text
}
