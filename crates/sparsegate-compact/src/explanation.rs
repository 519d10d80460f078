//! Explains a prediction by the effect of each word.

use super::loaded::CompactModel;
use super::prediction::log_sum_exp;
use super::session::{NotFinite, Session};
use super::text::EncodedText;
use sparsegate_data::Encoder;

/// The effect of a word on the prediction for a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The word as the encoder normalises it.
    pub word: String,
    /// Number of its occurrences in the text.
    pub times: usize,
    /// Change of the log odds of the predicted class due to the word, in nats: the log odds for the text minus those
    /// with zero input at all steps of the word. Negative if the word speaks against the class.
    pub effect: f64,
}

/// The words of a text with their effects.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Words that the model reads, by descending magnitude of the effect.
    pub effects: Vec<Effect>,
    /// Words that the model does not read, in text order. Their steps have zero input anyway, so they have no effect.
    pub not_read: Vec<String>,
}

/// Explains, word by word, why `class` was predicted for a text. Runs the model once for the text and once for each
/// distinct word that it reads.
///
/// # Errors
/// [`NotFinite`].
pub fn explain(
    loaded: &CompactModel,
    session: &mut Session<'_>,
    text: &str,
    class: usize,
) -> Result<Explanation, NotFinite> {
    let EncodedText { steps, names, ids } = EncodedText::read(&loaded.encoder, text);
    let mut times = vec![0; names.len()];
    for &word in &steps {
        times[word as usize] += 1;
    }
    let ids_of = |left_out: Option<usize>| {
        let id = |&word: &u32| if Some(word as usize) == left_out { Encoder::NO_ID } else { ids[word as usize] };
        steps.iter().map(id).collect::<Vec<u32>>()
    };
    let whole = log_odds(&session.logits_after(&ids_of(None))?, class);
    let (mut effects, mut not_read) = (Vec::new(), Vec::new());
    for (at, (word, times)) in names.into_iter().zip(times).enumerate().filter(|(_, (_, times))| *times > 0) {
        if loaded.model.row(ids[at]).is_some() {
            let without = log_odds(&session.logits_after(&ids_of(Some(at)))?, class);
            effects.push(Effect { word, times, effect: whole - without });
        } else {
            not_read.push(word);
        }
    }
    effects.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
    Ok(Explanation { effects, not_read })
}

/// `ln(p / (1 - p))` of a class. A single logit belongs to class 1.
pub(super) fn log_odds(logits: &[f64], class: usize) -> f64 {
    if let [logit] = logits {
        return if class == 0 { -logit } else { *logit };
    }
    let others = logits.iter().enumerate().filter(|(other, _)| *other != class).map(|(_, logit)| *logit);
    logits[class] - log_sum_exp(others)
}

#[cfg(test)]
mod tests {
    use sparsegate_runtime::reference::probabilities;

    use super::*;

    #[test]
    fn log_odds_are_those_of_the_probabilities() {
        for logits in [&[0.7_f64][..], &[0.1, -2.0], &[3.0, 1.0, -1.0, 0.0]] {
            for (class, p) in probabilities(logits).into_iter().enumerate() {
                let wanted = (p / (1.0 - p)).ln();
                assert!((log_odds(logits, class) - wanted).abs() < 1e-9, "{logits:?} {class}");
            }
        }
    }
}
