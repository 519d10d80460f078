//! What ends a run as failed: numbers that are not finite, and data too short for one mini-batch.

use sparsegate_core::BatchSource;
use sparsegate_core::trainer::{NamedTensor, NonFinite, StepMetrics};

use super::super::TrainError;
use super::Training;

impl Training<'_, '_> {
    pub(super) fn check_finite(&self, report: &StepMetrics) -> Result<(), TrainError> {
        let numbers =
            [("data loss", report.data_loss), ("KL term", report.kl_term), ("gradient norm", report.gradient_norm)];
        match numbers.into_iter().find(|(_, value)| !value.is_finite()) {
            Some((name, _)) => Err(self.diverged(name, report.step)),
            None => Ok(()),
        }
    }

    pub(super) fn check(&self, name: &str, value: f64) -> Result<(), TrainError> {
        if value.is_finite() { Ok(()) } else { Err(self.diverged(name, self.position.step)) }
    }

    pub(super) fn check_tensors(&self, tensors: &[NamedTensor]) -> Result<(), TrainError> {
        match NamedTensor::first_not_finite(tensors) {
            Some(tensor) => Err(self.diverged(&tensor.name, self.position.step)),
            None => Ok(()),
        }
    }

    fn diverged(&self, name: &str, step: u64) -> TrainError {
        TrainError::diverged(NonFinite { step, tensor: name.to_owned() }, self.spec)
    }

    pub(super) fn check_stream(&self, stream: &'static str, source: &dyn BatchSource) -> Result<(), TrainError> {
        if source.is_empty() {
            return Err(TrainError::NoBatches { stream, batch: self.spec.batch, sequence: self.spec.window() });
        }
        Ok(())
    }
}
