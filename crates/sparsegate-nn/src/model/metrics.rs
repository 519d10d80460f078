//! Reads the metrics of training steps from the device asynchronously.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use burn::tensor::{ExecutionError, Tensor, TensorData};

use sparsegate_core::trainer::StepMetrics;

/// The metrics of a step as device tensors, each `[1]`.
#[derive(Clone)]
pub(super) struct DeviceMetrics {
    pub(super) data_loss: Tensor<1>,
    /// The KL term; `None` for a deterministic network.
    pub(super) kl_term: Option<Tensor<1>>,
    pub(super) gradient_norm: Tensor<1>,
}

impl DeviceMetrics {
    /// Copies the metrics to the host and waits for them.
    pub(super) fn to_host(&self, step: u64) -> StepMetrics {
        let scalar = |tensor: &Tensor<1>| tensor.clone().into_scalar::<f64>();
        StepMetrics {
            step,
            data_loss: scalar(&self.data_loss),
            kl_term: self.kl_term.as_ref().map_or(0.0, scalar),
            gradient_norm: scalar(&self.gradient_norm),
        }
    }

    /// The factor that scales the gradient to a norm of at most `limit`. As in the authors' program it is slightly
    /// below one even if the norm is below the limit.
    pub(super) fn gradient_scale(&self, limit: Option<f64>) -> Tensor<1> {
        match limit {
            Some(limit) => self.gradient_norm.clone().clamp_max(limit) / self.gradient_norm.clone().add_scalar(1e-7),
            None => self.gradient_norm.ones_like(),
        }
    }

    fn into_array(self) -> [Tensor<1>; 3] {
        let kl_term = self.kl_term.unwrap_or_else(|| self.data_loss.zeros_like());
        [self.data_loss, kl_term, self.gradient_norm]
    }
}

type PendingRead = Pin<Box<dyn Future<Output = Result<TensorData, ExecutionError>> + Send>>;

/// The metrics of a block of steps while they are copied to the host.
struct MetricsBlock {
    steps: Vec<u64>,
    reading: PendingRead,
    /// The result, if the first poll returned it; a finished future must not be polled again.
    ready: Option<Result<TensorData, ExecutionError>>,
}

impl MetricsBlock {
    /// Queues the copy of the metrics to the host without waiting for it.
    fn start(numbers: Vec<(u64, DeviceMetrics)>) -> Self {
        let (steps, numbers): (Vec<_>, Vec<_>) = numbers.into_iter().unzip();
        let all = Tensor::cat(numbers.into_iter().flat_map(DeviceMetrics::into_array).collect(), 0);
        let mut reading: PendingRead = Box::pin(all.into_data_async());
        // A future does no work before it is first polled.
        let ready = match reading.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(data) => Some(data),
            Poll::Pending => None,
        };
        Self { steps, reading, ready }
    }

    fn wait(self) -> Vec<StepMetrics> {
        let data = self.ready.unwrap_or_else(|| pollster::block_on(self.reading));
        let numbers = match data.map(|data| data.convert::<f64>().try_into_vec()) {
            Ok(Ok(numbers)) => numbers,
            // The device is lost or out of memory, so this process cannot continue.
            Ok(Err(error)) => panic!("cannot convert the device's metrics to f64: {error:?}"),
            Err(error) => panic!("the device failed: {error}"),
        };
        let report = |(step, numbers): (u64, &[f64])| StepMetrics {
            step,
            data_loss: numbers[0],
            kl_term: numbers[1],
            gradient_norm: numbers[2],
        };
        self.steps.into_iter().zip(numbers.chunks_exact(3)).map(report).collect()
    }
}

impl fmt::Debug for MetricsBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsBlock").field("steps", &self.steps).finish_non_exhaustive()
    }
}

/// Metrics that have not been returned yet, in at most two blocks of steps: one block is being computed while the one
/// before is copied to the host.
pub(super) struct MetricsQueue {
    /// Steps per block.
    block: usize,
    waiting: Vec<(u64, DeviceMetrics)>,
    reading: Option<MetricsBlock>,
}

impl MetricsQueue {
    /// Reads the metrics of `block` steps together.
    pub(super) fn new(block: usize) -> Self {
        Self { block, waiting: Vec::new(), reading: None }
    }

    /// Whether the metrics of each step are read before the next step starts.
    pub(super) fn is_synchronous(&self) -> bool {
        self.block <= 1
    }

    /// Adds the metrics of a step and returns those of earlier steps that have arrived.
    pub(super) fn push(&mut self, step: u64, numbers: DeviceMetrics) -> Vec<StepMetrics> {
        self.waiting.push((step, numbers));
        if self.waiting.len() < self.block {
            return Vec::new();
        }
        let next = MetricsBlock::start(std::mem::take(&mut self.waiting));
        self.reading.replace(next).map(MetricsBlock::wait).unwrap_or_default()
    }

    /// Waits for all metrics that have not been returned yet.
    pub(super) fn finish(&mut self) -> Vec<StepMetrics> {
        let mut reports = self.reading.take().map(MetricsBlock::wait).unwrap_or_default();
        if !self.waiting.is_empty() {
            reports.extend(MetricsBlock::start(std::mem::take(&mut self.waiting)).wait());
        }
        reports
    }
}

impl fmt::Debug for MetricsQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<u64> = self.waiting.iter().map(|(step, _)| *step).collect();
        f.debug_struct("MetricsQueue").field("waiting", &steps).field("reading", &self.reading).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor};

    use super::{DeviceMetrics, MetricsQueue, StepMetrics};

    fn numbers(loss: f32, kl_term: Option<f32>, norm: f32) -> DeviceMetrics {
        let tensor = |value: f32| Tensor::<1>::from_floats([value], &Device::flex());
        DeviceMetrics { data_loss: tensor(loss), kl_term: kl_term.map(tensor), gradient_norm: tensor(norm) }
    }

    #[test]
    fn every_step_is_reported_once_and_in_order() {
        for block in 1..=4 {
            let mut reports = MetricsQueue::new(block);
            let mut all = Vec::new();
            for step in 1..=7_u8 {
                let given = reports.push(u64::from(step), numbers(f32::from(step), Some(0.5), 2.0));
                assert!(given.iter().all(|report| report.step < u64::from(step)), "{block}: {given:?} after {step}");
                all.extend(given);
            }
            all.extend(reports.finish());
            assert_eq!(reports.finish(), []);
            assert_eq!(all.iter().map(|report| report.step).collect::<Vec<_>>(), (1..=7).collect::<Vec<_>>());
            let right = |report: &StepMetrics| {
                let wanted = StepMetrics { data_loss: report.step as f64, kl_term: 0.5, gradient_norm: 2.0, ..*report };
                *report == wanted
            };
            assert!(all.iter().all(right), "{all:?}");
        }
    }

    #[test]
    fn a_norm_above_the_limit_is_brought_down_to_it() {
        let scale = |norm, limit| numbers(0.0, None, norm).gradient_scale(limit).into_scalar::<f64>();
        assert!((scale(20.0, Some(10.0)) - 0.5).abs() < 1e-6);
        assert!((scale(2.0, Some(10.0)) - 1.0).abs() < 1e-6 && scale(1e-7, Some(10.0)) < 0.6);
        assert!((scale(20.0, None) - 1.0).abs() < f64::EPSILON);
    }
}
