//! Inputs of a case in this program's order: sequences by decreasing length, steps without padding.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use sparsegate_core::Batch;
use sparsegate_nn::model::{NoiseSource, NoiseStream};

use crate::case::Case;
use crate::config::CheckConfig;
use crate::layout::noise;

/// A batch of a case, and the positions of its rows and steps in the case's arrays.
pub(super) struct CaseInputs {
    /// The batch.
    pub(super) batch: Batch,
    /// For each row of the batch, the row of the case.
    order: Vec<usize>,
    /// For each input of the batch, the row and step of the case.
    places: Vec<(usize, usize)>,
    /// Number of steps, padding included.
    steps: usize,
}

impl CaseInputs {
    /// Reads `x`, `y` and, if present, `mask` under `prefix`. Each row of the mask must be zeros (padding) followed by
    /// ones.
    pub(super) fn read(case: &Case, prefix: &str) -> Result<Self, String> {
        let at = |name: &str| format!("{prefix}{name}");
        let &[rows, steps] = case.shape(&at("x"))? else { return Err(format!("{} is not a matrix", at("x"))) };
        let mask = if case.has(&at("mask")) { case.mask(&at("mask"))? } else { vec![true; rows * steps] };
        let mut lengths = Vec::new();
        for row in mask.chunks(steps) {
            if !row.is_sorted() {
                return Err(format!("{} is not padding on the left alone", at("mask")));
            }
            lengths.push(row.iter().filter(|real| **real).count());
        }
        let mut order: Vec<usize> = (0..rows).collect();
        order.sort_by_key(|&row| std::cmp::Reverse(lengths[row]));
        let under_way = |step: usize| -> Vec<(usize, usize)> {
            order.iter().filter(|&row| mask[row * steps + step]).map(|&row| (row, step)).collect()
        };
        let by_step: Vec<_> = (0..steps).map(under_way).filter(|rows| !rows.is_empty()).collect();
        let active = by_step.iter().map(Vec::len).collect();
        let places = by_step.concat();
        let id = |id: i32| u32::try_from(id).map_err(|error| error.to_string());
        let (x, y) = (case.i32s(&at("x"))?, case.i32s(&at("y"))?);
        let inputs = places.iter().map(|&(row, step)| id(x[row * steps + step])).collect::<Result<_, _>>()?;
        let targets = if case.classifies() {
            order.iter().map(|&row| id(y[row])).collect::<Result<_, _>>()?
        } else {
            places.iter().map(|&(row, step)| id(y[row * steps + step])).collect::<Result<_, _>>()?
        };
        Ok(Self { batch: Batch { rows, active, inputs, targets }, order, places, steps })
    }

    /// Rows `(B, n)` of the case in the batch's order.
    pub(super) fn rows(&self, theirs: &[f64]) -> Vec<f64> {
        let width = theirs.len() / self.order.len();
        self.order.iter().flat_map(|row| &theirs[row * width..][..width]).copied().collect()
    }

    /// Steps `(B, T, n)` of the case in the batch's order, without padding.
    pub(super) fn steps(&self, theirs: &[f64]) -> Vec<f64> {
        let width = theirs.len() / (self.order.len() * self.steps);
        let place = |(row, step): &(usize, usize)| &theirs[(row * self.steps + step) * width..][..width];
        self.places.iter().flat_map(place).copied().collect()
    }

    /// The noise recorded under `prefix`.
    pub(super) fn noise(&self, case: &Case, prefix: &str, config: CheckConfig) -> Result<NoiseSource, String> {
        let mut streams = BTreeMap::new();
        for (name, values) in noise(case, prefix)? {
            let (stream, by_sequence) = match name.as_str() {
                "embedding" => (NoiseStream::Embedding, false),
                "w_input" => (NoiseStream::WInput, false),
                "w_hidden" => (NoiseStream::WHidden, false),
                "z_vocabulary" => (NoiseStream::ZVocabulary, true),
                "z_inputs" => (NoiseStream::ZInputs, true),
                "z_neurons" => (NoiseStream::ZNeurons, true),
                "z_gates" => (NoiseStream::ZGates, true),
                "output_weights" => (NoiseStream::Output, false),
                "output_local" => (NoiseStream::Output, true),
                other => return Err(format!("noise {other} has no counterpart")),
            };
            let values = if by_sequence { self.rows(&values) } else { values };
            let rows = if by_sequence { self.batch.rows } else { first_axis(case, stream)? };
            let shape = [rows, values.len() / rows];
            streams.insert(stream, config.tensor(values, shape)?);
        }
        Ok(NoiseSource::Given(streams))
    }

    /// The states recorded under `name`, each `[B, H]`; zeros if the case does not have them.
    pub(super) fn states(&self, case: &Case, name: &str, config: CheckConfig) -> Result<Vec<Tensor<2>>, String> {
        let (count, rows) = (case.cell()?.states().len(), self.batch.rows);
        let hidden = case.meta.hidden.ok_or("no hidden in the metadata")?;
        let values = if case.has(name) { case.f64s(name)?.to_vec() } else { vec![0.0; count * rows * hidden] };
        if values.len() != count * rows * hidden {
            return Err(format!("{name} does not have the cell's number of states, {count}"));
        }
        values.chunks(rows * hidden).map(|state| config.tensor(self.rows(state), [rows, hidden])).collect()
    }
}

/// Number of rows of a weight matrix.
fn first_axis(case: &Case, stream: NoiseStream) -> Result<usize, String> {
    let meta = &case.meta;
    let size = match stream {
        NoiseStream::WInput if case.classifies() => meta.emb,
        NoiseStream::Embedding | NoiseStream::WInput => meta.vocab,
        _ => meta.hidden,
    };
    size.ok_or_else(|| format!("no size for {stream:?} in the metadata"))
}
