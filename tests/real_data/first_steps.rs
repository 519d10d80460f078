//! Compares the first 100 steps of `word-ptb` to those of the paper's own program and of a port of it to PyTorch.
//!
//! The three programs use different noise and initial values, so their results agree only as those of two seeds do. The
//! figures of the other two show how close two programs of the same arithmetic come; a wrong formula becomes visible
//! within these steps.

use camino::Utf8Path;
use libtest_mimic::Failed;
use sparsegate_core::{Batch, BatchSource};
use sparsegate_data::Manifest;
use sparsegate_pipeline::build::build_trainer;
use sparsegate_spec::types::Reading;

const STEPS: u64 = 100;
/// Number of windows of the validation stream over which perplexity is computed.
const WINDOWS: usize = 20;

/// Results of another program.
struct ReferenceRun {
    /// Mean over steps 91 to 100 of data loss plus KL term, in nats per symbol.
    objective: f64,
    /// Mean gradient norm over the same steps.
    norm: f64,
    /// KL divergence divided by the training set size, at step 100.
    kl_term: f64,
    /// Perplexity of the pruned network at the means after step 100, over the first validation windows.
    perplexity: f64,
}

struct Level {
    name: &'static str,
    paper: ReferenceRun,
    port: ReferenceRun,
}

const LEVELS: [Level; 2] = [
    Level {
        name: "dense",
        paper: ReferenceRun { objective: 6.593_28, norm: 0.3316, kl_term: 0.0, perplexity: 829.259 },
        port: ReferenceRun { objective: 6.594_28, norm: 0.3339, kl_term: 0.0, perplexity: 827.885 },
    },
    Level {
        name: "W+G+N",
        paper: ReferenceRun { objective: -2.519_18, norm: 0.4705, kl_term: -9.198_66, perplexity: 808.285 },
        port: ReferenceRun { objective: -2.510_3, norm: 0.5181, kl_term: -9.197_7, perplexity: 814.392 },
    },
];

/// The first windows of a stream.
struct First<'a>(&'a dyn BatchSource);

impl BatchSource for First<'_> {
    fn len(&self) -> usize {
        WINDOWS
    }

    fn batch(&self, index: usize) -> Batch {
        self.0.batch(index)
    }

    fn targets(&self) -> usize {
        (0..WINDOWS).map(|index| self.batch(index).targets.len()).sum()
    }

    fn carries_state(&self) -> bool {
        self.0.carries_state()
    }
}

/// Trains each level for 100 steps; `root` has the data.
pub fn word_ptb(root: &Utf8Path, manifest: &Manifest) -> Result<(), Failed> {
    let corpus = sparsegate_data::load(root, manifest, Reading::default())?;
    let file = super::project().join("experiments/paper/word-ptb.yaml");
    for Level { name, paper, port } in LEVELS {
        let runs = sparsegate_spec::load(&file, &[], &[])?.runs;
        let run = runs
            .iter()
            .find(|run| run.sparsity.name == name && run.model.cell.0.name() == "lstm")
            .ok_or("the level is in the spec")?;
        let mut trainer = build_trainer(run, &corpus, None)?;
        let batches = sparsegate_data::train_batches(&corpus, &run.train, run.seed, 0)?;
        let mut reports = Vec::new();
        for step in 1..=STEPS {
            reports.extend(trainer.step(&batches.batch(step as usize - 1), step)?);
        }
        let last = &reports[reports.len() - 10..];
        let mean = |of: fn(&sparsegate_core::trainer::StepMetrics) -> f64| last.iter().map(of).sum::<f64>() / 10.0;
        let [valid, _] = sparsegate_data::eval_batches(&corpus, &run.train)?;
        let ours = ReferenceRun {
            objective: mean(|report| report.data_loss + report.kl_term),
            norm: mean(|report| report.gradient_norm),
            kl_term: last[9].kl_term,
            perplexity: trainer.evaluate(&First(valid.as_ref())).nats.exp(),
        };
        let of = |found: &ReferenceRun| [found.objective, found.norm, found.kl_term, found.perplexity];
        println!("{name}: objective, norm, KL term, perplexity {:?}; paper {:?}", of(&ours), of(&paper));
        // Two seeds of one program differ by about as much as the port differs from the paper's program.
        let close = |what: &str, ours: f64, paper: f64, port: f64, least: f64| {
            let allowed = (3.0 * (paper - port).abs()).max(least);
            assert!(
                (ours - paper).abs() <= allowed,
                "{name}, {what}: {ours}, the paper's program {paper} +- {allowed}"
            );
        };
        close("objective", ours.objective, paper.objective, port.objective, 0.01);
        close("gradient norm", ours.norm, paper.norm, port.norm, 0.1 * paper.norm);
        close("KL term", ours.kl_term, paper.kl_term, port.kl_term, 0.002);
        close("perplexity", ours.perplexity, paper.perplexity, port.perplexity, 0.01 * paper.perplexity);
    }
    Ok(())
}
