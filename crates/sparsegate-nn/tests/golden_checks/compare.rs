//! Comparison of computed values (ours) with recorded ones (theirs). A failure names the array, the worst element and
//! both values.

use std::fmt::Debug;

/// Maximum difference: `absolute + relative * |recorded|`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Absolute part.
    pub absolute: f64,
    /// Relative part.
    pub relative: f64,
}

/// Tolerance of double precision.
pub const F64: Tolerance = Tolerance { absolute: 1e-9, relative: 1e-9 };

/// Tolerance of single precision: 1e-4 of the element, and for elements near zero a few units in the last place of
/// numbers near one.
pub const F32: Tolerance = Tolerance { absolute: 2e-6, relative: 1e-4 };

/// Checks that every element of `computed` is within `tolerance` of `recorded`; NaN always fails.
pub fn close(name: &str, computed: &[f64], recorded: &[f64], tolerance: Tolerance) -> Result<(), String> {
    same_length(name, computed, recorded)?;
    let excess = |i: usize| {
        let allowed = tolerance.absolute + tolerance.relative * recorded[i].abs();
        let excess = (computed[i] - recorded[i]).abs() / allowed;
        if excess.is_nan() { f64::INFINITY } else { excess }
    };
    let wrong: Vec<usize> = (0..computed.len()).filter(|&i| excess(i) > 1.0).collect();
    let Some(&worst) = wrong.iter().max_by(|&&a, &&b| excess(a).total_cmp(&excess(b))) else {
        return Ok(());
    };
    Err(format!(
        "{name}: {} of {} elements differ; worst at index {worst}: computed {:e}, recorded {:e}, difference {:e} with tolerance {tolerance:?}",
        wrong.len(),
        computed.len(),
        computed[worst],
        recorded[worst],
        computed[worst] - recorded[worst],
    ))
}

/// Checks that every element of `computed` equals that of `recorded`.
pub fn equal<T: PartialEq + Debug>(name: &str, computed: &[T], recorded: &[T]) -> Result<(), String> {
    same_length(name, computed, recorded)?;
    let wrong: Vec<usize> = (0..computed.len()).filter(|&i| computed[i] != recorded[i]).collect();
    match wrong.first() {
        None => Ok(()),
        Some(&first) => Err(format!(
            "{name}: {} of {} elements differ; first at index {first}: computed {:?}, recorded {:?}",
            wrong.len(),
            computed.len(),
            computed[first],
            recorded[first],
        )),
    }
}

fn same_length<T>(name: &str, computed: &[T], recorded: &[T]) -> Result<(), String> {
    if computed.len() == recorded.len() {
        return Ok(());
    }
    Err(format!("{name}: {} elements computed, {} recorded", computed.len(), recorded.len()))
}
