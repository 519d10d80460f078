//! Shows the progress of a sweep on standard error: bars on a terminal; in a log one line per epoch, and one every
//! thirty seconds of a longer epoch. No line of a log is longer than 80 columns.

mod line;
mod terminal;

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::cli::heading::{decimals, metric_name};
use line::{COLUMNS, fitted, shortened, wrapped};
use sparsegate_core::EvaluationMetric;
use sparsegate_pipeline::exec::{JobProgress, Outcome};
use sparsegate_pipeline::sweep::SweepObserver;
use sparsegate_pipeline::train::TrainEvent;
use sparsegate_store::format::EpochMetrics;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ProgressMode {
    /// Bars on a terminal, otherwise one line per epoch.
    #[default]
    Auto,
    /// Bars.
    Bar,
    /// One line per epoch, and every 30 seconds of a longer one.
    Counter,
    /// Nothing.
    None,
}

impl ProgressMode {
    /// Resolves `Auto` for this process; with `quiet`, nothing is shown.
    #[must_use]
    pub fn resolve(self, quiet: bool) -> Self {
        match self {
            _ if quiet => Self::None,
            Self::Auto if std::io::stderr().is_terminal() => Self::Bar,
            Self::Auto => Self::Counter,
            chosen => chosen,
        }
    }
}

/// The progress display of a sweep.
pub struct Display {
    mode: ProgressMode,
    /// The labels of all runs of the sweep.
    labels: Vec<String>,
    /// The position among the executed runs, by index in the sweep.
    jobs: BTreeMap<usize, usize>,
    /// The runs that are executed.
    runs: Vec<RunDisplay>,
    /// Width of the longest label.
    width: usize,
    view: DisplayKind,
    finished: usize,
}

enum DisplayKind {
    Silent,
    Lines,
    Bars { all: MultiProgress, sweep: ProgressBar },
}

/// Bars are cut at the width of the terminal: a line that wrapped would be counted as one and leave a part of itself.
const RUN_BAR: &str = "{prefix} {bar:16} {wide_msg}";
const SWEEP_BAR: &str = "sweep {pos}/{len} runs  {elapsed} so far";

/// Longest time without a line of a run in a log.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);

/// Display state of a run.
struct RunDisplay {
    label: String,
    bar: Option<ProgressBar>,
    begun: Instant,
    /// When the last line about it was due.
    told: Instant,
    epochs: u32,
    /// Known once the run has started.
    metric: Option<EvaluationMetric>,
    last: Option<EpochMetrics>,
}

impl Display {
    /// A display of a sweep whose runs have these labels. Nothing is shown before it begins. Lines and a run's bar are
    /// shown once the run starts.
    #[must_use]
    pub fn new(mode: ProgressMode, quiet: bool, labels: Vec<String>) -> Self {
        let mode = mode.resolve(quiet);
        let (jobs, runs, view) = (BTreeMap::new(), Vec::new(), DisplayKind::Silent);
        Self { mode, labels, jobs, runs, width: 0, view, finished: 0 }
    }

    fn started(&mut self, job: usize) {
        self.runs[job].begun = Instant::now();
        self.runs[job].told = Instant::now();
        if let DisplayKind::Bars { all, sweep } = &self.view {
            let bar = all.insert_before(sweep, ProgressBar::new(0));
            bar.set_style(style(RUN_BAR));
            bar.set_prefix(self.padded(job));
            bar.set_message("starting");
            sweep.tick();
            self.runs[job].bar = Some(bar);
        } else if matches!(self.view, DisplayKind::Lines) {
            let started = format!("started ({} of {})", job + 1, self.runs.len());
            self.run_line(job, &[(0, started)]);
        }
    }

    fn report_event(&mut self, job: usize, event: &TrainEvent) {
        let run = &mut self.runs[job];
        match event {
            TrainEvent::Started { epochs, step, metric, last } => {
                run.epochs = *epochs;
                run.metric = Some(*metric);
                run.last.clone_from(last);
                if *step > 0 {
                    self.run_line(job, &[(0, format!("goes on after step {step}"))]);
                }
            }
            TrainEvent::Step { epoch, batch, batches, objective, seconds_left, .. } => {
                let Some(bar) = &run.bar else {
                    let (is_due, epochs) = (run.is_due(Instant::now()), run.epochs);
                    if is_due && matches!(self.view, DisplayKind::Lines) {
                        let epoch = format!("epoch {epoch}/{epochs}, step {batch} of {batches}");
                        let left = format!("{} left", seconds(*seconds_left));
                        self.run_line(job, &[(0, epoch), (1, format!("objective {objective:.3}")), (0, left)]);
                    }
                    return;
                };
                bar.set_length(batches * u64::from(run.epochs));
                bar.set_position(batches * u64::from(epoch.saturating_sub(1)) + batch);
                // The most important words come first, since the end is cut.
                let quality = run.last.as_ref().map(|last| format!("  {}", quality(run.metric, last)));
                bar.set_message(format!(
                    "epoch {epoch}/{}  {} left{}  objective {objective:.3}",
                    run.epochs,
                    seconds(*seconds_left),
                    quality.unwrap_or_default()
                ));
            }
            TrainEvent::Evaluating { epoch } => {
                let epochs = run.epochs;
                if let Some(bar) = &run.bar {
                    bar.set_message(format!("epoch {epoch}/{epochs}  evaluating"));
                } else if run.is_due(Instant::now()) && matches!(self.view, DisplayKind::Lines) {
                    self.run_line(job, &[(0, format!("epoch {epoch}/{epochs}, evaluating"))]);
                }
            }
            TrainEvent::Epoch { metrics, seconds_left } => {
                run.last = Some(metrics.clone());
                run.told = Instant::now();
                if matches!(self.view, DisplayKind::Lines) {
                    let run = &self.runs[job];
                    let [metric, compression] = quality_parts(run.metric, metrics);
                    let parts = [
                        (0, format!("epoch {}/{}", metrics.epoch, run.epochs)),
                        (2, format!("objective {:.3}", metrics.train_objective)),
                        (0, metric),
                        (1, compression),
                        (0, format!("{} left", seconds(*seconds_left))),
                    ];
                    self.run_line(job, &parts);
                }
            }
            TrainEvent::StoppedEarly { epoch, best } => {
                let line = format!("{}  {}", self.padded(job), stopped_early(*epoch, *best));
                self.line(&wrapped(&line));
            }
            TrainEvent::Collapsed { epoch, collapse, hint } => {
                let label = run.label.clone();
                self.line(&wrapped(&format!("warning: {label} collapsed, seen after epoch {epoch}: {collapse}")));
                self.line(&wrapped(&format!("  hint: {hint}")));
            }
            TrainEvent::Saved { .. } | TrainEvent::Ended { .. } => {}
        }
    }

    fn ended(&mut self, job: usize, outcome: &Outcome) {
        self.finished += 1;
        if let Some(bar) = self.runs[job].bar.take() {
            bar.finish_and_clear();
        }
        if let DisplayKind::Bars { sweep, .. } = &self.view {
            sweep.set_position(self.finished as u64);
        }
        let took = seconds(self.runs[job].begun.elapsed().as_secs_f64());
        match outcome {
            Outcome::Done(summary) => {
                let quality = summary.last.as_ref().map(|last| quality_parts(summary.metric, last));
                let [metric, compression] = quality.unwrap_or_default();
                let collapsed = if summary.collapsed().is_some() { ", collapsed," } else { "" };
                self.run_line(job, &[(0, format!("done{collapsed} in {took}")), (0, metric), (1, compression)]);
            }
            Outcome::Interrupted => self.run_line(job, &[(0, "interrupted, state saved".to_owned())]),
            Outcome::Failed { error, .. } => {
                // The hint after the first semicolon is shown at the end, when all failures are listed.
                let error = error.split(';').next().unwrap_or(error);
                self.line(&wrapped(&format!("{}  failed: {error}", self.runs[job].label)));
            }
            Outcome::Queued { job: name } => self.run_line(job, &[(0, format!("submitted as job {name}"))]),
            Outcome::NotStarted | Outcome::Excluded { .. } => {}
        }
    }

    /// A line about a run, at most 80 columns wide.
    fn run_line(&self, job: usize, parts: &[(u8, String)]) {
        self.line(&fitted(&self.runs[job].label, self.width, parts));
    }

    /// The label of a run, as wide as the widest one, but not so wide that a bar has no room.
    fn padded(&self, job: usize) -> String {
        let most = self.width.min(COLUMNS / 3);
        format!("{:most$}", shortened(&self.runs[job].label, most))
    }

    fn line(&self, text: &str) {
        let text = &crate::cli::terminal_text::escaped(text);
        match &self.view {
            DisplayKind::Silent => {}
            // A closed standard error is no reason to stop training.
            DisplayKind::Lines => drop(writeln!(std::io::stderr(), "{text}")),
            // Not `suspend`, which panics if the terminal has gone. Bars that nobody sees print nothing, either.
            DisplayKind::Bars { all, .. } if all.is_hidden() => drop(writeln!(std::io::stderr(), "{text}")),
            DisplayKind::Bars { all, .. } => drop(all.println(text)),
        }
    }
}

impl SweepObserver for Display {
    fn begin(&mut self, runs: &[usize]) {
        self.view = match self.mode {
            ProgressMode::None => DisplayKind::Silent,
            ProgressMode::Counter | ProgressMode::Auto => DisplayKind::Lines,
            ProgressMode::Bar => {
                // Bars that are requested explicitly are drawn even into a pipe.
                let all = MultiProgress::with_draw_target(terminal::target());
                let sweep = all.add(ProgressBar::new(runs.len() as u64));
                sweep.set_style(style(SWEEP_BAR));
                sweep.enable_steady_tick(Duration::from_millis(500));
                DisplayKind::Bars { all, sweep }
            }
        };
        self.jobs = runs.iter().enumerate().map(|(job, run)| (*run, job)).collect();
        self.runs = runs.iter().map(|run| RunDisplay::new(self.labels[*run].clone())).collect();
        self.width = self.runs.iter().map(|run| run.label.chars().count()).max().unwrap_or(0);
    }

    fn progress(&mut self, run: usize, progress: &JobProgress<'_>) {
        let job = self.jobs[&run];
        match progress {
            JobProgress::Started => self.started(job),
            JobProgress::Event(event) => self.report_event(job, event),
            JobProgress::Ended(outcome) => self.ended(job, outcome),
        }
    }

    /// Removes the bars. Lines that were printed stay.
    fn end(&mut self) {
        if let DisplayKind::Bars { all, sweep } = &self.view {
            sweep.finish_and_clear();
            let _ = all.clear();
        }
    }
}

impl RunDisplay {
    fn new(label: String) -> Self {
        let now = Instant::now();
        Self { label, bar: None, begun: now, told: now, epochs: 0, metric: None, last: None }
    }

    /// Whether a log has had no line about the run for too long; if so, one is due now.
    fn is_due(&mut self, now: Instant) -> bool {
        let is_due = now.duration_since(self.told) >= LONGEST_SILENCE;
        if is_due {
            self.told = now;
        }
        is_due
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants of this file and a test parses them, so the fallback is never used.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

/// The validation metric and compression of a finished epoch, formatted.
#[must_use]
pub fn quality(metric: Option<EvaluationMetric>, line: &EpochMetrics) -> String {
    quality_parts(metric, line).join("  ")
}

fn quality_parts(metric: Option<EvaluationMetric>, line: &EpochMetrics) -> [String; 2] {
    let (name, digits) = (metric_name(metric), decimals(metric));
    let compression = compression(line.counts.compression_ratio());
    [format!("{name} {:.digits$}", line.valid), format!("compression {compression}")]
}

/// A compression such as `24.5x`; a dash if nothing is left.
#[must_use]
pub fn compression(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.1}x"))
}

/// Why a run ends before its last epoch.
#[must_use]
pub fn stopped_early(epoch: u32, best: u32) -> String {
    format!("stopped early after epoch {epoch}: no better validation metric since epoch {best}")
}

/// A duration in at most two units: `42s`, `3m 05s`, `2h 10m`.
#[must_use]
pub fn seconds(span: f64) -> String {
    let whole = Duration::try_from_secs_f64(span.max(0.0).round()).unwrap_or_default().as_secs();
    match whole {
        0..60 => format!("{whole}s"),
        60..3600 => format!("{}m {:02}s", whole / 60, whole % 60),
        _ => format!("{}h {:02}m", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        assert_eq!(seconds(0.4), "0s");
        assert_eq!(seconds(59.6), "1m 00s");
        assert_eq!(seconds(3_700.0), "1h 01m");
        assert_eq!(seconds(f64::NAN), "0s");
        assert_eq!(seconds(f64::INFINITY), "0s");
    }

    #[test]
    fn templates_are_readable() {
        for template in [SWEEP_BAR, RUN_BAR] {
            ProgressStyle::with_template(template).unwrap();
        }
    }

    #[test]
    fn a_line_is_due_after_thirty_seconds_of_silence() {
        let mut run = RunDisplay::new("W".into());
        let begun = run.told;
        let due = [29, 30, 31, 59, 60, 200, 229, 230].map(|second| run.is_due(begun + Duration::from_secs(second)));
        assert_eq!(due, [false, true, false, false, true, true, false, true]);
    }

    #[test]
    fn quiet_wins() {
        assert_eq!(ProgressMode::Bar.resolve(true), ProgressMode::None);
        assert_eq!(ProgressMode::Counter.resolve(false), ProgressMode::Counter);
    }
}
