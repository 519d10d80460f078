//! Synthetic labelled texts, generated from a seed, in which it is known which words determine the label (ground
//! truth).
//!
//! Some words count for one class or the other. A negator reverses the next of them if it is close enough, a hearsay
//! word cancels the rest of its sentence, a word of contrast cancels all words before it. All other words have no
//! effect. `docs/data.md` has the rule.
//!
//! > the window reportedly garden superb . but her song not quite dull june .
//!
//! The label is a function of the text, so the best accuracy that any model can reach is 1.

mod lexicon;
mod rule;
mod writer;

use super::corpus::Texts;
use super::draws::Draws;
use super::manifest;
use lexicon::{Class, Lexicon};
use writer::Writer;

/// Generated labelled texts.
pub(super) struct Generated {
    pub(super) vocabulary: Vec<String>,
    pub(super) classes: Vec<String>,
    /// Training, validation and test texts.
    pub(super) parts: [Texts; 3],
    /// For each word, whether it can change a label.
    pub(super) informative: Vec<bool>,
}

/// Generates the texts; ids are positions in the lexicon, labels alternate.
pub(super) fn texts(parameters: &manifest::PlantedTexts) -> Generated {
    let lexicon = Lexicon::new();
    let sizes = [parameters.train, parameters.valid, parameters.test];
    let parts = std::array::from_fn(|part| {
        let draws = Draws::new("sparsegate 2026 planted texts", &[parameters.seed, part as u64]);
        let mut writer = Writer { lexicon: &lexicon, draws };
        let mut texts = Texts::new();
        for index in 0..sizes[part] {
            let praise = index % 2 == 1;
            texts.push(&writer.text(praise), u32::from(praise));
        }
        texts
    });
    Generated {
        vocabulary: lexicon.words.iter().map(ToString::to_string).collect(),
        classes: ["negative", "positive"].map(str::to_owned).into(),
        parts,
        informative: (0..lexicon.words.len() as u32).map(|id| lexicon.class(id) != Class::Neutral).collect(),
    }
}

#[cfg(test)]
mod tests;
