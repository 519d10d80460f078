//! The words that count.

use super::engine::{Engine, NotFinite};
use super::loaded::Loaded;
use super::prediction::log_sum_exp;
use super::text::Text;
use sparsegate_data::Encoder;

/// What a word does in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The word, as the model knows it.
    pub word: String,
    /// How often it is in the text.
    pub times: usize,
    /// By how much it raises the log odds of the predicted class, nats: their value for the text, less their value when all
    /// steps of this word are without input. Below zero: the word speaks against the class.
    pub effect: f64,
}

/// The words of a text, by what they do.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Words that the model reads, by falling size of the effect.
    pub effects: Vec<Effect>,
    /// Words that the model does not read, in the order of the text: their steps are without input, so leaving them out
    /// changes nothing.
    pub not_read: Vec<String>,
}

/// Explains why `class` was predicted for a text, word by word. Takes as many passes as the text has different words that the
/// model reads.
///
/// # Errors
/// [`NotFinite`].
pub fn explain(loaded: &Loaded, engine: &mut Engine<'_>, text: &str, class: usize) -> Result<Explanation, NotFinite> {
    let Text { places, names, ids } = Text::read(&loaded.encoder, text);
    let mut times = vec![0; names.len()];
    for &word in &places {
        times[word as usize] += 1;
    }
    let ids_of = |left_out: Option<usize>| {
        let id = |&word: &u32| if Some(word as usize) == left_out { Encoder::NO_ID } else { ids[word as usize] };
        places.iter().map(id).collect::<Vec<u32>>()
    };
    let whole = log_odds(&engine.logits_after(&ids_of(None))?, class);
    let (mut effects, mut not_read) = (Vec::new(), Vec::new());
    for (at, (word, times)) in names.into_iter().zip(times).enumerate().filter(|(_, (_, times))| *times > 0) {
        if loaded.model.row(ids[at]).is_some() {
            let without = log_odds(&engine.logits_after(&ids_of(Some(at)))?, class);
            effects.push(Effect { word, times, effect: whole - without });
        } else {
            not_read.push(word);
        }
    }
    effects.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
    Ok(Explanation { effects, not_read })
}

/// `ln(p / (1 - p))` of a class. A single logit is that of the second class.
fn log_odds(logits: &[f64], class: usize) -> f64 {
    if let [logit] = logits {
        return if class == 0 { -logit } else { *logit };
    }
    let others = logits.iter().enumerate().filter(|(other, _)| *other != class).map(|(_, logit)| *logit);
    logits[class] - log_sum_exp(others)
}

#[cfg(test)]
mod tests {
    use sparsegate_runtime::plain::probabilities;

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
