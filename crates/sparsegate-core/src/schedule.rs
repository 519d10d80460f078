//! Learning rate and KL weight of each step, as functions of the step alone.
//!
//! A resumed run therefore continues with the values of an uninterrupted one. Steps count from 1 over the whole run.

/// How the learning rate changes over a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RateCurve {
    /// It stays the same.
    Constant,
    /// It falls linearly.
    Linear {
        /// Learning rate at the last step, as a fraction of the full one.
        to: f64,
    },
    /// It falls along half a cosine period (I. Loshchilov and F. Hutter, arXiv 1608.03983, without restarts).
    Cosine {
        /// Learning rate at the last step, as a fraction of the full one.
        to: f64,
    },
    /// It is multiplied by a factor at regular intervals.
    Step {
        /// Steps between two multiplications, at least 1.
        period: u64,
        /// The factor.
        factor: f64,
    },
}

/// Factors of the learning rate and of the KL weight 1/N at each step of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The curve of the learning rate.
    pub rate: RateCurve,
    /// Steps over which the learning rate first rises linearly to its full value; 0 for none.
    pub rate_warm_up: u64,
    /// What the KL weight 1/N is multiplied by after its warm-up.
    pub kl_weight: f64,
    /// Steps over which that multiplier rises linearly from 0; 0 for none.
    pub kl_warm_up: u64,
    /// Number of steps of the whole run, at which linear and cosine curves end.
    pub total_steps: u64,
}

impl Default for Schedule {
    /// The objective and the learning rate of arXiv 1812.05692: both factors are exactly 1 at every step.
    fn default() -> Self {
        Self { rate: RateCurve::Constant, rate_warm_up: 0, kl_weight: 1.0, kl_warm_up: 0, total_steps: 0 }
    }
}

impl Schedule {
    /// The factor of the learning rate at `step`.
    ///
    /// During the warm-up of W steps it is `step / W`. A linear or cosine curve starts at 1 at step W (at step 1
    /// without warm-up) and ends at `to` at the last step. `Step` counts its periods from the first step of the run,
    /// and its factor also holds during the warm-up.
    pub fn rate_factor(&self, step: u64) -> f64 {
        let curve = match self.rate {
            RateCurve::Constant => 1.0,
            RateCurve::Linear { to } => 1.0 - (1.0 - to) * self.progress(step),
            RateCurve::Cosine { to } => {
                let falling = (1.0 + (std::f64::consts::PI * self.progress(step)).cos()) / 2.0;
                to + (1.0 - to) * falling
            }
            RateCurve::Step { period, factor } => {
                let reductions = step.saturating_sub(1) / period.max(1);
                factor.powi(i32::try_from(reductions).unwrap_or(i32::MAX))
            }
        };
        curve * warm_up(step, self.rate_warm_up)
    }

    /// The factor of the KL weight 1/N at `step`: `kl_weight`, times `step / W` during the warm-up of W steps.
    pub fn kl_factor(&self, step: u64) -> f64 {
        self.kl_weight * warm_up(step, self.kl_warm_up)
    }

    /// The part of the falling curve that is done at `step`, 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "steps of a run are far fewer than 2^52")]
    fn progress(&self, step: u64) -> f64 {
        let peak = self.rate_warm_up.max(1);
        let length = self.total_steps.saturating_sub(peak);
        if length == 0 { 0.0 } else { (step.saturating_sub(peak) as f64 / length as f64).min(1.0) }
    }
}

/// A factor that rises linearly and reaches exactly 1 at step `steps`.
#[expect(clippy::cast_precision_loss, reason = "steps of a run are far fewer than 2^52")]
fn warm_up(step: u64, steps: u64) -> f64 {
    if step >= steps { 1.0 } else { step as f64 / steps as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    fn rates(schedule: Schedule, steps: &[u64]) -> Vec<f64> {
        steps.iter().map(|step| schedule.rate_factor(*step)).collect()
    }

    #[test]
    fn without_options_both_factors_are_exactly_one() {
        for step in [1, 2, 1000, u64::MAX] {
            let found = (Schedule::default().rate_factor(step), Schedule::default().kl_factor(step));
            assert_eq!((found.0.to_bits(), found.1.to_bits()), (1.0_f64.to_bits(), 1.0_f64.to_bits()), "{step}");
        }
    }

    #[test]
    fn the_kl_factor_rises_from_above_zero_to_its_weight() {
        let schedule = Schedule { kl_weight: 0.5, kl_warm_up: 4, ..Schedule::default() };
        let found: Vec<f64> = (1..=6).map(|step| schedule.kl_factor(step)).collect();
        assert_eq!(found, [0.125, 0.25, 0.375, 0.5, 0.5, 0.5]);
        assert!(close(schedule.rate_factor(1), 1.0), "the learning rate has a warm-up of its own");
    }

    #[test]
    fn curves_begin_at_one_and_end_at_their_last_value() {
        let run = Schedule { total_steps: 11, ..Schedule::default() };
        let linear = rates(Schedule { rate: RateCurve::Linear { to: 0.1 }, ..run }, &[1, 6, 11, 12]);
        assert!(linear.iter().zip([1.0, 0.55, 0.1, 0.1]).all(|(a, b)| close(*a, b)), "{linear:?}");
        let cosine = rates(Schedule { rate: RateCurve::Cosine { to: 0.2 }, ..run }, &[1, 6, 11, 12]);
        assert!(cosine.iter().zip([1.0, 0.6, 0.2, 0.2]).all(|(a, b)| close(*a, b)), "{cosine:?}");
        let quarter = rates(Schedule { rate: RateCurve::Cosine { to: 0.0 }, total_steps: 5, ..run }, &[2]);
        assert!(close(quarter[0], (2.0 + 2.0_f64.sqrt()) / 4.0), "{quarter:?}");
        let step = rates(Schedule { rate: RateCurve::Step { period: 3, factor: 0.5 }, ..run }, &[1, 3, 4, 6, 7]);
        assert_eq!(step, [1.0, 1.0, 0.5, 0.5, 0.25]);
    }

    #[test]
    fn a_curve_begins_where_the_warm_up_ends() {
        let schedule =
            Schedule { rate: RateCurve::Linear { to: 0.0 }, rate_warm_up: 4, total_steps: 8, ..Schedule::default() };
        let found = rates(schedule, &[1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(found, [0.25, 0.5, 0.75, 1.0, 0.75, 0.5, 0.25, 0.0]);
    }

    #[test]
    fn a_run_of_one_step_has_the_full_rate() {
        for rate in [RateCurve::Linear { to: 0.0 }, RateCurve::Cosine { to: 0.0 }] {
            assert!(close(Schedule { rate, total_steps: 1, ..Schedule::default() }.rate_factor(1), 1.0));
        }
    }
}
