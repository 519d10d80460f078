//! Many stored runs: the index of the store is written, used, and never believed over the folders.

#![cfg(unix)]
#![allow(missing_docs, reason = "a test")]

use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};
use sparsegate_store::RunDir;
use sparsegate_testing::{Answer, Project, command_in, manifests};

fn go(root: &Utf8Path, arguments: &[&str]) -> Answer {
    Answer::to(command_in(root, arguments))
}

/// A project whose experiment has `runs` runs, all of them stored as finished.
fn project(root: &Utf8Path, runs: usize) {
    let seeds: Vec<String> = (0..runs.div_ceil(10)).map(|seed| seed.to_string()).collect();
    let spec = format!(
        "name: t\ndataset: small\nmodel: {{ kind: language-model, hidden: 4 }}\n\
         train: {{ epochs: 20, batch: 4, sequence: 10, carry_state: true, optimizer: {{ adam: {{ lr: 2e-3 }} }} }}\n\
         sweep: {{ product: {{ sparsity: [dense, W, W+Voc, W+N, W+G+N], hidden: [4, 8], seed: [{}] }} }}\n",
        seeds.join(", ")
    );
    fs_err::create_dir_all(root.join("datasets")).unwrap();
    fs_err::write(root.join("datasets/small.yaml"), manifests::words("small", [2000, 200, 200])).unwrap();
    fs_err::write(root.join("t.yaml"), spec).unwrap();
    let plan: Value = serde_json::from_str(&go(root, &["plan", "t.yaml", "--format", "json"]).out).unwrap();
    let entries = plan[0]["runs"].as_array().unwrap();
    assert_eq!(entries.len(), runs);
    for entry in entries {
        store(root, entry);
    }
    let keys = entries.iter().map(|entry| entry["key"].as_str().unwrap());
    sparsegate_store::experiments::claim(root, "t", keys).unwrap();
}

/// Stores a run of 20 epochs with metrics that were never measured.
fn store(root: &Utf8Path, entry: &Value) {
    let dir = RunDir::new(root, entry["key"].as_str().unwrap());
    let weights = json!({ "kept": 10, "total": 40 });
    let counts = json!({
        "compression": 4.0, "compression_exact": 4.0, "input_weights": weights, "recurrent_weights": weights,
        "output_weights": weights, "vocabulary": weights, "neurons": weights, "weights_kept_exact": 30,
        "gates": [
            { "kind": "i", "flow": false, "kept": 1, "total": 4 }, { "kind": "f", "flow": false, "kept": 1, "total": 4 },
            { "kind": "g", "flow": true, "kept": 1, "total": 4 }, { "kind": "o", "flow": false, "kept": 1, "total": 4 },
        ],
    });
    let line = |epoch: u32| {
        json!({
            "epoch": epoch, "step": epoch * 50, "train_objective": 5.0, "train_loss": 4.0, "gradient_norm": 0.5,
            "valid": 321.5, "test": 300.25, "counts": counts,
        })
    };
    let lines: Vec<String> = (1..=20).map(|epoch| line(epoch).to_string() + "\n").collect();
    let record = json!({
        "format": 1, "key": entry["key"], "key_parts": entry["key_parts"], "spec": entry["spec"],
        "provenance": { "threads": "1" },
    });
    let summary = json!({
        "format": 1, "state": "done", "epochs": 20, "metric": "perplexity", "last": line(20), "train_seconds": 1.0,
        "error": null, "planted": null,
    });
    let structure = json!({ "format": 1, "counts": counts, "neurons": [0], "vocabulary": [], "gates": [] });
    fs_err::create_dir_all(dir.path()).unwrap();
    let texts = [("run.json", record), ("summary.json", summary), ("structure.json", structure)];
    for (name, text) in texts {
        fs_err::write(dir.path().join(name), text.to_string()).unwrap();
    }
    fs_err::write(dir.metrics_path(), lines.concat()).unwrap();
    let lock = dir.lock().unwrap();
    lock.write_model(&[]).unwrap();
    lock.write_manifest().unwrap();
}

#[test]
fn the_index_is_used_and_never_believed_over_the_folders() {
    let folder = Project::new();
    let root = folder.root.clone();
    project(&root, 20);
    let index = root.join("runs/.index");
    let plan = || go(&root, &["plan", "t.yaml"]).says(0, &[]).out;
    let before = plan();
    assert!(before.contains("20 runs: 20 done"), "{before}");
    // Files count as settled after three seconds.
    std::thread::sleep(Duration::from_millis(3_500));
    let status = go(&root, &["status", "t.yaml"]).out;
    assert!(status.contains("321.500"), "{status}");
    let written = fs_err::read_to_string(&index).unwrap();
    assert_eq!(written.lines().count(), 21);

    let same = |why: &str| {
        assert_eq!(plan(), before, "{why}");
        assert_eq!(go(&root, &["status", "t.yaml"]).out, status, "{why}");
        assert_eq!(go(&root, &["verify", "t:sparsity=W,seed=1,hidden=8"]).code, Some(0), "{why}");
    };
    same("an index");
    for (why, text) in [
        ("altered numbers", written.replace("321.5", "123.5")),
        ("another status", written.replace("\"done\"", "\"failed\"")),
        ("half an index", written[..written.len() / 2].to_owned()),
        ("garbage", "garbage\n\t\t\t".to_owned()),
    ] {
        fs_err::write(&index, text).unwrap();
        same(why);
    }
    fs_err::remove_file(&index).unwrap();
    same("no index");
    assert_eq!(fs_err::read_to_string(&index).unwrap().lines().count(), 21, "written again");
    assert!(
        fs_err::read_dir(root.join("runs"))
            .unwrap()
            .all(|entry| { !entry.unwrap().file_name().to_string_lossy().starts_with(".index-") })
    );

    // A change that keeps the size, and the time of the last write as far as a program can set it.
    let key = before.lines().nth(2).unwrap().split_whitespace().find(|word| word.len() == 16).unwrap();
    let metrics = RunDir::new(&root, key).metrics_path();
    let (text, time) = (fs_err::read_to_string(&metrics).unwrap(), metrics.metadata().unwrap().modified().unwrap());
    fs_err::write(&metrics, text.replacen("321.5", "123.5", 1)).unwrap();
    let file = fs_err::OpenOptions::new().write(true).open(metrics.as_std_path()).unwrap();
    file.into_parts().0.set_modified(time).unwrap();
    assert!(plan().contains("1 damaged"), "{}", plan());
    let changed = go(&root, &["status", "t.yaml"]).out;
    assert!(changed.contains("damaged") && !changed.contains("123.5"), "{changed}");
    fs_err::write(&metrics, text).unwrap();
    same("the folder is whole again");
    fs_err::remove_dir_all(RunDir::new(&root, key).path()).unwrap();
    assert!(plan().contains("19 done, 1 to run (1 new)"), "{}", plan());
}

/// Prints the times of commands at 10,000 stored runs, or as many as `SCALE_RUNS` says. With `SCALE_DIR` the project is
/// left in that folder.
#[test]
#[ignore = "a measurement: minutes to write the runs, and times depend on the machine"]
fn times_at_ten_thousand_runs() {
    let count = std::env::var("SCALE_RUNS").map_or(10_000, |text| text.parse().unwrap());
    let folder = Project::new();
    let root = std::env::var("SCALE_DIR").map_or_else(|_| folder.root.clone(), Utf8PathBuf::from);
    let time = |arguments: &[&str]| {
        let begun = Instant::now();
        go(&root, arguments);
        begun.elapsed()
    };
    println!("the program alone: {:?}", time(&["--version"]));
    project(&root, count);
    std::thread::sleep(Duration::from_millis(3_500));
    let last = count / 10 - 1;
    let run = format!("t:sparsity=W,hidden=8,seed={last}");
    let commands: [&[&str]; 4] =
        [&["plan", "t.yaml"], &["status", "t.yaml"], &["verify", &run], &["verify", "0123456789abcdef"]];
    for round in ["no index", "index", "index"] {
        for command in commands {
            println!("{round}, {}: {:?}", command.join(" "), time(command));
        }
    }
}
