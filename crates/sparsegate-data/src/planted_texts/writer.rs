//! Generates texts by drawing drafts until one has the requested label.
//!
//! ```text
//! text     = sentence { sentence }                               1 to 4: SENTENCES
//! sentence = [ contrast ] [ hearsay ] mention { mention } gap "."
//! mention  = gap [ negator distance ] ( praise | blame )          equally likely
//! ```
//!
//! `praise` and `blame` are positive and negative words, `gap` and `distance` are neutral words. The words of a class
//! are equally likely.

use super::super::draws::Draws;
use super::lexicon::{Class, Lexicon};
use super::rule::{self, REACH};

/// Probabilities of one, two, three or four sentences, per cent.
const SENTENCES: [u32; 4] = [25, 35, 25, 15];
/// Probability that a sentence other than the first begins with a word of contrast, per cent.
const CONTRAST: u32 = 30;
/// Probability that a sentence begins with a hearsay word, after the word of contrast if any, per cent.
const HEARSAY: u32 = 25;
/// Probabilities of one or two mentions in a sentence, per cent.
const MENTIONS: [u32; 2] = [60, 40];
/// Probability of a negator in a mention, per cent.
const NEGATOR: u32 = 30;
/// Probability that a negator is too far from the word to reverse it, per cent.
const TOO_FAR: u32 = 20;
/// Maximum number of neutral words in a gap; all numbers from 0 to this are equally likely.
const GAP: u32 = 4;

/// Generates texts from one stream of random numbers.
pub(super) struct Writer<'a> {
    pub(super) lexicon: &'a Lexicon,
    pub(super) draws: Draws,
}

impl Writer<'_> {
    /// A text with a positive verdict if `praise`, else with a negative one.
    pub(super) fn text(&mut self, praise: bool) -> Vec<u32> {
        loop {
            let text = self.draft();
            let verdict = rule::verdict(self.lexicon, &text);
            if verdict != 0 && (verdict > 0) == praise {
                return text;
            }
        }
    }

    fn draft(&mut self) -> Vec<u32> {
        let mut text = Vec::new();
        for sentence in 0..=self.choose(SENTENCES) {
            if sentence > 0 && self.chance(CONTRAST) {
                self.say(Class::Contrast, &mut text);
            }
            if self.chance(HEARSAY) {
                self.say(Class::Hearsay, &mut text);
            }
            for _ in 0..=self.choose(MENTIONS) {
                self.mention(&mut text);
            }
            self.gap(0, GAP, &mut text);
            self.say(Class::Stop, &mut text);
        }
        text
    }

    fn mention(&mut self, text: &mut Vec<u32>) {
        self.gap(0, GAP, text);
        if self.chance(NEGATOR) {
            self.say(Class::Negator, text);
            let reach = REACH as u32;
            if self.chance(TOO_FAR) { self.gap(reach, reach + 2, text) } else { self.gap(0, reach - 1, text) }
        }
        let class = if self.chance(50) { Class::Positive } else { Class::Negative };
        self.say(class, text);
    }

    /// Adds `least` to `most` neutral words, uniformly.
    fn gap(&mut self, least: u32, most: u32, text: &mut Vec<u32>) {
        for _ in 0..least + self.draws.below(most - least + 1) {
            self.say(Class::Neutral, text);
        }
    }

    fn say(&mut self, class: Class, text: &mut Vec<u32>) {
        let ids = self.lexicon.ids(class);
        text.push(ids.start + self.draws.below(ids.end - ids.start));
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.draws.below(100) < percent
    }

    /// An index with probability proportional to its weight.
    fn choose<const N: usize>(&mut self, weights: [u32; N]) -> usize {
        let mut draw = self.draws.below(weights.iter().sum());
        let mut index = 0;
        while draw >= weights[index] {
            draw -= weights[index];
            index += 1;
        }
        index
    }
}
