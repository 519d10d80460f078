//! `checkpoint/state.safetensors`: the complete state from which a run resumes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::format::FORMAT;
use super::tensors;
use sparsegate_core::trainer::NamedTensor;

/// The state of a run between two optimiser steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Position of the run.
    pub position: Position,
    /// Parameters, optimiser moments and carried state, in order of name.
    pub tensors: Vec<NamedTensor>,
}

/// Position of a run. Floats are stored as the bits of an IEEE 754 double, so that they are restored exactly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Finished epochs, which is also the number of lines of `metrics.jsonl` that belong to this state.
    pub epoch: u32,
    /// Batches done in the current epoch.
    pub batch: u64,
    /// Optimiser steps done over the whole run.
    pub step: u64,
    /// Running sums of the current epoch.
    pub sums: EpochSums,
    /// Seconds spent so far, over all processes.
    #[serde(with = "bits")]
    pub train_seconds: f64,
    /// Seconds spent so far on the current epoch, over all processes; `None` between two epochs, and in files of
    /// versions that did not store them. Not part of the JSON of a position, whose checksum these versions know.
    #[serde(skip)]
    pub epoch_seconds: Option<f64>,
}

/// Sums of step metrics over an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochSums {
    /// Sum of the objective (data loss plus KL term), nats per target.
    #[serde(with = "bits")]
    pub objective: f64,
    /// Sum of the data loss, nats per target.
    #[serde(with = "bits")]
    pub loss: f64,
    /// Sum of the gradient norm.
    #[serde(with = "bits")]
    pub gradient_norm: f64,
}

impl Position {
    /// The position before the first step.
    #[must_use]
    pub fn start() -> Self {
        Self { epoch: 0, batch: 0, step: 0, sums: EpochSums::default(), train_seconds: 0.0, epoch_seconds: None }
    }
}

/// The JSON in the file's metadata entry.
#[derive(Debug, Serialize, Deserialize)]
struct CheckpointHeader {
    format: u32,
    position: Position,
    /// blake3 hash of the position's JSON and of every tensor's name, shape and values.
    checksum: String,
    /// Hashes of files that the state relies on. They need no checksum: a wrong one fits no file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    files: CompanionHashes,
    /// [`Position::epoch_seconds`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch_time: Option<PartialEpochTime>,
}

impl CheckpointHeader {
    fn position(&self) -> Position {
        Position { epoch_seconds: self.epoch_time.as_ref().map(|time| time.seconds), ..self.position }
    }
}

/// The time of an epoch that has not ended.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct PartialEpochTime {
    #[serde(with = "bits")]
    seconds: f64,
    /// blake3 hash of the checkpoint's checksum and the bits of `seconds`.
    checksum: String,
}

impl PartialEpochTime {
    fn new(seconds: f64, of_checkpoint: &str) -> Self {
        let text = format!("{of_checkpoint} {}", seconds.to_bits());
        Self { seconds, checksum: blake3::hash(text.as_bytes()).to_hex().to_string() }
    }
}

/// blake3 hashes, as lower-case hex, by the name of the file.
pub(super) type CompanionHashes = BTreeMap<String, String>;

/// Why bytes cannot be read as a checkpoint.
pub(super) enum DecodeError {
    Newer(u32),
    Damaged(String),
}

impl Checkpoint {
    pub(super) fn encode(
        position: &Position,
        state: &[NamedTensor],
        files: CompanionHashes,
    ) -> Result<Vec<u8>, String> {
        let text = serde_json::to_string(position).map_err(|e| e.to_string())?;
        let checksum = tensors::checksum(state, &text);
        let epoch_time = position.epoch_seconds.map(|seconds| PartialEpochTime::new(seconds, &checksum));
        let header = CheckpointHeader { format: FORMAT, position: *position, checksum, files, epoch_time };
        tensors::encode(state, serde_json::to_string(&header).map_err(|e| e.to_string())?)
    }

    pub(super) fn decode_position(metadata: &str) -> Result<Position, String> {
        serde_json::from_str(metadata).map(|header: CheckpointHeader| header.position()).map_err(|e| e.to_string())
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<(Self, CompanionHashes), DecodeError> {
        let (state, metadata) = tensors::decode(bytes).map_err(DecodeError::Damaged)?;
        let version: FormatVersion =
            serde_json::from_str(&metadata).map_err(|e| DecodeError::Damaged(e.to_string()))?;
        if version.format > FORMAT {
            return Err(DecodeError::Newer(version.format));
        }
        let header: CheckpointHeader =
            serde_json::from_str(&metadata).map_err(|e| DecodeError::Damaged(e.to_string()))?;
        let text = serde_json::to_string(&header.position).map_err(|e| DecodeError::Damaged(e.to_string()))?;
        if tensors::checksum(&state, &text) != header.checksum {
            return Err(DecodeError::Damaged("its checksum does not match its content".to_owned()));
        }
        if header.epoch_time.as_ref().is_some_and(|time| *time != PartialEpochTime::new(time.seconds, &header.checksum))
        {
            return Err(DecodeError::Damaged("the checksum of its epoch's time does not match it".to_owned()));
        }
        Ok((Self { position: header.position(), tensors: state }, header.files))
    }
}

/// The field that all versions of all files share.
#[derive(Debug, Deserialize)]
pub(super) struct FormatVersion {
    pub(super) format: u32,
}

/// Serialises an `f64` as its bits.
mod bits {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives the field by reference")]
    pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(value.to_bits())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        u64::deserialize(from).map(f64::from_bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Checkpoint {
        let sums = EpochSums { objective: 0.1 + 0.2, loss: f64::MIN_POSITIVE, gradient_norm: 1e300 };
        Checkpoint {
            position: Position { epoch: 3, batch: 7, step: 97, sums, train_seconds: 12.3, epoch_seconds: Some(1.7) },
            tensors: vec![NamedTensor { name: "w".into(), shape: vec![2], values: vec![0.1, -0.0] }],
        }
    }

    #[test]
    fn comes_back_bit_by_bit() {
        let files = CompanionHashes::from([("run.json".to_owned(), "0123".to_owned())]);
        let bytes = Checkpoint::encode(&example().position, &example().tensors, files.clone()).unwrap();
        let Ok((back, found)) = Checkpoint::decode(&bytes) else { panic!("unreadable") };
        assert_eq!((&back, found), (&example(), files));
        assert_eq!(back.tensors[0].values[1].to_bits(), (-0.0_f32).to_bits());
    }

    #[test]
    fn the_time_of_an_epoch_is_beside_what_earlier_versions_check() {
        let position = |epoch_seconds| Position { epoch_seconds, ..example().position };
        let header = |epoch_seconds| {
            let bytes = Checkpoint::encode(&position(epoch_seconds), &example().tensors, BTreeMap::new()).unwrap();
            let metadata = tensors::decode(&bytes).map(|(_, metadata)| metadata).unwrap();
            assert_eq!(Checkpoint::decode_position(&metadata).unwrap(), position(epoch_seconds));
            serde_json::from_str::<serde_json::Value>(&metadata).unwrap()
        };
        let (with, without) = (header(Some(1.7)), header(None));
        assert!(with["epoch_time"].is_object() && without.get("epoch_time").is_none());
        assert_eq!((&with["position"], &with["checksum"]), (&without["position"], &without["checksum"]));
    }

    #[test]
    fn every_flipped_byte_is_noticed() {
        let bytes = Checkpoint::encode(&example().position, &example().tensors, BTreeMap::new()).unwrap();
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            if let Ok((mut back, _)) = Checkpoint::decode(&bad) {
                // Only the blanks that pad the header may differ without changing the content, and the name of a field
                // that files of earlier versions do not have: then it is missing, and never another number.
                back.position.epoch_seconds = back.position.epoch_seconds.or(example().position.epoch_seconds);
                assert_eq!(back, example(), "byte {at}");
            }
        }
        for end in 0..bytes.len() {
            assert!(Checkpoint::decode(&bytes[..end]).is_err(), "cut at {end}");
        }
    }
}
