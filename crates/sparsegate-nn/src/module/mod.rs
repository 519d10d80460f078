//! The layers as [Burn modules](burn::module::Module), for programs with a training loop of their own.
//!
//! [`VariationalRecurrent`] is an LSTM, GRU or plain recurrent layer, [`VariationalLinear`] the output layer. Each
//! holds its means, log sigmas and biases as parameters ([`VariationalParameter`]), so Burn's optimisers train it and
//! Burn's records save and load it. The computation is that of [`crate::model`]: a module lends its tensors to a
//! [`RecurrentLayer`](crate::model::RecurrentLayer) or an [`OutputLayer`](crate::model::OutputLayer) and runs it.
//!
//! | file | contents |
//! |---|---|
//! | `config` | the configurations, such as [`VariationalLstmConfig`] |
//! | `parameter` | a variational parameter |
//! | `recurrent` | the recurrent layer |
//! | `linear` | the output layer |
//!
//! # Training
//!
//! The objective is the data loss plus the sum of the modules' `kl()` times the KL weight 1/N, where N is the number
//! of targets in an epoch (`docs/method.md`). Modules of different kinds draw independent noise from one
//! [`NoiseSource`]. Two modules of the same kind draw the same noise from it, so give each its own seed.
//!
//! # Evaluation
//!
//! Without noise a module computes with its means. `pruned()` sets the means that count as noise to zero, and
//! [`counts`] counts what is left of a whole network.
//!
//! # Speed
//!
//! The fused kernels run where [`ops_for`](crate::engine::ops_for) finds them, and elsewhere Burn's operations.
//! [`NetworkTrainer`](crate::model::NetworkTrainer) is faster: it also fuses the KL divergence with the optimiser, and
//! computes the gradients of only those rows of the input weights that a batch reads.

mod config;
mod linear;
mod parameter;
mod recurrent;

pub use crate::model::{NoiseSource, NoiseStream, counts};
pub use config::{Groups, VariationalGruConfig, VariationalLinearConfig, VariationalLstmConfig, VariationalRnnConfig};
pub use linear::VariationalLinear;
pub use parameter::VariationalParameter;
pub use recurrent::VariationalRecurrent;

use burn::tensor::Tensor;

/// `[T * B, n]`, in time-major order, as `[B, T, n]`.
fn to_batch_first(values: Tensor<2>, rows: usize) -> Tensor<3> {
    let [count, columns] = values.dims();
    values.reshape([count / rows, rows, columns]).swap_dims(0, 1)
}

/// `[B, T, n]` as `[T * B, n]`, in time-major order.
fn to_time_major(values: Tensor<3>) -> Tensor<2> {
    let [rows, steps, columns] = values.dims();
    values.swap_dims(0, 1).reshape([steps * rows, columns])
}
