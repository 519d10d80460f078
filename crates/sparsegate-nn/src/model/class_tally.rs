//! Sums over the predicted classes of an evaluation, kept on the device until its end.

use burn::tensor::{Int, Tensor};

use super::symbols;

/// Correct predictions so far, and the lowest and the highest class predicted, each `[1]`.
#[derive(Debug, Clone)]
pub(super) struct ClassTally {
    correct: Tensor<1>,
    lowest: Tensor<1>,
    highest: Tensor<1>,
}

impl ClassTally {
    /// The tally of a batch, from its predicted classes `[B, 1]` and its targets.
    pub(super) fn new(predicted: Tensor<2, Int>, targets: &[u32]) -> Self {
        let targets = symbols::ids(targets, &predicted.device()).reshape([predicted.dims()[0], 1]);
        let classes = predicted.clone().float();
        Self { correct: predicted.equal(targets).float().sum(), lowest: classes.clone().min(), highest: classes.max() }
    }

    /// The tally of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            correct: self.correct + other.correct,
            lowest: self.lowest.min_pair(other.lowest),
            highest: self.highest.max_pair(other.highest),
        }
    }

    /// Number of correct predictions.
    pub(super) fn correct(&self) -> f64 {
        self.correct.clone().into_scalar::<f64>()
    }

    /// The class, if all predictions are the same.
    pub(super) fn only_class(&self) -> Option<u32> {
        let class = |tensor: &Tensor<1>| tensor.clone().into_scalar::<f64>() as u32;
        let (lowest, highest) = (class(&self.lowest), class(&self.highest));
        (lowest == highest).then_some(lowest)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn tally(predicted: &[i64], targets: &[u32]) -> ClassTally {
        let data = TensorData::new(predicted.to_vec(), [predicted.len(), 1]);
        ClassTally::new(Tensor::from_data(data, &Device::flex()), targets)
    }

    #[test]
    fn one_class_over_all_batches_is_seen() {
        let both = tally(&[2, 2], &[2, 0]).and(tally(&[2], &[2]));
        assert_eq!((both.correct(), both.only_class()), (2.0, Some(2)));
        let mixed = tally(&[2, 2], &[2, 0]).and(tally(&[1], &[2]));
        assert_eq!((mixed.correct(), mixed.only_class()), (1.0, None));
    }
}
