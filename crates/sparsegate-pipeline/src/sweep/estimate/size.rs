//! The size of a run's folder from the number of its parameters.

use std::collections::BTreeMap;

use crate::sweep::Sweep;
use sparsegate_data::{Manifest, known_sizes};
use sparsegate_spec::types::{Prior, RunSpec};

/// Numbers that are stored for each parameter: the model has it, and the checkpoint has it with Adam's two moments.
const COPIES: u64 = 4;

/// Sizes of vocabularies, by data set and reading.
pub(super) struct Sizes<'a> {
    sweep: &'a Sweep,
    known: BTreeMap<String, Option<u64>>,
}

impl<'a> Sizes<'a> {
    pub(super) fn new(sweep: &'a Sweep) -> Self {
        Self { sweep, known: BTreeMap::new() }
    }

    /// Bytes of the folder of a finished run; `None` if the size of its vocabulary is not known without loading the data.
    pub(super) fn of(&mut self, spec: &RunSpec) -> Option<u64> {
        let vocabulary = self.vocabulary(spec)?;
        Some(parameters(spec, vocabulary).saturating_mul(COPIES * size_of::<f32>() as u64))
    }

    fn vocabulary(&mut self, spec: &RunSpec) -> Option<u64> {
        let sweep = self.sweep;
        let name = format!("{} {:?}", spec.dataset, spec.reading);
        let look = || {
            let manifest: &Manifest = sweep
                .experiments()
                .iter()
                .find_map(|planned| planned.sources.get(&spec.dataset))
                .map(|one| &one.dataset)?;
            known_sizes(sweep.root(), manifest, spec.reading).map(|sizes| sizes.vocabulary.len() as u64)
        };
        *self.known.entry(name).or_insert_with(look)
    }
}

/// Parameters of a network for `vocabulary` symbols, without the group variables, which are few.
fn parameters(spec: &RunSpec, vocabulary: u64) -> u64 {
    let cell = spec.model.cell.0;
    let (hidden, kinds) = (spec.model.hidden as u64, cell.preactivations().len() as u64);
    let embedding = spec.model.embedding.as_ref().map(|embedding| embedding.size as u64);
    // A classifier has a handful of outputs, a language model one for each symbol.
    let outputs = if embedding.is_some() { 2 } else { vocabulary };
    let table = embedding.map_or(0, |size| vocabulary.saturating_mul(size));
    let reads = embedding.unwrap_or(vocabulary).saturating_add(hidden);
    let recurrent = reads.saturating_mul(kinds).saturating_mul(hidden);
    // A mean and a variance.
    let each = |prior: Prior| if prior == Prior::None { 1 } else { 2 };
    let biases = hidden.saturating_mul(cell.biases().len() as u64).saturating_add(outputs);
    // A spec may name sizes that no machine has.
    let weights = table.saturating_add(recurrent).saturating_mul(each(spec.sparsity.weights));
    let output = hidden.saturating_mul(outputs).saturating_mul(each(spec.sparsity.output));
    weights.saturating_add(output).saturating_add(biases)
}
