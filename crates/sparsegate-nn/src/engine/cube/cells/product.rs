//! The matrix products of a step, computed inside its kernel.
//!
//! A cube computes a tile of [`TILE`] hidden units by [`TILE`] sequences. It processes the inner dimension in pieces of
//! [`DEPTH`] numbers, which its threads first load into shared memory together. Each thread ends up with the products
//! of one element. Candidates for tuning on a real GPU: several sequences per thread, wider loads, and a depth that
//! fits the device.

use cubecl::prelude::*;

use super::StepRowsArg;

/// Number of hidden units and of sequences of a tile.
pub(super) const TILE: usize = 16;
/// Elements of the inner dimension that are loaded at a time.
const DEPTH: usize = 32;
/// Row length in shared memory for rows that are read column by column: one more, which avoids bank conflicts.
const PADDED: usize = DEPTH + 1;

/// The recurrent products `h U` of this thread's element, one for each of `parts` preactivations. `hidden` are the
/// states after each step, `[N, H]`, `initial` the initial states, `[B, H]`; `weights` are `[H, parts H]`.
#[cube]
pub(super) fn forward_products(
    hidden: &[f32],
    initial: &[f32],
    weights: &[f32],
    at: &StepRowsArg,
    #[comptime] parts: usize,
) -> Array<f32> {
    let mut states = Shared::<[f32]>::new_slice(TILE * DEPTH);
    let mut columns = Shared::<[f32]>::new_slice(DEPTH * parts * TILE);
    let mut products = Array::<f32>::new(parts);
    #[unroll]
    for part in 0..parts {
        products[part] = 0.0f32;
    }
    let lane = UNIT_POS as usize % TILE;
    let row = UNIT_POS as usize / TILE;
    let first_sequence = CUBE_POS_Y as usize * TILE;
    let unit = CUBE_POS_X as usize * TILE + lane;
    let mut done = 0usize.runtime();
    while done < at.units {
        let mut place = UNIT_POS as usize;
        while place < TILE * DEPTH {
            let (sequence, inner) = (first_sequence + place / DEPTH, done + place % DEPTH);
            states[place] = if sequence < at.rows && inner < at.units {
                at.before(sequence, inner, hidden, initial)
            } else {
                0.0f32
            };
            place += TILE * TILE;
        }
        let mut depth = row;
        while depth < DEPTH {
            let inner = done + depth;
            let inside = inner < at.units && unit < at.units;
            #[unroll]
            for part in 0..parts {
                columns[(depth * parts + part) * TILE + lane] =
                    if inside { weights[(inner * parts + part) * at.units + unit] } else { 0.0f32 };
            }
            depth += TILE;
        }
        sync_cube();
        for depth in 0..DEPTH {
            let state = states[row * DEPTH + depth];
            #[unroll]
            for part in 0..parts {
                products[part] = fma(state, columns[(depth * parts + part) * TILE + lane], products[part]);
            }
        }
        sync_cube();
        done += DEPTH;
    }
    products
}

/// The product `d U^T` of this thread's element: the gradient of its hidden state through the products of the next
/// step. The gradients d of these products are rows of `gradients`, `[N, parts H]`; `weights` are `[H, parts H]`. Zero
/// at the last step.
#[cube]
pub(super) fn backward_product(gradients: &[f32], weights: &[f32], at: &StepRowsArg, #[comptime] parts: usize) -> f32 {
    let mut rows = Shared::<[f32]>::new_slice(TILE * DEPTH);
    let mut columns = Shared::<[f32]>::new_slice(TILE * PADDED);
    let lane = UNIT_POS as usize % TILE;
    let row = UNIT_POS as usize / TILE;
    let first_sequence = CUBE_POS_Y as usize * TILE;
    let first_unit = CUBE_POS_X as usize * TILE;
    let width = parts * at.units;
    let mut product = 0.0f32;
    let mut done = select(at.is_last(), width, 0usize);
    while done < width {
        let mut place = UNIT_POS as usize;
        while place < TILE * DEPTH {
            let (across, depth) = (place / DEPTH, place % DEPTH);
            let (sequence, unit, inner) = (first_sequence + across, first_unit + across, done + depth);
            rows[place] = if sequence < at.rows && inner < width {
                gradients[(at.offset_after() + sequence) * width + inner]
            } else {
                0.0f32
            };
            columns[across * PADDED + depth] =
                if unit < at.units && inner < width { weights[unit * width + inner] } else { 0.0f32 };
            place += TILE * TILE;
        }
        sync_cube();
        for depth in 0..DEPTH {
            product = fma(rows[row * DEPTH + depth], columns[lane * PADDED + depth], product);
        }
        sync_cube();
        done += DEPTH;
    }
    product
}
