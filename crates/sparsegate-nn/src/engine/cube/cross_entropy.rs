//! Softmax and cross entropy with one cube per row: one pass over the logits for the loss, and a second one that
//! overwrites them with the gradient.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

use super::launch::{CUBE, contiguous, count, cubes, dims, empty, ids, owned};
use super::sum::{column_sums, sum_partials};

/// Initial value of the running maximum, below every logit that occurs.
const LOWEST: f32 = -3.0e38;

/// Mean negative log likelihood, and its gradients with respect to logits and bias.
pub(super) fn cross_entropy(
    logits: FloatTensor<CubeBackend>,
    bias: FloatTensor<CubeBackend>,
    targets: IntTensor<CubeBackend>,
) -> [FloatTensor<CubeBackend>; 3] {
    let logits = owned(logits);
    let loss = row_losses(logits.clone(), bias, targets, true);
    [loss, logits.clone(), column_sums(logits)]
}

/// Mean negative log likelihood without gradients.
pub(super) fn mean_cross_entropy(
    logits: FloatTensor<CubeBackend>,
    bias: FloatTensor<CubeBackend>,
    targets: IntTensor<CubeBackend>,
) -> FloatTensor<CubeBackend> {
    row_losses(contiguous(logits), bias, targets, false)
}

/// The mean loss; if `gradient`, the gradient overwrites the logits.
fn row_losses(
    logits: FloatTensor<CubeBackend>,
    bias: FloatTensor<CubeBackend>,
    targets: IntTensor<CubeBackend>,
    gradient: bool,
) -> FloatTensor<CubeBackend> {
    let [rows, columns] = dims(&logits);
    let (client, losses) = (logits.client.clone(), empty(&logits, [rows]));
    let mean_weight = (1.0 / rows as f64) as f32;
    row_kernel::launch(
        &client,
        // One cube per row; the number of cubes is split over several dimensions if one is too small.
        cubes(&client, rows * CUBE as usize),
        CubeDim::new_1d(CUBE),
        logits.into_buffer_arg(),
        contiguous(bias).into_buffer_arg(),
        ids(targets).into_buffer_arg(),
        losses.clone().into_buffer_arg(),
        columns,
        mean_weight,
        gradient,
    );
    sum_partials(losses, mean_weight)
}

/// Multiplies the gradients by the scalar `gradient` of the loss.
pub(super) fn cross_entropy_gradient(
    gradient: FloatTensor<CubeBackend>,
    gradients: [FloatTensor<CubeBackend>; 2],
) -> [FloatTensor<CubeBackend>; 2] {
    let gradient = contiguous(gradient);
    gradients.map(|values| {
        let values = owned(values);
        let client = values.client.clone();
        scale_kernel::launch(
            &client,
            cubes(&client, count(&values)),
            CubeDim::new_1d(CUBE),
            values.clone().into_buffer_arg(),
            gradient.clone().into_buffer_arg(),
        );
        values
    })
}

#[cube(launch)]
fn scale_kernel(values: &mut [f32], scale: &[f32]) {
    if ABSOLUTE_POS < values.len() {
        values[ABSOLUTE_POS] *= scale[0];
    }
}

/// Online softmax: each thread keeps the maximum of its columns and the sum of exponentials relative to it, which is
/// rescaled when a larger value occurs. A tree reduction merges the threads' results.
#[cube(launch)]
fn row_kernel(
    logits: &mut [f32],
    bias: &[f32],
    targets: &[i32],
    losses: &mut [f32],
    columns: usize,
    mean_weight: f32,
    #[comptime] gradient: bool,
) {
    let row = CUBE_POS;
    if row >= losses.len() {
        terminate!();
    }
    let mut tops = Shared::<[f32]>::new_slice(CUBE as usize);
    let mut sums = Shared::<[f32]>::new_slice(CUBE as usize);
    let unit = UNIT_POS as usize;
    let start = row * columns;
    let target = targets[row] as usize;
    let wanted = logits[start + target] + bias[target];

    let mut top = f32::new(LOWEST);
    let mut sum = 0.0f32;
    let mut column = unit;
    while column < columns {
        let value = logits[start + column] + bias[column];
        let larger = select(value > top, value, top);
        sum = sum * f32::exp(top - larger) + f32::exp(value - larger);
        top = larger;
        column += CUBE as usize;
    }
    tops[unit] = top;
    sums[unit] = sum;
    sync_cube();
    let mut half = (CUBE as usize / 2usize).runtime();
    while half > 0usize {
        if unit < half {
            let (a, b) = (tops[unit], tops[unit + half]);
            let larger = select(a > b, a, b);
            sums[unit] = sums[unit] * f32::exp(a - larger) + sums[unit + half] * f32::exp(b - larger);
            tops[unit] = larger;
        }
        sync_cube();
        half /= 2usize;
    }
    let largest = tops[0];
    let total = sums[0];
    if unit == 0 {
        losses[row] = f32::ln(total) + largest - wanted;
    }
    if comptime!(gradient) {
        let factor = mean_weight / total;
        let mut column = unit;
        while column < columns {
            let value = logits[start + column] + bias[column];
            let here = f32::exp(value - largest) * factor;
            logits[start + column] = select(column == target, here - mean_weight, here);
            column += CUBE as usize;
        }
    }
}
