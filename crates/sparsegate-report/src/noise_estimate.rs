//! Estimates of the noise of a measured value, from the stored runs.
//!
//! With several seeds of the same point, the noise is twice the sample standard deviation of their values. With one
//! seed, it is twice the standard deviation of the run's last [`EPOCHS`] logged epochs around their regression line, so
//! that the progress of an unfinished run does not count as noise. This epoch-to-epoch noise is usually smaller than
//! that between seeds. With fewer epochs there is no estimate.

/// Number of epochs from which a single run's noise is estimated.
pub const EPOCHS: usize = 10;

/// Source of an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EstimateSource {
    /// The given number of seeds of the same point.
    Seeds(usize),
    /// The last epochs of one run.
    Epochs,
    /// A combination of several estimates.
    Combined,
}

/// An estimate of the noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoiseEstimate {
    /// Two standard deviations, in the metric's own unit.
    pub width: f64,
    /// Source of the estimate.
    pub origin: EstimateSource,
}

impl NoiseEstimate {
    /// The source as written in JSON: `seeds`, `epochs` or `several`.
    pub fn origin(&self) -> &'static str {
        match self.origin {
            EstimateSource::Seeds(_) => "seeds",
            EstimateSource::Epochs => "epochs",
            EstimateSource::Combined => "several",
        }
    }
}

/// Noise of one run: from the values of all seeds of its point (including its own) if there are two or more, otherwise
/// from its own values up to the epoch in question, oldest first.
pub fn of_run(seeds: &[f64], epochs: &[f64]) -> Option<NoiseEstimate> {
    let from_seeds =
        || deviation(seeds).map(|sd| NoiseEstimate { width: 2.0 * sd, origin: EstimateSource::Seeds(seeds.len()) });
    let from_epochs =
        || around_line(epochs).map(|sd| NoiseEstimate { width: 2.0 * sd, origin: EstimateSource::Epochs });
    from_seeds().or_else(from_epochs)
}

/// Noise of the mean of `n` independent values with the given noise.
pub fn of_mean(noise: NoiseEstimate, n: usize) -> NoiseEstimate {
    NoiseEstimate { width: noise.width / (n.max(1) as f64).sqrt(), ..noise }
}

/// Noise of a weighted sum of independent values: the root of the sum of squares. Values without an estimate count as
/// noise-free, which makes verdicts stricter; `None` if no value has an estimate.
pub fn of_sum(parts: &[(f64, Option<NoiseEstimate>)]) -> Option<NoiseEstimate> {
    let known: Vec<(f64, NoiseEstimate)> =
        parts.iter().filter_map(|(weight, noise)| noise.map(|n| (*weight, n))).collect();
    let origin = match known.as_slice() {
        [] => return None,
        [(_, one)] => one.origin,
        _ => EstimateSource::Combined,
    };
    let width = known.iter().map(|(weight, noise)| (weight * noise.width).powi(2)).sum::<f64>().sqrt();
    Some(NoiseEstimate { width, origin })
}

/// Sample standard deviation; `None` for fewer than two values, or if one is not finite.
fn deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 || values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// Standard deviation of the last [`EPOCHS`] values around their least-squares line; `None` if there are fewer, or if
/// one is not finite.
fn around_line(values: &[f64]) -> Option<f64> {
    let last = &values[values.len().checked_sub(EPOCHS)?..];
    if last.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let n = EPOCHS as f64;
    let (middle, mean) = ((n - 1.0) / 2.0, last.iter().sum::<f64>() / n);
    let at = |i: usize| i as f64 - middle;
    let slope = last.iter().enumerate().map(|(i, v)| at(i) * (v - mean)).sum::<f64>()
        / (0..EPOCHS).map(|i| at(i).powi(2)).sum::<f64>();
    let squares: f64 = last.iter().enumerate().map(|(i, v)| (v - mean - slope * at(i)).powi(2)).sum();
    // The line has two fitted parameters.
    Some((squares / (n - 2.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_come_before_epochs() {
        let flat = [5.0; EPOCHS];
        let noise = of_run(&[1.0, 3.0], &flat).unwrap();
        assert_eq!(noise.origin, EstimateSource::Seeds(2));
        assert!((noise.width - 2.0 * 2f64.sqrt()).abs() < 1e-12, "{noise:?}");
        assert_eq!(of_run(&[1.0], &flat), Some(NoiseEstimate { width: 0.0, origin: EstimateSource::Epochs }));
    }

    #[test]
    fn fewer_than_ten_epochs_say_nothing() {
        assert_eq!(of_run(&[], &[1.0; EPOCHS - 1]), None);
        assert_eq!(of_run(&[1.0, f64::NAN], &[]), None);
    }

    #[test]
    fn a_steady_fall_is_no_noise_and_only_the_last_ten_count() {
        let mut falling: Vec<f64> = (0..20).map(|i| 100.0 - f64::from(i)).collect();
        falling[3] = 1e6;
        assert!(of_run(&[], &falling).unwrap().width < 1e-9);
        // Alternating +1 and -1: sd = sqrt(sum of squares / 8), where the fitted slope explains a small part of the
        // sum.
        let zigzag: Vec<f64> = (0..10).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let width = of_run(&[], &zigzag).unwrap().width;
        let expected = 2.0 * ((10.0 - 25.0 / 82.5) / 8.0f64).sqrt();
        assert!((width - expected).abs() < 1e-9, "{width} {expected}");
    }

    #[test]
    fn sums_add_squares() {
        let noise = |width| Some(NoiseEstimate { width, origin: EstimateSource::Epochs });
        assert_eq!(of_sum(&[(1.0, noise(3.0)), (1.0, noise(4.0))]).map(|n| n.width), Some(5.0));
        assert_eq!(of_sum(&[(1.0, noise(3.0)), (1.0, None)]), noise(3.0));
        assert_eq!(of_sum(&[(1.0, None)]), None);
        assert_eq!(of_mean(noise(4.0).unwrap(), 4), noise(2.0).unwrap());
    }
}
