//! Runs a model over one sequence.

use sparsegate_runtime::Model;
use sparsegate_runtime::plain::{self, State};

/// A model and where it stands in a sequence.
pub struct Engine<'a> {
    model: &'a Model<f32>,
    state: State<f32>,
}

/// The outputs are no numbers, which no trained network's are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the model's outputs are not finite numbers; is the file damaged?")]
pub struct NotFinite;

impl<'a> Engine<'a> {
    /// At the beginning of a sequence.
    pub fn new(model: &'a Model<f32>) -> Self {
        Self { model, state: State::zero(model) }
    }

    /// Goes back to the beginning.
    pub fn reset(&mut self) {
        self.state = State::zero(self.model);
    }

    /// Goes on by one symbol.
    pub fn step(&mut self, symbol: u32) {
        plain::step(self.model, symbol, &mut self.state);
    }

    /// The outputs here, logits `[O]`.
    ///
    /// # Errors
    /// [`NotFinite`].
    pub fn logits(&self) -> Result<Vec<f64>, NotFinite> {
        let logits: Vec<f64> = plain::outputs(self.model, &self.state).into_iter().map(f64::from).collect();
        if logits.iter().all(|logit| logit.is_finite()) { Ok(logits) } else { Err(NotFinite) }
    }

    /// The outputs after all of `symbols`, from the beginning.
    ///
    /// # Errors
    /// [`NotFinite`].
    pub fn logits_after(&mut self, symbols: impl IntoIterator<Item = u32>) -> Result<Vec<f64>, NotFinite> {
        self.reset();
        symbols.into_iter().for_each(|symbol| self.step(symbol));
        self.logits()
    }
}
