//! What an evaluation finds.

/// How well a model predicts a part of the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// Mean negative log likelihood, nats a target; not finite if one of the model's outputs is not.
    pub nats: f64,
    /// Fraction of targets that got the largest probability, 0 to 1; `None` for language models.
    pub accuracy: Option<f64>,
    /// The class, if every text got the same one; `None` if the predictions differ, and for language models.
    pub only_class: Option<u32>,
}
