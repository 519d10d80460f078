//! `report`: tables and figures from what is stored.

use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use super::args::{Global, SpecArgs};
use super::table::TextTable;
use super::{CliError, Exit};
use crate::data::Sources;
use crate::plan;
use crate::report::{self, ReportPaths};
use crate::spec::Experiment;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    specs: SpecArgs,
    /// Folder to write to [default: reports/NAME under the root; with several specs, DIR/NAME each]
    #[arg(long, value_name = "DIR")]
    out: Option<Utf8PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// A spec or the command line is wrong (2), a dataset has no manifest (4), nothing is stored or the folder cannot be
/// written (1).
pub fn execute(global: &Global, args: &ReportArgs) -> Result<ExitCode, CliError> {
    let experiments = args.specs.load(global)?;
    for experiment in &experiments {
        let out = match &args.out {
            None => global.root.join("reports").join(&experiment.name),
            Some(folder) if experiments.len() == 1 => folder.clone(),
            Some(folder) => folder.join(&experiment.name),
        };
        write(global, experiment, &out)?;
    }
    Ok(Exit::Done.into())
}

/// Writes one experiment's report; the table and the page's path go to stdout, notes to stderr. `run --report` ends
/// with it.
///
/// # Errors
/// As [`execute`].
pub fn write(global: &Global, experiment: &Experiment, out: &Utf8Path) -> Result<ReportPaths, CliError> {
    let sources = Sources::load(&global.root, &experiment.dataset, &experiment.runs).map_err(CliError::data)?;
    let plan = plan::plan(&global.root, experiment, &sources.hashes()).map_err(CliError::failed)?;
    let paths = report::write(&global.root, experiment, &plan, out).map_err(CliError::failed)?;
    let notes = if global.verbosity() < 0 { &paths.warnings } else { &paths.notes };
    for note in notes {
        eprintln!("note: {note}");
    }
    print!("{}", TextTable::from(&paths.table).render(global.color_stdout()));
    println!("\n{}", paths.index);
    Ok(paths)
}
