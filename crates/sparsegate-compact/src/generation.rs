//! Text generation with a language model.

use super::engine::{Engine, NotFinite};
use super::loaded::Loaded;
use super::sampling::Sampler;
use super::spelling::Speller;
use super::text::Text;

/// A text that is being generated.
pub struct Generation<'a> {
    loaded: &'a Loaded,
    engine: Engine<'a>,
    sampler: Sampler,
    speller: Speller,
}

impl<'a> Generation<'a> {
    /// Starts from a zero state, after an end-of-line symbol if the data have one. Uses the reference implementation,
    /// so that the same draws give the same text on every machine.
    pub fn new(loaded: &'a Loaded, sampler: Sampler) -> Self {
        let end = loaded.encoder.end();
        let mut engine = Engine::exact(&loaded.model);
        if let Some(end) = end {
            engine.read(&[loaded.encoder.id(end)]);
        }
        let speller = Speller::new(&loaded.details.reader, loaded.unit, end);
        Self { loaded, engine, sampler, speller }
    }

    /// Reads the given start of the text, and returns it as the model's vocabulary spells it.
    pub fn prompt(&mut self, text: &str) -> String {
        let Text { places, names, ids } = Text::read(&self.loaded.encoder, text);
        let mut spelled = String::new();
        for place in places {
            let id = ids[place as usize];
            self.engine.read(&[id]);
            let known = self.loaded.details.words.get(id as usize);
            spelled += &self.speller.add(known.unwrap_or(&names[place as usize]));
        }
        spelled
    }

    /// Draws the next symbol and returns the text it adds.
    ///
    /// # Errors
    /// [`NotFinite`].
    pub fn go_on(&mut self) -> Result<String, NotFinite> {
        let symbol = self.sampler.draw(&self.engine.logits()?);
        self.engine.read(&[symbol]);
        Ok(self.speller.add(self.loaded.details.words.get(symbol as usize).map_or("", String::as_str)))
    }
}
