//! Options of the training loop beside epochs and batches: KL term, learning rate, selection of an epoch.
//!
//! Lengths are in epochs or steps, as written; [`TrainSpec::schedule`] turns them into steps.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, MapAccess};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sparsegate_core::schedule::{self, RateCurve};

use super::presets;
use super::types::{RunSpec, TrainSpec};

/// The weight of the KL term: `weight` times the authors' 1/N, after a linear rise from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kl {
    /// What 1/N is multiplied by, at least 0. 1 is the authors' objective.
    #[serde(default = "one")]
    #[schemars(range(min = 0))]
    pub weight: f64,
    /// How long the weight rises from 0. Default: it is full from the first step on.
    #[serde(default)]
    pub warm_up: WarmUp,
}

fn one() -> f64 {
    1.0
}

impl Kl {
    /// Whether this is the authors' objective.
    #[expect(clippy::float_cmp, reason = "a factor of exactly 1 changes no bit")]
    pub fn is_plain(&self) -> bool {
        self.weight == 1.0 && self.warm_up.is_zero()
    }
}

/// A length of a warm-up: a number of epochs, or `{ steps: N }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarmUp {
    /// Epochs.
    Epochs(u32),
    /// Optimiser steps, at least 1.
    Steps(u64),
}

impl Default for WarmUp {
    fn default() -> Self {
        Self::Epochs(0)
    }
}

impl WarmUp {
    /// Whether there is no warm-up.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// The length in steps, with `batches` batches in an epoch.
    pub fn in_steps(self, batches: u64) -> u64 {
        match self {
            Self::Epochs(epochs) => u64::from(epochs).saturating_mul(batches),
            Self::Steps(steps) => steps,
        }
    }
}

impl Serialize for WarmUp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Epochs(epochs) => serializer.serialize_u32(*epochs),
            Self::Steps(steps) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("steps", steps)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for WarmUp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WarmUpVisitor)
    }
}

struct WarmUpVisitor;

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "kebab-case")]
enum WarmUpUnit {
    Epochs,
    Steps,
}

impl<'de> de::Visitor<'de> for WarmUpVisitor {
    type Value = WarmUp;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a whole number of epochs, or `{ steps: N }`")
    }

    fn visit_u64<E: de::Error>(self, epochs: u64) -> Result<WarmUp, E> {
        let within = u32::try_from(epochs).map(WarmUp::Epochs);
        within.map_err(|_| E::invalid_value(de::Unexpected::Unsigned(epochs), &self))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a whole u32")]
    fn visit_f64<E: de::Error>(self, epochs: f64) -> Result<WarmUp, E> {
        if epochs.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&epochs) {
            Ok(WarmUp::Epochs(epochs as u32))
        } else {
            Err(E::invalid_value(de::Unexpected::Float(epochs), &self))
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WarmUp, A::Error> {
        let empty = || de::Error::invalid_type(de::Unexpected::Map, &self);
        let length = match map.next_key::<WarmUpUnit>()?.ok_or_else(empty)? {
            WarmUpUnit::Epochs => WarmUp::Epochs(map.next_value()?),
            WarmUpUnit::Steps => match map.next_value()? {
                0 => WarmUp::default(),
                steps => WarmUp::Steps(steps),
            },
        };
        match map.next_key::<WarmUpUnit>()? {
            None => Ok(length),
            Some(_) => {
                Err(de::Error::custom("a warm-up has a length in epochs or in steps, not both; keep one of them"))
            }
        }
    }
}

impl JsonSchema for WarmUp {
    fn schema_name() -> Cow<'static, str> {
        "WarmUp".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let length = |unit: &str| {
            json_schema!({
                "type": "object",
                "properties": { unit: { "type": "integer", "minimum": 0 } },
                "required": [unit],
                "additionalProperties": false,
            })
        };
        json_schema!({
            "description": "A number of epochs, or `{ steps: N }`.",
            "anyOf": [{ "type": "integer", "minimum": 0 }, length("epochs"), length("steps")],
        })
    }
}

/// How the learning rate changes over the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum RateSchedule {
    /// It stays the same.
    #[default]
    Constant,
    /// It falls linearly to its last value.
    Linear(Decay),
    /// It falls along half a cosine period to its last value.
    Cosine(Decay),
    /// It is multiplied by a factor every few epochs.
    Step(StepDecay),
}

impl RateSchedule {
    /// Whether the learning rate stays the same.
    pub fn is_constant(&self) -> bool {
        *self == Self::Constant
    }
}

/// The end of a falling learning rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decay {
    /// Learning rate at the run's last step, as a fraction of `train.optimizer.adam.lr`; 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub to: f64,
}

/// Regular reductions of the learning rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepDecay {
    /// Epochs between two reductions.
    #[schemars(range(min = 1))]
    pub period: u32,
    /// What the learning rate is multiplied by, above 0 and at most 1.
    #[schemars(range(max = 1))]
    pub factor: f64,
}

/// Which epoch's model a run keeps and reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Select {
    /// That of the last epoch.
    #[default]
    Last,
    /// That with the best validation metric, the later one in a tie, among the epochs after the warm-up of the KL term
    /// and after the end of magnitude pruning; the last epoch if there is none.
    Best,
}

impl Select {
    /// Whether the last epoch counts.
    pub fn is_last(&self) -> bool {
        *self == Self::Last
    }
}

/// Ends a run when its validation metric does not improve any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EarlyStop {
    /// Epochs in a row without a new best validation metric, after which the run ends.
    #[schemars(range(min = 1))]
    pub patience: u32,
}

/// What the means of the weights and the biases of a run start from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StartFrom {
    /// Initial values, as `model.init` and `model.embedding.vectors` say.
    #[default]
    Init,
    /// The run at the level `dense` with the same data, model, training, seed and backend.
    Dense,
}

impl StartFrom {
    /// Whether the run starts from initial values.
    pub fn is_init(&self) -> bool {
        *self == Self::Init
    }
}

impl TrainSpec {
    /// Learning rate and KL weight as functions of the step, with `batches` batches in an epoch.
    pub fn schedule(&self, batches: u64) -> schedule::Schedule {
        let plain = schedule::Schedule::default();
        schedule::Schedule {
            rate: match &self.schedule {
                RateSchedule::Constant => RateCurve::Constant,
                RateSchedule::Linear(Decay { to }) => RateCurve::Linear { to: *to },
                RateSchedule::Cosine(Decay { to }) => RateCurve::Cosine { to: *to },
                RateSchedule::Step(StepDecay { period, factor }) => {
                    RateCurve::Step { period: u64::from(*period).saturating_mul(batches), factor: *factor }
                }
            },
            rate_warm_up: self.lr_warm_up.in_steps(batches),
            kl_weight: self.kl.as_ref().map_or(plain.kl_weight, |kl| kl.weight),
            kl_warm_up: self.kl.as_ref().map_or(plain.kl_warm_up, |kl| kl.warm_up.in_steps(batches)),
            total_steps: self.total_steps(batches),
        }
    }
}

impl RunSpec {
    /// The step after which the objective and the target of pruning stay the same, with `batches` batches in an epoch:
    /// the end of the KL term's warm-up or of magnitude pruning; 0 without either.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "steps of a run are far fewer than 2^52, and the fraction is between 0 and 1"
    )]
    pub fn settled_after(&self, batches: u64) -> u64 {
        let schedule = self.train.schedule(batches);
        let pruned = self.sparsity.magnitude.as_ref().map_or(0, |magnitude| {
            let end = magnitude.end * schedule.total_steps as f64;
            end.ceil() as u64
        });
        schedule.kl_warm_up.max(pruned)
    }

    /// The spec without options that have no effect: the `kl` and `drop_dead` blocks of a level without variational
    /// parameters, a `kl` block that repeats the defaults, `start_from` at the level `dense`, and a vector scale that
    /// is 1 or has no pretrained vectors to scale. Runs that compute the same have the same key.
    #[must_use]
    pub fn without_idle_options(mut self) -> Self {
        let variational = self.sparsity.is_variational();
        self.train.kl = self.train.kl.filter(|kl| variational && !kl.is_plain());
        self.train.drop_dead = self.train.drop_dead.filter(|_| variational);
        if self.sparsity.name == presets::DENSE {
            self.train.start_from = StartFrom::Init;
        }
        if let Some(embedding) = &mut self.model.embedding {
            embedding.vectors_scale = embedding.effective_scale();
        }
        self
    }

    /// The run that this one starts from, by `train.start_from`: the same point of the sweep at the level `dense`.
    /// `None` for a run that starts from initial values.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        match self.train.start_from {
            StartFrom::Init => None,
            StartFrom::Dense => {
                let sparsity = presets::level(self.model.kind, presets::DENSE)?;
                Some(Self { sparsity, ..self.clone() }.without_idle_options())
            }
        }
    }
}
