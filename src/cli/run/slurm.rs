//! `run --executor slurm`: submits the runs; with `--wait` follows them until they have ended.

use std::process::ExitCode;

use super::{RunArgs, note_left_out, options, plan, report, results, this_program};
use crate::cli::args::Global;
use crate::cli::following::follow;
use crate::cli::output;
use crate::cli::{CliError, Exit};
use sparsegate_pipeline::exec::slurm::{SlurmExecutor, SlurmOptions};
use sparsegate_pipeline::exec::{Interrupt, JobProgress, Outcome};
use sparsegate_pipeline::sweep::{Sweep, SweepObserver, SweepOptions};
use sparsegate_store::plan::Status;

/// Submits the runs and prints which there are.
///
/// # Errors
/// As [`super::execute`]; a wrong option of Slurm (2), or Slurm does not answer or refuses (1).
pub(super) fn execute(
    global: &Global,
    args: &RunArgs,
    slurm: SlurmOptions,
    interrupt: &Interrupt,
) -> Result<ExitCode, CliError> {
    if args.report && !args.wait {
        let error = CliError::usage("`--report` needs finished runs, and nobody waits for them");
        return Err(error.help("add --wait, or write it later with `sparsegate report`"));
    }
    if args.tensorboard.is_some() {
        let error = CliError::usage("`--tensorboard` follows runs that this process trains, not jobs of Slurm");
        return Err(error.help("write the files while they run with `sparsegate runs export-metrics SPEC --to DIR`"));
    }
    let options = SweepOptions { elsewhere: true, ..options(args) };
    let first = plan(global, args)?;
    let prepared = first.prepare(&options)?;
    let program = this_program()?;
    let program = program.to_str().ok_or_else(|| CliError::failed("the path of this program is not UTF-8"))?;
    let mut say = |text: &str| {
        if global.verbosity() >= 0 {
            output::message!("{text}");
        }
    };
    let executor = SlurmExecutor::open(&global.root, program, slurm, args.jobs.map(usize::from), &mut say)?;
    // While this program fetched data or waited for somebody else, runs may have ended.
    let second = plan(global, args)?;
    let (sweep, prepared) =
        if same(&first, &second) { (&first, prepared) } else { (&second, second.prepare(&options)?) };
    note_left_out(global, &prepared);
    let mut submitted = Submitted::default();
    interrupt.end_at_once(false);
    let mut outcomes = prepared.run(&executor, &mut submitted, interrupt)?;
    let failure = executor.failure();
    let (threads, again) = (executor.threads_beyond_cpus(), submitted.again(&executor, sweep));
    // Others may submit now.
    drop(executor);
    let backend = args.backend.map(|backend| format!("backend={backend}"));
    let specs = args.specs.repeated(global, backend.as_deref());
    if global.verbosity() >= 0 {
        note_submitted(&submitted, again, &outcomes, &specs);
        if let Some(threads) = threads {
            output::message!(
                "note: a run began with {threads} threads and keeps them; --slurm cpus={threads} suits it"
            );
        }
    }
    let interrupted = if failure.is_none() && args.wait {
        !follow(global, sweep, &mut outcomes, interrupt)
    } else {
        interrupt.is_raised()
    };
    interrupt.end_at_once(true);
    if interrupted || failure.is_some() || !args.report {
        results::print(global, sweep, &outcomes, args.format)?;
    }
    if let Some(error) = failure {
        return Err(error.into());
    }
    if interrupted {
        results::print_failures(sweep, &outcomes);
        output::message!("interrupted; the jobs go on: `sparsegate cancel {specs}` cancels them");
        return Ok(Exit::Interrupted.into());
    }
    let failed = results::print_failures(sweep, &outcomes);
    if args.report {
        report::write_all(global, &plan(global, args)?, None, None)?;
    }
    Ok(if failed { Exit::Failed } else { Exit::Done }.into())
}

/// Whether the same runs are in the same state.
fn same(one: &Sweep, other: &Sweep) -> bool {
    let state = |sweep: &Sweep| -> Vec<(String, Status)> {
        sweep.runs().map(|run| (run.entry.key.clone(), run.entry.status.clone())).collect()
    };
    state(one) == state(other)
}

/// The runs that were submitted now: their places in the sweep, and their jobs.
#[derive(Default)]
struct Submitted {
    jobs: Vec<(usize, String)>,
}

impl Submitted {
    /// How many were submitted before, or failed before.
    fn again(&self, executor: &SlurmExecutor, sweep: &Sweep) -> usize {
        let runs: Vec<_> = sweep.runs().collect();
        let is_again = |(place, _): &&(usize, String)| {
            let entry = runs[*place].entry;
            executor.was_tried(&entry.key) || matches!(entry.status, Status::Failed { .. })
        };
        self.jobs.iter().filter(is_again).count()
    }
}

impl SweepObserver for Submitted {
    fn progress(&mut self, run: usize, progress: &JobProgress<'_>) {
        if let JobProgress::Ended(Outcome::Queued { job }) = progress {
            self.jobs.push((run, job.clone()));
        }
    }
}

/// Says how many runs are in the queue, how many of them were there before (`again`), and what to do next.
fn note_submitted(submitted: &Submitted, again: usize, outcomes: &[Outcome], specs: &str) {
    let count = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count();
    let queued = count(|outcome| matches!(outcome, Outcome::Queued { .. }));
    let left = count(|outcome| matches!(outcome, Outcome::NotStarted));
    let (new, before) = (submitted.jobs.len(), queued.saturating_sub(submitted.jobs.len()));
    if queued == 0 {
        return;
    }
    let mut arrays: Vec<&str> = submitted.jobs.iter().filter_map(|(_, job)| job.split('_').next()).collect();
    arrays.dedup();
    let runs = |count: usize| if count == 1 { "1 run".to_owned() } else { format!("{count} runs") };
    if new > 0 {
        let submitted = if left > 0 { format!("{new} of {} runs", new + left) } else { runs(new) };
        // Such as runs that failed or were cancelled.
        let again = if again > 0 { format!(", {again} of them again") } else { String::new() };
        output::message!("submitted {submitted} as job {}{again}", arrays.join(", "));
    }
    if before > 0 {
        output::message!("{} already queued or running", runs(before));
    }
    if left > 0 && new > 0 {
        output::message!("run the same command again when some have ended: it submits the other {}", runs(left));
    }
    output::message!("`sparsegate status {specs}` shows them, `sparsegate cancel {specs}` cancels them");
}
