//! Text generation with a language model.

use super::loaded::CompactModel;
use super::sampling::Sampler;
use super::session::{NotFinite, Session};
use super::spelling::Speller;
use super::text::EncodedText;

/// A text that is being generated.
pub struct Generation<'a> {
    loaded: &'a CompactModel,
    session: Session<'a>,
    sampler: Sampler,
    speller: Speller,
}

impl<'a> Generation<'a> {
    /// Starts from a zero state, after an end-of-line symbol if the data have one. Uses the reference implementation,
    /// so that the same draws give the same text on every machine.
    pub fn new(loaded: &'a CompactModel, sampler: Sampler) -> Self {
        let end = loaded.encoder.end();
        let mut session = Session::reference(&loaded.model);
        if let Some(end) = end {
            session.read(&[loaded.encoder.id(end)]);
        }
        let speller = Speller::new(&loaded.details.reader, loaded.unit, end);
        Self { loaded, session, sampler, speller }
    }

    /// Reads the given start of the text, and returns it as the model's vocabulary spells it.
    pub fn prompt(&mut self, text: &str) -> String {
        let EncodedText { steps, names, ids } = EncodedText::read(&self.loaded.encoder, text);
        let mut spelled = String::new();
        for place in steps {
            let id = ids[place as usize];
            self.session.read(&[id]);
            let known = self.loaded.details.words.get(id as usize);
            spelled += &self.speller.add(known.unwrap_or(&names[place as usize]));
        }
        spelled
    }

    /// Draws the next symbol and returns the text it adds.
    ///
    /// # Errors
    /// [`NotFinite`].
    pub fn next_piece(&mut self) -> Result<String, NotFinite> {
        let symbol = self.sampler.draw(&self.session.logits()?);
        self.session.read(&[symbol]);
        Ok(self.speller.add(self.loaded.details.words.get(symbol as usize).map_or("", String::as_str)))
    }
}
