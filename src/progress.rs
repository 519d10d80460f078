//! Shows the progress of a sweep on standard error: bars on a terminal; in a log one line per epoch, and one every thirty
//! seconds of a longer epoch.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

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
    metric: String,
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
            bar.set_style(style("{prefix} {bar:24} {msg}"));
            bar.set_prefix(self.padded(job));
            bar.set_message("starting");
            sweep.tick();
            self.runs[job].bar = Some(bar);
        } else if matches!(self.view, DisplayKind::Lines) {
            self.line(&format!("{}  started ({} of {})", self.padded(job), job + 1, self.runs.len()));
        }
    }

    fn report_event(&mut self, job: usize, event: &TrainEvent) {
        let run = &mut self.runs[job];
        match event {
            TrainEvent::Started { epochs, step, metric, last } => {
                run.epochs = *epochs;
                run.metric.clone_from(metric);
                run.last.clone_from(last);
                if *step > 0 {
                    let line = format!("{}  goes on after step {step}", self.padded(job));
                    self.line(&line);
                }
            }
            TrainEvent::Step { epoch, batch, batches, objective, seconds_left, .. } => {
                let Some(bar) = &run.bar else {
                    let (is_due, epochs) = (run.is_due(Instant::now()), run.epochs);
                    if is_due && matches!(self.view, DisplayKind::Lines) {
                        let left = seconds(*seconds_left);
                        self.line(&format!(
                            "{}  epoch {epoch}/{epochs}, step {batch} of {batches}  objective {objective:.3}  {left} left",
                            self.padded(job)
                        ));
                    }
                    return;
                };
                bar.set_length(batches * u64::from(run.epochs));
                bar.set_position(batches * u64::from(epoch.saturating_sub(1)) + batch);
                let quality = run.last.as_ref().map(|last| format!("  {}", quality(&run.metric, last)));
                bar.set_message(format!(
                    "epoch {epoch}/{}  objective {objective:.3}{}  {} left",
                    run.epochs,
                    quality.unwrap_or_default(),
                    seconds(*seconds_left)
                ));
            }
            TrainEvent::Evaluating { epoch } => {
                let epochs = run.epochs;
                if let Some(bar) = &run.bar {
                    bar.set_message(format!("epoch {epoch}/{epochs}  evaluating"));
                } else if run.is_due(Instant::now()) && matches!(self.view, DisplayKind::Lines) {
                    self.line(&format!("{}  epoch {epoch}/{epochs}, evaluating", self.padded(job)));
                }
            }
            TrainEvent::Epoch { metrics, seconds_left } => {
                run.last = Some(metrics.clone());
                run.told = Instant::now();
                if matches!(self.view, DisplayKind::Lines) {
                    let run = &self.runs[job];
                    self.line(&format!(
                        "{}  epoch {}/{}  objective {:.3}  {}  {} left",
                        self.padded(job),
                        metrics.epoch,
                        run.epochs,
                        metrics.train_objective,
                        quality(&run.metric, metrics),
                        seconds(*seconds_left)
                    ));
                }
            }
            TrainEvent::StoppedEarly { epoch, best } => {
                let line = format!("{}  {}", self.padded(job), stopped_early(*epoch, *best));
                self.line(&line);
            }
            TrainEvent::Collapsed { epoch, collapse, hint } => {
                let label = run.label.clone();
                self.line(&format!("warning: {label} collapsed, seen after epoch {epoch}: {collapse}"));
                self.line(&format!("  hint: {hint}"));
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
        let end = match outcome {
            Outcome::Done(summary) => {
                let quality = summary.last.as_ref().map(|last| quality(&summary.metric, last)).unwrap_or_default();
                let collapsed = if summary.collapsed().is_some() { ", collapsed," } else { "" };
                format!("done{collapsed} in {took}  {quality}")
            }
            Outcome::Interrupted => "interrupted, state saved".to_owned(),
            // The hint after the first semicolon is shown at the end, when all failures are listed.
            Outcome::Failed { error, .. } => format!("failed: {}", error.split(';').next().unwrap_or(error)),
            Outcome::Queued { job } => format!("submitted as job {job}"),
            Outcome::NotStarted | Outcome::Excluded { .. } => return,
        };
        let line = format!("{}  {end}", self.padded(job));
        self.line(&line);
    }

    fn padded(&self, job: usize) -> String {
        format!("{:width$}", self.runs[job].label, width = self.width)
    }

    fn line(&self, text: &str) {
        let text = &crate::cli::output::escaped(text);
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
                let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8));
                let sweep = all.add(ProgressBar::new(runs.len() as u64));
                sweep.set_style(style("sweep {pos}/{len} runs  {elapsed} so far"));
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
        Self { label, bar: None, begun: now, told: now, epochs: 0, metric: String::new(), last: None }
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
pub fn quality(metric: &str, line: &EpochMetrics) -> String {
    let (name, digits) = match EvaluationMetric::from_name(metric) {
        Some(EvaluationMetric::BitsPerCharacter) => ("bits/char", 4),
        Some(EvaluationMetric::Perplexity | EvaluationMetric::Accuracy) | None => (metric, 2),
    };
    let compression = compression(line.counts.compression_ratio());
    format!("{name} {:.digits$}  compression {compression}", line.valid)
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
        for template in ["sweep {pos}/{len} runs  {elapsed} so far", "{prefix} {bar:24} {msg}"] {
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
