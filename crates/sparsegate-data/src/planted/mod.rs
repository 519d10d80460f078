//! The synthetic language, generated from a seed, in which it is known which words carry information (ground truth).
//!
//! Fillers (`um`, `perhaps`, `honestly`, ...) may precede any word. They are independent of all other words and carry
//! no information about what follows. The other words have long-range dependencies: a verb agrees with its subject's
//! determiner across relative clauses, a reflexive pronoun with the subject's gender, a closing bracket with the
//! opening one, and nouns and verbs with the word of place that began the paragraph. `docs/data.md` has the grammar.
//!
//! > afield every um farmer that some gladly widows help praises oddly himself .
//!
//! The probability of each word under the grammar is known, and hence the lowest loss that any model can reach on
//! average ([`oracle`]).

mod grammar;
mod lexicon;

use std::collections::BTreeSet;

use super::draws::Draws;
use super::manifest::{self, Reader};
use grammar::Text;
use lexicon::{Class, Lexicon};

/// Generated data of the synthetic language.
pub(super) struct Generated {
    pub(super) vocabulary: Vec<String>,
    /// Training, validation and test stream.
    pub(super) streams: [Vec<u32>; 3],
    /// For each word, whether it carries information. `None` for characters, each of which may be part of such a word.
    pub(super) informative: Option<Vec<bool>>,
}

/// The entropy floor of the synthetic language, in nats per symbol.
///
/// It is the mean of `-ln p(symbol | all symbols before it)` under the grammar itself over each stream. No model has a
/// lower expected loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Oracle {
    /// Over the training stream.
    pub train: f64,
    /// Over the validation stream.
    pub valid: f64,
    /// Over the test stream.
    pub test: f64,
}

/// The entropy floor of a generator of the synthetic language; `None` for all other readers.
pub fn oracle(reader: &Reader) -> Option<Oracle> {
    let lexicon = Lexicon::new();
    let [train, valid, test] = match reader {
        Reader::PlantedWords(parameters) => texts(&lexicon, parameters, |_| 1).map(|text| floor(&text, |_| 1)),
        Reader::PlantedCharacters(parameters) => {
            let length = |word: u32| spelling(lexicon.words[word as usize]).count();
            texts(&lexicon, parameters, length).map(|text| floor(&text, length))
        }
        _ => return None,
    };
    Some(Oracle { train, valid, test })
}

/// Generates the language with one symbol for each word; ids are positions in the lexicon.
pub(super) fn words(parameters: &manifest::Planted) -> Generated {
    let lexicon = Lexicon::new();
    let sizes = [parameters.train, parameters.valid, parameters.test];
    let mut streams = texts(&lexicon, parameters, |_| 1).map(|text| text.words);
    for (stream, size) in streams.iter_mut().zip(sizes) {
        stream.truncate(size);
    }
    let fillers = lexicon.ids(Class::Filler);
    Generated {
        vocabulary: lexicon.words.iter().map(ToString::to_string).collect(),
        streams,
        informative: Some((0..lexicon.words.len() as u32).map(|id| !fillers.contains(&id)).collect()),
    }
}

/// Generates the language with one symbol for each character; ids are positions in the sorted list of the lexicon's
/// characters.
pub(super) fn characters(parameters: &manifest::Planted) -> Generated {
    let lexicon = Lexicon::new();
    let alphabet: BTreeSet<char> = lexicon.words.iter().flat_map(|word| spelling(word)).collect();
    let alphabet: Vec<char> = alphabet.into_iter().collect();
    let ids: Vec<Vec<u32>> = lexicon
        .words
        .iter()
        .map(|word| spelling(word).filter_map(|c| alphabet.binary_search(&c).ok()).map(|id| id as u32).collect())
        .collect();
    let sizes = [parameters.train, parameters.valid, parameters.test];
    let mut streams = texts(&lexicon, parameters, |word| ids[word as usize].len())
        .map(|text| text.words.iter().flat_map(|&word| ids[word as usize].iter().copied()).collect::<Vec<_>>());
    for (stream, size) in streams.iter_mut().zip(sizes) {
        stream.truncate(size);
    }
    Generated { vocabulary: alphabet.iter().map(ToString::to_string).collect(), streams, informative: None }
}

/// The word that ends a sentence.
pub(super) const STOP: &str = ".";

/// The characters of a word: its letters and `_`, or a newline for the full stop. No spelling is a prefix of another.
pub(super) fn spelling(word: &str) -> impl Iterator<Item = char> {
    let (letters, end) = if word == STOP { ("", '\n') } else { (word, '_') };
    letters.chars().chain(std::iter::once(end))
}

/// Three independent texts of at least the requested sizes; a word has `length(word)` symbols.
fn texts(lexicon: &Lexicon, parameters: &manifest::Planted, length: impl Fn(u32) -> usize) -> [Text; 3] {
    let sizes = [parameters.train, parameters.valid, parameters.test];
    std::array::from_fn(|part| {
        let draws = Draws::new("sparsegate 2026 planted language", &[parameters.seed, part as u64]);
        grammar::speak(lexicon, draws, sizes[part], &length)
    })
}

/// Mean nats per symbol of a text.
fn floor(text: &Text, length: impl Fn(u32) -> usize) -> f64 {
    let symbols: usize = text.words.iter().map(|&word| length(word)).sum();
    text.nats.iter().sum::<f64>() / symbols as f64
}

#[cfg(test)]
mod tests;
