//! The rule that determines a text's label.

use super::lexicon::{Class, Lexicon};

/// A negator reverses the next positive or negative word if that is at most this many words later.
pub(super) const REACH: usize = 3;

/// The verdict of a text: the number of positive words minus the number of negative words, read from left to right.
///
/// - A negator reverses the next such word if it is at most [`REACH`] words later; of several negators the last one
///   counts.
/// - After a hearsay word, such words do not count until the full stop.
/// - A word of contrast resets the sum to zero.
///
/// A positive verdict is the second class, a negative one the first; a text with verdict zero has no label.
pub(super) fn verdict(lexicon: &Lexicon, text: &[u32]) -> i32 {
    let (mut sum, mut negated, mut hearsay) = (0, None, false);
    for (place, &word) in text.iter().enumerate() {
        match lexicon.class(word) {
            Class::Neutral => {}
            Class::Stop => hearsay = false,
            Class::Hearsay => hearsay = true,
            Class::Contrast => sum = 0,
            Class::Negator => negated = Some(place),
            class @ (Class::Positive | Class::Negative) => {
                let plain = if class == Class::Positive { 1 } else { -1 };
                let turned = negated.take().is_some_and(|at| place - at <= REACH);
                if !hearsay {
                    sum += if turned { -plain } else { plain };
                }
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_by_hand() {
        let lexicon = Lexicon::new();
        for (text, wanted) in [
            ("the film . ", 0),
            ("good film , great song .", 2),
            ("a good film a dull song a bad plot .", -1),
            // A negator reaches three words and reverses one word; the last negator counts.
            ("not good .", -1),
            ("not a very good film .", -1),
            ("not one of the good .", 1),
            ("never dull good .", 2),
            ("not never bad .", 1),
            // Hearsay ends with the sentence; a negator in it is used up by the word it reverses.
            ("allegedly good superb . the plot bad .", -1),
            ("allegedly not good awful good . lovely .", 1),
            // A contrast cancels what came before, in this and in earlier sentences.
            ("great superb . good but bad .", -1),
            ("great superb . however the plot . dull", -1),
        ] {
            // A word that is not in the lexicon stands for a neutral one.
            let id = |word: &str| lexicon.words.iter().position(|known| *known == word).unwrap_or(usize::MAX);
            let ids: Vec<u32> = text.split_whitespace().map(|word| id(word) as u32).collect();
            assert_eq!(verdict(&lexicon, &ids), wanted, "{text}");
        }
    }
}
