//! What the rows and columns of a network's tensors stand for.

/// One dimension of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    /// The input symbols.
    Vocabulary,
    /// The dimensions of the embedding.
    Inputs,
    /// The hidden units.
    Neurons,
    /// Preactivations: kind-major, `kind * H + unit`.
    Preactivations,
    /// Biases, likewise.
    Biases,
    /// Something that is never dropped: outputs, or the only row of a vector.
    Fixed,
}

impl Axis {
    /// Rows and columns of the tensor `name` of a network, with or without an embedding between the symbols and the
    /// recurrent layer.
    pub(super) fn of(name: &str, has_embedding: bool) -> [Self; 2] {
        let path = name.strip_suffix("/mean").or_else(|| name.strip_suffix("/log_sigma")).unwrap_or(name);
        match path.rsplit_once('/').unwrap_or(("", path)) {
            ("embedding", "w") => [Self::Vocabulary, Self::Inputs],
            ("output", "w") => [Self::Neurons, Self::Fixed],
            ("output", _) => [Self::Fixed, Self::Fixed],
            (_, "w_input") => [if has_embedding { Self::Inputs } else { Self::Vocabulary }, Self::Preactivations],
            (_, "w_hidden") => [Self::Neurons, Self::Preactivations],
            (_, "z_vocabulary") => [Self::Fixed, Self::Vocabulary],
            (_, "z_inputs") => [Self::Fixed, Self::Inputs],
            (_, "z_neurons") => [Self::Fixed, Self::Neurons],
            (_, "z_gates") => [Self::Fixed, Self::Preactivations],
            (_, "bias") => [Self::Fixed, Self::Biases],
            _ => unreachable!("no network has a tensor {name}"),
        }
    }
}
