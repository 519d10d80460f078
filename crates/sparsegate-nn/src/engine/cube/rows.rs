//! The rows of a weight sample that a batch reads, and their gradients.
//!
//! All positions of a batch that read the same row contribute to one gradient. Floating-point atomics would add them in
//! arbitrary order, so the positions are linked into chains instead. A first launch finds, for each position, the next
//! one with the same id and whether there is an earlier one. In a second launch the first position of each chain walks
//! along it and writes the row. The search scans from a position to its neighbours in the chain, at worst over all N
//! ids: 6e8 integer comparisons for 25,000 positions with distinct ids, not measured on a GPU. The second launch takes
//! as long as the longest chain, that of the most frequent symbol, which would be the first thing to split on a GPU.

use burn::backend::TensorMetadata;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

use super::launch::{CUBE, contiguous, cubes, dims, empty, empty_ids, ids as as_ids, zeros};
use super::noise::{NoiseKeyArg, column, counters, normals};
use super::noisy::put_sample;
use crate::engine::noise::NoiseKey;

/// Marks the end of a chain.
const END: i32 = -1;
/// Marks a position that is not the first with its id.
const NOT_FIRST: i32 = -2;

/// The rows of a sample that a batch reads; other rows are not drawn.
pub(super) fn rows_forward(
    mean: FloatTensor<CubeBackend>,
    log_sigma: FloatTensor<CubeBackend>,
    ids: IntTensor<CubeBackend>,
    key: NoiseKey,
) -> FloatTensor<CubeBackend> {
    let (columns, places) = (dims(&mean)[1], ids.shape()[0]);
    let (mean, log_sigma, ids) = (contiguous(mean), contiguous(log_sigma), as_ids(ids));
    let (client, out) = (mean.client.clone(), empty(&mean, [places, columns]));
    forward_kernel::launch(
        &client,
        cubes(&client, places * counters(columns)),
        CubeDim::new_1d(CUBE),
        mean.into_buffer_arg(),
        log_sigma.into_buffer_arg(),
        ids.into_buffer_arg(),
        out.clone().into_buffer_arg(),
        columns,
        counters(columns),
        NoiseKeyArg::argument(key),
    );
    out
}

#[cube(launch)]
fn forward_kernel(
    mean: &[f32],
    log_sigma: &[f32],
    ids: &[i32],
    out: &mut [f32],
    columns: usize,
    counters: usize,
    key: NoiseKeyArg,
) {
    let place = ABSOLUTE_POS / counters;
    let counter = ABSOLUTE_POS % counters;
    if place < ids.len() {
        let row = ids[place] as usize;
        let noise = normals(&key, row, counter);
        put_sample(mean, log_sigma, out, row, place, column(counter, 0), columns, noise.first);
        put_sample(mean, log_sigma, out, row, place, column(counter, 1), columns, noise.second);
        put_sample(mean, log_sigma, out, row, place, column(counter, 2), columns, noise.third);
        put_sample(mean, log_sigma, out, row, place, column(counter, 3), columns, noise.fourth);
    }
}

/// Gradients with respect to mean and log sigma, full size; zero for rows that the batch did not read.
pub(super) fn rows_backward(
    gradient: FloatTensor<CubeBackend>,
    log_sigma: FloatTensor<CubeBackend>,
    ids: IntTensor<CubeBackend>,
    key: NoiseKey,
) -> (FloatTensor<CubeBackend>, FloatTensor<CubeBackend>) {
    let shape @ [_, columns] = dims(&log_sigma);
    let places = ids.shape()[0];
    let (gradient, log_sigma, ids) = (contiguous(gradient), contiguous(log_sigma), as_ids(ids));
    let client = gradient.client.clone();
    let (first, next) = chains(&ids);
    let (mean_out, sigma_out) = (zeros(&gradient, shape), zeros(&gradient, shape));
    backward_kernel::launch(
        &client,
        cubes(&client, places * counters(columns)),
        CubeDim::new_1d(CUBE),
        gradient.into_buffer_arg(),
        log_sigma.into_buffer_arg(),
        first.into_buffer_arg(),
        next.into_buffer_arg(),
        mean_out.clone().into_buffer_arg(),
        sigma_out.clone().into_buffer_arg(),
        columns,
        counters(columns),
        NoiseKeyArg::argument(key),
    );
    (mean_out, sigma_out)
}

/// For each position: its id, or [`NOT_FIRST`] if an earlier position has the same id; and the next position with the
/// same id, or [`END`].
fn chains(ids: &IntTensor<CubeBackend>) -> (IntTensor<CubeBackend>, IntTensor<CubeBackend>) {
    let places = ids.shape()[0];
    let (client, first, next) = (ids.client.clone(), empty_ids(ids, places), empty_ids(ids, places));
    chain_kernel::launch(
        &client,
        cubes(&client, places),
        CubeDim::new_1d(CUBE),
        ids.clone().into_buffer_arg(),
        first.clone().into_buffer_arg(),
        next.clone().into_buffer_arg(),
    );
    (first, next)
}

#[cube(launch)]
fn chain_kernel(ids: &[i32], first: &mut [i32], next: &mut [i32]) {
    let place = ABSOLUTE_POS;
    if place < ids.len() {
        let id = ids[place];
        let mut earlier = place;
        let mut seen = false;
        while earlier > 0usize && !seen {
            earlier -= 1usize;
            seen = ids[earlier] == id;
        }
        first[place] = select(seen, NOT_FIRST, id);
        let mut later = place + 1usize;
        let mut found = END.runtime();
        while later < ids.len() && found == END {
            if ids[later] == id {
                found = later as i32;
            }
            later += 1usize;
        }
        next[place] = found;
    }
}

#[cube(launch)]
fn backward_kernel(
    gradient: &[f32],
    log_sigma: &[f32],
    first: &[i32],
    next: &[i32],
    mean_out: &mut [f32],
    sigma_out: &mut [f32],
    columns: usize,
    counters: usize,
    key: NoiseKeyArg,
) {
    let place = ABSOLUTE_POS / counters;
    let counter = ABSOLUTE_POS % counters;
    if place < first.len() {
        let id = first[place];
        if id != NOT_FIRST {
            let row = id as usize;
            let noise = normals(&key, row, counter);
            put_row(
                gradient,
                log_sigma,
                next,
                mean_out,
                sigma_out,
                place,
                row,
                column(counter, 0),
                columns,
                noise.first,
            );
            put_row(
                gradient,
                log_sigma,
                next,
                mean_out,
                sigma_out,
                place,
                row,
                column(counter, 1),
                columns,
                noise.second,
            );
            put_row(
                gradient,
                log_sigma,
                next,
                mean_out,
                sigma_out,
                place,
                row,
                column(counter, 2),
                columns,
                noise.third,
            );
            put_row(
                gradient,
                log_sigma,
                next,
                mean_out,
                sigma_out,
                place,
                row,
                column(counter, 3),
                columns,
                noise.fourth,
            );
        }
    }
}

/// Writes one column of a row's gradients: the sum over the chain that starts at `place`, in the order of the
/// positions.
#[cube]
fn put_row(
    gradient: &[f32],
    log_sigma: &[f32],
    next: &[i32],
    mean_out: &mut [f32],
    sigma_out: &mut [f32],
    place: usize,
    row: usize,
    column: usize,
    columns: usize,
    noise: f32,
) {
    if column < columns {
        let mut sum = 0.0f32;
        let mut at = place as i32;
        while at != END {
            sum += gradient[at as usize * columns + column];
            at = next[at as usize];
        }
        let out = row * columns + column;
        mean_out[out] = sum;
        sigma_out[out] = sum * noise * f32::exp(log_sigma[out]);
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Int, Tensor, TensorData};
    use burn_cubecl::ops::into_data_sync;

    use super::{END, NOT_FIRST, chains};

    fn found(ids: &[i64]) -> [Vec<i32>; 2] {
        let device = crate::engine::cube::open(None).expect("a graphics adapter").device;
        let ids = Tensor::<1, Int>::from_data(TensorData::new(ids.to_vec(), [ids.len()]), &device);
        let ids = ids.try_into_primitive::<burn_cubecl::CubeBackend>().expect("a tensor of CubeCL");
        let (first, next) = chains(&super::as_ids(ids));
        [first, next].map(|values| into_data_sync(values).try_into_vec().expect("i32"))
    }

    #[test]
    fn a_chain_visits_the_places_of_an_id_in_order() {
        assert_eq!(found(&[3]), [vec![3], vec![END]]);
        let [first, next] = found(&[3, 0, 3, 7, 0, 3]);
        assert_eq!(first, [3, 0, NOT_FIRST, 7, NOT_FIRST, NOT_FIRST]);
        assert_eq!(next, [2, 4, 5, END, END, END]);
    }

    #[test]
    fn chains_reach_across_cubes() {
        let ids: Vec<i64> = (0..700).map(|place| place % 300).collect();
        let [first, next] = found(&ids);
        for place in 0..700_i32 {
            let wanted = if place < 300 { place } else { NOT_FIRST };
            assert_eq!(first[place as usize], wanted);
            assert_eq!(next[place as usize], if place < 400 { place + 300 } else { END });
        }
    }
}
