//! The warning that a model answers the same whatever it reads.

use sparsegate_compact::{Details, constant_answer};
use sparsegate_runtime::Model;

use super::args::Global;
use super::output;

/// Says on standard error that the model's answers do not depend on what it reads, if so.
pub fn note_constant_answer(global: &Global, model: &Model<f32>, details: Option<&Details>) {
    if let Some(problem) = constant_answer(model, details).filter(|_| global.verbosity() >= 0) {
        output::message!("warning: {problem}");
    }
}
