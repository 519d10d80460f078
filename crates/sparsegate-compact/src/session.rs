//! Runs a model over one sequence.

use sparsegate_runtime::Model;
use sparsegate_runtime::model::InvalidModel;
use sparsegate_runtime::reference::{self, State};
use sparsegate_runtime::runtime::{Options, Runtime, Stream};

/// A model with its state within a sequence.
pub struct Session<'a>(Runner<'a>);

enum Runner<'a> {
    Runtime(Stream),
    Reference(&'a Model<f32>, State<f32>),
}

/// An output that is not finite. A trained network has no such outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the model's outputs are not finite numbers; is the file damaged?")]
pub struct NotFinite;

impl<'a> Session<'a> {
    /// Runs the model with the optimised runtime, from the start of a sequence. Results agree between machines up to
    /// rounding.
    ///
    /// # Errors
    /// A model that is not consistent.
    pub fn fast(model: &Model<f32>) -> Result<Self, InvalidModel> {
        // A single sequence does not offer work for more than one thread, and further threads would first have to be
        // started.
        let runtime = Runtime::new(model, &Options { threads: 1, ..Options::default() })?;
        Ok(Self(Runner::Runtime(runtime.stream())))
    }

    /// Runs the model with the slow reference implementation, whose results are the same to the bit on every machine.
    pub fn reference(model: &'a Model<f32>) -> Self {
        Self(Runner::Reference(model, State::zero(model)))
    }

    /// Returns to the start of a sequence.
    pub fn reset(&mut self) {
        match &mut self.0 {
            Runner::Runtime(stream) => stream.reset(),
            Runner::Reference(model, state) => *state = State::zero(model),
        }
    }

    /// Reads the next symbols.
    pub fn read(&mut self, symbols: &[u32]) {
        match &mut self.0 {
            Runner::Runtime(stream) => stream.read(symbols),
            Runner::Reference(model, state) => symbols.iter().for_each(|symbol| reference::step(model, *symbol, state)),
        }
    }

    /// The logits `[O]` after the symbols read so far.
    ///
    /// # Errors
    /// [`NotFinite`].
    pub fn logits(&mut self) -> Result<Vec<f64>, NotFinite> {
        let wide = |logits: &[f32]| logits.iter().map(|logit| f64::from(*logit)).collect::<Vec<_>>();
        let logits = match &mut self.0 {
            Runner::Runtime(stream) => wide(stream.outputs()),
            Runner::Reference(model, state) => wide(&reference::outputs(model, state)),
        };
        if logits.iter().all(|logit| logit.is_finite()) { Ok(logits) } else { Err(NotFinite) }
    }

    /// The logits `[O]` after all of `symbols`, read from the start of a sequence.
    ///
    /// # Errors
    /// [`NotFinite`].
    pub fn logits_after(&mut self, symbols: &[u32]) -> Result<Vec<f64>, NotFinite> {
        self.reset();
        self.read(symbols);
        self.logits()
    }
}

/// Maximum number of symbols that [`check_outputs`] reads.
const READ: usize = 32;

/// Reads a few of the symbols that the model knows in one sequence and checks its outputs after each. Weights that are
/// finite but absurdly large give outputs that are not.
///
/// # Errors
/// [`NotFinite`].
pub fn check_outputs(model: &Model<f32>) -> Result<(), NotFinite> {
    let mut session = Session::reference(model);
    session.logits()?;
    model.symbols.stored.iter().take(READ).try_for_each(|symbol| {
        session.read(&[*symbol]);
        session.logits().map(|_| ())
    })
}
