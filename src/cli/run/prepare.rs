//! What has to be there before a run's process starts: its folder, `run.json`, the command.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use camino::Utf8Path;

use super::Sweep;
use sparsegate_pipeline::exec::local::Job;
use sparsegate_store::format::{FORMAT, RunRecord};
use sparsegate_store::plan::PlanEntry;
use sparsegate_store::provenance;
use sparsegate_store::{RunDir, StoreError};

/// Says how many threads a process computes with.
const THREADS_VARIABLE: &str = "RAYON_NUM_THREADS";
/// The same for libtorch.
const LIBTORCH_THREADS_VARIABLE: &str = "OMP_NUM_THREADS";
/// Milliseconds after which mimalloc gives freed memory back to the system; negative is never. A step frees and takes the same
/// hundreds of megabytes again, and each page that comes from the system has to be cleared by it first.
const PURGE_VARIABLE: &str = "MIMALLOC_PURGE_DELAY";
/// Its name in `run.json`.
const THREADS: &str = "threads";

/// This program on this machine.
pub(super) struct Machine {
    program: PathBuf,
    provenance: BTreeMap<String, String>,
    /// The user's own choice of threads.
    fixed_threads: bool,
}

impl Machine {
    /// Looks around once for all runs; the processors are shared between those that run `at_once`.
    ///
    /// # Errors
    /// This program cannot be found, to be started again.
    pub(super) fn look(root: &Utf8Path, cores: usize, at_once: usize) -> Result<Self, String> {
        let program =
            std::env::current_exe().map_err(|e| format!("cannot find this program to start it again: {e}"))?;
        let chosen = std::env::var(THREADS_VARIABLE).ok().and_then(|text| text.parse().ok()).filter(|count| *count > 0);
        let threads: usize = chosen.unwrap_or_else(|| (cores / at_once).max(1));
        Ok(Self { program, provenance: provenance::collect(root, threads), fixed_threads: chosen.is_some() })
    }
}

/// Makes the run's folder ready. With `force`, what is in it goes; else a run with a checkpoint keeps its `run.json`, and with
/// it the number of threads it was begun with, so that it goes on bit by bit as it would have.
///
/// # Errors
/// A folder that another process holds, or that cannot be written.
pub(super) fn job(
    root: &Utf8Path,
    sweep: &Sweep<'_>,
    entry: &PlanEntry,
    force: bool,
    machine: &Machine,
) -> Result<Job, StoreError> {
    let dir = RunDir::new(root, &sweep.experiment.name, &entry.key);
    let lock = dir.lock()?;
    if force {
        lock.clear()?;
    }
    let mut provenance = machine.provenance.clone();
    let begun = if dir.position()?.is_some() { dir.record()? } else { None };
    match begun {
        Some(record) => {
            if let (Some(threads), false) = (record.provenance.get(THREADS), machine.fixed_threads) {
                provenance.insert(THREADS.to_owned(), threads.clone());
            }
        }
        None => lock.write_record(&RunRecord {
            format: FORMAT,
            key: entry.key.clone(),
            key_parts: entry.key_parts.clone(),
            spec: entry.spec.clone(),
            provenance: provenance.clone(),
        })?,
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
