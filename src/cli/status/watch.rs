//! `status --watch`: the tables, redrawn while runs go on.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::screen::Screen;
use super::sparkline::{Blocks, sparkline};
use super::table::{self, ExperimentTable, by_experiment, is_active, place, short_state, time_left};
use crate::cli::args::Global;
use crate::cli::heading::title;
use crate::cli::interval::{Interval, time_of_day};
use crate::cli::output;
use crate::cli::{CliError, Exit};
use sparsegate_pipeline::exec::Interrupt;
use sparsegate_pipeline::exec::slurm::Jobs;
use sparsegate_pipeline::sweep::{ExperimentPlan, RunStatus, Sweep, WatchedSweep};
use sparsegate_store::plan::Status;

/// Looks at which nothing runs or waits before the end: between two runs of a sweep nobody holds a lock for a moment.
const IDLE_LOOKS: usize = 3;
/// Time between two questions to Slurm, whose controller many users ask.
const ASK_EVERY: Duration = Duration::from_secs(10);
/// Widths of a curve, in a narrow and in a wide terminal, and from how many columns on a terminal is wide.
const CURVE: (usize, usize, usize) = (8, 20, 110);

/// Redraws the tables until nothing runs or waits any more. The last tables stay on the terminal.
///
/// # Errors
/// A run folder that cannot be read, or a terminal that cannot be written to.
pub(super) fn execute(global: &Global, sweep: Sweep, every: Interval) -> Result<ExitCode, CliError> {
    let interrupt = Interrupt::install().map_err(CliError::failed)?;
    let mut view = View::new(global, sweep)?;
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let on_terminal = std::io::stdout().is_terminal() && !is_dumb;
    let (mut screen, mut printed, mut idle) = (None, None, IDLE_LOOKS - 1);
    let interrupted = loop {
        let active = view.active()?;
        idle = if active > 0 { 0 } else { idle + 1 };
        if idle >= IDLE_LOOKS {
            break false;
        }
        let size = terminal_size();
        if on_terminal {
            if screen.is_none() {
                screen = Screen::enter()?;
            }
            let Some(screen) = &screen else { return Ok(Exit::Done.into()) };
            let footer =
                format!("{}, every {} s; Ctrl-C ends the view, not the runs", time_of_day(), every.0.as_secs_f64());
            let text = format!("{}\n{footer}\n", view.text(Some(size))?);
            if !screen.show(&text, size)? {
                return Ok(Exit::Done.into());
            }
        } else {
            let text = view.text(None)?;
            if printed.as_ref() != Some(&text) {
                let gap = if printed.is_some() { "\n" } else { "" };
                output::print(&format!("{gap}{text}"))?;
                printed = Some(text);
            }
        }
        if !every.wait(&interrupt, || on_terminal && terminal_size() != size) {
            break true;
        }
        view.look()?;
    };
    drop(screen);
    let last = view.tables()?;
    if on_terminal || printed.is_none() {
        output::print(&last)?;
    } else if printed.as_ref() != Some(&view.text(None)?) {
        output::print(&format!("\n{last}"))?;
    }
    if interrupted {
        output::message!("interrupted; the runs go on");
        return Ok(Exit::Interrupted.into());
    }
    Ok(Exit::Done.into())
}

/// Columns and rows of the terminal that stdout is; a usual size if it does not say.
fn terminal_size() -> (usize, usize) {
    let size = terminal_size::terminal_size_of(std::io::stdout());
    size.map_or((80, 24), |(columns, rows)| (columns.0.into(), rows.0.into()))
}

/// What is shown.
struct View<'a> {
    global: &'a Global,
    watched: WatchedSweep,
    jobs: Jobs,
    asked: Instant,
    /// Why it is not known what Slurm does.
    problem: Option<String>,
    blocks: Blocks,
}

impl<'a> View<'a> {
    fn new(global: &'a Global, sweep: Sweep) -> Result<Self, CliError> {
        let watched = WatchedSweep::new(sweep)?;
        let blocks = Blocks::of_locale(|name| std::env::var(name).ok());
        let mut view = Self { global, watched, jobs: Jobs::default(), asked: Instant::now(), problem: None, blocks };
        view.ask();
        Ok(view)
    }

    fn look(&mut self) -> Result<(), CliError> {
        self.watched.look()?;
        if self.asked.elapsed() >= ASK_EVERY {
            self.ask();
        }
        Ok(())
    }

    /// Asks Slurm. Its controller may be down for a while; then what it said last is shown.
    fn ask(&mut self) {
        self.asked = Instant::now();
        match Jobs::read(&self.global.root) {
            Ok(jobs) => (self.jobs, self.problem) = (jobs, None),
            Err(error) => self.problem = Some(format!("note: what Slurm does is not known: {error}")),
        }
    }

    fn statuses(&self) -> Result<Vec<RunStatus<'_>>, CliError> {
        self.watched.sweep().status().map_err(CliError::failed)
    }

    /// Runs that train or wait.
    fn active(&self) -> Result<usize, CliError> {
        let is_active = |status: &&RunStatus<'_>| is_active(status, self.jobs.of(&status.entry.key));
        Ok(self.statuses()?.iter().filter(is_active).count())
    }

    /// The tables as `status` prints them.
    fn tables(&self) -> Result<String, CliError> {
        Ok(table::tables(self.global, self.watched.sweep(), &self.statuses()?, &self.jobs))
    }

    /// The tables with curves, for a terminal of these columns and rows.
    fn text(&self, size: Option<(usize, usize)>) -> Result<String, CliError> {
        let statuses = self.statuses()?;
        let shown = self.shown(&statuses, size.map(|(_, rows)| rows));
        let rows: Vec<(usize, &RunStatus<'_>)> = statuses.iter().enumerate().collect();
        let mut texts = vec![self.summary(&statuses)];
        for (planned, rows) in by_experiment(self.watched.sweep(), &rows) {
            let rows: Vec<_> = rows.iter().copied().filter(|(place, _)| shown.contains(place)).collect();
            if !rows.is_empty() {
                texts.push(self.table(planned, &rows, size.map(|(columns, _)| columns)));
            }
        }
        let hidden = statuses.len() - shown.len();
        if hidden > 0 {
            texts.push(format!("({hidden} more runs: the terminal is too low)\n"));
        }
        texts.extend(self.problem.iter().map(|problem| format!("{problem}\n")));
        Ok(texts.concat())
    }

    fn table(&self, planned: &ExperimentPlan, rows: &[(usize, &RunStatus<'_>)], columns: Option<usize>) -> String {
        let experiment = ExperimentTable::of(planned);
        let mut table = experiment.number_heads(experiment.varying_heads().words("state"));
        for head in ["curve", "where", "run"] {
            table = if head == "curve" { table.numbers("time left") } else { table };
            table = table.words(head).spare();
        }
        let width = if columns.is_some_and(|columns| columns < CURVE.2) { CURVE.0 } else { CURVE.1 };
        for (run, status) in rows {
            let job = self.jobs.of(&status.entry.key);
            let mut cells = experiment.varying_cells(status);
            cells.push(short_state(status, job));
            cells.extend(experiment.number_cells(status));
            let curve = sparkline(self.watched.curve(*run), width, self.blocks);
            cells.extend([time_left(status), curve, place(status, job), status.entry.key.clone()]);
            table.row(cells);
        }
        format!("{}\n{}", title(&planned.experiment), table.render(self.global.color_stdout(), columns))
    }

    /// `5 runs: 2 done, 1 running, 2 others`.
    fn summary(&self, statuses: &[RunStatus<'_>]) -> String {
        let (runs, done) =
            (statuses.len(), statuses.iter().filter(|status| status.entry.status == Status::Done).count());
        let holds = |status: &&RunStatus<'_>| {
            status.holder.is_some() || short_state(status, self.jobs.of(&status.entry.key)).starts_with("running")
        };
        let running = statuses.iter().filter(holds).count();
        let active = statuses.iter().filter(|status| is_active(status, self.jobs.of(&status.entry.key))).count();
        let plural = if runs == 1 { "run" } else { "runs" };
        let queued = if active > running { format!(", {} queued", active - running) } else { String::new() };
        format!("{runs} {plural}: {done} done, {running} running{queued}\n")
    }

    /// The runs that are shown, by their places: all, or where there are too few rows first those that train or wait, then
    /// those that failed, then unfinished ones.
    fn shown(&self, statuses: &[RunStatus<'_>], rows: Option<usize>) -> Vec<usize> {
        let mut places: Vec<usize> = (0..statuses.len()).collect();
        let Some(rows) = rows else { return places };
        // Each table has a title, a head and a note; then there are the first and the last line, and a note on the rest.
        let room = rows.saturating_sub(3 * self.watched.sweep().experiments().len() + 4).max(1);
        if places.len() > room {
            let rank = |place: &usize| {
                let status = &statuses[*place];
                match status.entry.status {
                    _ if is_active(status, self.jobs.of(&status.entry.key)) => 0,
                    Status::Failed { .. } | Status::Damaged { .. } => 1,
                    Status::Interrupted { .. } | Status::Continues { .. } => 2,
                    Status::Done => 3,
                    Status::New { .. } | Status::Stale { .. } => 4,
                }
            };
            places.sort_by_key(rank);
            places.truncate(room);
            places.sort_unstable();
        }
        places
    }
}
