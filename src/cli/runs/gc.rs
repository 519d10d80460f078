//! `runs gc`: lists what is stored and not needed any more, and deletes it when told.

use std::collections::BTreeSet;
use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::args::{self, Global, OutputFormat};
use crate::cli::output;
use crate::cli::table::TextTable;
use crate::cli::{CliError, Exit};
use sparsegate_pipeline::exec::slurm::Jobs;
use sparsegate_pipeline::sweep::Sweep;
use sparsegate_store::plan::Status;
use sparsegate_store::{StoreError, StoredRun, experiments};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct GcArgs {
    /// Experiment files: their stored runs that are in none of their plans, and used by no other experiment, are stale
    #[arg(value_name = "SPEC")]
    specs: Vec<Utf8PathBuf>,
    /// What to list
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Garbage::Stale, Garbage::Failed, Garbage::NotStarted])]
    what: Vec<Garbage>,
    /// Delete what is listed; without it nothing is deleted
    #[arg(long)]
    delete: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

/// Why something is not needed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Garbage {
    /// Runs that the plans of the named experiments do not have
    Stale,
    /// Runs that ended with an error
    Failed,
    /// Folders of runs that never began
    NotStarted,
    /// Runs with a damaged file
    Damaged,
    /// Checkpoints of finished runs, which more epochs could go on from
    Checkpoints,
}

/// One thing to delete.
#[derive(Serialize)]
struct Item {
    run: String,
    why: Garbage,
    path: Utf8PathBuf,
    bytes: u64,
    deleted: bool,
}

/// Lists, and with `--delete` deletes. A run that a process works on is left, and one that is queued or running in
/// Slurm is not even listed.
///
/// # Errors
/// An error in a spec (2); a folder that cannot be read or deleted, or a Slurm that does not say what is queued (1).
pub fn execute(global: &Global, args: &GcArgs) -> Result<ExitCode, CliError> {
    let stale = stale(global, &args.specs)?;
    let queued = queued(global, args.delete)?;
    let mut items = Vec::new();
    let runs = sparsegate_store::list(&global.root)?;
    let waiting = args.delete && is_training(&runs)?;
    let mut kept = 0;
    for run in runs.into_iter().filter(|run| !queued.contains(run.dir.key())) {
        let Some((why, path)) = garbage(&run, &stale, &args.what) else { continue };
        let bytes = size(&path).map_err(CliError::failed)?;
        let may_wait = waiting && run.status.is_none();
        kept += usize::from(may_wait);
        let deleted = args.delete && !may_wait && delete(global, &run, why)?;
        items.push(Item { run: run.dir.key().to_owned(), why, path, bytes, deleted });
    }
    let text = match args.format {
        OutputFormat::Json => output::json(&items)?,
        OutputFormat::Table => table(&items).render(global.color_stdout(), Global::width_stdout()),
    };
    output::print(&text)?;
    if kept > 0 && global.verbosity() >= 0 {
        output::message!(
            "note: a run is being trained, and the {kept} that have not begun may wait for their turn: they are left"
        );
    }
    if global.verbosity() >= 0 {
        let total: u64 = items.iter().map(|item| item.bytes).sum();
        let deleted = items.iter().filter(|item| item.deleted).count();
        let done =
            if args.delete { format!("{deleted} deleted") } else { "nothing deleted; --delete does it".to_owned() };
        output::message!("{} listed, {}: {done}", items.len(), mebibytes(total));
    }
    Ok(Exit::Done.into())
}

/// Whether a process works on one of the runs. A sweep prepares the folders of all its runs before the first one begins,
/// and nothing in a folder says whether it waits.
fn is_training(runs: &[StoredRun]) -> Result<bool, CliError> {
    for run in runs.iter().filter(|run| run.status != Some(Status::Done)) {
        if run.dir.holder()?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Keys of the runs that are queued or running in Slurm.
fn queued(global: &Global, delete: bool) -> Result<BTreeSet<String>, CliError> {
    match Jobs::read(&global.root) {
        Ok(jobs) => {
            if let Some(obstacle) = jobs.obstacle().filter(|_| delete) {
                return Err(CliError::failed(obstacle));
            }
            Ok(jobs.active().map(|(key, _)| key.to_owned()).collect())
        }
        Err(error) if delete => Err(CliError::failed(format!("it is not known which runs are queued: {error}")).help(
            "run it where Slurm is; elsewhere, delete the folder slurm first if none of its jobs is queued or running",
        )),
        Err(error) => {
            output::message!("note: it is not known which runs are queued: {error}");
            Ok(BTreeSet::new())
        }
    }
}

/// Keys of the stored runs of the experiments that their plans do not have and no other experiment uses.
fn stale(global: &Global, specs: &[Utf8PathBuf]) -> Result<BTreeSet<String>, CliError> {
    if specs.is_empty() {
        return Ok(BTreeSet::new());
    }
    let files: Vec<Utf8PathBuf> = specs.iter().map(|file| args::find(&global.root, file)).collect();
    let experiments = sparsegate_spec::load_all_in(&global.root, &files, &[], &[])?;
    let sweep = Sweep::plan(&global.root, experiments)?;
    let planned: BTreeSet<&str> = sweep.runs().map(|run| run.entry.key.as_str()).collect();
    let parents = sweep.runs().filter_map(|run| run.entry.starts_from.as_ref()).map(|parent| parent.run.as_str());
    let planned: BTreeSet<&str> = planned.into_iter().chain(parents).collect();
    let names: BTreeSet<&str> = sweep.experiments().iter().map(|planned| planned.experiment.name.as_str()).collect();
    let known = experiments::read(&global.root)?;
    let of_others: BTreeSet<&String> =
        known.iter().filter(|(name, _)| !names.contains(name.as_str())).flat_map(|(_, keys)| keys).collect();
    let mut stale = BTreeSet::new();
    for name in names {
        for dir in sparsegate_store::runs(&global.root, name)? {
            let key = dir.key().to_owned();
            if !planned.contains(key.as_str()) && !of_others.contains(&key) {
                stale.insert(key);
            }
        }
    }
    Ok(stale)
}

/// Why a run, or what part of it, is garbage; `None` if it is not.
fn garbage(run: &StoredRun, stale: &BTreeSet<String>, what: &[Garbage]) -> Option<(Garbage, Utf8PathBuf)> {
    let folder = run.dir.path();
    let whole = |why| what.contains(&why).then(|| (why, folder.to_owned()));
    let of_state = match &run.status {
        Some(Status::Failed { .. }) => whole(Garbage::Failed),
        Some(Status::Damaged { .. }) => whole(Garbage::Damaged),
        Some(Status::Done) if what.contains(&Garbage::Checkpoints) => {
            let checkpoint = folder.join("checkpoint");
            checkpoint.is_dir().then_some((Garbage::Checkpoints, checkpoint))
        }
        None => whole(Garbage::NotStarted),
        _ => None,
    };
    let is_stale = stale.contains(run.dir.key());
    if is_stale { whole(Garbage::Stale).or(of_state) } else { of_state }
}

/// Deletes a run or its checkpoint, unless another process works on it; returns whether it was deleted.
fn delete(global: &Global, run: &StoredRun, why: Garbage) -> Result<bool, CliError> {
    let lock = match run.dir.lock() {
        Ok(lock) => lock,
        Err(error @ StoreError::Locked { .. }) => {
            if global.verbosity() >= 0 {
                output::message!("note: {error}");
            }
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    if why == Garbage::Checkpoints {
        lock.delete_checkpoint()?;
    } else {
        lock.delete()?;
    }
    Ok(true)
}

/// Bytes of a file or of all files in a folder.
fn size(path: &Utf8Path) -> std::io::Result<u64> {
    let found = fs_err::symlink_metadata(path)?;
    if !found.is_dir() {
        return Ok(found.len());
    }
    let mut bytes = 0;
    for entry in path.read_dir_utf8()? {
        bytes += size(entry?.path())?;
    }
    Ok(bytes)
}

fn table(items: &[Item]) -> TextTable {
    let mut table = TextTable::new().words("run").words("why").numbers("size").words("path").spare().words("deleted");
    for Item { run, why, path, bytes, deleted } in items {
        let why = why.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let deleted = if *deleted { "yes" } else { "" };
        table.row([run.clone(), why, mebibytes(*bytes), path.to_string(), deleted.to_owned()]);
    }
    table
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.2} MiB", bytes as f64 / f64::from(1 << 20))
}
