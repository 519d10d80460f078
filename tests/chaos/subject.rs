//! The project that faults happen to: a language model and a classifier that train in a fraction of a second.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Child;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use sparsegate_testing::{Answer, LIMIT, Project, manifests};

use crate::tally::Outcome;

/// A language model; its single run keeps its last state.
const WORDS: &str = "\
name: t
dataset: small
model: { kind: language-model, hidden: 4 }
train: { epochs: 3, batch: 4, sequence: 10, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }
sweep: { product: { sparsity: [W] } }
expect:
  - where: { sparsity: W }
    claims: [{ metric: valid.perplexity, value: 1, tolerance: 1 }]
";
/// Classifiers that keep the state of their best epoch.
const TEXTS: &str = "\
name: c
dataset: texts
model: { kind: classification, hidden: 4, embedding: { size: 4, vectors: none } }
train: { epochs: 4, batch: 10, select: best, optimizer: { adam: { lr: 2e-2 } } }
sweep: { product: { sparsity: [dense, W] } }
";
/// The command that trains all runs.
pub const RUN: [&str; 3] = ["run", "t.yaml", "c.yaml"];
/// The files of a run whose bytes depend on nothing but the spec and the data.
const REPEATABLE: [&str; 5] =
    ["metrics.jsonl", "structure.json", "model.safetensors", "compact.safetensors", "classes.json"];

/// The files below `runs/` by their path there.
pub type Files = BTreeMap<String, Vec<u8>>;

pub struct Subject(pub Project);

impl Subject {
    /// The project before its first run.
    pub fn new() -> Self {
        let (small, texts) = (manifests::words("small", [1500, 200, 200]), manifests::texts("texts", [60, 20, 20]));
        let files =
            [("datasets/small.yaml", &*small), ("datasets/texts.yaml", &*texts), ("t.yaml", WORDS), ("c.yaml", TEXTS)];
        Self(Project::with(&files))
    }

    pub fn go(&self, arguments: &[&str]) -> Answer {
        self.0.go(arguments)
    }

    pub fn runs(&self) -> Utf8PathBuf {
        self.0.path("runs")
    }

    /// Removes everything that was trained.
    pub fn forget(&self) {
        if self.runs().exists() {
            fs_err::remove_dir_all(self.runs()).unwrap();
        }
    }

    /// All files below `runs/`.
    pub fn files(&self) -> Files {
        let mut files = Files::new();
        let mut folders = vec![self.runs()];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir_utf8().into_iter().flatten() {
                let path = entry.unwrap().into_path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.runs()).unwrap().to_string();
                    files.insert(name, fs_err::read(&path).unwrap());
                }
            }
        }
        files
    }

    /// Makes `runs/` what it was; files that are as they were are not touched.
    pub fn restore(&self, files: &Files) {
        let now = self.files();
        for name in now.keys().filter(|name| !files.contains_key(*name)) {
            fs_err::remove_file(self.runs().join(name)).unwrap();
        }
        for (name, bytes) in files.iter().filter(|(name, bytes)| now.get(*name) != Some(bytes)) {
            self.0.write(format!("runs/{name}"), bytes);
        }
    }

    /// Whether the command, given again until no process of before is in its way, ends with the bytes of an undisturbed
    /// run, in the same files, all verified.
    pub fn is_repaired(&self) -> Outcome {
        let begun = Instant::now();
        loop {
            let answer = self.go(&RUN);
            // An orphan of the killed program goes on until it is done, or sees that nobody listens.
            if answer.code == Some(1) && answer.err.contains("in use by") && begun.elapsed() < LIMIT {
                std::thread::sleep(Duration::from_millis(10));
                continue;
            }
            if answer.code != Some(0) {
                return Outcome::Wrong(format!("the command given again fails: {}{}", answer.out, answer.err));
            }
            self.make_derived_files();
            return self.is_whole();
        }
    }

    /// Compact models and results by class that could not be written are made by the next command that needs them.
    fn make_derived_files(&self) {
        let files = self.files();
        let lacks_model = |name: &str| undisturbed().contains_key(name) && !files.contains_key(name);
        if undisturbed().keys().any(|name| name.ends_with("compact.safetensors") && lacks_model(name)) {
            for run in ["t", "c:sparsity=dense", "c:sparsity=W"] {
                self.go(&["predict", run, "w1", "w2"]);
            }
        }
    }

    /// Whether the stored files are those of an undisturbed run.
    pub fn is_whole(&self) -> Outcome {
        let (now, whole) = (self.files(), undisturbed());
        let names =
            |files: &Files| -> BTreeSet<String> { files.keys().filter(|name| *name != ".index").cloned().collect() };
        if names(&now) != names(whole) {
            let other: Vec<_> = names(&now).symmetric_difference(&names(whole)).cloned().collect();
            return Outcome::Wrong(format!("other files than those of an undisturbed run: {other:?}"));
        }
        let repeatable = |name: &str| REPEATABLE.iter().any(|file| name.ends_with(file));
        if let Some(name) = whole.keys().find(|name| repeatable(name) && now[*name] != whole[*name]) {
            return Outcome::Wrong(format!("{name} has other bytes than that of an undisturbed run"));
        }
        let answer = self.go(&["verify"]);
        let verified = answer.code == Some(0) && answer.out.matches("by-manifest").count() == 3;
        if verified { Outcome::Survived } else { Outcome::Wrong(format!("verify: {}{}", answer.out, answer.err)) }
    }
}

/// The files of an undisturbed run.
pub fn undisturbed() -> &'static Files {
    static FILES: OnceLock<Files> = OnceLock::new();
    FILES.get_or_init(|| {
        let subject = Subject::new();
        subject.go(&RUN).expect(0, &[]);
        subject.files()
    })
}

/// How long an undisturbed run takes.
pub fn span() -> Duration {
    static SPAN: OnceLock<Duration> = OnceLock::new();
    *SPAN.get_or_init(|| {
        let subject = Subject::new();
        let begun = Instant::now();
        subject.go(&RUN).expect(0, &[]);
        begun.elapsed()
    })
}

/// Waits for a process; one that hangs is killed.
pub fn end_of(mut child: Child) -> Option<Answer> {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > LIMIT {
            let _ = child.kill();
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Some(Answer::of(child))
}

/// Child processes of a process.
pub fn children(pid: u32) -> Vec<String> {
    let Ok(threads) = fs_err::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists = threads.flatten().filter_map(|thread| fs_err::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}
