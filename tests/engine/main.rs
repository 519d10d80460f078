//! Each op of the flex engine against its composed version and against finite differences, on the shapes where kernels
//! go wrong: one row, one column, one step, sizes beside the width of a vector unit, views, several threads. Then
//! what training builds on it: whole networks, texts without padding, exact zeros, numbers that are not finite, saving and
//! loading.

mod adam;
mod agreement;
mod baselines;
mod case;
mod class_loss;
mod coupled_lstm;
mod cross_entropy;
mod initial;
mod matrix;
mod new_cell;
mod noisy;
mod noisy_rows;
mod not_finite;
mod padded;
mod penalty;
mod product;
mod recurrence;
mod resume;
mod square_sum;
mod texts;
mod tiny;
mod trainee;
mod whole_model;
mod zeros;
