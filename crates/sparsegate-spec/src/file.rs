//! The experiment file as written, and its JSON Schema.

use std::borrow::Cow;

use camino::Utf8PathBuf;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::node::Node;
use super::presets;
use super::sweep::{OrderedMap, SweepSpec};
use super::types::{Backend, Expectation, ModelSpec, Reading, Sparsity, TrainSpec};

/// An experiment: a data set, a network and a training loop, or tasks that bring these along, and a sweep.
///
/// `dataset`, `reading`, `model`, `train`, `sparsity`, `seed` and `backend` are the base of every run. A key that the
/// sweep assigns, or that a task has, may be omitted here.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "sparsegate experiment")]
#[expect(
    dead_code,
    reason = "the base of the runs is read from the tree; its fields here define the known keys and the schema"
)]
pub struct ExperimentFile {
    /// Name of the experiment and of its folders: letters, digits, `-`, `_` and `.`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"))]
    pub name: String,
    /// One-line description.
    #[serde(default)]
    pub about: Option<String>,
    /// Source of its published numbers.
    #[serde(default)]
    pub source: Option<PublishedSource>,
    /// Further experiment files that a command loads with this one; paths relative to this file's folder.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub also: Vec<Utf8PathBuf>,
    /// Name of a task, `tasks/<name>.yaml`, which brings along `dataset`, `reading`, `model` and `train`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub task: Option<Node>,
    /// What this experiment sets for one task: dotted keys with their values, by the task's name.
    #[serde(default)]
    pub tasks: Option<OrderedMap<OrderedMap<Node>>>,
    /// Name of the dataset manifest, `datasets/<name>.yaml`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub dataset: Option<Node>,
    /// Deviations from the manifest when reading labelled texts. Default: none.
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
    /// The sparsity level: what is sparsified.
    #[serde(default)]
    #[schemars(with = "Option<Level>")]
    pub sparsity: Option<Node>,
    /// Seed of all random streams of a run. Default: 0.
    #[serde(default)]
    #[schemars(with = "Option<u64>")]
    pub seed: Option<Node>,
    /// Backend and device. Default: `flex`.
    #[serde(default)]
    #[schemars(with = "Option<Backend>")]
    pub backend: Option<Node>,
    /// What is varied between runs. Default: a single run.
    #[serde(default)]
    pub sweep: Option<SweepSpec>,
    /// Claims about the results.
    #[serde(default)]
    pub expect: Vec<Expectation>,
}

/// Source of an experiment's published numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Source")]
pub struct PublishedSource {
    /// The paper's arXiv identifier, in quotes.
    #[serde(default)]
    pub arxiv: Option<String>,
    /// The authors' published results.
    #[serde(default)]
    pub authors: Option<PublishedResults>,
}

/// CSV files with published results, and which of their rows belong to this experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AuthorsFigures")]
pub struct PublishedResults {
    /// Results of the last epoch of each run; path relative to the experiment file's folder.
    #[schemars(with = "String")]
    pub final_values: Utf8PathBuf,
    /// Results of all logged epochs of each run; path relative to the experiment file's folder.
    #[schemars(with = "String")]
    pub curves: Utf8PathBuf,
    /// Value of the `task` column in the rows of this experiment.
    pub task: String,
}

/// JSON Schema of a sparsity level: a preset's name or an explicit map.
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

/// JSON Schema of an experiment file. No key is required in `model` and `train`, because a sweep may assign it.
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
