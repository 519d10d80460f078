//! The messages of an event file, as far as scalars need them: `Event` and `Summary` of TensorFlow's `event.proto` and
//! `summary.proto`.

use prost::Message as _;

/// A scalar of a step.
pub(super) struct Scalar {
    /// Its name; the part before a slash groups charts.
    pub(super) tag: String,
    /// Its value.
    pub(super) value: f32,
}

/// `Event`. Its `oneof` of what happened is two optional fields, which have the same encoding.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

/// `Summary`.
#[derive(Clone, PartialEq, prost::Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

/// `Summary.Value`.
#[derive(Clone, PartialEq, prost::Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    /// Optional, so that a zero is written, too.
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

impl Event {
    /// The first event of a file. Times are seconds since the beginning of 1970, and 0 if they are not known.
    pub(super) fn version(wall_time: f64) -> Self {
        Self { wall_time, file_version: Some("brain.Event:2".to_owned()), ..Self::default() }
    }

    /// The scalars of a step.
    pub(super) fn of_step(wall_time: f64, step: u64, scalars: Vec<Scalar>) -> Self {
        let value = scalars.into_iter().map(|Scalar { tag, value }| Value { tag, simple_value: Some(value) });
        Self { wall_time, step: step as i64, summary: Some(Summary { value: value.collect() }), ..Self::default() }
    }

    /// Its bytes.
    pub(super) fn encoded(&self) -> Vec<u8> {
        self.encode_to_vec()
    }
}
