//! Counter-based standard normal noise.
//!
//! Every draw is a function of (seed, step, stream, row, column). A kernel can therefore generate the numbers where it
//! needs them, the backward pass regenerates them instead of storing them, the number of threads does not matter, and
//! every backend uses the same noise.
//!
//! The generator is Philox4x32-10 (Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*, SC 2011), keyed by the
//! seed, with the counter words (column block, row, stream, step). Each counter gives four normals by Box-Muller.
//! Column `c` of a row lies in group `c / 64`; a group has 16 counters, and its element `e` is normal `e / 16` of
//! counter `e % 16`. In this order 16 lanes of a vector unit can work in parallel.

use burn::tensor::{DType, Device, Tensor, TensorData};
use rayon::prelude::*;

use super::float::KernelFloat;
use super::simd::with_simd;

/// Normals in a group: 16 counters of four.
const GROUP: usize = 64;
const LANES: usize = 16;

/// Identifies the noise of one tensor at one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoiseKey {
    /// Seed of the run.
    pub seed: u64,
    /// Step of the run, from 1; 0 is initialisation.
    pub step: u32,
    /// Number of the tensor that the noise is for.
    pub stream: u32,
}

/// Source of the standard normal noise of an op.
#[derive(Debug, Clone)]
pub enum Noise {
    /// The counter-based generator.
    Counter(NoiseKey),
    /// Explicit values, with the shape of the tensor they perturb.
    Explicit(Tensor<2>),
}

impl Noise {
    /// The noise of a whole `[rows, columns]` matrix as a tensor.
    ///
    /// # Panics
    /// If explicit noise has another shape.
    pub fn matrix(&self, shape: [usize; 2], device: &Device, dtype: DType) -> Tensor<2> {
        match self {
            Noise::Counter(key) => {
                Tensor::from_data(TensorData::new(key.matrix(shape[0], shape[1]), shape), (device, dtype))
            }
            Noise::Explicit(values) => {
                assert_eq!(values.dims(), shape, "explicit noise must have the shape of the tensor it perturbs");
                values.clone()
            }
        }
    }

    /// The noise at the given (row, column) positions of a matrix, as a `[places, 1]` tensor.
    pub fn at_positions(&self, places: &[(u32, u32)], device: &Device, dtype: DType) -> Tensor<2> {
        let values: Vec<f64> = match self {
            Noise::Counter(key) => places.iter().map(|&(row, column)| f64::from(key.normal_at(row, column))).collect(),
            Noise::Explicit(values) => {
                let columns = values.dims()[1];
                let all = values.to_data().convert::<f64>();
                let all: Vec<f64> = all.try_to_vec().unwrap_or_default();
                places.iter().map(|&(row, column)| all[row as usize * columns + column as usize]).collect()
            }
        };
        Tensor::from_data(TensorData::new(values, [places.len(), 1]), (device, dtype))
    }
}

impl NoiseKey {
    /// The standard normal at one position.
    pub fn normal_at(self, row: u32, column: u32) -> f32 {
        let (group, element) = (column as usize / GROUP, column as usize % GROUP);
        normals(self, row, (group * LANES + element % LANES) as u32)[element / LANES]
    }

    /// A `[rows, columns]` matrix of standard normals, row-major.
    pub fn matrix(self, rows: usize, columns: usize) -> Vec<f32> {
        let mut values = vec![0.0; rows * columns];
        if columns > 0 {
            values.par_chunks_mut(columns).enumerate().for_each(|(row, out)| {
                with_simd(
                    #[inline(always)]
                    || fill_row(out, self, row as u32),
                );
            });
        }
        values
    }

    /// The rows `ids` of a matrix of standard normals, `[ids, columns]`, row-major.
    #[cfg(feature = "tch")]
    pub(super) fn rows(self, ids: &[u32], columns: usize) -> Vec<f32> {
        let mut values = vec![0.0; ids.len() * columns];
        if columns > 0 {
            values.par_chunks_mut(columns).zip(ids).for_each(|(out, row)| {
                with_simd(
                    #[inline(always)]
                    || fill_row(out, self, *row),
                );
            });
        }
        values
    }

    /// A `[rows, columns]` matrix of uniform numbers in (0, 1), row-major. They share counters with the normals of the
    /// same key, so the two are not independent.
    pub fn uniform(self, rows: usize, columns: usize) -> Vec<f64> {
        let mut values = vec![0.0; rows * columns];
        for (row, out) in values.chunks_mut(columns.max(1)).enumerate() {
            for (block, four) in out.chunks_mut(4).enumerate() {
                let counter = [block as u32, row as u32, self.stream, self.step];
                let words = philox(counter, [self.seed as u32, (self.seed >> 32) as u32]);
                for (value, word) in four.iter_mut().zip(words) {
                    *value = (f64::from(word) + 0.5) * (1.0 / 4_294_967_296.0);
                }
            }
        }
        values
    }
}

/// Fills `out` with the first `out.len()` normals of a row.
#[inline(always)]
pub(super) fn fill_row<T: KernelFloat>(out: &mut [T], key: NoiseKey, row: u32) {
    for (group, chunk) in out.chunks_mut(GROUP).enumerate() {
        let mut values = [0.0_f32; GROUP];
        let (first, rest) = values.split_at_mut(LANES);
        let (second, rest) = rest.split_at_mut(LANES);
        let (third, fourth) = rest.split_at_mut(LANES);
        for lane in 0..LANES {
            let four = normals(key, row, (group * LANES + lane) as u32);
            first[lane] = four[0];
            second[lane] = four[1];
            third[lane] = four[2];
            fourth[lane] = four[3];
        }
        for (out, value) in chunk.iter_mut().zip(values) {
            *out = T::from_f64(f64::from(value));
        }
    }
}

/// The four standard normals of one counter.
#[inline(always)]
fn normals(key: NoiseKey, row: u32, block: u32) -> [f32; 4] {
    let words = philox([block, row, key.stream, key.step], [key.seed as u32, (key.seed >> 32) as u32]);
    let (sine, cosine) = sin_cos_turn(words[1]);
    let (sine2, cosine2) = sin_cos_turn(words[3]);
    let (radius, radius2) = (radius(words[0]), radius(words[2]));
    [radius * cosine, radius * sine, radius2 * cosine2, radius2 * sine2]
}

/// Radius of Box-Muller, `sqrt(-2 ln u)`, where u in (0, 1) is uniform and made of the upper 23 bits of `word`.
#[inline(always)]
fn radius(word: u32) -> f32 {
    let uniform = ((word >> 9) as f32 + 0.5) * (1.0 / 8_388_608.0);
    (-2.0 * uniform.logarithm()).sqrt()
}

/// Sine and cosine of the angle `2 pi word / 2^32`. The nearest quarter turn is split off; the rest, at most an eighth
/// of a turn, is evaluated with Cephes' polynomials.
#[inline(always)]
fn sin_cos_turn(word: u32) -> (f32, f32) {
    let turns = (word as i32 as f32) * (1.0 / 4_294_967_296.0);
    let shifted = turns.mul_add(4.0, 12_582_912.0);
    let quarter = shifted.to_bits();
    let rest = (shifted - 12_582_912.0).mul_add(-0.25, turns) * std::f32::consts::TAU;
    let square = rest * rest;
    let sine = (-1.951_529_6e-4_f32).mul_add(square, 8.332_161e-3).mul_add(square, -0.166_666_55);
    let sine = (sine * square).mul_add(rest, rest);
    let cosine = 2.443_315_7e-5_f32.mul_add(square, -1.388_731_6e-3).mul_add(square, 4.166_664_6e-2);
    let cosine = (cosine * square).mul_add(square, (-0.5_f32).mul_add(square, 1.0));
    let (s, c) = if quarter & 1 == 0 { (sine, cosine) } else { (cosine, sine) };
    let s = if quarter & 2 == 0 { s } else { -s };
    let c = if quarter.wrapping_add(1) & 2 == 0 { c } else { -c };
    (s, c)
}

/// Philox4x32 with ten rounds.
#[inline(always)]
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let first = u64::from(counter[0]) * 0xD251_1F53;
        let second = u64::from(counter[2]) * 0xCD9E_8D57;
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::{NoiseKey, philox};

    const KEY: NoiseKey = NoiseKey { seed: 7, step: 3, stream: 2 };

    /// Known answers published with Random123 (D. E. Shaw Research), `kat_vectors`, philox4x32 with 10 rounds.
    #[test]
    fn philox_gives_the_published_answers() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn a_single_place_equals_the_same_place_of_the_matrix() {
        let (rows, columns) = (5, 131);
        let matrix = KEY.matrix(rows, columns);
        for row in 0..rows {
            for column in 0..columns {
                let ours = KEY.normal_at(row as u32, column as u32);
                // The matrix may be compiled for another vector width, so the last bits may differ.
                assert!((ours - matrix[row * columns + column]).abs() < 1e-6, "row {row} column {column}");
            }
        }
    }

    #[test]
    fn draws_are_standard_normal_and_uncorrelated_between_steps() {
        let draws = KEY.matrix(1000, 1000);
        let count = draws.len() as f64;
        let moment = |k: i32| draws.iter().map(|x| f64::from(*x).powi(k)).sum::<f64>() / count;
        assert!(moment(1).abs() < 4e-3);
        assert!((moment(2) - 1.0).abs() < 6e-3);
        assert!(moment(3).abs() < 2e-2);
        assert!((moment(4) - 3.0).abs() < 4e-2);
        let next = NoiseKey { step: 4, ..KEY }.matrix(1000, 1000);
        let product: f64 = draws.iter().zip(&next).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() / count;
        assert!(product.abs() < 4e-3);
    }
}
