//! The arrays of a network, with their shapes checked once.

use super::{Element, PosteriorMatrix};
use sparsegate_core::cells::Cell;
use sparsegate_core::{GateActivation, LOG_ALPHA_LIMIT};

/// The arrays of a network with V input symbols, H hidden units and O outputs, whose cell has P kinds of
/// preactivations. The input width I is V for one-hot input, or E if an embedding maps each symbol to a vector. Columns
/// of width P * H are kind-major, `kind * H + unit`, in the cell's order.
#[derive(Debug, Clone, Copy)]
pub struct NetworkArrays<'a, T> {
    /// The recurrent cell.
    pub cell: &'static dyn Cell,
    /// Activation of the cell's gates.
    pub activation: GateActivation,
    /// Embedding `[V, E]`; `None` for one-hot input.
    pub embedding: Option<PosteriorMatrix<'a, T>>,
    /// Group factors of the input symbols `[1, V]`.
    pub z_vocabulary: Option<PosteriorMatrix<'a, T>>,
    /// Input-to-hidden weights `[I, P * H]`.
    pub w_input: PosteriorMatrix<'a, T>,
    /// Hidden-to-hidden weights `[H, P * H]`.
    pub w_hidden: PosteriorMatrix<'a, T>,
    /// Group factors of the embedding dimensions `[1, E]`; only with an embedding.
    pub z_inputs: Option<PosteriorMatrix<'a, T>>,
    /// Group factors of the hidden units `[1, H]`.
    pub z_neurons: Option<PosteriorMatrix<'a, T>>,
    /// Group factors of the preactivations `[1, P * H]`.
    pub z_gates: Option<PosteriorMatrix<'a, T>>,
    /// Biases of the cell, `[biases * H]`, in the order of [`Cell::biases`].
    pub bias: &'a [T],
    /// Output weights `[H, O]`.
    pub w_output: PosteriorMatrix<'a, T>,
    /// Whether exact zeros in a deterministic array count as dead: true if a pruning baseline sets weights to zero.
    pub zeros_are_pruned: bool,
}

/// A tensor's elements, row-major, and its shape.
pub type TensorView<'a, T> = (&'a [T], [usize; 2]);

impl<'a, T> NetworkArrays<'a, T> {
    /// Collects the arrays of a network through `find`, which looks a tensor up by its checkpoint name, such as
    /// `lstm/w_input/mean`. A missing matrix becomes empty, which [`Posterior::new`] rejects.
    pub fn from_tensors(
        cell: &'static dyn Cell,
        activation: GateActivation,
        zeros_are_pruned: bool,
        find: &dyn Fn(&str) -> Option<TensorView<'a, T>>,
    ) -> Self {
        let array = |name: &str| {
            let (mean, shape) = find(&format!("{name}/mean"))?;
            Some(PosteriorMatrix {
                mean,
                log_sigma: find(&format!("{name}/log_sigma")).map(|(values, _)| values),
                shape,
            })
        };
        let matrix = |name: &str| array(name).unwrap_or(PosteriorMatrix { mean: &[], log_sigma: None, shape: [0, 0] });
        let path = |name: &str| format!("{}/{name}", cell.layer());
        Self {
            cell,
            activation,
            embedding: array("embedding/w"),
            // In a language model the vocabulary factors belong to the recurrent layer, which reads the symbols
            // directly.
            z_vocabulary: array("embedding/z_vocabulary").or_else(|| array(&path("z_vocabulary"))),
            w_input: matrix(&path("w_input")),
            w_hidden: matrix(&path("w_hidden")),
            z_inputs: array(&path("z_inputs")),
            z_neurons: array(&path("z_neurons")),
            z_gates: array(&path("z_gates")),
            bias: find(&path("bias")).map(|(values, _)| values).unwrap_or_default(),
            w_output: matrix("output/w"),
            zeros_are_pruned,
        }
    }
}

/// [`NetworkArrays`] with consistent shapes.
#[derive(Debug, Clone, Copy)]
pub struct Posterior<'a, T> {
    parts: NetworkArrays<'a, T>,
    log_alpha_limit: f64,
}

/// An array whose shape does not fit the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} has {found}, expected {wanted}")]
pub struct ShapeError {
    /// Name of the array, such as `lstm/w_hidden/log_sigma`.
    pub name: String,
    /// What was expected, such as `the shape [3, 12]`.
    pub wanted: String,
    /// What was found, such as `12 elements`.
    pub found: String,
}

impl<'a, T: Element> Posterior<'a, T> {
    /// Checks that the shapes of the arrays fit together. P and the number of biases are the cell's; H is the number of
    /// rows of `w_hidden`, I of `w_input`, V of the embedding if there is one, and O is the number of columns of
    /// `w_output`.
    ///
    /// # Errors
    /// The first array whose shape does not fit.
    pub fn new(parts: NetworkArrays<'a, T>) -> Result<Self, ShapeError> {
        let posterior = Self { parts, log_alpha_limit: LOG_ALPHA_LIMIT };
        let (vocabulary, hidden, columns) = (posterior.vocabulary(), posterior.hidden(), posterior.columns());
        let inputs = posterior.inputs().unwrap_or(vocabulary);
        let layer = parts.cell.layer();
        let of_layer = |name: &str| format!("{layer}/{name}");
        if let Some(embedding) = &parts.embedding {
            check("embedding/w", embedding, [vocabulary, inputs])?;
        } else if let Some(z_inputs) = &parts.z_inputs {
            return Err(ShapeError {
                name: of_layer("z_inputs"),
                wanted: "none, because the network has no embedding".to_owned(),
                found: elements(z_inputs.mean.len()),
            });
        }
        check(&of_layer("w_input"), &parts.w_input, [inputs, columns])?;
        check(&of_layer("w_hidden"), &parts.w_hidden, [hidden, columns])?;
        check("output/w", &parts.w_output, [hidden, parts.w_output.shape[1]])?;
        let symbols = if parts.embedding.is_some() { "embedding/z_vocabulary" } else { &of_layer("z_vocabulary") };
        for (name, group, width) in [
            (symbols, &parts.z_vocabulary, vocabulary),
            (&of_layer("z_inputs"), &parts.z_inputs, inputs),
            (&of_layer("z_neurons"), &parts.z_neurons, hidden),
            (&of_layer("z_gates"), &parts.z_gates, columns),
        ] {
            if let Some(group) = group {
                check(name, group, [1, width])?;
            }
        }
        let biases = parts.cell.biases().len() * hidden;
        if parts.bias.len() != biases {
            return Err(ShapeError {
                name: of_layer("bias"),
                wanted: shape(&[biases]),
                found: elements(parts.bias.len()),
            });
        }
        Ok(posterior)
    }

    /// The same arrays, with another log alpha from which on an element counts as noise than that of pruning.
    #[must_use]
    pub fn with_log_alpha_limit(self, limit: f64) -> Self {
        Self { log_alpha_limit: limit, ..self }
    }

    /// The arrays.
    pub fn parts(&self) -> &NetworkArrays<'a, T> {
        &self.parts
    }

    /// V, the number of input symbols.
    pub fn vocabulary(&self) -> usize {
        self.parts.embedding.map_or(self.parts.w_input.shape[0], |embedding| embedding.shape[0])
    }

    /// E, the number of embedding dimensions; `None` without an embedding.
    pub fn inputs(&self) -> Option<usize> {
        self.parts.embedding.map(|embedding| embedding.shape[1])
    }

    /// H, the number of hidden units.
    pub fn hidden(&self) -> usize {
        self.parts.w_hidden.shape[0]
    }

    /// P * H, the number of preactivations.
    pub fn columns(&self) -> usize {
        self.parts.cell.preactivations().len() * self.hidden()
    }

    /// Which elements of one of the arrays are live.
    pub(super) fn live(&self, array: &PosteriorMatrix<T>) -> Vec<bool> {
        array.live_below(self.log_alpha_limit, self.parts.zeros_are_pruned)
    }
}

fn check<T>(name: &str, array: &PosteriorMatrix<T>, wanted: [usize; 2]) -> Result<(), ShapeError> {
    let size = wanted[0] * wanted[1];
    let error =
        |part: &str, found: String| Err(ShapeError { name: format!("{name}/{part}"), wanted: shape(&wanted), found });
    if array.shape != wanted {
        return error("mean", shape(&array.shape));
    }
    if array.mean.len() != size {
        return error("mean", elements(array.mean.len()));
    }
    match array.log_sigma {
        Some(log_sigma) if log_sigma.len() != size => error("log_sigma", elements(log_sigma.len())),
        _ => Ok(()),
    }
}

fn shape(of: &[usize]) -> String {
    format!("the shape {of:?}")
}

fn elements(count: usize) -> String {
    format!("{count} elements")
}

#[cfg(test)]
mod tests {
    use super::super::testing::FixtureNetwork;
    use super::*;

    #[test]
    fn shapes_that_fit_are_taken() {
        let owned = FixtureNetwork::live(3, 2, 5);
        let posterior = Posterior::new(owned.parts()).unwrap();
        assert_eq!((posterior.vocabulary(), posterior.inputs(), posterior.hidden()), (3, None, 2));
        let owned = FixtureNetwork::embedded(7, 3, 2, 5);
        let posterior = Posterior::new(owned.parts()).unwrap();
        assert_eq!((posterior.vocabulary(), posterior.inputs(), posterior.columns()), (7, Some(3), 8));
    }

    #[test]
    fn each_quantity_is_checked_and_named() {
        let owned = FixtureNetwork::embedded(7, 3, 2, 5);
        let short = [0.0; 1];
        let wrong = PosteriorMatrix::vector(&short, None);
        let names = [
            "embedding",
            "w_input",
            "w_hidden",
            "z_vocabulary",
            "z_inputs",
            "z_neurons",
            "z_gates",
            "w_output",
            "bias",
        ];
        let mut cases = Vec::new();
        for name in names {
            let mut parts = owned.parts();
            match name {
                // One column more than `w_input` has rows.
                "embedding" => parts.embedding = Some(PosteriorMatrix::matrix(&[0.0; 28], None, [7, 4])),
                "w_input" => parts.w_input.mean = &short,
                "w_hidden" => parts.w_hidden.mean = &short,
                "z_vocabulary" => parts.z_vocabulary = Some(wrong),
                "z_inputs" => parts.z_inputs = Some(wrong),
                "z_neurons" => parts.z_neurons = Some(wrong),
                "z_gates" => parts.z_gates = Some(wrong),
                "w_output" => parts.w_output = wrong,
                _ => parts.bias = &short,
            }
            cases.push((name, Posterior::new(parts).unwrap_err().name));
        }
        let mut parts = owned.parts();
        parts.w_output.log_sigma = Some(&short);
        cases.push(("log_sigma", Posterior::new(parts).unwrap_err().name));
        for (name, found) in cases {
            let shown = match name {
                "w_output" => "output/w",
                // The embedding determines the input width.
                "embedding" => "lstm/w_input",
                name => name,
            };
            assert!(found.contains(shown), "{name}: {found}");
        }
    }

    #[test]
    fn factors_of_dimensions_need_an_embedding() {
        let owned = FixtureNetwork::live(3, 2, 5);
        let mut parts = owned.parts();
        parts.z_inputs = Some(PosteriorMatrix::vector(&[1.0; 3], None));
        let error = Posterior::new(parts).unwrap_err().to_string();
        assert_eq!(error, "lstm/z_inputs has 3 elements, expected none, because the network has no embedding");
    }
}
