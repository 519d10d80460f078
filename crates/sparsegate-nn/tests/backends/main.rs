//! Compares each op on each device of the backends other than flex to its composed version on flex in double precision:
//! values and gradients, on random and degenerate shapes, on views, and bitwise when repeated.
//!
//! Without the features `wgpu` or `tch` this file is empty. `cargo test --test backends tch::` tests one backend.

#![cfg(any(feature = "wgpu", feature = "tch"))]

mod adam;
mod agreement;
mod class_loss;
mod cross_entropy;
mod fault;
mod kl;
mod noisy;
mod noisy_rows;
mod product;
mod recurrence;
mod square_sum;
mod target;

use sparsegate_testing::networks::{case, matrix};

/// Defines a test for each check of a target.
macro_rules! target {
    ($name:ident, $($module:ident: $($check:ident)*;)*) => {
        mod $name {
            $($(
                #[test]
                fn $check() {
                    crate::$module::$check(&crate::target::$name());
                }
            )*)*
        }
    };
    ($name:ident) => {
        target! {
            $name,
            adam: adam_agrees tensors_held_elsewhere_stay;
            class_loss: class_loss_agrees;
            cross_entropy: cross_entropy_agrees large_logits_neither_overflow_nor_vanish;
            fault: more_memory_than_there_is_is_an_error;
            noisy: noisy_agrees;
            noisy_rows: noisy_rows_agree a_row_is_that_row_of_the_whole_sample;
            kl: first_pass_agrees second_pass_agrees a_mean_of_zero_has_no_gradient_and_the_clamp_stops_it;
            product: product_agrees;
            recurrence: recurrence_agrees all_states_agree inputs_held_elsewhere_stay the_state_carries_on;
            square_sum: square_sum_agrees what_is_not_finite_shows;
        }
    };
}

#[cfg(feature = "tch")]
target!(tch);
#[cfg(feature = "wgpu")]
target!(wgpu);
