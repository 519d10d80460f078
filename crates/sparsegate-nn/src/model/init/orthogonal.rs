//! Random matrices with orthonormal rows or columns.

use faer::{Mat, Par};

use crate::engine::NoiseKey;

/// A `[rows, columns]` matrix, row-major, with orthonormal columns (orthonormal rows if there are fewer rows than
/// columns), uniformly distributed among such matrices. It is the Q factor of a Gaussian matrix, with signs that make
/// the diagonal of R positive (F. Mezzadri, *How to generate random matrices from the classical compact groups*, 2007).
/// The authors use the singular vectors of such a matrix instead, which have the same distribution up to signs.
pub(super) fn orthogonal(rows: usize, columns: usize, key: NoiseKey) -> Vec<f64> {
    let (tall, wide) = (rows.max(columns), rows.min(columns));
    let gaussian = key.matrix(tall, wide);
    // With one thread the result is the same to the bit on any number of cores.
    faer::set_global_parallelism(Par::Seq);
    let factors = Mat::from_fn(tall, wide, |i, j| f64::from(gaussian[i * wide + j])).qr();
    let q = factors.compute_thin_Q();
    let r = factors.thin_R();
    let sign = |j: usize| if r[(j, j)] < 0.0 { -1.0 } else { 1.0 };
    let element = |i: usize, j: usize| q[(i, j)] * sign(j);
    let at = |place: usize| {
        let (row, column) = (place / columns, place % columns);
        if rows >= columns { element(row, column) } else { element(column, row) }
    };
    (0..rows * columns).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::orthogonal;
    use crate::engine::NoiseKey;

    const KEY: NoiseKey = NoiseKey { seed: 1, step: 0, stream: 9 };

    /// Largest deviation of the pairwise products of the columns (or rows) from the identity.
    fn deviation(rows: usize, columns: usize) -> f64 {
        let q = orthogonal(rows, columns, KEY);
        let fewer = rows.min(columns);
        let vector = |k: usize| -> Vec<f64> {
            if rows >= columns {
                (0..rows).map(|i| q[i * columns + k]).collect()
            } else {
                q[k * columns..(k + 1) * columns].to_vec()
            }
        };
        let mut worst: f64 = 0.0;
        for a in 0..fewer {
            for b in 0..fewer {
                let product: f64 = vector(a).iter().zip(vector(b)).map(|(x, y)| x * y).sum();
                worst = worst.max((product - f64::from(u8::from(a == b))).abs());
            }
        }
        worst
    }

    #[test]
    fn the_shorter_side_is_orthonormal() {
        assert!(deviation(20, 7) < 1e-12);
        assert!(deviation(7, 20) < 1e-12);
        assert!(deviation(6, 6) < 1e-12);
        assert!(deviation(1, 5) < 1e-12);
    }

    #[test]
    fn entries_have_the_spread_of_a_random_rotation() {
        let q = orthogonal(400, 50, KEY);
        let variance = q.iter().map(|x| x * x).sum::<f64>() / q.len() as f64;
        assert!((variance - 1.0 / 400.0).abs() < 1e-12, "columns of norm one");
        let mean = q.iter().sum::<f64>() / q.len() as f64;
        assert!(mean.abs() < 2e-3, "signs are balanced: {mean}");
    }
}
