//! The step of a W+G+N language model of word-ptb's shape, with one size changed at a time.

use criterion::{BenchmarkId, Criterion, SamplingMode};

use super::Scale;
use super::cases::{Case, TASKS};
use super::steps;

/// Values of each size; word-ptb has 256, 10,000, 35 and 32.
const SIZES: [(&str, &[usize]); 4] = [
    ("hidden", &[64, 128, 256, 512, 1024]),
    ("vocabulary", &[1_000, 3_000, 10_000, 30_000]),
    ("sequence", &[9, 18, 35, 70]),
    ("batch", &[8, 16, 32, 64]),
];

/// Benchmarks every value of every size.
pub fn all(criterion: &mut Criterion, scale: Scale) {
    let mut group = criterion.benchmark_group("scaling");
    group.sampling_mode(SamplingMode::Flat);
    for (size, values) in SIZES {
        for value in values {
            steps::one(&mut group, BenchmarkId::new(size, value), &case(size, *value, scale));
        }
    }
    group.finish();
}

/// word-ptb's W+G+N LSTM with one size changed; at toy sizes unchanged.
fn case(size: &str, value: usize, scale: Scale) -> Case {
    let mut set = match (size, scale) {
        ("hidden", Scale::Paper) => vec![format!("model.hidden={value}")],
        ("sequence" | "batch", Scale::Paper) => vec![format!("train.{size}={value}")],
        _ => Vec::new(),
    };
    // Orthogonal initialisation at the larger sizes would take longer than all the steps.
    set.push("model.init=glorot".to_owned());
    let case = Case::new(TASKS[0], "lstm", "W+G+N", &set, scale);
    if size == "vocabulary" && scale == Scale::Paper { case.with_vocabulary(value) } else { case }
}
