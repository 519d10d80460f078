//! An encoded data set.

use super::manifest::{Reader, SymbolUnit};
use sparsegate_core::{Evaluation, EvaluationMetric};

/// What the model predicts, which also determines the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The next word; the metric is perplexity.
    Word,
    /// The next character; the metric is bits per character.
    Character,
    /// The class of a text; the metric is accuracy.
    Text,
}

impl Unit {
    /// The metric.
    pub fn evaluation_metric(self) -> EvaluationMetric {
        match self {
            Unit::Word => EvaluationMetric::Perplexity,
            Unit::Character => EvaluationMetric::BitsPerCharacter,
            Unit::Text => EvaluationMetric::Accuracy,
        }
    }

    /// What the model predicts if its metric has this name in a stored file; `None` for an unknown name.
    pub fn from_metric(name: &str) -> Option<Self> {
        Some(match EvaluationMetric::from_name(name)? {
            EvaluationMetric::Perplexity => Unit::Word,
            EvaluationMetric::BitsPerCharacter => Unit::Character,
            EvaluationMetric::Accuracy => Unit::Text,
        })
    }

    /// Name of the metric and of its column in the results.
    pub fn metric(self) -> &'static str {
        self.evaluation_metric().name()
    }

    /// The metric's value; NaN for an accuracy that was not measured.
    pub fn value(self, evaluation: &Evaluation) -> f64 {
        match self {
            Unit::Word => evaluation.nats.exp(),
            Unit::Character => evaluation.nats / std::f64::consts::LN_2,
            Unit::Text => evaluation.accuracy.unwrap_or(f64::NAN),
        }
    }
}

impl From<SymbolUnit> for Unit {
    fn from(unit: SymbolUnit) -> Self {
        match unit {
            SymbolUnit::Word => Self::Word,
            SymbolUnit::Character => Self::Character,
        }
    }
}

impl Reader {
    /// What a model of data from this reader predicts; `None` for pretrained vectors.
    pub fn unit(&self) -> Option<Unit> {
        Some(match self {
            Self::PtbWords | Self::PlantedWords(_) => Unit::Word,
            Self::PtbCharacters | Self::PlantedCharacters(_) => Unit::Character,
            Self::PlainText(rules) => rules.unit.into(),
            Self::LabelledTexts(_) | Self::PlantedTexts(_) => Unit::Text,
            Self::GloveText(_) | Self::Word2vecText(_) | Self::Word2vecBinary(_) => return None,
        })
    }
}

/// A data set as symbol ids.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// Name of the manifest.
    pub name: String,
    /// blake3 over everything the ids depend on (reader, its parameters, file contents), lower-case hex.
    pub hash: String,
    /// What the model predicts.
    pub unit: Unit,
    /// The symbol of each id.
    pub vocabulary: Vec<String>,
    /// For each id of synthetic data, whether it carries information about the targets (ground truth).
    ///
    /// `None` for data from files and for synthetic characters.
    pub informative: Option<Vec<bool>>,
    /// The ids of the training, validation and test data.
    pub parts: Parts,
}

/// Training, validation and test data.
#[derive(Debug, Clone)]
pub enum Parts {
    /// For a language model: three streams of symbols.
    Streams {
        /// Training stream.
        train: Vec<u32>,
        /// Validation stream.
        valid: Vec<u32>,
        /// Test stream.
        test: Vec<u32>,
    },
    /// For a classifier: three sets of labelled texts.
    Texts {
        /// The classes' names; a label is an index into this list.
        classes: Vec<String>,
        /// Training texts.
        train: Texts,
        /// Validation texts.
        valid: Texts,
        /// Test texts.
        test: Texts,
    },
}

/// Labelled texts as symbol ids, concatenated. No text is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    ids: Vec<u32>,
    /// End offset of each text in `ids`.
    ends: Vec<usize>,
    labels: Vec<u32>,
}

impl Texts {
    /// An empty set of texts.
    pub fn new() -> Self {
        Self { ids: Vec::new(), ends: Vec::new(), labels: Vec::new() }
    }

    /// Adds a text, which must not be empty.
    pub fn push(&mut self, ids: &[u32], label: u32) {
        debug_assert!(!ids.is_empty(), "a text without symbols has no last state to predict from");
        self.ids.extend_from_slice(ids);
        self.ends.push(self.ids.len());
        self.labels.push(label);
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no texts.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The symbols of a text.
    pub fn text(&self, index: usize) -> &[u32] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.ids[start..self.ends[index]]
    }

    /// The class of a text.
    pub fn label(&self, index: usize) -> u32 {
        self.labels[index]
    }

    /// The classes of all texts.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }
}

impl Default for Texts {
    fn default() -> Self {
        Self::new()
    }
}

impl Corpus {
    /// Number of classes; `None` for a language model's data set.
    pub fn classes(&self) -> Option<usize> {
        match &self.parts {
            Parts::Streams { .. } => None,
            Parts::Texts { classes, .. } => Some(classes.len()),
        }
    }

    /// Names of the classes; empty for a language model's data set.
    pub fn class_names(&self) -> &[String] {
        match &self.parts {
            Parts::Streams { .. } => &[],
            Parts::Texts { classes, .. } => classes,
        }
    }
}
