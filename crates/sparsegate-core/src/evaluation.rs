//! What an evaluation finds.

/// How well a model predicts a part of the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// Mean negative log likelihood, nats a target.
    pub nats: f64,
    /// Share of the targets that got the largest probability, 0 to 1; of classifiers only.
    pub accuracy: Option<f64>,
}
