//! Work around the training step: making batches, evaluating, and writing a checkpoint.

use criterion::{BenchmarkId, Criterion, SamplingMode};
use sparsegate_core::{Batch, BatchSource};
use sparsegate_store::{Position, RunDir};

use super::Scale;
use super::cases::{CELLS, Case, TASKS};

/// Each task at W+G+N, LSTM.
pub fn all(criterion: &mut Criterion, scale: Scale) {
    let mut group = criterion.benchmark_group("around");
    group.sampling_mode(SamplingMode::Flat);
    for task in TASKS {
        let case = Case::new(task, CELLS[0], "W+G+N", &[], scale);
        let mut ready = None;
        let mut prepared = || {
            let data = case.data();
            let trainer = case.trainer(&data.corpus);
            (data, trainer)
        };
        group.bench_function(BenchmarkId::new(task.name, "batch"), |bencher| {
            let (data, _) = ready.get_or_insert_with(&mut prepared);
            let source =
                sparsegate_data::train_batches(&data.corpus, &case.run.train, 0, 0).expect("enough data for a batch");
            let mut index = 0;
            bencher.iter(|| {
                index = (index + 1) % source.len();
                source.batch(index)
            });
        });
        group.bench_function(BenchmarkId::new(task.name, "epoch's order"), |bencher| {
            let (data, _) = ready.get_or_insert_with(&mut prepared);
            bencher.iter(|| {
                sparsegate_data::train_batches(&data.corpus, &case.run.train, 0, 1).map(|source| source.len())
            });
        });
        // Uses the training batches of `step`, so that the two times are comparable.
        group.bench_function(BenchmarkId::new(task.name, "evaluate a batch"), |bencher| {
            let (data, trainer) = ready.get_or_insert_with(&mut prepared);
            let source = FixedBatches { batches: &data.batches, carries: case.run.train.carries_state() };
            bencher.iter_custom(|iterations| {
                let start = std::time::Instant::now();
                for _ in 0..iterations {
                    std::hint::black_box(trainer.evaluate(&source));
                }
                start.elapsed() / data.batches.len() as u32
            });
        });
        group.bench_function(BenchmarkId::new(task.name, "count"), |bencher| {
            let (_, trainer) = ready.get_or_insert_with(&mut prepared);
            bencher.iter(|| trainer.counts());
        });
        group.bench_function(BenchmarkId::new(task.name, "write a checkpoint"), |bencher| {
            let (_, trainer) = ready.get_or_insert_with(&mut prepared);
            let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder in target/");
            let root = folder.path().to_str().expect("a path of UTF-8");
            let run = RunDir::new(root.into(), "run").lock().expect("a folder of our own");
            bencher.iter(|| run.write_checkpoint(&Position::start(), &trainer.state()).expect("room on the disk"));
        });
    }
    group.finish();
}

/// The batches of a case as a source for one data pass.
struct FixedBatches<'a> {
    batches: &'a [Batch],
    carries: bool,
}

impl BatchSource for FixedBatches<'_> {
    fn len(&self) -> usize {
        self.batches.len()
    }

    fn batch(&self, index: usize) -> Batch {
        self.batches[index].clone()
    }

    fn targets(&self) -> usize {
        self.batches.iter().map(|batch| batch.targets.len()).sum()
    }

    fn carries_state(&self) -> bool {
        self.carries
    }
}
