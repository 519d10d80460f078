//! Processes that are killed, and two on one run.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use camino::Utf8Path;
use sparsegate_pipeline::train::{CheckpointIntervals, TrainError};
use sparsegate_spec::types::RunSpec;
use sparsegate_store::{RunDir, StoreError};
use sparsegate_testing::stored::trained_bytes;

use crate::toy::ToyTrainer;
use crate::{Folder, go, never, spec, uninterrupted};

/// Not a test: the process that `a_killed_run_ends_the_same` kills.
#[test]
fn worker() {
    let Ok(root) = std::env::var("SPARSEGATE_TEST_WORKER") else { return };
    let run = RunDir::new(Utf8Path::new(&root), "0123");
    let mut toy = ToyTrainer::new();
    toy.after_step = Box::new(|_| std::thread::sleep(Duration::from_millis(2)));
    let intervals = CheckpointIntervals { epoch_end: Duration::ZERO, mid_epoch: Duration::from_millis(7) };
    go(&run, &spec_long(), intervals, &mut toy, &never()).unwrap();
}

fn spec_long() -> RunSpec {
    let mut spec = spec();
    spec.train.epochs = 30;
    spec
}

fn spawn_worker(folder: &Folder) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::worker", "--nocapture"])
        .env("SPARSEGATE_TEST_WORKER", folder.0.root.as_str())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_run_ends_the_same() {
    let whole = uninterrupted(&spec_long());
    let folder = Folder::new();
    let mut kills = 0;
    // The moments are spread over the run deterministically, so that a failure can be reproduced.
    for round in 0..12_u64 {
        let mut child = spawn_worker(&folder);
        std::thread::sleep(Duration::from_millis(15 + round * 37 % 90));
        child.kill().unwrap();
        kills += u32::from(!child.wait().unwrap().success());
    }
    assert!(kills >= 3, "the worker ended before it could be killed: {kills}");
    assert!(spawn_worker(&folder).wait().unwrap().success(), "no stale lock");
    assert!(trained_bytes(&folder.run()) == whole);
    let left: Vec<_> =
        folder.run().path().read_dir_utf8().unwrap().map(|e| e.unwrap().file_name().to_owned()).collect();
    assert!(!left.iter().any(|name| name.starts_with('.')), "{left:?}");
}

#[test]
fn two_processes_on_one_run() {
    let folder = Folder::new();
    let mut child = spawn_worker(&folder);
    let begun = Instant::now();
    while folder.run().holder().unwrap().is_none_or(|holder| holder.pid == 0) {
        assert!(begun.elapsed() < Duration::from_secs(20), "the worker never took the lock");
        std::thread::sleep(Duration::from_millis(1));
    }
    let error =
        go(&folder.run(), &spec(), CheckpointIntervals::default(), &mut ToyTrainer::new(), &never()).unwrap_err();
    let text = error.to_string();
    let Err(TrainError::Store(StoreError::Locked { holder, .. })) = Err::<(), _>(error) else { panic!("{text}") };
    assert_eq!(holder.unwrap().pid, child.id());
    assert!(text.contains(&child.id().to_string()) && text.contains("then run this command again"), "{text}");
    assert!(folder.run().summary().unwrap().is_none(), "the loser writes nothing");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(folder.run().holder().unwrap().is_none());
    folder.run().lock().unwrap();
}
