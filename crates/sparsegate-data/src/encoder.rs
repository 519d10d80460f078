//! Any text to the ids that it would have had in a data set, by the rules, and the code, that read the data set.

use std::collections::HashMap;

use super::manifest::{Reader, Tokens};
use super::planted;
use super::readers::{
    END_OF_LINE, Frame, PlainLines, PtbCharacters, PtbWords, Reading as _, START, UNKNOWN, Words, scheme_of_texts,
};
use sparsegate_spec::types::Reading;

/// Puts texts into ids.
pub struct Encoder {
    ids: HashMap<String, u32>,
    unknown: Option<u32>,
    rule: Rule,
}

/// The symbols that have ids.
pub struct Known<'a> {
    /// Ids and their words, or characters.
    pub words: &'a mut dyn Iterator<Item = (u32, &'a str)>,
    /// The id of any other, if there is one.
    pub unknown: Option<u32>,
    /// The id of the symbol at the beginning of a text, if there is one.
    pub start: Option<u32>,
}

/// How a text falls into symbols.
enum Rule {
    /// A text with a class: its words in their frame.
    Text(Words, Frame),
    /// A piece of a stream.
    PtbWords,
    PtbCharacters,
    Plain(PlainLines),
    PlantedWords,
    PlantedCharacters,
}

impl Encoder {
    /// No symbol's id: what [`Encoder::encode`] makes of a word that is not known where there is no symbol for such.
    pub const NO_ID: u32 = u32::MAX;

    /// The encoder of a data set with that `reader`, read in that way, and with these symbols.
    ///
    /// # Errors
    /// A reader of no texts; a pattern that is none.
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
            Reader::GloveText(_) | Reader::Word2vecBinary(_) => {
                return Err(format!("the reader {} reads vectors, no texts", reader.key()));
            }
        };
        Ok(Self { ids, unknown, rule })
    }

    /// The ids of a text. One that is to be classified has at least one, and no more than the data set's texts have. A piece
    /// of a stream has the symbols of its line ends, but of its last line only if the text ends with one: what comes
    /// next is then open. (So does the blank after its last word, of the embedded language spelled.)
    pub fn encode(&self, text: &str) -> Vec<u32> {
        self.encode_as(text, &mut |_, id| id)
    }

    /// The same, where each symbol becomes what `number` makes of it and its id, the words of an empty text and beginnings
    /// of texts under their names in vocabularies.
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

    /// The symbol at the end of a line of a stream, or of a sentence where lines mean nothing; what stands before a text that
    /// begins a line.
    pub fn end(&self) -> Option<&'static str> {
        match &self.rule {
            Rule::Text(..) => None,
            Rule::PtbWords => Some(END_OF_LINE),
            Rule::PtbCharacters | Rule::PlantedCharacters => Some("\n"),
            Rule::Plain(rule) => rule.end(),
            Rule::PlantedWords => Some(planted::STOP),
        }
    }

    /// The id of one symbol; [`Encoder::NO_ID`] if it has none.
    pub fn id(&self, symbol: &str) -> u32 {
        self.ids.get(symbol).copied().or(self.unknown).unwrap_or(Self::NO_ID)
    }
}

/// Calls its second argument for each symbol of a line.
type LineRule<'a> = dyn Fn(&str, &mut dyn FnMut(&str)) + 'a;

/// The symbols of each line, and of the line ends, but not of one that is not there.
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
