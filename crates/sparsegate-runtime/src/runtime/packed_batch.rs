//! A batch of sequences of a built-in cell: a single sequence, or blocks of many.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Packed;
use super::batch::{self, BatchBlock};
use super::single::{StreamState, Uncontended};

/// States of a batch; each part is made when it is first needed.
pub(crate) struct PackedBatch {
    packed: Arc<Packed>,
    sequences: usize,
    /// State if there is a single sequence.
    one: Option<StreamState>,
    /// State for a single text, apart from that of the sequence.
    text: Option<StreamState>,
    /// States of the sequences of a language model.
    blocks: Vec<Uncontended<BatchBlock>>,
    /// States for texts, one block per thread.
    texts: Vec<Uncontended<BatchBlock>>,
    /// Indices of the texts, by decreasing length.
    order: Vec<u32>,
}

impl PackedBatch {
    pub fn new(packed: &Arc<Packed>, sequences: usize) -> Self {
        let packed = Arc::clone(packed);
        Self { packed, sequences, one: None, text: None, blocks: Vec::new(), texts: Vec::new(), order: Vec::new() }
    }

    /// As [`super::Batch::language_model`], for at least one sequence.
    pub fn language_model(&mut self, symbols: &[u32], out: &mut [f32]) {
        let Self { packed, sequences, one, blocks, .. } = self;
        if *sequences == 1 {
            return one.get_or_insert_with(|| StreamState::new(packed)).read_all(packed, symbols, out);
        }
        if blocks.is_empty() {
            *blocks = batch::blocks(packed, *sequences);
        }
        batch::language_model(packed, blocks, *sequences, symbols, out);
    }

    /// As [`super::Batch::classify`].
    pub fn classify<T: AsRef<[u32]> + Sync>(&mut self, texts: &[T], out: &mut [f32]) {
        let Self { packed, text: state, texts: blocks, order, .. } = self;
        if let [text] = texts {
            let state = state.get_or_insert_with(|| StreamState::new(packed));
            state.reset();
            state.read(packed, text.as_ref());
            return out.copy_from_slice(state.outputs(packed));
        }
        if blocks.is_empty() {
            *blocks = batch::text_blocks(packed);
        }
        order.clear();
        order.extend(0..texts.len() as u32);
        order.sort_unstable_by_key(|text| (core::cmp::Reverse(texts[*text as usize].as_ref().len()), *text));
        batch::classify(packed, blocks, texts, order, out);
    }

    /// Resets all states to zero.
    pub fn reset(&mut self) {
        if let Some(one) = &mut self.one {
            one.reset();
        }
        batch::reset(&mut self.blocks);
    }
}
