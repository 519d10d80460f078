//! The parent's handle of one worker process.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;

use super::interrupt::SAVE;
use crate::train::TrainEvent;
use sparsegate_store::RunDir;

/// A message from the thread that reads a worker's output.
pub(super) enum WorkerMessage {
    /// The worker sent an event.
    Event(Box<TrainEvent>),
    /// The worker has ended, with this status; `None` if the status is not available.
    Ended(Option<ExitStatus>),
}

/// A running worker. Dropping it closes the worker's standard input, which tells it to save and stop.
pub(super) struct Worker {
    input: Option<ChildStdin>,
    reader: JoinHandle<()>,
}

impl Worker {
    /// Starts `command` with its standard error appended to the run's log. Its events are sent to `to`, labelled with
    /// the number `job`.
    pub(super) fn spawn(
        mut command: Command,
        dir: &RunDir,
        job: usize,
        to: Sender<(usize, WorkerMessage)>,
    ) -> Result<Self, String> {
        let log = dir.open_log().map_err(|e| e.to_string())?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().map_err(|e| format!("cannot start a process for it: {e}"))?;
        let input = child.stdin.take();
        let reader = std::thread::spawn(move || listen(child, job, &to));
        Ok(Self { input, reader })
    }

    /// Tells the worker to save and stop.
    pub(super) fn stop(&mut self) {
        self.input = None;
    }

    /// Asks the worker to save and go on. One that has just ended does not hear it.
    pub(super) fn save(&mut self) {
        let _ = self.input.as_mut().map(|input| input.write_all(&[SAVE]).and_then(|()| input.flush()));
    }

    /// Waits for the reader thread of a worker that has ended.
    pub(super) fn join(self) {
        let _ = self.reader.join();
    }
}

fn listen(mut child: Child, job: usize, to: &Sender<(usize, WorkerMessage)>) {
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            // Lines that are not events are ignored: they come from stray prints, such as those of a library.
            if let Ok(event) = serde_json::from_slice(&line) {
                let _ = to.send((job, WorkerMessage::Event(Box::new(event))));
            }
        }
    }
    let _ = to.send((job, WorkerMessage::Ended(child.wait().ok())));
}
