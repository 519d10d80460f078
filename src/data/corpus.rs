//! An encoded data set.

/// What one symbol is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A word; the metric is perplexity.
    Word,
    /// A character; the metric is bits per character.
    Character,
}

impl Unit {
    /// Name of the metric, also its column in the results.
    pub fn metric(self) -> &'static str {
        match self {
            Unit::Word => "perplexity",
            Unit::Character => "bits_per_char",
        }
    }

    /// The metric's value for a mean negative log likelihood in nats a symbol.
    pub fn from_nats(self, nats: f64) -> f64 {
        match self {
            Unit::Word => nats.exp(),
            Unit::Character => nats / std::f64::consts::LN_2,
        }
    }
}

/// Three streams of symbol ids over one vocabulary.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// Name of the manifest.
    pub name: String,
    /// blake3 over everything the ids depend on (manifest's reading rules and file contents), lower-case hex.
    pub hash: String,
    /// What one symbol is.
    pub unit: Unit,
    /// The symbol of each id.
    pub vocabulary: Vec<String>,
    /// Training stream.
    pub train: Vec<u32>,
    /// Validation stream.
    pub valid: Vec<u32>,
    /// Test stream.
    pub test: Vec<u32>,
    /// For a generated language: whether each id carries information about what follows.
    pub informative: Option<Vec<bool>>,
}
