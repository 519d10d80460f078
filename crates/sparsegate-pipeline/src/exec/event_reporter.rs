//! The worker's side of the connection to its parent: events as lines of JSON, and lines of text for the log.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::train::TrainEvent;
use crate::train_run::RunObserver;
use sparsegate_store::format::RunState;

/// Shortest interval between step events, which only drive the progress display.
const STEP_EVERY: Duration = Duration::from_millis(200);

/// Reports events of a run: as JSON to the parent process, as text to the log.
///
/// Write errors are ignored. If the parent dies, standard input ends, and the run is saved and stopped.
#[derive(Debug)]
pub struct EventReporter<E, L> {
    /// Receives the events, one line of JSON each.
    events: E,
    /// Receives the lines of the log.
    log: L,
    /// When the last step event was sent.
    last_step_event: Option<Instant>,
    /// Sum of the objective over the steps since the last log line, and their number.
    sum: (f64, u32),
    ended: bool,
}

impl<E: Write, L: Write> EventReporter<E, L> {
    /// A reporter that writes to `events` and `log`, in a worker its standard output and standard error.
    pub fn new(events: E, log: L) -> Self {
        Self { events, log, last_step_event: None, sum: (0.0, 0), ended: false }
    }

    /// Reports an error that ends the run, unless the end of the run has already been reported.
    pub fn report_failure(&mut self, error: &dyn std::fmt::Display) {
        if !self.ended {
            self.event(&TrainEvent::Ended { state: RunState::Failed, error: Some(error.to_string()) });
        }
    }

    fn log_event(&mut self, event: &TrainEvent) {
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
            TrainEvent::StoppedEarly { epoch, best } => {
                format!("stopped early after epoch {epoch}: no better validation metric since epoch {best}")
            }
            TrainEvent::Collapsed { epoch, collapse, hint } => {
                format!("warning: collapsed, seen after epoch {epoch}: {collapse}; {hint}")
            }
            TrainEvent::Saved { step } => format!("saved after step {step}"),
            TrainEvent::Ended { state: RunState::Done, .. } => "done".to_owned(),
            TrainEvent::Ended { state: RunState::Interrupted, .. } => "interrupted".to_owned(),
            // The error itself follows on stderr.
            TrainEvent::Ended { .. } | TrainEvent::Evaluating { .. } => return,
        };
        self.log(&text);
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

impl<E: Write, L: Write> RunObserver for EventReporter<E, L> {
    fn event(&mut self, event: &TrainEvent) {
        self.log_event(event);
        self.ended |= matches!(event, TrainEvent::Ended { .. });
        if matches!(event, TrainEvent::Step { .. }) {
            if self.last_step_event.is_some_and(|sent| sent.elapsed() < STEP_EVERY) {
                return;
            }
            self.last_step_event = Some(Instant::now());
        }
        let Ok(mut line) = serde_json::to_vec(event) else { return };
        line.push(b'\n');
        let _ = self.events.write_all(&line).and_then(|()| self.events.flush());
    }

    fn log(&mut self, text: &str) {
        let _ = writeln!(self.log, "{text}");
    }
}

#[cfg(test)]
mod tests {
    use sparsegate_core::EvaluationMetric;

    use super::*;

    fn step(step: u64, objective: f64) -> TrainEvent {
        TrainEvent::Step { epoch: 1, batch: step, batches: 200, step, objective, loss: 1.0, seconds_left: 1.0 }
    }

    #[test]
    fn events_are_lines_of_json_and_the_log_has_means() {
        let (mut events, mut log) = (Vec::new(), Vec::new());
        let mut reporter = EventReporter::new(&mut events, &mut log);
        reporter.event(&TrainEvent::Started { epochs: 1, step: 0, metric: EvaluationMetric::Perplexity, last: None });
        (1..=10).for_each(|number| reporter.event(&step(number, number as f64)));
        reporter.report_failure(&"no data");
        reporter.report_failure(&"a second error");
        let read: Vec<TrainEvent> =
            events.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        // The steps follow each other within the shortest interval.
        assert_eq!(read.len(), 3, "{read:?}");
        assert_eq!(read[2], TrainEvent::Ended { state: RunState::Failed, error: Some("no data".into()) });
        assert_eq!(String::from_utf8(log).unwrap(), "started\nstep 10: mean objective of 10 steps 5.50000\n");
    }
}
