//! The matrix products of a training step: the minimum amount of arithmetic.

use sparsegate_core::Batch;
use sparsegate_spec::types::{ModelKind, Prior};

use super::cases::Case;

/// A product `[rows, inner] x [inner, columns]`, `times` times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// Rows of the left matrix.
    pub rows: usize,
    /// Columns of the left matrix.
    pub inner: usize,
    /// Columns of the right matrix.
    pub columns: usize,
    /// Number of sequential repetitions: 1, or the number of recurrence steps with this many rows.
    pub times: usize,
    /// Whether it is part of a recurrence, whose products cannot be merged into one.
    pub recurrent: bool,
}

impl Product {
    /// Number of multiplications and additions.
    pub fn flops(&self) -> u64 {
        2 * (self.rows * self.inner * self.columns * self.times) as u64
    }
}

/// Products of one training step on `batch`. The gather of input rows is not a product; elementwise work is not
/// counted.
pub fn of_step(case: &Case, batch: &Batch) -> Vec<Product> {
    let model = &case.run.model;
    let hidden = model.hidden;
    let width = model.cell.0.preactivations().len() * hidden;
    let count = batch.inputs.len();
    let mut products = Vec::new();

    // x W of a classifier: the product, and the gradients of both factors.
    if let Some(embedding) = &model.embedding {
        products.extend(layer(count, embedding.size, width));
    }
    // h U at each step of the forward pass, d U^T of the backward pass, and one product over all steps for U's
    // gradient.
    let mut active = batch.active.as_slice();
    while let Some(&rows) = active.first() {
        let times = active.iter().take_while(|next| **next == rows).count();
        active = &active[times..];
        products.push(Product { rows, inner: hidden, columns: width, times, recurrent: true });
        products.push(Product { rows, inner: width, columns: hidden, times, recurrent: true });
    }
    products.push(Product { rows: hidden, inner: count, columns: width, times: 1, recurrent: false });
    // h V, and a second product for the variance with local reparameterisation.
    let read = if model.kind == ModelKind::LanguageModel { count } else { batch.rows };
    let twice = case.run.sparsity.output == Prior::LogUniform && !case.run.train.carries_state();
    for _ in 0..=usize::from(twice) {
        products.extend(layer(read, hidden, case.outputs()));
    }
    products
}

/// A product with weights `[inputs, outputs]`, and the gradients of its input and of the weights.
fn layer(count: usize, inputs: usize, outputs: usize) -> [Product; 3] {
    let product = |rows, inner, columns| Product { rows, inner, columns, times: 1, recurrent: false };
    [product(count, inputs, outputs), product(count, outputs, inputs), product(inputs, count, outputs)]
}
