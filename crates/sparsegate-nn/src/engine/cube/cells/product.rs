//! The products of a step, inside its kernel.
//!
//! A cube computes a tile of [`TILE`] hidden units of [`TILE`] sequences. It walks the inner dimension [`DEPTH`] numbers at a
//! time, which its units first bring together into shared memory, and leaves each unit with the products of one cell.
//! To tune next on a real GPU: several sequences a unit, wider loads, and a depth that fits the device.

use cubecl::prelude::*;

use super::At;

/// Hidden units of a tile, and sequences.
pub(super) const TILE: usize = 16;
/// Numbers of the inner dimension at a time.
const DEPTH: usize = 32;
/// Length of a row in shared memory that is read down a column: one more, so that the reads fall into different banks.
const PADDED: usize = DEPTH + 1;

/// `h U` of this unit's cell, one for each of `parts` preactivations. `hidden` are the states after each step, `initial`
/// those before the first; `weights` are `[H, parts H]`.
#[cube]
pub(super) fn forward_products(
    hidden: &[f32],
    initial: &[f32],
    weights: &[f32],
    at: &At,
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

/// `d U^T` of this unit's cell: the gradient that its hidden state takes from the products of the step after, whose
/// gradients are rows of `gradients`, `[N, width]`, with `width` columns; `weights` are `[H, width]`. Zero after the last
/// step.
#[cube]
pub(super) fn backward_product(gradients: &[f32], weights: &[f32], at: &At, #[comptime] parts: usize) -> f32 {
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
