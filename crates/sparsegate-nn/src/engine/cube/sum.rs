//! Sums in a fixed order, so that runs are reproducible bit for bit.
//!
//! A sum over a whole tensor takes two launches: up to [`PARTS`] cubes each sum a strided part by a tree reduction, and
//! one cube sums the parts. Candidates for tuning on a real GPU: the number of cubes, and vectorised loads.

use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

use super::launch::{CUBE, contiguous, count, dims, empty};

/// Largest number of cubes of the first launch.
pub(super) const PARTS: u32 = 256;

/// Number of cubes for a sum over `values` values, so that each cube has something to add.
pub(super) fn parts(values: usize) -> u32 {
    (values.div_ceil(CUBE as usize) as u32).clamp(1, PARTS)
}

/// The sum of one value per thread of a cube, by a tree reduction.
#[cube]
pub(super) fn cube_sum(value: f32) -> f32 {
    let mut shared = Shared::<[f32]>::new_slice(CUBE as usize);
    let unit = UNIT_POS as usize;
    shared[unit] = value;
    sync_cube();
    let mut half = (CUBE as usize / 2usize).runtime();
    while half > 0usize {
        if unit < half {
            let other = shared[unit + half];
            shared[unit] += other;
        }
        sync_cube();
        half /= 2usize;
    }
    shared[0]
}

/// The sum of `partials` times `scale`, `[1]`.
pub(super) fn sum_partials(partials: FloatTensor<CubeBackend>, scale: f32) -> FloatTensor<CubeBackend> {
    let (client, out) = (partials.client.clone(), empty(&partials, [1]));
    finish_kernel::launch(
        &client,
        CubeCount::Static(1, 1, 1),
        CubeDim::new_1d(CUBE),
        partials.into_buffer_arg(),
        out.clone().into_buffer_arg(),
        scale,
    );
    out
}

#[cube(launch)]
fn finish_kernel(partials: &[f32], out: &mut [f32], scale: f32) {
    let mut sum = 0.0f32;
    let mut i = UNIT_POS as usize;
    while i < partials.len() {
        sum += partials[i];
        i += CUBE as usize;
    }
    let total = cube_sum(sum);
    if UNIT_POS == 0 {
        out[0] = total * scale;
    }
}

/// Sum of squares, `[1]`.
pub(super) fn square_sum(values: FloatTensor<CubeBackend>) -> FloatTensor<CubeBackend> {
    let values = contiguous(values);
    let parts = parts(count(&values));
    let (client, partials) = (values.client.clone(), empty(&values, [parts as usize]));
    square_kernel::launch(
        &client,
        CubeCount::Static(parts, 1, 1),
        CubeDim::new_1d(CUBE),
        values.into_buffer_arg(),
        partials.clone().into_buffer_arg(),
    );
    sum_partials(partials, 1.0)
}

#[cube(launch)]
fn square_kernel(values: &[f32], partials: &mut [f32]) {
    let mut sum = 0.0f32;
    let mut i = ABSOLUTE_POS;
    while i < values.len() {
        sum = fma(values[i], values[i], sum);
        i += CUBE as usize * CUBE_COUNT;
    }
    let total = cube_sum(sum);
    if UNIT_POS == 0 {
        partials[CUBE_POS] = total;
    }
}

/// Columns that a cube of [`column_sums`] handles; [`LANES`] rows are processed in parallel.
const STRIP: usize = 32;
const LANES: usize = CUBE as usize / STRIP;
/// Largest number of rows that a cube sums; for more rows a further launch adds the partial sums.
const BAND: usize = 512;

/// Sums of the columns of a `[rows, columns]` matrix, `[1, columns]`.
pub(super) fn column_sums(values: FloatTensor<CubeBackend>) -> FloatTensor<CubeBackend> {
    let [rows, columns] = dims(&values);
    let bands = rows.div_ceil(BAND).max(1);
    let (client, out) = (values.client.clone(), empty(&values, [bands, columns]));
    column_kernel::launch(
        &client,
        CubeCount::Static(columns.div_ceil(STRIP) as u32, bands as u32, 1),
        CubeDim::new_1d(CUBE),
        values.into_buffer_arg(),
        out.clone().into_buffer_arg(),
        rows,
        columns,
    );
    if bands > 1 { column_sums(out) } else { out }
}

#[cube(launch)]
fn column_kernel(values: &[f32], out: &mut [f32], rows: usize, columns: usize) {
    let mut shared = Shared::<[f32]>::new_slice(CUBE as usize);
    let unit = UNIT_POS as usize;
    let column = CUBE_POS_X as usize * STRIP + unit % STRIP;
    let band = CUBE_POS_Y as usize;
    let end = min((band + 1usize) * BAND, rows);
    let mut sum = 0.0f32;
    if column < columns {
        let mut row = band * BAND + unit / STRIP;
        while row < end {
            sum += values[row * columns + column];
            row += LANES;
        }
    }
    shared[unit] = sum;
    sync_cube();
    if unit < STRIP && column < columns {
        let mut total = 0.0f32;
        for lane in 0..LANES {
            total += shared[lane * STRIP + unit];
        }
        out[band * columns + column] = total;
    }
}
