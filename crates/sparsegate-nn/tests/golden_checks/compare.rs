//! Comparison of computed values (ours) with recorded ones (theirs). A failure names the array, the worst element and
//! both values.

use std::fmt::Debug;

/// Maximum difference: `absolute + relative * |theirs|`.
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

/// Checks that every element of `ours` is within `tolerance` of `theirs`; NaN always fails.
pub fn close(quantity: &str, ours: &[f64], theirs: &[f64], tolerance: Tolerance) -> Result<(), String> {
    same_length(quantity, ours, theirs)?;
    let excess = |i: usize| {
        let allowed = tolerance.absolute + tolerance.relative * theirs[i].abs();
        let excess = (ours[i] - theirs[i]).abs() / allowed;
        if excess.is_nan() { f64::INFINITY } else { excess }
    };
    let wrong: Vec<usize> = (0..ours.len()).filter(|&i| excess(i) > 1.0).collect();
    let Some(&worst) = wrong.iter().max_by(|&&a, &&b| excess(a).total_cmp(&excess(b))) else {
        return Ok(());
    };
    Err(format!(
        "{quantity}: {} of {} elements differ; worst at index {worst}: computed {:e}, recorded {:e}, difference {:e} with tolerance {tolerance:?}",
        wrong.len(),
        ours.len(),
        ours[worst],
        theirs[worst],
        ours[worst] - theirs[worst],
    ))
}

/// Checks that every element of `ours` equals that of `theirs`.
pub fn equal<T: PartialEq + Debug>(quantity: &str, ours: &[T], theirs: &[T]) -> Result<(), String> {
    same_length(quantity, ours, theirs)?;
    let wrong: Vec<usize> = (0..ours.len()).filter(|&i| ours[i] != theirs[i]).collect();
    match wrong.first() {
        None => Ok(()),
        Some(&first) => Err(format!(
            "{quantity}: {} of {} elements differ; first at index {first}: computed {:?}, recorded {:?}",
            wrong.len(),
            ours.len(),
            ours[first],
            theirs[first],
        )),
    }
}

fn same_length<T>(quantity: &str, ours: &[T], theirs: &[T]) -> Result<(), String> {
    if ours.len() == theirs.len() {
        return Ok(());
    }
    Err(format!("{quantity}: {} elements computed, {} recorded", ours.len(), theirs.len()))
}
