//! Files of a run folder that are damaged, newer or cleared.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sparsegate_pipeline::train::CheckpointIntervals;

use crate::toy::ToyTrainer;
use crate::{Folder, go, never, spec};

#[test]
fn a_damaged_checkpoint_is_named_with_a_cure() {
    let folder = Folder::new();
    let stop = Arc::new(AtomicBool::new(true));
    go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &stop).unwrap();
    let path = folder.run().checkpoint_path();
    let mut bytes = fs_err::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs_err::write(&path, bytes).unwrap();
    let text = go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never())
        .unwrap_err()
        .to_string();
    assert!(text.contains("state.safetensors") && text.contains("checksum") && text.contains("--force"), "{text}");
}

#[test]
fn newer_and_damaged_files_are_named_with_a_cure() {
    let folder = Folder::new();
    go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
    let path = folder.run().path().join("summary.json");
    fs_err::write(&path, r#"{"format": 99}"#).unwrap();
    let text = folder.run().summary().unwrap_err().to_string();
    assert!(text.contains("summary.json") && text.contains("format 99") && text.contains("newer sparsegate"), "{text}");
    fs_err::write(&path, r#"{"format": 1, "#).unwrap();
    let text = folder.run().summary().unwrap_err().to_string();
    assert!(text.contains("summary.json") && text.contains("line 1") && text.contains("--force"), "{text}");
    let metrics = folder.run().metrics_path();
    let mut bytes = b"{}\n".to_vec();
    bytes.extend(fs_err::read(&metrics).unwrap());
    fs_err::write(&metrics, bytes).unwrap();
    let text = folder.run().metrics().unwrap_err().to_string();
    assert!(text.contains("metrics.jsonl") && text.contains("line 1"), "{text}");
}

#[test]
fn clearing_keeps_the_lock_only() {
    let folder = Folder::new();
    go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap();
    let lock = folder.run().lock().unwrap();
    lock.clear().unwrap();
    let left: Vec<_> =
        folder.run().path().read_dir_utf8().unwrap().map(|e| e.unwrap().file_name().to_owned()).collect();
    assert_eq!(left, ["lock"]);
    assert!(folder.run().lock().is_err(), "still held");
}
