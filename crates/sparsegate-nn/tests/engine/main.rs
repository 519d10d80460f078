//! Compares each op of the flex engine to its composed version and to finite differences, on shapes that are critical
//! for kernels: one row, one column, one step, sizes around the width of a SIMD vector, views, several threads. Also
//! tests training on top of the ops: whole networks, texts without padding, exact zeros, non-finite numbers, saving and
//! loading.

mod adam;
mod agreement;
mod baselines;
mod class_loss;
mod cross_entropy;
mod drop_dead;
mod kl;
mod new_cell;
mod noisy;
mod noisy_rows;
mod not_finite;
mod padded;
mod product;
mod recurrence;
mod resume;
mod schedule;
mod square_sum;
mod texts;
mod threads;
mod whole_model;
mod zeros;

use sparsegate_testing::networks::{case, coupled_lstm, matrix, small_model, tiny};
