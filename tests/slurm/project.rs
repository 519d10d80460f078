//! A small project, and the program run in it.

use std::ops::Deref;
use std::process::{Child, Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use sparsegate_store::{RunDir, runs};
pub use sparsegate_testing::{Answer, wait_for};

/// The project with the data set `small`, whose commands are given as one line.
pub struct Project(sparsegate_testing::Project);

impl Deref for Project {
    type Target = sparsegate_testing::Project;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// An experiment with these epochs and this sweep.
pub fn spec(epochs: u32, sweep: &str) -> String {
    format!(
        "name: t\ndataset: small\nmodel: {{ kind: language-model, hidden: 12 }}\n\
         train: {{ epochs: {epochs}, batch: 8, sequence: 10, carry_state: true, optimizer: {{ adam: {{ lr: 2e-3 }} }} }}\n\
         sweep: {{ product: {{ {sweep} }} }}\n"
    )
}

impl Project {
    pub fn new(spec: &str) -> Self {
        Self(sparsegate_testing::Project::small(spec))
    }

    /// The program with these arguments, separated by blanks; its output is collected.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = self.0.command(&arguments.split_whitespace().collect::<Vec<_>>());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn start(&self, arguments: &str) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    pub fn go(&self, arguments: &str) -> Answer {
        Answer::to(self.command(arguments))
    }

    /// The stored runs, in order of key.
    pub fn runs(&self) -> Vec<RunDir> {
        runs(&self.root, "t").unwrap()
    }

    /// The folders of submissions.
    pub fn submissions(&self) -> Vec<Utf8PathBuf> {
        let entries = self.root.join("slurm").read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path());
        let mut folders: Vec<Utf8PathBuf> = entries.filter(|path| path.is_dir()).collect();
        folders.sort();
        folders
    }
}

/// The stored bytes that must not depend on where and in how many pieces the run was trained.
pub fn fingerprint(run: &RunDir) -> Vec<(&'static str, Vec<u8>)> {
    let names = ["metrics.jsonl", "structure.json", "model.safetensors", "compact.safetensors"];
    names.into_iter().map(|name| (name, fs_err::read(run.path().join(name)).unwrap())).collect()
}

/// Checks that both projects have the same runs with the same bytes.
#[track_caller]
pub fn same_runs(one: &Project, other: &Project) {
    let keys = |project: &Project| project.runs().iter().map(|run| run.key().to_owned()).collect::<Vec<_>>();
    assert_eq!(keys(one), keys(other));
    for (a, b) in one.runs().iter().zip(other.runs()) {
        for ((name, left), (_, right)) in fingerprint(a).into_iter().zip(fingerprint(&b)) {
            assert!(left == right, "{name} of run {} differs", a.key());
        }
    }
}

/// Text of a file; empty if there is none.
pub fn text(path: &Utf8Path) -> String {
    fs_err::read_to_string(path).unwrap_or_default()
}
