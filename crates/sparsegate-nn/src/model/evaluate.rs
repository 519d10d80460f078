//! Evaluation of the pruned network at the means.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::Tensor;

use super::class_tally::ClassTally;
use super::live::LiveParts;
use super::network::Network;
use crate::engine::Ops;
use sparsegate_core::BatchSource;
use sparsegate_core::Evaluation;

/// Evaluates a network on all batches of `source`, from a zero state. `live` has the parts that are left, if some may
/// have been dropped. If an output is not finite, neither is [`Evaluation::nats`]. `None` if `stop` becomes true between
/// two batches.
pub(super) fn evaluate(
    network: &impl Network,
    ops: &dyn Ops,
    source: &dyn BatchSource,
    live: Option<&LiveParts>,
    stop: &AtomicBool,
) -> Option<Evaluation> {
    let network = network.to_deterministic(true);
    let mut carried: Option<Vec<Tensor<2>>> = None;
    // Losses are read after the last batch, since reading waits for all work queued on the device.
    let mut losses = Vec::with_capacity(source.len());
    // Sums of squared outputs. The loss of a class is clipped, so it can be finite although the outputs are not.
    let mut squares: Option<Tensor<1>> = None;
    let mut classes: Option<ClassTally> = None;
    for index in 0..source.len() {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        let batch = source.batch(index);
        let batch = live.map_or(Cow::Borrowed(&batch), |live| live.batch(&batch));
        let states = carried.take().filter(|_| source.carries_state());
        let states = states.unwrap_or_else(|| network.zero_states(batch.rows));
        let forward = network.forward(ops, &batch, states, None);
        if let Some(predicted) = network.predicted_classes(&forward.outputs) {
            let now = ClassTally::new(predicted, &batch.targets);
            classes = Some(match classes {
                Some(before) => before.and(now),
                None => now,
            });
        }
        let square = ops.square_sum(&forward.outputs);
        squares = Some(match squares {
            Some(before) => before + square,
            None => square,
        });
        losses.push((network.loss(ops, forward.outputs, &batch.targets), batch.targets.len()));
        carried = Some(forward.last);
    }
    let nats: f64 = losses.into_iter().map(|(loss, count)| loss.into_scalar::<f64>() * count as f64).sum();
    let finite = squares.is_none_or(|squares| squares.into_scalar::<f64>().is_finite());
    let nats = if finite { nats } else { f64::NAN };
    let targets = source.targets() as f64;
    let only_class = classes.as_ref().and_then(ClassTally::only_class);
    Some(Evaluation { nats: nats / targets, accuracy: classes.map(|classes| classes.correct() / targets), only_class })
}
