//! What one sees while runs train: `status --watch`, `report --watch`, progress on terminals and in logs, estimates and
//! event files.
#![cfg(target_os = "linux")]

mod estimates;
mod event_files;
mod progress;
mod screen;
mod status;
mod terminal;

use std::process::Child;

use sparsegate_testing::{Answer, Project, signal};

/// An experiment `t` of these levels and epochs, each of which takes a few hundredths of a second.
fn project(levels: &str, epochs: u32) -> Project {
    let spec = format!(
        "name: t\ndataset: small\nmodel: {{ kind: language-model, hidden: 12 }}\n\
         train: {{ epochs: {epochs}, batch: 8, sequence: 10, carry_state: true, optimizer: {{ adam: {{ lr: 2e-3 }} }} }}\n\
         sweep: {{ product: {{ sparsity: [{levels}] }} }}\n"
    );
    Project::small(&spec)
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
        signal("INT", child.id());
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
