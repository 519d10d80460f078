//! The embedding of input symbols.

use burn::tensor::Tensor;

use super::network::{Parameter, ParameterKind};
use super::noise::{NoiseSource, NoiseStream, draw};
use super::symbols::Symbols;
use crate::engine::Ops;
use crate::variational::{CreateTensor, VariationalMatrix};
use sparsegate_core::Batch;
use sparsegate_core::Sparsity;

/// An embedding: a vector of E dimensions for each of V symbols.
#[derive(Debug, Clone)]
pub struct Embedding {
    /// Weights, `[V, E]`.
    pub w: VariationalMatrix,
    /// Group factors of the symbols, `[1, V]`.
    pub z_vocabulary: Option<VariationalMatrix>,
}

impl Embedding {
    /// Builds a `[V, E]` embedding with tensors from `make`.
    pub(super) fn build(dims: [usize; 2], sparsity: &Sparsity, make: CreateTensor<'_>) -> Self {
        Self {
            w: VariationalMatrix::build("embedding/w", dims, sparsity.weights, make),
            z_vocabulary: VariationalMatrix::build_group("embedding/z_vocabulary", dims[0], sparsity.vocabulary, make),
        }
    }

    pub(super) fn parameters(&mut self) -> impl Iterator<Item = Parameter<'_>> {
        let weights = Parameter { name: "embedding/w".to_owned(), kind: ParameterKind::Weights, value: &mut self.w };
        let group = self.z_vocabulary.as_mut().map(|value| Parameter {
            name: "embedding/z_vocabulary".to_owned(),
            kind: ParameterKind::Groups,
            value,
        });
        std::iter::once(weights).chain(group)
    }

    /// The vector of each input that has a row, `[L, E]`, in training without dropped symbols `[N, E]`: its row of one
    /// weight sample times the symbol's group factor in the sequence.
    pub fn vectors(&self, ops: &dyn Ops, batch: &Batch, noise: Option<&NoiseSource>) -> Tensor<2> {
        let symbols = Symbols::of(batch);
        let ids = symbols.ids(&self.w.mean.device().inner());
        let vectors = self.w.sample_rows(ops, ids, draw(noise, NoiseStream::Embedding).as_ref());
        match &self.z_vocabulary {
            Some(group) => vectors * symbols.factors(group, draw(noise, NoiseStream::ZVocabulary).as_ref()),
            None => vectors,
        }
    }
}
