//! A small project, and the program run in it.

use std::process::{Child, Command, Output, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use sparsegate_store::{RunDir, runs};
use sparsegate_testing::manifests;
pub use sparsegate_testing::wait_for;

pub struct Project {
    _folder: tempfile::TempDir,
    pub root: Utf8PathBuf,
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
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(folder.path().canonicalize().unwrap()).unwrap();
        fs_err::create_dir(root.join("datasets")).unwrap();
        fs_err::write(root.join("datasets/small.yaml"), manifests::small_words()).unwrap();
        fs_err::write(root.join("t.yaml"), spec).unwrap();
        Self { _folder: folder, root }
    }

    /// The program with these arguments, separated by blanks. No configuration of the user is read.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sparsegate"));
        command.args(arguments.split_whitespace()).current_dir(&self.root).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("XDG_CONFIG_HOME", self.root.join("config")).env("RAYON_NUM_THREADS", "1");
        for variable in ["SPARSEGATE_MIRROR", "SPARSEGATE_CACHE", "SPARSEGATE_CONFIG"] {
            command.env_remove(variable);
        }
        command
    }

    pub fn start(&self, arguments: &str) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    pub fn go(&self, arguments: &str) -> Answer {
        self.command(arguments).output().unwrap().into()
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

#[derive(Debug)]
pub struct Answer {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Answer {
    /// Checks the exit code and that stdout and stderr together have these parts.
    #[track_caller]
    pub fn expect(self, code: i32, parts: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for part in parts {
            assert!(self.out.contains(part) || self.err.contains(part), "`{part}` is not in {self:#?}");
        }
        self
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
