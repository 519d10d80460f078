//! A program that times something else, in turns with us: lines of orders in, a line of JSON out for each.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;

/// A running peer.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// What it said first.
    pub greeting: Greeting,
}

/// What a peer says when it is ready.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Greeting {
    /// What it can time.
    pub cases: Vec<String>,
    /// What it cannot, and why.
    #[serde(default)]
    pub missing: BTreeMap<String, String>,
    /// Version of PyTorch.
    #[serde(default)]
    pub torch: Option<String>,
    /// Version of ONNX Runtime.
    #[serde(default)]
    pub onnxruntime: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    all: Vec<f64>,
    #[serde(default)]
    error: Option<String>,
}

impl Peer {
    /// Starts `program` with `arguments` and waits until it is ready. Its standard error is ours.
    ///
    /// # Errors
    /// Why it did not start, or what it said instead.
    pub fn start(program: &str, arguments: &[String]) -> Result<Self, String> {
        let mut command = Command::new(program);
        let command = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{program} cannot be started: {error}"))?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{program} has no pipes"));
        };
        let mut peer = Self { child, orders, answers: BufReader::new(answers), greeting: Greeting::default() };
        peer.greeting = peer.answer()?;
        Ok(peer)
    }

    /// Samples of a case: microseconds a token each.
    ///
    /// # Errors
    /// What the peer says is wrong, or that it has ended.
    pub fn time(&mut self, case: &str, batch: usize, samples: usize) -> Result<Vec<f64>, String> {
        let sent = writeln!(self.orders, "time {case} {batch} {samples}").and_then(|()| self.orders.flush());
        sent.map_err(|error| format!("the peer takes no more orders: {error}"))?;
        let Answer { all, error } = self.answer()?;
        match error {
            Some(error) => Err(error),
            None => Ok(all),
        }
    }

    fn answer<T: for<'de> Deserialize<'de>>(&mut self) -> Result<T, String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(0) => Err("the peer has ended; what it wrote to stderr says why".to_owned()),
            Ok(_) => serde_json::from_str(&line).map_err(|error| format!("the peer said {line:?}: {error}")),
            Err(error) => Err(format!("the peer cannot be read: {error}")),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It ends when its input does; one that hangs is not waited for.
        let _ = writeln!(self.orders, "quit").and_then(|()| self.orders.flush());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
