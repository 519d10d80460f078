//! Compares the same runs on every backend of this build. They have the same initial values, batches and noise, so
//! their results differ only by rounding. If flex is the only backend, two trainings on it must agree in every bit.

use camino::Utf8Path;
use sparsegate_core::trainer::StepMetrics;
use sparsegate_data::{Corpus, Sources, Unit};
use sparsegate_nn::engine;
use sparsegate_pipeline::build::build_trainer;
use sparsegate_pipeline::train;
use sparsegate_spec as spec;
use sparsegate_spec::types::{Backend, RunSpec};

/// Steps of each training: two orders of magnitude fewer than in an experiment, but enough for Adam's moments, the
/// carried state and gradient clipping to matter.
const STEPS: u64 = 20;

/// Maximum relative differences of a step's data loss, KL term and gradient norm. Measured over these steps on
/// libtorch's CPU backend and on a software Vulkan: 3e-7, 1.6e-5 and 4e-6; the KL term is less accurate because its
/// summands cancel while it is small. The tolerances are about six times that, to allow for other libraries' sums and
/// other drivers' `exp`.
const STEP_TOLERANCES: [f64; 3] = [2e-6, 1e-4, 2.5e-5];

/// Maximum difference of the validation metric after the last step: relative for a perplexity (measured: 3e-7); for an
/// accuracy two of the five hundred texts, which may be on the edge between two classes.
const PERPLEXITY_TOLERANCE: f64 = 2e-6;
const ACCURACY_TOLERANCE: f64 = 0.004;

/// Results of a training.
struct Trained {
    reports: Vec<StepMetrics>,
    valid: f64,
}

fn train(run: &RunSpec, corpus: &Corpus) -> Trained {
    let mut trainer = build_trainer(run, corpus, None).expect("a network");
    let data = train::RunData::new(run, corpus).expect("batches");
    let source = (data.train)(0).expect("batches");
    assert!(source.len() as u64 >= STEPS, "{} batches", source.len());
    let mut reports = Vec::new();
    for step in 1..=STEPS {
        let batch = source.batch(step as usize - 1);
        reports.extend(trainer.step(&batch, step).expect("finite numbers"));
    }
    reports.extend(trainer.drain_metrics());
    assert_eq!(reports.iter().map(|report| report.step).collect::<Vec<_>>(), (1..=STEPS).collect::<Vec<_>>());
    Trained { reports, valid: corpus.unit.value(&trainer.evaluate(data.valid.as_ref())) }
}

/// The sparsified runs of a shipped experiment on flex, scaled down.
fn runs(file: &str, set: &[&str]) -> (Vec<RunSpec>, Corpus) {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let set: Vec<String> = set.iter().map(|over| (*over).to_owned()).collect();
    let only = ["sparsity=W+G+N,backend=flex".to_owned()];
    let runs = spec::load(&root.join("experiments").join(file), &set, &only).expect("a shipped experiment").runs;
    let sources = Sources::load(root, &runs[0].dataset, &runs).expect("a shipped data set");
    let corpus = sparsegate_data::load(root, &sources.dataset, runs[0].reading).expect("generated data");
    (runs, corpus)
}

fn backends() -> impl Iterator<Item = Backend> {
    let all = [Backend::Flex, Backend::Tch { cuda: None }, Backend::Wgpu { adapter: None }];
    let compiled = engine::compiled_backends();
    all.into_iter().filter(move |backend| backend.feature().is_none_or(|feature| compiled.contains(&feature)))
}

fn difference(ours: f64, theirs: f64) -> f64 {
    (ours - theirs).abs() / theirs.abs().max(1e-3)
}

fn agree(run: &RunSpec, corpus: &Corpus) {
    let reference = train(run, corpus);
    assert!(reference.reports.iter().all(|report| report.kl_term != 0.0 && report.gradient_norm > 0.0));
    for backend in backends() {
        let other = train(&RunSpec { backend, ..run.clone() }, corpus);
        let tolerances = if backend == Backend::Flex { [0.0; 3] } else { STEP_TOLERANCES };
        let named = format!("{} {} on {backend}", run.experiment, run.model.cell.name());
        let mut largest = [0.0_f64; 3];
        for (ours, theirs) in other.reports.iter().zip(&reference.reports) {
            let differences = [
                difference(ours.data_loss, theirs.data_loss),
                difference(ours.kl_term, theirs.kl_term),
                difference(ours.gradient_norm, theirs.gradient_norm),
            ];
            for (large, new) in largest.iter_mut().zip(differences) {
                *large = large.max(new);
            }
            assert!(
                differences.iter().zip(tolerances).all(|(difference, tolerance)| *difference <= tolerance),
                "{named}, step {}: relative differences of data loss, KL term and gradient norm: {differences:?}",
                ours.step
            );
        }
        let (metric, tolerance) = match corpus.unit {
            Unit::Text => ((other.valid - reference.valid).abs(), ACCURACY_TOLERANCE),
            Unit::Word | Unit::Character => (difference(other.valid, reference.valid), PERPLEXITY_TOLERANCE),
        };
        let tolerance = if backend == Backend::Flex { 0.0 } else { tolerance };
        println!("{named}: largest differences of loss, KL term, gradient norm {largest:?}, metric {metric:?}");
        assert!(metric <= tolerance, "{named}: validation metric {} for {}", other.valid, reference.valid);
    }
}

#[test]
fn language_models_agree() {
    let (runs, corpus) = runs("parity.yaml", &["model.hidden=12", "train.batch=32"]);
    assert_eq!(runs.len(), 2, "LSTM and GRU");
    for run in runs {
        agree(&run, &corpus);
    }
}

#[test]
fn classifiers_agree() {
    let (runs, corpus) = runs("parity-texts.yaml", &["model.hidden=12", "train.batch=64"]);
    assert_eq!(runs.len(), 2, "LSTM and GRU");
    for run in runs {
        agree(&run, &corpus);
    }
}
