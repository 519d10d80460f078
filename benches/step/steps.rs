//! The training step.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode};

use super::Scale;
use super::cases::{CELLS, Case, Data, TASKS};
use super::products;
use sparsegate_core::trainer::Trainer;

/// Benchmarks every task, cell and level.
pub fn all(criterion: &mut Criterion, scale: Scale) {
    let mut group = criterion.benchmark_group("step");
    group.sampling_mode(SamplingMode::Flat);
    for task in TASKS {
        for cell in CELLS {
            for level in task.levels {
                let case = Case::new(task, cell, level, &[], scale);
                let id = BenchmarkId::new(format!("{}/{cell}", task.name), level);
                one(&mut group, id, &case);
            }
        }
    }
    group.finish();
}

/// Benchmarks the step of `case`. Its data are read only if criterion's filter selects the case.
pub fn one(group: &mut BenchmarkGroup<'_, WallTime>, id: BenchmarkId, case: &Case) {
    let mut training: Option<Training> = None;
    group.bench_function(id, |bencher| {
        let training = training.get_or_insert_with(|| Training::new(case));
        bencher.iter(|| training.step());
    });
    if let Some(training) = training {
        println!(
            "  {} MFLOP of matrix products per step on {}, {} threads\n",
            training.flops() / 1_000_000,
            training.data.origin,
            rayon::current_num_threads()
        );
    }
}

/// A training run in progress.
pub struct Training {
    case: Case,
    data: Data,
    trainer: Box<dyn Trainer>,
    steps: u64,
}

impl Training {
    fn new(case: &Case) -> Self {
        Self::with(case, |_| {})
    }

    /// Starts after `prepare` has changed the trainer.
    pub fn with(case: &Case, prepare: impl FnOnce(&mut dyn Trainer)) -> Self {
        let data = case.data();
        let mut trainer = case.trainer(&data.corpus);
        prepare(trainer.as_mut());
        Self { case: case.clone(), data, trainer, steps: 0 }
    }

    /// Makes a step and returns its data loss.
    pub fn step(&mut self) -> f64 {
        let batch = &self.data.batches[self.steps as usize % self.data.batches.len()];
        self.steps += 1;
        self.trainer.step(batch, self.steps).expect("finite numbers")[0].data_loss
    }

    /// The fraction of the parameters that are left.
    pub fn trained_share(&self) -> Option<f64> {
        self.trainer.trained_share()
    }

    /// Mean number of floating-point operations of a step's matrix products over the batches.
    fn flops(&self) -> u64 {
        let of = |batch| products::of_step(&self.case, batch).iter().map(products::Product::flops).sum::<u64>();
        self.data.batches.iter().map(of).sum::<u64>() / self.data.batches.len() as u64
    }
}
