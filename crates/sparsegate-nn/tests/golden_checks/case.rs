//! A golden case: metadata and arrays recorded from the reference implementation.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use sparsegate_core::cells::{self, Cell};
use sparsegate_core::{GateActivation, Prior, Sparsity};

/// A case, `NAME.json` and `NAME.safetensors`, read into memory.
#[derive(Debug, Clone)]
pub struct Case {
    /// The files' name without extension.
    pub name: String,
    /// Content of the JSON file.
    pub meta: Metadata,
    arrays: BTreeMap<String, Array>,
}

/// Content of a case's JSON file; fields that do not apply to a kind of case are absent.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Metadata {
    /// `LMNet` or `ClassificationNet`; absent for cases of the KL divergence alone.
    pub net: Option<String>,
    /// Configuration letters.
    pub config: Option<String>,
    /// `lstm`, `gru` or `rnn`.
    pub cell: Option<String>,
    /// What the unit factors of a GRU multiply: `output` or `state`.
    pub zh_mode: Option<String>,
    /// Whether the state is carried from batch to batch, and the output weights are sampled.
    pub hid_prop: Option<bool>,
    /// Gate activation.
    pub gate_nonlinearity: Option<String>,
    /// Order of the first axis of stacked gate arrays.
    #[serde(default)]
    pub gate_order: Vec<String>,
    /// V.
    pub vocab: Option<usize>,
    /// H.
    pub hidden: Option<usize>,
    /// E.
    pub emb: Option<usize>,
    /// Number of classes; a single class means one output with a sigmoid.
    pub classes: Option<usize>,
    /// B.
    pub batch: Option<usize>,
    /// Training set size N; the KL divergence is weighted by 1/N.
    pub train_size: Option<usize>,
    /// Adam's learning rate.
    pub learning_rate: Option<f64>,
    /// Global gradient norm above which the gradient is clipped.
    pub grad_clip: Option<f64>,
    /// Lines of the compression report that the reference printed.
    #[serde(default)]
    pub compression_text: Vec<String>,
    /// Name, type and shape of every array of the case.
    #[serde(default)]
    pub arrays: BTreeMap<String, (String, Vec<usize>)>,
}

/// An array of a case, row-major.
#[derive(Debug, Clone)]
pub struct Array {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its elements.
    pub values: Values,
}

/// Elements of an array.
#[derive(Debug, Clone)]
pub enum Values {
    /// Real numbers.
    F64(Vec<f64>),
    /// Token ids and labels.
    I32(Vec<i32>),
    /// Masks; 1 means kept.
    U8(Vec<u8>),
}

impl Case {
    /// Reads `folder/name.json` and `folder/name.safetensors`, and checks that they describe the same arrays.
    pub fn load(folder: &Path, name: &str) -> Result<Self, String> {
        let json = folder.join(format!("{name}.json"));
        let text = fs_err::read_to_string(&json).map_err(|e| e.to_string())?;
        let meta: Metadata = serde_json::from_str(&text).map_err(|e| format!("{}: {e}", json.display()))?;
        let file = folder.join(format!("{name}.safetensors"));
        let bytes = fs_err::read(&file).map_err(|e| e.to_string())?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|e| format!("{}: {e}", file.display()))?;
        let mut arrays = BTreeMap::new();
        for (key, view) in tensors.tensors() {
            let data = view.data();
            let values = match view.dtype() {
                Dtype::F64 => Values::F64(decode(data, f64::from_le_bytes)),
                Dtype::I32 => Values::I32(decode(data, i32::from_le_bytes)),
                Dtype::U8 => Values::U8(data.to_vec()),
                other => return Err(format!("{}: {key} has type {other:?}, want F64, I32 or U8", file.display())),
            };
            arrays.insert(key, Array { shape: view.shape().to_vec(), values });
        }
        for (key, (_, shape)) in &meta.arrays {
            match arrays.get(key) {
                None => return Err(format!("{}: {key} is in the JSON but not in the arrays", file.display())),
                Some(array) if array.shape != *shape => {
                    return Err(format!(
                        "{}: {key} has shape {:?}, the JSON says {shape:?}",
                        file.display(),
                        array.shape
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(Self { name: name.to_owned(), meta, arrays })
    }

    /// Whether the case has an array of this name.
    pub fn has(&self, name: &str) -> bool {
        self.arrays.contains_key(name)
    }

    /// Whether the case has an array whose name starts with `prefix`.
    pub fn has_prefix(&self, prefix: &str) -> bool {
        self.names(prefix).next().is_some()
    }

    /// Sorted names of the arrays that start with `prefix`.
    pub fn names<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.arrays.keys().map(String::as_str).filter(move |name| name.starts_with(prefix))
    }

    /// The array of this name.
    pub fn array(&self, name: &str) -> Result<&Array, String> {
        self.arrays.get(name).ok_or_else(|| format!("case {} has no array {name}", self.name))
    }

    /// Shape of an array.
    pub fn shape(&self, name: &str) -> Result<&[usize], String> {
        Ok(&self.array(name)?.shape)
    }

    /// Elements of a float array.
    pub fn f64s(&self, name: &str) -> Result<&[f64], String> {
        match &self.array(name)?.values {
            Values::F64(values) => Ok(values),
            _ => Err(format!("{name} is not an array of float64")),
        }
    }

    /// Elements of an array of token ids or labels.
    pub fn i32s(&self, name: &str) -> Result<&[i32], String> {
        match &self.array(name)?.values {
            Values::I32(values) => Ok(values),
            _ => Err(format!("{name} is not an array of int32")),
        }
    }

    /// Elements of a mask. The mask of a layer without noise is recorded as floating-point ones, so any type is
    /// accepted, but only the values 0 and 1.
    pub fn mask(&self, name: &str) -> Result<Vec<bool>, String> {
        let values: Vec<f64> = match &self.array(name)?.values {
            Values::U8(values) => values.iter().map(|&v| f64::from(v)).collect(),
            Values::I32(values) => values.iter().map(|&v| f64::from(v)).collect(),
            Values::F64(values) => values.clone(),
        };
        values
            .iter()
            .map(|&v| match v {
                0.0 => Ok(false),
                1.0 => Ok(true),
                other => Err(format!("{name} holds {other}, want 0 or 1")),
            })
            .collect()
    }

    /// The only element of an array of shape `[1]`.
    pub fn scalar(&self, name: &str) -> Result<f64, String> {
        match self.f64s(name)? {
            [value] => Ok(*value),
            values => Err(format!("{name} has {} elements, want 1", values.len())),
        }
    }

    /// Whether the case is a classifier, which has an embedding, and not a language model.
    pub fn classifies(&self) -> bool {
        self.meta.net.as_deref() == Some("ClassificationNet")
    }

    /// The cell; an error if this program does not have it.
    pub fn cell(&self) -> Result<&'static dyn Cell, String> {
        let name = self.meta.cell.as_deref().ok_or("the JSON has no cell")?;
        let name = if name == "gru" && self.meta.zh_mode.as_deref() == Some("state") { "gru-zhstate" } else { name };
        cells::find(name).ok_or_else(|| format!("no {name} cell yet"))
    }

    /// Activation of the gates.
    pub fn activation(&self) -> Result<GateActivation, String> {
        match self.meta.gate_nonlinearity.as_deref() {
            Some("sigmoid") => Ok(GateActivation::Sigmoid),
            Some("hard_sigmoid") => Ok(GateActivation::HardSigmoid),
            other => Err(format!("no gate activation {} yet", other.unwrap_or("unnamed"))),
        }
    }

    /// What is sparsified, from the configuration letters. For a language model: `[weights][gate groups][neuron groups:
    /// L input and hidden, I input only, R hidden only][output weights]`. A classifier has `[embedding
    /// weights][vocabulary groups]` before them, and its input groups are the dimensions of the embedding.
    pub fn sparsity(&self) -> Result<Sparsity, String> {
        let config = self.meta.config.as_deref().ok_or("the JSON has no config")?;
        let letters: Vec<char> = config.chars().collect();
        let unknown = |what: &str, letter: char| format!("config {config}: no rule for {what} {letter}");
        let (embedding, [weights, gates, neurons, output]) = match (self.classifies(), letters.as_slice()) {
            (false, &[weights, gates, neurons, output]) => (None, [weights, gates, neurons, output]),
            (true, &[embedding, vocabulary, weights, gates, neurons, output]) if embedding == weights => {
                (Some(vocabulary), [weights, gates, neurons, output])
            }
            _ => return Err(format!("config {config}: no rule for these letters")),
        };
        let plain = |what: &str, letter| match letter {
            'L' => Ok(Prior::LogUniform),
            'D' => Ok(Prior::None),
            other => Err(unknown(what, other)),
        };
        let group = |what: &str, letter| match letter {
            'L' => Ok(Prior::LogUniform),
            'C' => Ok(Prior::None),
            other => Err(unknown(what, other)),
        };
        let (input_groups, neurons) = match neurons {
            'L' => (Prior::LogUniform, Prior::LogUniform),
            'I' => (Prior::LogUniform, Prior::None),
            'R' => (Prior::None, Prior::LogUniform),
            'C' => (Prior::None, Prior::None),
            other => return Err(unknown("neuron groups", other)),
        };
        let (vocabulary, inputs) = match embedding {
            Some(vocabulary) => (group("vocabulary groups", vocabulary)?, input_groups),
            None => (input_groups, Prior::None),
        };
        Ok(Sparsity {
            name: config.to_owned(),
            weights: plain("weights", weights)?,
            vocabulary,
            inputs,
            neurons,
            gates: group("gate groups", gates)?,
            output: plain("output weights", output)?,
            magnitude: None,
            group_lasso: None,
        })
    }
}

/// Decodes little-endian elements of N bytes each.
fn decode<const N: usize, T>(bytes: &[u8], read: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|&chunk| read(chunk)).collect()
}
