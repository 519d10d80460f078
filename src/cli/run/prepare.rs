//! Preparation of a run's process: its folder, `run.json` and the command line.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use camino::Utf8Path;

use super::PlannedSweep;
use sparsegate_pipeline::exec::local::Job;
use sparsegate_store::format::{FORMAT, RunRecord};
use sparsegate_store::plan::{PlanEntry, Status};
use sparsegate_store::provenance;
use sparsegate_store::{RunDir, StoreError};

/// Environment variable for the number of threads of a process.
const THREADS_VARIABLE: &str = "RAYON_NUM_THREADS";
/// The same variable for libtorch.
const LIBTORCH_THREADS_VARIABLE: &str = "OMP_NUM_THREADS";
/// Environment variable for the milliseconds after which mimalloc returns freed memory to the system; negative means
/// never. Each step frees and allocates the same hundreds of megabytes, and the system has to clear each page it hands
/// out.
const PURGE_VARIABLE: &str = "MIMALLOC_PURGE_DELAY";
/// Name of the number of threads in the provenance of `run.json`.
const THREADS: &str = "threads";
/// Name in the provenance of `run.json` of the shorter run that a run went on from.
const CONTINUED_FROM: &str = "continued_from";

/// The program and machine that the runs are started on.
pub(super) struct Launcher {
    program: PathBuf,
    provenance: BTreeMap<String, String>,
    /// Whether the user set the number of threads through [`THREADS_VARIABLE`].
    fixed_threads: bool,
}

impl Launcher {
    /// Collects the provenance once for all runs; the processors are divided between the `at_once` parallel runs.
    ///
    /// # Errors
    /// The path of this program, which is started for each run, cannot be determined.
    pub(super) fn new(root: &Utf8Path, cores: usize, at_once: usize) -> Result<Self, String> {
        let program =
            std::env::current_exe().map_err(|e| format!("cannot find this program to start it again: {e}"))?;
        let chosen = std::env::var(THREADS_VARIABLE).ok().and_then(|text| text.parse().ok()).filter(|count| *count > 0);
        let threads: usize = chosen.unwrap_or_else(|| (cores / at_once).max(1));
        Ok(Self { program, provenance: provenance::collect(root, threads), fixed_threads: chosen.is_some() })
    }
}

/// Prepares the run's folder and command. With `force` the folder is cleared; otherwise a run with a checkpoint keeps
/// its `run.json`, including the number of threads it started with, so that resuming is bit-identical. A run that
/// continues a shorter one starts from copies of its checkpoint and metrics.
///
/// # Errors
/// The folder is locked by another process or cannot be written.
pub(super) fn job(
    root: &Utf8Path,
    sweep: &PlannedSweep<'_>,
    entry: &PlanEntry,
    force: bool,
    machine: &Launcher,
) -> Result<Job, StoreError> {
    let dir = RunDir::new(root, &sweep.experiment.name, &entry.key);
    let lock = dir.lock()?;
    if force {
        lock.clear()?;
    }
    let mut provenance = machine.provenance.clone();
    let begun = if dir.position()?.is_some() { dir.record()? } else { None };
    if let Some(record) = begun {
        keep_threads(&mut provenance, Some(&record), machine);
    } else {
        if let (Status::Continues { run, .. }, false) = (&entry.status, force) {
            let source = RunDir::new(root, &sweep.experiment.name, run);
            provenance.insert(CONTINUED_FROM.to_owned(), run.clone());
            keep_threads(&mut provenance, source.record()?.as_ref(), machine);
            lock.continue_from(&source)?;
        }
        // The record comes last: without it the run counts as not started, and the copy is made again.
        lock.write_record(&RunRecord {
            format: FORMAT,
            key: entry.key.clone(),
            key_parts: entry.key_parts.clone(),
            spec: entry.spec.clone(),
            provenance: provenance.clone(),
        })?;
    }
    drop(lock);

    let mut command = Command::new(&machine.program);
    command.args(["--root", root.as_str(), "train-run", "--watch-stdin"]);
    command.args(["--experiment", &sweep.experiment.name, "--key", &entry.key]);
    if std::env::var_os(PURGE_VARIABLE).is_none() {
        command.env(PURGE_VARIABLE, "-1");
    }
    if let Some(threads) = provenance.get(THREADS) {
        command.env(THREADS_VARIABLE, threads).env(LIBTORCH_THREADS_VARIABLE, threads);
    }
    Ok(Job { dir, command, metric: String::new() })
}

/// Keeps the number of threads of the run that `record` describes, on which the bits depend, unless the user chose one.
fn keep_threads(provenance: &mut BTreeMap<String, String>, record: Option<&RunRecord>, machine: &Launcher) {
    let threads = record.and_then(|record| record.provenance.get(THREADS));
    if let (Some(threads), false) = (threads, machine.fixed_threads) {
        provenance.insert(THREADS.to_owned(), threads.clone());
    }
}
