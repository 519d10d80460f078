//! Runs a model over one sequence.

use sparsegate_runtime::Model;
use sparsegate_runtime::model::Invalid;
use sparsegate_runtime::plain::{self, State};
use sparsegate_runtime::runtime::{Options, Runtime, Stream};

/// A model and where it stands in a sequence.
pub struct Engine<'a>(Way<'a>);

enum Way<'a> {
    Fast(Stream),
    Exact(&'a Model<f32>, State<f32>),
}

/// The outputs are no numbers, which no trained network's are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the model's outputs are not finite numbers; is the file damaged?")]
pub struct NotFinite;

impl<'a> Engine<'a> {
    /// The fast way, at the beginning of a sequence. What it computes is the same on all machines but for rounding.
    ///
    /// # Errors
    /// A model that does not hold together.
    pub fn fast(model: &Model<f32>) -> Result<Self, Invalid> {
        // One sequence keeps one thread busy; others would have to be started first.
        let runtime = Runtime::new(model, &Options { threads: 1, ..Options::default() })?;
        Ok(Self(Way::Fast(runtime.stream())))
    }

    /// The slow way, which computes the same bits on any machine.
    pub fn exact(model: &'a Model<f32>) -> Self {
        Self(Way::Exact(model, State::zero(model)))
    }

    /// Goes back to the beginning.
    pub fn reset(&mut self) {
        match &mut self.0 {
            Way::Fast(stream) => stream.reset(),
            Way::Exact(model, state) => *state = State::zero(model),
        }
    }

    /// Goes on by some symbols.
    pub fn read(&mut self, symbols: &[u32]) {
        match &mut self.0 {
            Way::Fast(stream) => stream.read(symbols),
            Way::Exact(model, state) => symbols.iter().for_each(|symbol| plain::step(model, *symbol, state)),
        }
    }

    /// The outputs here, logits `[O]`.
    ///
    /// # Errors
    /// [`NotFinite`].
    pub fn logits(&mut self) -> Result<Vec<f64>, NotFinite> {
        let wide = |logits: &[f32]| logits.iter().map(|logit| f64::from(*logit)).collect::<Vec<_>>();
        let logits = match &mut self.0 {
            Way::Fast(stream) => wide(stream.outputs()),
            Way::Exact(model, state) => wide(&plain::outputs(model, state)),
        };
        if logits.iter().all(|logit| logit.is_finite()) { Ok(logits) } else { Err(NotFinite) }
    }

    /// The outputs after all of `symbols`, from the beginning.
    ///
    /// # Errors
    /// [`NotFinite`].
    pub fn logits_after(&mut self, symbols: &[u32]) -> Result<Vec<f64>, NotFinite> {
        self.reset();
        self.read(symbols);
        self.logits()
    }
}
