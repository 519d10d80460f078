//! TensorBoard event files: the metrics of a run as scalars, one folder for each run.
//!
//! An event file is a sequence of records in the framing of TFRecord files ([`record`]), each an `Event` in the encoding
//! of Protocol Buffers ([`event`]). Records of a run are only ever added, so a file that TensorBoard follows grows by
//! the new ones.

mod event;
mod folder;
mod record;

use std::io::Write as _;

use camino::Utf8Path;

use sparsegate_core::EvaluationMetric;
use sparsegate_store::EpochTime;
use sparsegate_store::format::EpochMetrics;

use super::ReportError;
use event::{Event, Scalar};
pub use folder::event_folder;

/// Name of the file. TensorBoard reads files with `tfevents` in their name, in alphabetical order.
pub const EVENT_FILE: &str = "events.out.tfevents.0000000000.sparsegate";

/// Writes the stored lines of a run's `metrics.jsonl`, whose metric is `metric`, as an event file into `folder`, which is
/// created if it does not exist. Returns whether something was written. Without a metric its scalars are `valid/metric`
/// and `test/metric`.
///
/// The step of an event is the number of finished epochs. Its time is when the epoch ended, by the run's `times.jsonl`,
/// and 0 for an epoch without a stored time. The same lines give the same bytes. New lines are appended to a
/// file that begins with the others; any other file of this name is replaced.
///
/// # Errors
/// The file cannot be read or written.
pub fn write_events(
    folder: &Utf8Path,
    metric: Option<EvaluationMetric>,
    lines: &[EpochMetrics],
    times: &[EpochTime],
) -> Result<bool, ReportError> {
    let io = ReportError::write(folder);
    let path = folder.join(EVENT_FILE);
    let wanted = event_bytes(metric, lines, times);
    let stored = match fs_err::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(io(error)),
    };
    match wanted.strip_prefix(stored.as_slice()) {
        Some([]) => Ok(false),
        Some(new) if !stored.is_empty() => {
            let mut file = fs_err::OpenOptions::new().append(true).open(path.as_std_path()).map_err(&io)?;
            file.write_all(new).map_err(&io)?;
            Ok(true)
        }
        _ => {
            fs_err::create_dir_all(folder).map_err(&io)?;
            sparsegate_store::write_atomic(&path, &wanted).map_err(|error| io(std::io::Error::other(error)))?;
            Ok(true)
        }
    }
}

/// The content of an event file. Its first event, which has no values, has the time at which the first epoch began:
/// TensorBoard takes it for the beginning of the run.
pub fn event_bytes(metric: Option<EvaluationMetric>, lines: &[EpochMetrics], times: &[EpochTime]) -> Vec<u8> {
    let of = |line: &EpochMetrics| times.iter().find(|time| time.epoch == line.epoch);
    let begun = lines.first().and_then(of).map_or(0.0, |time| time.finished.seconds() - time.seconds);
    let mut bytes = Vec::new();
    record::append(&mut bytes, &Event::version(begun).encoded());
    for line in lines {
        let finished = of(line).map_or(0.0, |time| time.finished.seconds());
        record::append(&mut bytes, &Event::of_step(finished, u64::from(line.epoch), scalars(metric, line)).encoded());
    }
    bytes
}

/// The scalars of an epoch. Ratios that have no value, because nothing is left of the network, are left out.
fn scalars(metric: Option<EvaluationMetric>, line: &EpochMetrics) -> Vec<Scalar> {
    let counts = &line.counts;
    let kept: u64 = counts.gates.iter().map(|gate| gate.kept).sum();
    let name = metric.map_or("metric", EvaluationMetric::name);
    let mut scalars = vec![
        (format!("valid/{name}"), Some(line.valid)),
        (format!("test/{name}"), Some(line.test)),
        ("objective".to_owned(), Some(line.train_objective)),
        ("loss".to_owned(), Some(line.train_loss)),
        ("gradient_norm".to_owned(), Some(line.gradient_norm)),
        ("compression".to_owned(), counts.compression_ratio()),
        ("compression_exact".to_owned(), counts.exact_compression_ratio()),
        ("weights".to_owned(), Some(counts.weights_kept() as f64)),
        ("vocabulary".to_owned(), Some(counts.vocabulary.kept as f64)),
        ("inputs".to_owned(), counts.inputs.map(|inputs| inputs.kept as f64)),
        ("units".to_owned(), Some(counts.neurons.kept as f64)),
        ("gates/live".to_owned(), Some(kept as f64)),
        ("trained_share".to_owned(), line.trained_share),
    ];
    scalars.extend(counts.gates.iter().map(|gate| (format!("gates/{}", gate.kind), Some(gate.kept as f64))));
    scalars.into_iter().filter_map(|(tag, value)| Some(Scalar { tag, value: value? as f32 })).collect()
}

#[cfg(test)]
mod tests {
    use sparsegate_testing::language_models::{epoch, epoch_time};

    use super::*;

    const METRIC: Option<EvaluationMetric> = Some(EvaluationMetric::Perplexity);

    /// Reads event files by their specification, with nothing of the writer.
    mod reader {
        /// Bitwise CRC-32C: the reversed polynomial 0x82F63B78, masked as TFRecord files have it.
        fn masked_crc(bytes: &[u8]) -> u32 {
            let mut crc = !0u32;
            for byte in bytes {
                crc ^= u32::from(*byte);
                for _ in 0..8 {
                    crc = if crc & 1 == 1 { crc >> 1 ^ 0x82F6_3B78 } else { crc >> 1 };
                }
            }
            (!crc).rotate_right(15).wrapping_add(0xa282_ead8)
        }

        fn word(bytes: &[u8]) -> u32 {
            u32::from_le_bytes(bytes[..4].try_into().unwrap())
        }

        /// The payloads of a file of records.
        pub(super) fn records(mut bytes: &[u8]) -> Vec<&[u8]> {
            let mut found = Vec::new();
            while !bytes.is_empty() {
                let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
                assert_eq!(word(&bytes[8..]), masked_crc(&bytes[..8]), "checksum of the length");
                let payload = &bytes[12..12 + length];
                assert_eq!(word(&bytes[12 + length..]), masked_crc(payload), "checksum of the payload");
                found.push(payload);
                bytes = &bytes[16 + length..];
            }
            found
        }

        fn varint(bytes: &mut &[u8]) -> u64 {
            let mut value = 0;
            for shift in (0..).step_by(7) {
                let byte = bytes[0];
                *bytes = &bytes[1..];
                value |= u64::from(byte & 0x7f) << shift;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            value
        }

        /// The fields of a message: number, and the bytes of the value.
        pub(super) fn fields(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
            let mut found = Vec::new();
            while !bytes.is_empty() {
                let key = varint(&mut bytes);
                let size = match key & 7 {
                    0 => {
                        let value = varint(&mut bytes);
                        found.push((key >> 3, value.to_le_bytes().to_vec()));
                        continue;
                    }
                    1 => 8,
                    5 => 4,
                    2 => varint(&mut bytes) as usize,
                    other => panic!("wire type {other}"),
                };
                found.push((key >> 3, bytes[..size].to_vec()));
                bytes = &bytes[size..];
            }
            found
        }

        /// The time of an event; 0 if it has none.
        pub(super) fn wall_time(event: &[u8]) -> f64 {
            let found = fields(event).into_iter().find(|(number, _)| *number == 1);
            found.map_or(0.0, |(_, bytes)| f64::from_le_bytes(bytes.try_into().unwrap()))
        }

        /// Step, tag and value of each scalar.
        pub(super) fn scalars(event: &[u8]) -> Vec<(u64, String, f32)> {
            let all = fields(event);
            let of = |number: u64| all.iter().find(|(found, _)| *found == number).map(|(_, bytes)| bytes.clone());
            let step = u64::from_le_bytes(of(2).unwrap().try_into().unwrap());
            let values = fields(&of(5).unwrap()).into_iter().map(|(number, value)| {
                assert_eq!(number, 1);
                let parts = fields(&value);
                assert_eq!((parts[0].0, parts[1].0), (1, 2));
                let tag = String::from_utf8(parts[0].1.clone()).unwrap();
                (step, tag, f32::from_le_bytes(parts[1].1.clone().try_into().unwrap()))
            });
            values.collect()
        }
    }

    fn lines(count: u32) -> Vec<EpochMetrics> {
        (1..=count).map(|n| epoch("W+G+N", n, 9)).collect()
    }

    #[test]
    fn the_time_of_an_event_is_the_end_of_its_epoch() {
        let times = |bytes: &[u8]| reader::records(bytes).into_iter().map(reader::wall_time).collect::<Vec<_>>();
        let known = [epoch_time(1), epoch_time(2), epoch_time(4)];
        let [first, second, _] = known.map(|time| time.finished.seconds());
        assert!(first > 1.7e9 && second > first);
        let bytes = event_bytes(METRIC, &lines(3), &known);
        assert_eq!(times(&bytes), [first - known[0].seconds, first, second, 0.0]);
        assert!(event_bytes(METRIC, &lines(4), &known).starts_with(&bytes), "it grows by the new epoch");
        assert_eq!(times(&event_bytes(METRIC, &lines(2), &known[1..])), [0.0, 0.0, second]);
        assert_eq!(times(&event_bytes(METRIC, &lines(2), &[])), [0.0; 3]);
    }

    #[test]
    fn an_independent_reader_finds_each_number() {
        let lines = lines(3);
        let bytes = event_bytes(METRIC, &lines, &[]);
        let records = reader::records(&bytes);
        assert_eq!(records.len(), 4);
        assert!(reader::fields(records[0]).contains(&(3, b"brain.Event:2".to_vec())), "the version comes first");
        for (line, record) in lines.iter().zip(&records[1..]) {
            let scalars = reader::scalars(record);
            let of = |tag: &str| {
                let found: Vec<_> = scalars.iter().filter(|(_, name, _)| name == tag).collect();
                assert_eq!((found.len(), found[0].0), (1, u64::from(line.epoch)), "{tag}");
                found[0].2
            };
            assert_eq!(of("valid/perplexity").to_bits(), (line.valid as f32).to_bits());
            assert_eq!(of("test/perplexity").to_bits(), (line.test as f32).to_bits());
            assert_eq!(of("compression").to_bits(), (line.counts.compression as f32).to_bits());
            let gates: u64 = line.counts.gates.iter().map(|gate| gate.kept).sum();
            assert_eq!(of("gates/live").to_bits(), (gates as f32).to_bits());
            assert_eq!(of("gates/f").to_bits(), (line.counts.gates[1].kept as f32).to_bits());
            assert_eq!(of("units").to_bits(), (line.counts.neurons.kept as f32).to_bits());
        }
        assert!(
            !scalars(Some(EvaluationMetric::Accuracy), &lines[0]).iter().any(|scalar| scalar.tag == "inputs"),
            "there is no embedding"
        );
    }

    #[test]
    fn a_file_grows_by_new_epochs_and_another_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap().join("quick/W-0123");
        let file = folder.join(EVENT_FILE);
        let inode = || file_id(&file);
        assert!(write_events(&folder, METRIC, &lines(1), &[]).unwrap());
        let first = inode();
        assert!(write_events(&folder, METRIC, &lines(3), &[]).unwrap());
        assert!(!write_events(&folder, METRIC, &lines(3), &[]).unwrap(), "nothing new");
        assert_eq!((fs_err::read(&file).unwrap(), inode()), (event_bytes(METRIC, &lines(3), &[]), first), "appended");
        assert!(write_events(&folder, METRIC, &lines(2), &[]).unwrap(), "trained again from scratch");
        assert_eq!(fs_err::read(&file).unwrap(), event_bytes(METRIC, &lines(2), &[]));
    }

    #[cfg(unix)]
    fn file_id(file: &Utf8Path) -> u64 {
        std::os::unix::fs::MetadataExt::ino(&fs_err::metadata(file).unwrap())
    }

    #[cfg(not(unix))]
    fn file_id(_file: &Utf8Path) -> u64 {
        0
    }
}
