//! The row of a run for unit tests.

use sparsegate_core::EvaluationMetric;
use sparsegate_spec::types::RunSpec;

use super::rows::{RowState, RunRow};

/// A finished run of a language model, of which nothing is stored. A test replaces the fields that it is about.
pub fn finished(spec: RunSpec) -> RunRow {
    let (level, seed) = (spec.sparsity.name.clone(), spec.seed);
    RunRow {
        run: format!("{level}-{seed}"),
        label: format!("{level}, seed {seed}"),
        point: level,
        shade: (0, 1),
        planned_epochs: spec.train.epochs,
        spec,
        state: RowState::Done,
        record: None,
        summary: None,
        metrics: [].into(),
        times: [].into(),
        structure: None,
        speed: None,
        classes: None,
        metric: Some(EvaluationMetric::Perplexity),
        level_index: 0,
    }
}
