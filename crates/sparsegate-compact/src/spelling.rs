//! Writes symbols as text.

use sparsegate_data::Unit;
use sparsegate_data::manifest::Reader;

/// Joins symbols to readable text: blanks between words, and a line break for an end-of-line symbol.
pub struct Speller {
    unit: Unit,
    /// The end-of-line symbol.
    end: Option<&'static str>,
    /// The text written for it.
    end_text: &'static str,
    /// Whether the symbol `_` means a blank.
    blanks: bool,
    /// Whether the next word starts a line.
    fresh: bool,
}

impl Speller {
    /// A speller for the symbols of a data set with this reader; `end` is its end-of-line symbol.
    pub fn new(reader: &Reader, unit: Unit, end: Option<&'static str>) -> Self {
        let embedded = matches!(reader, Reader::PlantedWords(_) | Reader::PlantedCharacters(_));
        let blanks = matches!(reader, Reader::PtbCharacters | Reader::PlantedCharacters(_));
        // Sentences of the generated languages end with a full stop; when they are spelled in characters, the stop is
        // encoded as the end-of-line symbol.
        Self { unit, end, end_text: if embedded { ".\n" } else { "\n" }, blanks, fresh: true }
    }

    /// The text to append for a symbol.
    pub fn add(&mut self, symbol: &str) -> String {
        let ends = self.end == Some(symbol);
        let text = match symbol {
            _ if ends => self.end_text,
            "_" if self.blanks => " ",
            other => other,
        };
        let apart = self.unit != Unit::Character && !self.fresh && !text.starts_with('\n');
        self.fresh = ends;
        if apart { format!(" {text}") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spell(reader: &str, unit: Unit, end: Option<&'static str>, symbols: &[&str]) -> String {
        let reader: Reader = sparsegate_spec::yaml::parse("test.yaml".into(), reader).unwrap();
        let mut speller = Speller::new(&reader, unit, end);
        symbols.iter().map(|symbol| speller.add(symbol)).collect()
    }

    #[test]
    fn words_and_characters_are_put_together_again() {
        let words = ["the", "cat", "<eos>", "<eos>", "sat"];
        assert_eq!(spell("ptb-words", Unit::Word, Some("<eos>"), &words), "the cat\n\nsat");
        let characters = ["a", "_", "b", "\n", "c"];
        assert_eq!(spell("ptb-characters", Unit::Character, Some("\n"), &characters), "a b\nc");
        assert_eq!(spell("plain-text: { unit: character }", Unit::Character, Some("\n"), &characters), "a_b\nc");
        let planted = "{ seed: 1, train: 1, valid: 1, test: 1 }";
        let sentences = ["a", "ship", ".", "a"];
        assert_eq!(spell(&format!("planted-words: {planted}"), Unit::Word, Some("."), &sentences), "a ship .\na");
        let reader = format!("planted-characters: {planted}");
        assert_eq!(spell(&reader, Unit::Character, Some("\n"), &characters), "a b.\nc");
    }
}
