//! Planted texts: labelled texts, generated from a seed, in which it is known which words decide the label.
//!
//! A few words speak for one class or the other; a negator turns the next of them round if it comes soon, hearsay takes
//! back a whole sentence, a contrast takes back all that was said before. All the other words tell nothing.
//! `docs/data.md` has the rule.
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

/// What the generator makes of its parameters.
pub(super) struct Generated {
    pub(super) vocabulary: Vec<String>,
    pub(super) classes: Vec<String>,
    /// Training, validation, test.
    pub(super) parts: [Texts; 3],
    /// Whether a word can change a label.
    pub(super) informative: Vec<bool>,
}

/// The texts; ids are places in the lexicon, labels alternate.
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
