//! Predictions for a text.

use sparsegate_runtime::reference::probabilities;

use super::loaded::CompactModel;
use super::session::{NotFinite, Session};

/// The predicted class of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    /// The most probable class. As in training, ties go to the lowest class index, and with a single logit a
    /// probability of one half is class 1.
    pub class: usize,
    /// The probability of each class.
    pub probabilities: Vec<f64>,
}

/// The predicted continuation of a text, and the likelihood of the text itself.
#[derive(Debug, Clone, PartialEq)]
pub struct NextWords {
    /// Number of predicted symbols: those of the text that have an id, except the first symbol if no end-of-line symbol
    /// precedes it.
    pub predicted: usize,
    /// Their mean negative log likelihood, in nats; `None` if there are none.
    pub nats: Option<f64>,
    /// The most probable next symbols with their probabilities, in descending order.
    pub next: Vec<(u32, f64)>,
}

/// Classifies a text, given its ids.
///
/// # Errors
/// [`NotFinite`].
pub fn classify(session: &mut Session<'_>, ids: &[u32]) -> Result<Classification, NotFinite> {
    let logits = session.logits_after(ids)?;
    let class = match logits.as_slice() {
        [second] => usize::from(*second >= 0.0),
        _ => (0..logits.len()).rev().max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap_or(0),
    };
    Ok(Classification { class, probabilities: probabilities(&logits) })
}

/// Reads a text as the start of a line, from a zero state and after an end-of-line symbol if the data have one. Returns
/// the `most` most probable next symbols.
///
/// # Errors
/// [`NotFinite`].
pub fn predict_next(
    loaded: &CompactModel,
    session: &mut Session<'_>,
    ids: &[u32],
    most: usize,
) -> Result<NextWords, NotFinite> {
    session.reset();
    let before = loaded.encoder.end().map(|end| loaded.encoder.id(end));
    session.read(before.as_slice());
    let (mut predicted, mut nats, mut begun) = (0, 0.0, before.is_some());
    for &id in ids {
        if begun && (id as usize) < loaded.model.outputs() {
            nats += negative_log_likelihood(&session.logits()?, id as usize);
            predicted += 1;
        }
        session.read(&[id]);
        begun = true;
    }
    let probabilities = probabilities(&session.logits()?);
    let mut order: Vec<u32> = (0..probabilities.len() as u32).collect();
    let probability = |id: &u32| probabilities[*id as usize];
    order.sort_by(|a, b| probability(b).total_cmp(&probability(a)));
    order.truncate(most);
    let next = order.into_iter().map(|id| (id, probability(&id))).collect();
    Ok(NextWords { predicted, nats: (predicted > 0).then(|| nats / predicted as f64), next })
}

/// The negative log likelihood of an output, in nats.
fn negative_log_likelihood(logits: &[f64], output: usize) -> f64 {
    log_sum_exp(logits.iter().copied()) - logits[output]
}

/// The logarithm of the sum of exponentials; minus infinity for no values.
pub(super) fn log_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_finite() { largest + values.map(|value| (value - largest).exp()).sum::<f64>().ln() } else { largest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_log_likelihood_is_minus_the_log_of_the_probability() {
        let logits = [1.0, -2.0, 700.0, 0.5];
        for (output, probability) in probabilities(&logits).into_iter().enumerate() {
            let negative_log_likelihood = negative_log_likelihood(&logits, output);
            assert!(
                (negative_log_likelihood + probability.ln()).abs() < 1e-9 * negative_log_likelihood.abs().max(1.0),
                "{negative_log_likelihood} {probability}"
            );
        }
        assert!(log_sum_exp([].into_iter()).is_infinite());
    }
}
