//! Draws the next symbol of a generated text.

use sparsegate_runtime::Float;

use sparsegate_data::Draws;

/// Draws symbols from the distribution given by logits.
///
/// The n-th symbol for a seed uses the n-th number of a `ChaCha8` stream, weights are computed in double precision with
/// the exponential function of `libm`, and candidates are ordered by id. The same logits and seed therefore give the
/// same symbols on every machine.
pub struct Sampler {
    /// Divisor of the logits; 0 always takes the most probable symbol.
    temperature: f64,
    /// Number of most probable symbols among which to draw.
    top_k: usize,
    draws: Draws,
}

impl Sampler {
    /// A sampler with `temperature` (finite, at least 0), which draws among the `top_k` most probable symbols (at least
    /// 1), or among all symbols if `top_k` is `None`.
    pub fn new(seed: u64, temperature: f64, top_k: Option<usize>) -> Self {
        let draws = Draws::new("sparsegate 2026 generated text", &[seed]);
        Self { temperature, top_k: top_k.unwrap_or(usize::MAX).max(1), draws }
    }

    /// Draws the next symbol.
    pub fn draw(&mut self, logits: &[f64]) -> u32 {
        let draw = self.draws.unit();
        let kept = self.kept(logits);
        let largest = kept.iter().map(|&id| logits[id as usize]).fold(f64::NEG_INFINITY, f64::max);
        if self.temperature == 0.0 {
            return kept.into_iter().find(|&id| logits[id as usize] >= largest).unwrap_or(0);
        }
        // Subtract the largest logit first, so that a small temperature does not overflow.
        let weight = |id: u32| Float::exp((logits[id as usize] - largest) / self.temperature);
        let weights: Vec<f64> = kept.iter().map(|&id| weight(id)).collect();
        let mut rest = draw * weights.iter().sum::<f64>();
        let mut last = 0;
        for (id, weight) in kept.into_iter().zip(weights).filter(|(_, weight)| *weight > 0.0) {
            if rest < weight {
                return id;
            }
            rest -= weight;
            last = id;
        }
        // Reached only if rounding errors exceed the remaining weight of the last symbol.
        last
    }

    /// The ids among which to draw, in ascending order.
    fn kept(&self, logits: &[f64]) -> Vec<u32> {
        let mut ids: Vec<u32> = (0..logits.len() as u32).collect();
        if self.top_k < ids.len() {
            let logit = |id: &u32| logits[*id as usize];
            ids.select_nth_unstable_by(self.top_k - 1, |a, b| logit(b).total_cmp(&logit(a)).then(a.cmp(b)));
            ids.truncate(self.top_k);
            ids.sort_unstable();
        }
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_come_as_often_as_their_probabilities_say() {
        let probabilities = [0.5_f64, 0.2, 0.0, 0.3];
        let logits = probabilities.map(f64::ln);
        let mut sampler = Sampler::new(3, 1.0, None);
        let mut counts = [0; 4];
        for _ in 0..10_000 {
            counts[sampler.draw(&logits) as usize] += 1;
        }
        for (count, probability) in counts.into_iter().zip(probabilities) {
            assert!((f64::from(count) - 10_000.0 * probability).abs() < 200.0, "{counts:?}");
        }
    }

    #[test]
    fn temperature_and_the_number_of_symbols_narrow_the_choice() {
        let logits = [0.0, 2.0, 2.0, -1.0, 1.0];
        let drawn = |temperature, top_k| {
            let mut sampler = Sampler::new(1, temperature, top_k);
            let mut drawn: Vec<u32> = (0..2_000).map(|_| sampler.draw(&logits)).collect();
            drawn.sort_unstable();
            drawn.dedup();
            drawn
        };
        assert_eq!(drawn(1.0, None), [0, 1, 2, 3, 4]);
        assert_eq!(drawn(1.0, Some(3)), [1, 2, 4]);
        assert_eq!(drawn(1.0, Some(1)), [1]);
        assert_eq!(drawn(0.0, None), [1]);
        assert_eq!(drawn(1e-300, None), [1, 2]);
        assert_eq!(drawn(1e300, Some(9)), [0, 1, 2, 3, 4]);
    }

    /// Recorded once: the text for a seed must not change with the machine, the compiler or the program's version.
    #[test]
    fn a_seed_draws_what_it_always_drew() {
        let logits: Vec<f64> = (0..100).map(|n| f64::from(n * 37 % 100) / 25.0).collect();
        let mut sampler = Sampler::new(7, 0.8, Some(50));
        let drawn: Vec<u32> = (0..8).map(|_| sampler.draw(&logits)).collect();
        assert_eq!(drawn, [16, 81, 29, 27, 89, 54, 97, 89]);
    }
}
