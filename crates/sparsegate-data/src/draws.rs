//! Random draws that are the same on every platform and with every version of the random-number crates.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random numbers that depends only on a purpose and a list of integers.
///
/// It is the `ChaCha8` stream whose 32-byte key is `blake3::derive_key(purpose, numbers)`, each number as eight
/// little-endian bytes.
#[derive(Debug, Clone)]
pub struct Draws(ChaCha8Rng);

impl Draws {
    /// The stream of `purpose`, a text unique to this use of `Draws`, and `numbers`.
    pub fn new(purpose: &str, numbers: &[u64]) -> Self {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        Self(ChaCha8Rng::from_seed(blake3::derive_key(purpose, &bytes)))
    }

    /// An integer from 0 to `n - 1`, the high half of `n` times 32 random bits: uniform to within `n / 2^32`.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(n)) >> 32) as u32
    }

    /// A number in `[0, 1)`, a multiple of `2^-53`: the high 53 of 64 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A random permutation of 0 to `n - 1` (Fisher-Yates shuffle, from the end).
    pub(super) fn order(&mut self, n: u32) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n).collect();
        for last in (1..n).rev() {
            order.swap(last as usize, self.below(last + 1) as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::Draws;

    #[test]
    fn draws_depend_on_the_purpose_and_every_number() {
        let first = |purpose: &str, numbers: &[u64]| {
            let mut draws = Draws::new(purpose, numbers);
            (0..8).map(|_| draws.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(first("a", &[1, 2]), first("a", &[1, 2]));
        assert_ne!(first("a", &[1, 2]), first("b", &[1, 2]));
        assert_ne!(first("a", &[1, 2]), first("a", &[2, 2]));
        assert_ne!(first("a", &[1, 2]), first("a", &[1, 3]));
    }

    #[test]
    fn below_reaches_every_value_about_equally_often() {
        let mut draws = Draws::new("test", &[0]);
        let mut counts = [0u32; 5];
        for _ in 0..10_000 {
            counts[draws.below(5) as usize] += 1;
        }
        assert!(counts.iter().all(|&count| (1_850..2_150).contains(&count)), "{counts:?}");
    }

    #[test]
    fn an_order_has_every_index_once() {
        let order = Draws::new("test", &[3]).order(100);
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }
}
