//! The step of a W+G+N LSTM whose dead parts have been removed from the tensors (`train.drop_dead`), at several numbers
//! of remaining parts.

use criterion::{BenchmarkId, Criterion, SamplingMode};

use super::Scale;
use super::cases::{Case, TASKS};
use super::steps::Training;
use sparsegate_core::trainer::{NamedTensor, Trainer};

/// Task, and one in how many words, embedding dimensions, hidden units and preactivations is left.
const CASES: [(&str, [usize; 4]); 9] = [
    ("imdb", [1, 1, 1, 1]),
    ("imdb", [40, 10, 1, 1]),
    ("imdb", [40, 10, 1, 4]),
    ("imdb", [10, 3, 3, 1]),
    ("imdb", [65, 15, 16, 1]),
    ("word-ptb", [1, 1, 1, 1]),
    ("word-ptb", [2, 1, 2, 1]),
    ("word-ptb", [2, 1, 2, 3]),
    ("word-ptb", [4, 1, 4, 1]),
];

/// Benchmarks every case.
pub fn all(criterion: &mut Criterion, scale: Scale) {
    let mut group = criterion.benchmark_group("live");
    group.sampling_mode(SamplingMode::Flat);
    for (name, one_in) in CASES {
        let task = TASKS.into_iter().find(|task| task.name == name).expect("a task of the paper");
        let set = ["train.drop_dead={ after: 1, margin: 3, preactivations: true }".to_owned()];
        let case = Case::new(task, "lstm", "W+G+N", &set, scale);
        let [words, dimensions, units, columns] = one_in;
        let parts = format!("1-in-{words}-words-{dimensions}-dimensions-{units}-units-{columns}-preactivations");
        let id = BenchmarkId::new(name, parts);
        let mut training: Option<Training> = None;
        group.bench_function(id, |bencher| {
            let training = training.get_or_insert_with(|| Training::with(&case, |trainer| kill(trainer, one_in)));
            bencher.iter(|| training.step());
        });
        if let Some(share) = training.and_then(|training| training.trained_share()) {
            println!("  {:.3} % of the parameters are left, {} threads\n", share * 100.0, rayon::current_num_threads());
        }
    }
    group.finish();
}

/// Makes noise of all but one in so many words, dimensions, units and preactivations, and drops it.
fn kill(trainer: &mut dyn Trainer, [words, dimensions, units, columns]: [usize; 4]) {
    let mut state = trainer.state();
    let has_embedding = state.iter().any(|tensor| tensor.name == "embedding/z_vocabulary/mean");
    for NamedTensor { name, shape, values } in &mut state {
        if matches!(name.as_str(), "lstm/w_input/mean" | "lstm/w_hidden/mean") {
            let dead = (0..values.len()).filter(|place| place % shape[1] % columns != 0);
            dead.for_each(|place| values[place] = 0.0);
        }
        let one_in = match name.as_str() {
            "embedding/z_vocabulary/mean" => words,
            "lstm/w_input/mean" if !has_embedding => words,
            "lstm/z_inputs/mean" => dimensions,
            "lstm/z_neurons/mean" => units,
            _ => continue,
        };
        let width = if shape[0] == 1 { 1 } else { shape[1] };
        for (_, dead) in values.chunks_mut(width).enumerate().filter(|(place, _)| place % one_in != 0) {
            dead.fill(0.0);
        }
    }
    trainer.restore_state(&state).expect("the trainer's own state");
    trainer.drop_dead(1);
}
