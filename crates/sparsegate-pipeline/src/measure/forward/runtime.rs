//! The runtime and the masked network as contestants.

use sparsegate_runtime::Model;
use sparsegate_runtime::model::Task;
use sparsegate_runtime::runtime::{Options, Runtime};

use super::alternate::{Call, Timed};
use sparsegate_core::Batch;
use sparsegate_nn::model::MaskedNetwork;
use sparsegate_store::speed::InputMode;

/// The input of a timed forward pass.
#[derive(Debug, Clone)]
pub struct Workload {
    /// How symbols are passed.
    pub mode: InputMode,
    /// Sequences per batch.
    pub batch: usize,
    /// Symbols per sequence.
    pub steps: usize,
    /// The symbols of each sequence.
    pub texts: Vec<Vec<u32>>,
}

impl Workload {
    /// Sequences of pseudo-random symbols of `stored`, the same every time. Every symbol has a row in the model, so no
    /// step is cheaper for lack of input.
    pub fn new(mode: InputMode, batch: usize, steps: usize, stored: &[u32]) -> Self {
        let count = stored.len().max(1);
        let symbol = |at: usize| stored.get(at.wrapping_mul(7919) % 104_729 % count).copied().unwrap_or_default();
        let texts = (0..batch).map(|text| (0..steps).map(|step| symbol(text * steps + step)).collect()).collect();
        Self { mode, batch, steps, texts }
    }

    fn tokens(&self) -> usize {
        self.batch * self.steps
    }

    /// The symbols `[T, B]`, step by step.
    fn by_step(&self) -> Vec<u32> {
        (0..self.steps).flat_map(|step| self.texts.iter().map(move |text| text[step])).collect()
    }
}

/// The runtime on a model, as a contestant.
///
/// # Errors
/// A model that is not consistent.
pub fn packed<'a>(model: &Model<f32>, options: &Options, workload: &Workload) -> Result<Box<dyn Timed + 'a>, String> {
    let runtime = Runtime::new(model, options).map_err(|invalid| invalid.to_string())?;
    let tokens = workload.tokens();
    Ok(match (workload.mode, model.task) {
        (InputMode::Streaming, task) => {
            let (mut stream, text) = (runtime.stream(), workload.texts.concat());
            Box::new(Call::new(tokens, move || {
                stream.reset();
                for symbol in &text {
                    if task == Task::LanguageModel {
                        std::hint::black_box(stream.step(*symbol));
                    } else {
                        stream.read(&[*symbol]);
                    }
                }
                std::hint::black_box(stream.outputs());
            }))
        }
        (InputMode::Whole, Task::LanguageModel) => {
            let (mut batch, symbols) = (runtime.batch(workload.batch), workload.by_step());
            let mut out = vec![0.0; symbols.len() * runtime.outputs()];
            Box::new(Call::new(tokens, move || {
                batch.reset();
                batch.language_model(&symbols, std::hint::black_box(&mut out));
            }))
        }
        (InputMode::Whole, Task::Classification) => {
            let (mut batch, texts) = (runtime.batch(workload.batch), workload.texts.clone());
            let mut out = vec![0.0; texts.len() * runtime.outputs()];
            Box::new(Call::new(tokens, move || batch.classify(&texts, std::hint::black_box(&mut out))))
        }
    })
}

/// The full-size network with pruned weights set to zero, computed by the engine that evaluates it during training.
/// Times batches of whole sequences only.
pub fn masked<'a>(network: &'a MaskedNetwork, pool: &'a rayon::ThreadPool, workload: &Workload) -> Box<dyn Timed + 'a> {
    let batch = Batch::even(workload.batch, workload.by_step(), Vec::new());
    Box::new(Call::new(workload.tokens(), move || {
        pool.install(|| std::hint::black_box(network.outputs(&batch)));
    }))
}
