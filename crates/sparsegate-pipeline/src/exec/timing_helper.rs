//! A helper process that times another implementation (PyTorch, ONNX Runtime): one command per line of input, one line
//! of JSON as the answer to each.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;

/// A running helper process.
#[derive(Debug)]
pub struct TimingHelper {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Its first message.
    pub greeting: HelperCapabilities,
}

/// The message that a helper process sends when it is ready.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct HelperCapabilities {
    /// The cases that it can time.
    pub cases: Vec<String>,
    /// The cases that it cannot time, and why.
    #[serde(default)]
    pub missing: BTreeMap<String, String>,
    /// Bytes of the networks that it timed as files, by kind of case.
    #[serde(default)]
    pub bytes: BTreeMap<String, u64>,
    /// Version of PyTorch.
    #[serde(default)]
    pub torch: Option<String>,
    /// Version of ONNX Runtime.
    #[serde(default)]
    pub onnxruntime: Option<String>,
}

#[derive(Deserialize)]
struct TimingAnswer {
    #[serde(default)]
    all: Vec<f64>,
    #[serde(default)]
    error: Option<String>,
}

impl TimingHelper {
    /// Starts `program` with `arguments` and waits until it is ready. Its standard error is inherited.
    ///
    /// # Errors
    /// A message, if it cannot be started or sends something unexpected.
    pub fn start(program: &str, arguments: &[String]) -> Result<Self, String> {
        let mut command = Command::new(program);
        let command = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{program} cannot be started: {error}"))?;
        let (Some(commands), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("cannot open pipes to {program}"));
        };
        let mut peer =
            Self { child, commands, answers: BufReader::new(answers), greeting: HelperCapabilities::default() };
        peer.greeting = peer.answer()?;
        Ok(peer)
    }

    /// Takes timing samples of a case, microseconds per token each.
    ///
    /// # Errors
    /// The error that the helper process reports, or a message if it has ended.
    pub fn time(&mut self, case: &str, batch: usize, samples: usize) -> Result<Vec<f64>, String> {
        let sent = writeln!(self.commands, "time {case} {batch} {samples}").and_then(|()| self.commands.flush());
        sent.map_err(|error| format!("the helper process accepts no more commands: {error}"))?;
        let TimingAnswer { all, error } = self.answer()?;
        match error {
            Some(error) => Err(error),
            None => Ok(all),
        }
    }

    fn answer<T: for<'de> Deserialize<'de>>(&mut self) -> Result<T, String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(0) => Err("the helper process has ended; see its messages on stderr".to_owned()),
            Ok(_) => serde_json::from_str(&line).map_err(|error| format!("the helper process sent {line:?}: {error}")),
            Err(error) => Err(format!("cannot read from the helper process: {error}")),
        }
    }
}

impl Drop for TimingHelper {
    fn drop(&mut self) {
        // The process ends when its input does. It is also killed, so that one that hangs is not waited for.
        let _ = writeln!(self.commands, "quit").and_then(|()| self.commands.flush());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
