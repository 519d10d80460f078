//! Ids and group factors of a batch's input symbols.

use std::borrow::Cow;

use burn::tensor::{Device, IndexingUpdateOp, Int, Tensor, TensorData};

use crate::engine::Noise;
use crate::variational::VariationalMatrix;
use sparsegate_core::Batch;

/// The id of a symbol whose row has been removed from the tensors ([`super::live`]). It is read as a row of zeros.
pub(super) const NO_ROW: u32 = u32::MAX;

/// The input symbols of a batch that have a row in the network's tensors: L of the N that the batch has.
pub(super) struct Symbols<'a> {
    batch: &'a Batch,
    ids: Cow<'a, [u32]>,
    /// The places of these symbols among the batch's inputs, ascending; `None` if all have a row.
    places: Option<Vec<usize>>,
}

impl<'a> Symbols<'a> {
    /// The symbols of a batch, which may have no inputs if its vectors come from elsewhere.
    pub(super) fn of(batch: &'a Batch) -> Self {
        if !batch.inputs.contains(&NO_ROW) {
            return Self { batch, ids: Cow::Borrowed(&batch.inputs), places: None };
        }
        let with_row = || batch.inputs.iter().enumerate().filter(|(_, id)| **id != NO_ROW);
        let ids = with_row().map(|(_, id)| *id).collect();
        Self { batch, ids, places: Some(with_row().map(|(place, _)| place).collect()) }
    }

    /// Whether no symbol has a row.
    pub(super) fn is_empty(&self) -> bool {
        self.places.as_ref().is_some_and(Vec::is_empty)
    }

    /// Their ids, `[L]`.
    pub(super) fn ids(&self, device: &Device) -> Tensor<1, Int> {
        ids(&self.ids, device)
    }

    /// The sequence of each symbol, `[L]`.
    pub(super) fn sequences(&self) -> Vec<usize> {
        let all = self.batch.sequences();
        match &self.places {
            None => all.collect(),
            Some(places) => {
                let all: Vec<usize> = all.collect();
                places.iter().map(|place| all[*place]).collect()
            }
        }
    }

    /// Rows `[L, C]` of these symbols among the rows of all symbols of the batch, `[N, C]`; the others are zero.
    pub(super) fn among_all(&self, rows: Tensor<2>) -> Tensor<2> {
        let Some(places) = &self.places else { return rows };
        let device = rows.device();
        let zeros = Tensor::zeros([self.batch.inputs.len(), rows.dims()[1]], (&device, rows.dtype()));
        zeros.select_assign(0, indices(places, &device.inner()), rows, IndexingUpdateOp::Add)
    }

    /// The group factor of each symbol in its sequence, `[L, 1]`. Within a sequence all occurrences of a symbol share
    /// one factor; each sequence has its own draws. `group` is `[1, V]`.
    pub(super) fn factors(&self, group: &VariationalMatrix, noise: Option<&Noise>) -> Tensor<2> {
        let vocabulary = group.mean.dims()[1];
        let device = group.mean.device().inner();
        let ids = self.ids(&device);
        let column = |values: &Tensor<2>| values.clone().reshape([vocabulary, 1]).select(0, ids.clone());
        let mean = column(&group.mean);
        match (&group.log_sigma, noise) {
            (Some(log_sigma), Some(noise)) => {
                let rows = self.sequences();
                let places: Vec<(u32, u32)> = rows.iter().zip(&*self.ids).map(|(row, id)| (*row as u32, *id)).collect();
                let draws = noise.at_positions(&places, &device, group.mean.dtype());
                draws * column(log_sigma).exp() + mean
            }
            _ => mean,
        }
    }
}

/// Ids as an integer tensor.
pub(super) fn ids(ids: &[u32], device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
    Tensor::from_data(TensorData::new(values, [ids.len()]), device)
}

/// Indices as an integer tensor.
pub(super) fn indices(indices: &[usize], device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = indices.iter().map(|index| *index as i64).collect();
    Tensor::from_data(TensorData::new(values, [indices.len()]), device)
}
