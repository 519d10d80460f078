//! Benchmark cases: a task of the paper, a cell and a sparsity level, with data.

use sparsegate_core::Batch;
use sparsegate_core::trainer::Trainer;
use sparsegate_data::{Corpus, Manifest};
use sparsegate_pipeline::build::build_trainer;
use sparsegate_pipeline::measure::{self, Lengths};
use sparsegate_spec::types::RunSpec;

use super::Scale;

/// A task of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BenchTask {
    /// Name of its spec, `experiments/paper/NAME.yaml`.
    pub name: &'static str,
    /// Number of rows of its input matrix or embedding.
    pub vocabulary: usize,
    /// Data sets to take batches from; the first one in the cache is used.
    datasets: &'static [&'static str],
    /// Sparsity levels that are timed.
    pub levels: &'static [&'static str],
}

/// The tasks of the paper.
pub const TASKS: [BenchTask; 4] = [
    BenchTask { name: "word-ptb", vocabulary: 10_000, datasets: &["word-ptb"], levels: &["dense", "W", "W+G+N"] },
    BenchTask { name: "char-ptb", vocabulary: 50, datasets: &["char-ptb"], levels: &["dense", "W", "W+G+N"] },
    BenchTask { name: "imdb", vocabulary: 20_003, datasets: &["imdb"], levels: &["W+G+N"] },
    BenchTask { name: "agnews", vocabulary: 20_003, datasets: &["agnews", "agnews-part"], levels: &["W+G+N"] },
];

/// Cells that are timed.
pub const CELLS: [&str; 2] = ["lstm", "gru"];

/// Number of batches that a case cycles through, because batches of texts have unequal lengths.
pub const BATCHES: usize = 5;

/// A benchmark case, whose data are not read yet.
#[derive(Debug, Clone)]
pub struct Case {
    /// The run that is timed.
    pub run: RunSpec,
    task: BenchTask,
    scale: Scale,
}

/// Data to train on.
#[derive(Debug)]
pub struct Data {
    /// The data set, real or synthetic.
    pub corpus: Corpus,
    /// The first batches of an epoch.
    pub batches: Vec<Batch>,
    /// Source of the symbols.
    pub origin: String,
}

impl Case {
    /// The run of the task's spec with this cell and level, with the overrides `set` (`key=value`).
    pub fn new(task: BenchTask, cell: &str, level: &str, set: &[String], scale: Scale) -> Self {
        let mut set = set.to_vec();
        let mut task = task;
        if scale == Scale::Toy {
            task.vocabulary = task.vocabulary.min(100);
            set.extend(["model.hidden=8", "train.batch=3"].map(str::to_owned));
            set.extend(task.streams().then(|| "train.sequence=4".to_owned()));
            set.extend((!task.streams()).then(|| "model.embedding.size=6".to_owned()));
        }
        let file = format!("{}/experiments/paper/{}.yaml", env!("CARGO_MANIFEST_DIR"), task.name);
        let experiment = sparsegate_spec::load(file.as_str().into(), &set, &[]).expect("a spec of the paper");
        let wanted = |run: &RunSpec| run.model.cell.0.name() == cell && run.sparsity.name == level;
        let run = experiment.runs.into_iter().find(wanted).expect("a run of the spec");
        Self { run, task, scale }
    }

    /// The same case with another vocabulary size.
    pub fn with_vocabulary(mut self, vocabulary: usize) -> Self {
        self.task.vocabulary = vocabulary;
        self
    }

    /// Number of rows of the input matrix or of the embedding.
    pub fn vocabulary(&self) -> usize {
        self.task.vocabulary
    }

    /// Number of outputs of the output layer.
    pub fn outputs(&self) -> usize {
        match self.task.name {
            "imdb" => 1,
            "agnews" => 4,
            _ => self.task.vocabulary,
        }
    }

    /// Batches of the data set if it is in the cache and the scale is the paper's, else of synthetic symbols.
    pub fn data(&self) -> Data {
        let real_data = if self.scale == Scale::Paper { self.real_data() } else { None };
        let (corpus, origin) = real_data.unwrap_or_else(|| self.synthetic());
        let source = sparsegate_data::train_batches(&corpus, &self.run.train, 0, 0).expect("enough data for a batch");
        let batches = (0..source.len().min(BATCHES)).map(|index| source.batch(index)).collect();
        drop(source);
        Data { corpus, batches, origin }
    }

    /// The network and optimiser of the run.
    pub fn trainer(&self, corpus: &Corpus) -> Box<dyn Trainer> {
        build_trainer(&self.run, corpus, None).expect("flex is in every build")
    }

    fn real_data(&self) -> Option<(Corpus, String)> {
        let root = env!("CARGO_MANIFEST_DIR").into();
        let found = self.task.datasets.iter().find_map(|name| {
            let manifest = Manifest::load(root, name).ok()?;
            sparsegate_data::load(root, &manifest, self.run.reading).ok()
        });
        let mut corpus = found?;
        if corpus.vocabulary.len() > self.task.vocabulary {
            // The case has a smaller vocabulary than the data set, so it cannot use it.
            return None;
        }
        let origin = format!("real batches of `{}`", corpus.name);
        corpus.vocabulary.resize(self.task.vocabulary, String::new());
        Some((corpus, origin))
    }

    fn synthetic(&self) -> (Corpus, String) {
        let (batch, steps) = (self.run.train.batch, self.run.train.window());
        let size = if self.task.streams() { (steps + 1) * batch * (BATCHES + 2) } else { batch * BATCHES };
        let made =
            measure::synthetic_corpus_sized(self.task.name, Lengths::Unequal, Some(self.task.vocabulary), Some(size));
        let origin = "synthetic symbols; texts with lengths distributed as in the data set".to_owned();
        (made.expect("the tasks of the paper have shapes"), origin)
    }
}

impl BenchTask {
    /// Whether the data are a continuous stream and the model is a language model.
    pub fn streams(&self) -> bool {
        self.name.ends_with("-ptb")
    }
}
