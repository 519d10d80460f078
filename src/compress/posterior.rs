//! The quantities of a language model, with their shapes checked once.

use super::{Array, Real};

/// The arrays of an LSTM language model with V input symbols, H hidden units and O output symbols. The columns of
/// width 4H are gate-major: `gate * H + unit`, gates in the order i, f, g, o.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parts<'a, T> {
    /// Input-to-hidden weights `[V, 4H]`.
    pub w_input: Array<'a, T>,
    /// Hidden-to-hidden weights `[H, 4H]`.
    pub w_hidden: Array<'a, T>,
    /// Group variable on input symbols `[V]`.
    pub z_vocabulary: Option<Array<'a, T>>,
    /// Group variable on hidden units `[H]`.
    pub z_neurons: Option<Array<'a, T>>,
    /// Group variable on preactivations `[4H]`.
    pub z_gates: Option<Array<'a, T>>,
    /// Biases of the gates `[4H]`.
    pub bias: &'a [T],
    /// Output weights `[H, O]`.
    pub w_output: Array<'a, T>,
}

/// [`Parts`] whose shapes fit together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Posterior<'a, T> {
    parts: Parts<'a, T>,
}

/// A quantity does not have the shape that the others ask for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{quantity} has {found} where the shape {wanted:?} is wanted")]
pub struct ShapeError {
    /// Name of the quantity, such as `lstm/w_hidden/log_sigma`.
    pub quantity: String,
    /// The shape it should have.
    pub wanted: Vec<usize>,
    /// What it has, such as `12 elements`.
    pub found: String,
}

impl<'a, T: Real> Posterior<'a, T> {
    /// Takes the parts if their shapes fit together; H is the number of rows of `w_hidden`, V of `w_input`, and O the
    /// number of columns of `w_output`.
    ///
    /// # Errors
    /// The first quantity whose shape does not fit.
    pub fn new(parts: Parts<'a, T>) -> Result<Self, ShapeError> {
        let vocabulary = parts.w_input.shape[0];
        let hidden = parts.w_hidden.shape[0];
        let columns = 4 * hidden;
        check("lstm/w_input", &parts.w_input, [vocabulary, columns])?;
        check("lstm/w_hidden", &parts.w_hidden, [hidden, columns])?;
        check("output/w", &parts.w_output, [hidden, parts.w_output.shape[1]])?;
        for (quantity, group, width) in [
            ("lstm/z_vocabulary", &parts.z_vocabulary, vocabulary),
            ("lstm/z_neurons", &parts.z_neurons, hidden),
            ("lstm/z_gates", &parts.z_gates, columns),
        ] {
            if let Some(group) = group {
                check(quantity, group, [1, width])?;
            }
        }
        if parts.bias.len() != columns {
            return Err(ShapeError {
                quantity: "lstm/bias".to_owned(),
                wanted: vec![columns],
                found: elements(parts.bias.len()),
            });
        }
        Ok(Self { parts })
    }

    /// The arrays.
    pub fn parts(&self) -> &Parts<'a, T> {
        &self.parts
    }

    /// V, the number of input symbols.
    pub fn vocabulary(&self) -> usize {
        self.parts.w_input.shape[0]
    }

    /// H, the number of hidden units.
    pub fn hidden(&self) -> usize {
        self.parts.w_hidden.shape[0]
    }
}

fn check<T>(quantity: &str, array: &Array<T>, wanted: [usize; 2]) -> Result<(), ShapeError> {
    let size = wanted[0] * wanted[1];
    let error = |part: &str, found: String| {
        Err(ShapeError { quantity: format!("{quantity}/{part}"), wanted: wanted.to_vec(), found })
    };
    if array.shape != wanted {
        return error("mean", format!("the shape {:?}", array.shape));
    }
    if array.mean.len() != size {
        return error("mean", elements(array.mean.len()));
    }
    match array.log_sigma {
        Some(log_sigma) if log_sigma.len() != size => error("log_sigma", elements(log_sigma.len())),
        _ => Ok(()),
    }
}

fn elements(count: usize) -> String {
    format!("{count} elements")
}

#[cfg(test)]
mod tests {
    use super::super::testing::Owned;
    use super::*;

    #[test]
    fn shapes_that_fit_are_taken() {
        let owned = Owned::live(3, 2, 5);
        let posterior = Posterior::new(owned.parts()).unwrap();
        assert_eq!((posterior.vocabulary(), posterior.hidden()), (3, 2));
    }

    #[test]
    fn each_quantity_is_checked_and_named() {
        let owned = Owned::live(3, 2, 5);
        let short = [0.0; 1];
        let wrong = Array::vector(&short, None);
        let mut cases = Vec::new();
        for name in ["w_input", "w_hidden", "z_vocabulary", "z_neurons", "z_gates", "w_output", "bias"] {
            let mut parts = owned.parts();
            match name {
                "w_input" => parts.w_input = wrong,
                "w_hidden" => parts.w_hidden.mean = &short,
                "z_vocabulary" => parts.z_vocabulary = Some(wrong),
                "z_neurons" => parts.z_neurons = Some(wrong),
                "z_gates" => parts.z_gates = Some(wrong),
                "w_output" => parts.w_output = wrong,
                _ => parts.bias = &short,
            }
            cases.push((name, Posterior::new(parts).unwrap_err().quantity));
        }
        let mut parts = owned.parts();
        parts.w_output.log_sigma = Some(&short);
        cases.push(("log_sigma", Posterior::new(parts).unwrap_err().quantity));
        for (name, quantity) in cases {
            assert!(quantity.contains(if name == "w_output" { "output/w" } else { name }), "{name}: {quantity}");
        }
    }
}
