//! `train-run` (hidden): trains one run in this process, which `run` starts.
//!
//! Events go to stdout, one JSON line each; log lines and errors go to stderr, which `run` stores as the run's
//! `log.txt`.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use super::args::Global;
use super::{CliError, Exit};
use crate::progress;
use sparsegate_data::Sources;
use sparsegate_nn::engine;
use sparsegate_pipeline::build;
use sparsegate_pipeline::exec::{Interrupt, stop_at_end_of_input};
use sparsegate_pipeline::train::{self, TrainEvent};
use sparsegate_store::RunDir;
use sparsegate_store::format::{RunState, VectorsUsed};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct TrainRunArgs {
    /// The experiment's name
    #[arg(long)]
    experiment: String,
    /// The run's key
    #[arg(long)]
    key: String,
    /// Save and stop when standard input ends
    #[arg(long)]
    watch_stdin: bool,
}

/// Runs the command.
///
/// # Errors
/// Any error that stops the run; it is also written to stdout as an event.
pub fn execute(global: &Global, args: &TrainRunArgs) -> Result<ExitCode, CliError> {
    let mut reporter = EventReporter::new();
    let outcome = work(global, args, &mut reporter);
    if let (Err(error), false) = (&outcome, reporter.ended) {
        reporter.report(&TrainEvent::Ended { state: RunState::Failed, error: Some(error.to_string()) });
    }
    outcome.map(ExitCode::from)
}

fn work(global: &Global, args: &TrainRunArgs, reporter: &mut EventReporter) -> Result<Exit, CliError> {
    let interrupt = Interrupt::install().map_err(CliError::failed)?;
    if args.watch_stdin {
        stop_at_end_of_input(interrupt.flag());
    }
    let dir = RunDir::new(&global.root, &args.experiment, &args.key);
    let record = dir.record().map_err(CliError::failed)?.ok_or_else(|| {
        CliError::failed(format!("{} has no run.json", dir.path())).help("start it by `sparsegate run`")
    })?;
    let sources = Sources::load(&global.root, &record.spec.dataset, [&record.spec])?;
    let corpus = sparsegate_data::load(&global.root, &sources.dataset, record.spec.reading)?;
    let vectors = match sources.vectors_of(&record.spec) {
        Some(manifest) => Some((manifest, sparsegate_data::load_vectors(&global.root, manifest, &corpus.vocabulary)?)),
        None => None,
    };
    let used = vectors.as_ref().map(|(manifest, vectors)| VectorsUsed {
        name: manifest.name.clone(),
        initialized: vectors.initialized() as u64,
        symbols: vectors.rows.len() as u64,
    });
    if let Some(VectorsUsed { name, initialized, symbols }) = &used {
        write_log(&format!("Initialized {initialized} of {symbols} embeddings from {name}"));
    }
    let rows = vectors.as_ref().map(|(_, vectors)| vectors);
    let (spec, events) = (&record.spec, &mut |e: TrainEvent| reporter.report(&e));
    let summary = engine::catch_backend_panic(spec.backend, || {
        let mut trainer = build::build_trainer(spec, &corpus, rows).map_err(CliError::failed)?;
        train::train(&dir, spec, &corpus, used, trainer.as_mut(), events, interrupt.flag()).map_err(CliError::failed)
    });
    let summary = summary.map_err(CliError::failed)??;
    // The run is finished even without a compact model, which `export` can build later.
    if summary.state == RunState::Done
        && dir.compact().map_err(CliError::failed)?.is_none()
        && let Err(error) = sparsegate_compact::write_compact_with(&dir, &record, &corpus, &sources.dataset.reader)
    {
        write_log(&format!("no compact model: {error}"));
    }
    Ok(match summary.state {
        RunState::Done => Exit::Done,
        RunState::Interrupted => Exit::Interrupted,
        RunState::Failed => Exit::Failed,
    })
}

/// Writes a line to the log.
fn write_log(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Shortest interval between step events, which only drive the progress display.
const STEP_EVERY: Duration = Duration::from_millis(200);

/// Reports events: as JSON to the parent process, as text to the log.
struct EventReporter {
    /// When the last step event was sent.
    last_step_event: Option<Instant>,
    /// Sum of the objective over the steps since the last log line, and their number.
    sum: (f64, u32),
    ended: bool,
}

impl EventReporter {
    fn new() -> Self {
        Self { last_step_event: None, sum: (0.0, 0), ended: false }
    }

    fn report(&mut self, event: &TrainEvent) {
        self.log(event);
        self.ended |= matches!(event, TrainEvent::Ended { .. });
        if matches!(event, TrainEvent::Step { .. }) {
            if self.last_step_event.is_some_and(|told| told.elapsed() < STEP_EVERY) {
                return;
            }
            self.last_step_event = Some(Instant::now());
        }
        let Ok(mut line) = serde_json::to_vec(event) else { return };
        line.push(b'\n');
        // Write errors are ignored: if the parent dies, standard input ends, and the run is saved and stopped.
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(&line).and_then(|()| out.flush());
    }

    fn log(&mut self, event: &TrainEvent) {
        let text = match event {
            TrainEvent::Started { step: 0, .. } => "started".to_owned(),
            TrainEvent::Started { step, .. } => format!("goes on after step {step}"),
            TrainEvent::Step { step, objective, .. } => match self.mean(*step, *objective) {
                Some(text) => text,
                None => return,
            },
            TrainEvent::Epoch { metrics, .. } => match serde_json::to_string(metrics) {
                Ok(line) => line,
                Err(_) => return,
            },
            TrainEvent::StoppedEarly { epoch, best } => progress::stopped_early(*epoch, *best),
            TrainEvent::Collapsed { epoch, collapse, hint } => {
                format!("warning: collapsed, seen after epoch {epoch}: {collapse}; {hint}")
            }
            TrainEvent::Saved { step } => format!("saved after step {step}"),
            TrainEvent::Ended { state: RunState::Done, .. } => "done".to_owned(),
            TrainEvent::Ended { state: RunState::Interrupted, .. } => "interrupted".to_owned(),
            // The error itself follows on stderr.
            TrainEvent::Ended { .. } | TrainEvent::Evaluating { .. } => return,
        };
        write_log(&text);
    }

    /// A log line every 10 steps up to step 100, then every 100 steps.
    fn mean(&mut self, step: u64, objective: f64) -> Option<String> {
        self.sum = (self.sum.0 + objective, self.sum.1 + 1);
        if !step.is_multiple_of(if step <= 100 { 10 } else { 100 }) {
            return None;
        }
        let (sum, count) = std::mem::take(&mut self.sum);
        Some(format!("step {step}: mean objective of {count} steps {:.5}", sum / f64::from(count)))
    }
}
