//! What one sees while runs train: `status --watch`, `report --watch`, progress on terminals and in logs, estimates and
//! event files.
#![cfg(target_os = "linux")]

mod estimates;
mod event_files;
mod progress;
mod screen;
mod status;
mod terminal;

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use sparsegate_store::{RunDir, runs};
use sparsegate_testing::{Answer, Project, manifests};

/// Time limit; only a process that hangs takes longer.
const LIMIT: Duration = Duration::from_mins(3);

/// An experiment `t` of these levels and epochs, each of which takes a few hundredths of a second.
fn project(levels: &str, epochs: u32) -> Project {
    let spec = format!(
        "name: t\ndataset: small\nmodel: {{ kind: language-model, hidden: 12 }}\n\
         train: {{ epochs: {epochs}, batch: 8, sequence: 10, carry_state: true, optimizer: {{ adam: {{ lr: 2e-3 }} }} }}\n\
         sweep: {{ product: {{ sparsity: [{levels}] }} }}\n"
    );
    Project::with(&[("datasets/small.yaml", &manifests::small_words()), ("t.yaml", &spec)])
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < LIMIT, "no {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits for a run with so many finished epochs.
fn run_with_epochs(project: &Project, epochs: usize) -> RunDir {
    let found = || runs(&project.root, "t").unwrap().into_iter().find(|run| run.metrics().unwrap().len() >= epochs);
    wait_for("finished epoch", found)
}

/// The program in the background; it is killed if the test fails.
struct Background(Option<Child>);

impl Background {
    fn start(project: &Project, arguments: &[&str]) -> Self {
        Self(Some(project.start(arguments)))
    }

    /// Interrupts it, as Ctrl-C does, and waits for its end.
    fn interrupt(mut self) -> Answer {
        let child = self.0.take().expect("taken only here");
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        Answer::of(child)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
