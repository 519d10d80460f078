//! Encodes a text as the data set's reader would have encoded it, with the reader's own code.

use std::collections::HashMap;

use super::manifest::{Reader, Tokens};
use super::planted;
use super::readers::{
    END_OF_LINE, Frame, PlainLines, PtbCharacters, PtbWords, Reading as _, START, UNKNOWN, Words, scheme_of_texts,
};
use sparsegate_spec::types::Reading;

/// Encodes texts as symbol ids.
pub struct Encoder {
    ids: HashMap<String, u32>,
    unknown: Option<u32>,
    rule: Rule,
}

/// The symbols that have ids, and the special symbols.
pub struct Known<'a> {
    /// Ids with their words or characters.
    pub words: &'a mut dyn Iterator<Item = (u32, &'a str)>,
    /// Id of the symbol for unknown words, if the data set has one.
    pub unknown: Option<u32>,
    /// Id of the start symbol, if the data set's texts begin with one.
    pub start: Option<u32>,
}

/// How a text is split into symbols.
enum Rule {
    /// A text to classify: its words, with the start symbol and the length limit of [`Frame`].
    Text(Words, Frame),
    /// A part of a stream, here and below.
    PtbWords,
    PtbCharacters,
    Plain(PlainLines),
    PlantedWords,
    PlantedCharacters,
}

impl Encoder {
    /// Stands for an unknown word where the data set has no symbol for unknown words; not the id of any symbol.
    pub const NO_ID: u32 = u32::MAX;

    /// The encoder of a data set with this `reader`, the spec's `reading` options and these `known` symbols.
    ///
    /// # Errors
    /// A reader of pretrained vectors; an invalid regular expression.
    pub fn new(reader: &Reader, reading: Reading, known: Known<'_>) -> Result<Self, String> {
        let Known { words, unknown, start } = known;
        let frame = |length| Frame { start, unknown: unknown.unwrap_or(Self::NO_ID), length };
        let mut ids: HashMap<String, u32> = words.map(|(id, word)| (word.to_owned(), id)).collect();
        let rule = match reader {
            Reader::LabelledTexts(rules) => {
                let scheme = scheme_of_texts(rules, reading);
                ids.retain(|word, _| !scheme.is_other(word));
                Rule::Text(Words::new(&rules.tokens, rules.lower)?, frame(rules.length))
            }
            Reader::PlantedTexts(_) => Rule::Text(Words::new(&Tokens::Blanks, false)?, frame(None)),
            Reader::PtbWords => Rule::PtbWords,
            Reader::PtbCharacters => Rule::PtbCharacters,
            Reader::PlainText(rules) => Rule::Plain(PlainLines::new(rules)?),
            Reader::PlantedWords(_) => Rule::PlantedWords,
            Reader::PlantedCharacters(_) => Rule::PlantedCharacters,
            Reader::GloveText(_) | Reader::Word2vecText(_) | Reader::Word2vecBinary(_) => {
                return Err(format!("the reader {} reads vectors, not texts", reader.key()));
            }
        };
        Ok(Self { ids, unknown, rule })
    }

    /// The ids of a text.
    ///
    /// A text to classify yields at least one id, and at most as many as the reader keeps of a text. A part of a stream
    /// yields the end symbol of each line; the last line yields it only if `text` ends with a newline, so that a model
    /// can continue an unfinished line. Likewise, in the synthetic language spelled as characters, the last word gets
    /// its `_` only if white space follows it; a full stop always yields its newline.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        self.encode_as(text, &mut |_, id| id)
    }

    /// As [`Encoder::encode`], but passes each symbol and its id to `number` and collects the results.
    ///
    /// The start symbol, and the symbol that stands for an empty text, are passed under their names in the vocabulary.
    pub fn encode_as(&self, text: &str, number: &mut dyn FnMut(&str, u32) -> u32) -> Vec<u32> {
        let mut symbols = Vec::new();
        let mut add = |symbol: &str| symbols.push(number(symbol, self.id(symbol)));
        match &self.rule {
            Rule::Text(words, frame) => {
                words.each(text, &mut add);
                let mut named = |name, id| number(name, id);
                let frame = Frame {
                    start: frame.start.map(|start| named(START, start)),
                    unknown: named(UNKNOWN, frame.unknown),
                    length: frame.length,
                };
                return frame.around(symbols);
            }
            Rule::PtbWords => {
                lines(text, &|line, add| PtbWords.line(line, &mut |word| add(word)), self.end(), &mut add);
            }
            Rule::PtbCharacters => {
                lines(text, &|line, add| PtbCharacters.line(line, &mut |letter| add(letter)), self.end(), &mut add);
            }
            Rule::Plain(rule) => lines(text, &|line, add| rule.line(line, add), self.end(), &mut add),
            Rule::PlantedWords => text.split_whitespace().for_each(add),
            Rule::PlantedCharacters => {
                let mut letter = [0; 4];
                text.split_whitespace()
                    .flat_map(planted::spelling)
                    .for_each(|character| add(character.encode_utf8(&mut letter)));
                let stopped = text.split_whitespace().next_back() == Some(planted::STOP);
                if !stopped && !text.ends_with(char::is_whitespace) {
                    symbols.pop();
                }
            }
        }
        symbols
    }

    /// The symbol at the end of a line of a stream, or of a sentence of the synthetic language, which has no lines.
    ///
    /// It is also the symbol that precedes a text at the beginning of a line. `None` for texts to classify, and where
    /// line ends are not symbols.
    pub fn end(&self) -> Option<&'static str> {
        match &self.rule {
            Rule::Text(..) => None,
            Rule::PtbWords => Some(END_OF_LINE),
            Rule::PtbCharacters | Rule::PlantedCharacters => Some("\n"),
            Rule::Plain(rule) => rule.end(),
            Rule::PlantedWords => Some(planted::STOP),
        }
    }

    /// The id of one symbol, else the id for unknown symbols, else [`Encoder::NO_ID`].
    pub fn id(&self, symbol: &str) -> u32 {
        self.ids.get(symbol).copied().or(self.unknown).unwrap_or(Self::NO_ID)
    }
}

/// Calls its second argument with each symbol of a line.
type LineRule<'a> = dyn Fn(&str, &mut dyn FnMut(&str)) + 'a;

/// Calls `add` with the symbols of each line and, after each line that ends with a newline, with `end`.
fn lines(text: &str, line: &LineRule<'_>, end: Option<&str>, add: &mut dyn FnMut(&str)) {
    let mut rest = text.lines().peekable();
    while let Some(this) = rest.next() {
        line(this, add);
        if let Some(end) = end.filter(|_| rest.peek().is_some() || text.ends_with('\n')) {
            add(end);
        }
    }
}

#[cfg(test)]
mod tests;
