//! `run --executor slurm`: submits the runs; with `--wait` follows them until they have ended.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::{RunArgs, note_left_out, options, plan, report, results, run_labels, this_program};
use crate::cli::args::Global;
use crate::cli::output;
use crate::cli::{CliError, Exit};
use crate::progress;
use sparsegate_pipeline::exec::slurm::{Jobs, RunJob, SlurmExecutor, SlurmOptions};
use sparsegate_pipeline::exec::{Interrupt, JobProgress, Outcome};
use sparsegate_pipeline::sweep::{Sweep, SweepObserver, SweepOptions};
use sparsegate_store::format::RunState;

/// First and longest time between two questions to Slurm: many users ask the same controller.
const ASK_EVERY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// Longest delay before an interrupt is noticed.
const TICK: Duration = Duration::from_millis(100);
/// Lines of a failed run's log to show.
const LOG_LINES: usize = 12;

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
    let sweep = plan(global, args)?;
    let prepared = sweep.prepare(&SweepOptions { elsewhere: true, ..options(args) })?;
    note_left_out(global, &prepared);
    let program = this_program()?;
    let program = program.to_str().ok_or_else(|| CliError::failed("the path of this program is not UTF-8"))?;
    let executor = SlurmExecutor::open(&global.root, program, slurm, args.jobs.map(usize::from))?;
    let mut submitted = Submitted::default();
    interrupt.end_at_once(false);
    let mut outcomes = prepared.run(&executor, &mut submitted, interrupt)?;
    let failure = executor.failure();
    // Others may submit now.
    drop(executor);
    let specs = args.specs.specs.iter().map(|spec| spec.as_str()).collect::<Vec<_>>().join(" ");
    if global.verbosity() >= 0 {
        note_submitted(&submitted, &outcomes, &specs);
    }
    let interrupted = if failure.is_none() && args.wait {
        !follow(global, &sweep, &mut outcomes, interrupt)?
    } else {
        interrupt.is_raised()
    };
    interrupt.end_at_once(true);
    if interrupted || failure.is_some() || !args.report {
        results::print(global, &sweep, &outcomes, args.format)?;
    }
    if let Some(error) = failure {
        return Err(error.into());
    }
    if interrupted {
        output::message!("interrupted; the jobs go on: `sparsegate cancel {specs}` cancels them");
        return Ok(Exit::Interrupted.into());
    }
    let failed = results::print_failures(&sweep, &outcomes);
    if args.report {
        report::write_all(global, &sweep.plan_again()?, None, None)?;
    }
    Ok(if failed { Exit::Failed } else { Exit::Done }.into())
}

/// The runs that were submitted now.
#[derive(Default)]
struct Submitted {
    jobs: Vec<String>,
}

impl SweepObserver for Submitted {
    fn progress(&mut self, _run: usize, progress: &JobProgress<'_>) {
        if let JobProgress::Ended(Outcome::Queued { job }) = progress {
            self.jobs.push(job.clone());
        }
    }
}

/// Says how many runs are in the queue, and what to do next.
fn note_submitted(submitted: &Submitted, outcomes: &[Outcome], specs: &str) {
    let queued = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Queued { .. })).count();
    let (new, before) = (submitted.jobs.len(), queued.saturating_sub(submitted.jobs.len()));
    if queued == 0 {
        return;
    }
    let mut arrays: Vec<&str> = submitted.jobs.iter().filter_map(|job| job.split('_').next()).collect();
    arrays.dedup();
    let runs = |count: usize| if count == 1 { "1 run".to_owned() } else { format!("{count} runs") };
    if new > 0 {
        output::message!("submitted {} as job {}", runs(new), arrays.join(", "));
    }
    if before > 0 {
        output::message!("{} already queued or running", runs(before));
    }
    output::message!("`sparsegate status {specs}` shows them, `sparsegate cancel {specs}` cancels them");
}

/// Waits until no run is queued or running any more, says what changes, and replaces the outcomes. Returns `false` if
/// it was interrupted.
fn follow(global: &Global, sweep: &Sweep, outcomes: &mut [Outcome], interrupt: &Interrupt) -> Result<bool, CliError> {
    let labels = run_labels::labels(sweep);
    let width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let runs: Vec<_> = sweep.runs().collect();
    let mut said: BTreeMap<usize, String> = BTreeMap::new();
    let mut pause = ASK_EVERY.0;
    loop {
        let waiting = |outcome: &Outcome| matches!(outcome, Outcome::Queued { .. });
        if !outcomes.iter().any(waiting) {
            return Ok(true);
        }
        match Jobs::read(&global.root) {
            // The controller may be down for a while.
            Err(error) => say(global, &mut said, usize::MAX, format!("note: {error}; asking again")),
            Ok(jobs) => {
                for (place, run) in
                    runs.iter().enumerate().filter(|(place, _)| waiting(&outcomes[*place])).collect::<Vec<_>>()
                {
                    let job = jobs.of(&run.entry.key);
                    let phase = job.and_then(RunJob::describe);
                    if !job.is_some_and(RunJob::is_active) {
                        outcomes[place] = ended(run.entry, phase.as_deref());
                    }
                    let now = match &outcomes[place] {
                        Outcome::Done(summary) => {
                            let quality = summary.last.as_ref().map(|last| progress::quality(&summary.metric, last));
                            format!("done  {}", quality.unwrap_or_default())
                        }
                        Outcome::Failed { error, .. } => format!("failed: {error}"),
                        _ => phase.unwrap_or_default(),
                    };
                    say(global, &mut said, place, format!("{:width$}  {}", labels[place], now.trim_end()));
                }
            }
        }
        let begun = Instant::now();
        while begun.elapsed() < pause && outcomes.iter().any(waiting) {
            if interrupt.is_raised() {
                return Ok(false);
            }
            std::thread::sleep(TICK);
        }
        pause = (pause * 3 / 2).min(ASK_EVERY.1);
    }
}

/// Prints a line unless it was the last one said about this run.
fn say(global: &Global, said: &mut BTreeMap<usize, String>, place: usize, line: String) {
    if said.get(&place) != Some(&line) {
        if global.verbosity() >= 0 {
            output::message!("{line}");
        }
        said.insert(place, line);
    }
}

/// The outcome of a run whose job is over.
fn ended(entry: &sparsegate_store::plan::PlanEntry, how: Option<&str>) -> Outcome {
    match entry.dir.summary() {
        Ok(Some(summary)) if summary.state == RunState::Done => Outcome::Done(Box::new(summary)),
        Ok(Some(summary)) if summary.state == RunState::Failed => Outcome::Failed {
            error: summary.error.unwrap_or_else(|| "no reason is stored".to_owned()),
            log: entry.dir.log_tail(LOG_LINES),
        },
        Ok(_) => {
            let error = format!("its job has ended: {}", how.unwrap_or("nothing is known about it"));
            Outcome::Failed { error, log: entry.dir.log_tail(LOG_LINES) }
        }
        Err(error) => Outcome::failed(&error),
    }
}
