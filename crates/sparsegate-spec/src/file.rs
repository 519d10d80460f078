//! The experiment file as it is written, and its JSON Schema.

use std::borrow::Cow;

use camino::Utf8PathBuf;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::node::Node;
use super::presets;
use super::sweep::Sweep;
use super::types::{Backend, Expectation, ModelSpec, Reading, Sparsity, TrainSpec};

/// An experiment: one data set, one network, a training loop, and what is varied.
///
/// `reading`, `model`, `train`, `sparsity`, `seed` and `backend` are the base that every run starts from. A key that the sweep
/// assigns may be left out of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "sparsegate experiment")]
#[expect(
    dead_code,
    reason = "the base of the runs is read from the tree; its fields here make keys known and the schema"
)]
pub struct ExperimentFile {
    /// Name of the experiment and of its folders: letters, digits, `-`, `_` and `.`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"))]
    pub name: String,
    /// One line on what it is.
    #[serde(default)]
    pub about: Option<String>,
    /// Where its published numbers come from.
    #[serde(default)]
    pub source: Option<Source>,
    /// Experiment files that a command takes along when it is given this one; paths from this file's folder.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub also: Vec<Utf8PathBuf>,
    /// Name of the dataset manifest, `datasets/<name>.yaml`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"))]
    pub dataset: String,
    /// Oddities in reading labelled texts; none if absent.
    #[serde(default)]
    #[schemars(with = "Option<Reading>")]
    pub reading: Option<Node>,
    /// The network.
    #[serde(default)]
    #[schemars(with = "Option<ModelSpec>")]
    pub model: Option<Node>,
    /// The training loop.
    #[serde(default)]
    #[schemars(with = "Option<TrainSpec>")]
    pub train: Option<Node>,
    /// What is sparsified.
    #[serde(default)]
    #[schemars(with = "Option<Level>")]
    pub sparsity: Option<Node>,
    /// Seed of every random stream of a run; 0 if absent.
    #[serde(default)]
    #[schemars(with = "Option<u64>")]
    pub seed: Option<Node>,
    /// Where tensors live; `flex` if absent.
    #[serde(default)]
    #[schemars(with = "Option<Backend>")]
    pub backend: Option<Node>,
    /// What is varied from run to run; absent: one run.
    #[serde(default)]
    pub sweep: Option<Sweep>,
    /// Claims about the results.
    #[serde(default)]
    pub expect: Vec<Expectation>,
}

/// Where an experiment's published numbers come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The paper's number at arxiv.org, in quotes.
    #[serde(default)]
    pub arxiv: Option<String>,
    /// The authors' figures.
    #[serde(default)]
    pub authors: Option<AuthorsFigures>,
}

/// CSV files with published figures, and which rows of them are about this experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorsFigures {
    /// Last epoch of each run; path from the experiment file's folder.
    #[schemars(with = "String")]
    pub final_values: Utf8PathBuf,
    /// Every logged epoch of each run; path from the experiment file's folder.
    #[schemars(with = "String")]
    pub curves: Utf8PathBuf,
    /// The value of the rows' `task` column.
    pub task: String,
}

/// A sparsification level: a preset's name or an explicit map.
struct Level;

impl JsonSchema for Level {
    fn schema_name() -> Cow<'static, str> {
        "SparsityLevel".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = generator.subschema_for::<Sparsity>();
        json_schema!({
            "description": "A preset's name or an explicit map.",
            "anyOf": [ { "type": "string", "enum": presets::NAMES }, map ],
        })
    }
}

/// JSON Schema of an experiment file. Keys that a sweep may give are not required in `model` and `train`.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(ExperimentFile).to_value();
    for name in ["ModelSpec", "TrainSpec"] {
        if let Some(definition) = schema.pointer_mut(&format!("/$defs/{name}")).and_then(|value| value.as_object_mut())
        {
            definition.remove("required");
        }
    }
    schema
}
