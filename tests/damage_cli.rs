//! A stored file that is not what was written is noticed by every command, with the file, the reason and a hint, and no
//! number of it is shown.

#![cfg(unix)]
#![allow(missing_docs, reason = "a test")]

use camino::Utf8Path;
use serde_json::Value;
use sparsegate_store::{RunDir, Verified, runs};
use sparsegate_testing::{Answer, manifests};

const SPEC: &str = "\
name: t
dataset: small
model: { kind: language-model, hidden: 4 }
train: { epochs: 2, batch: 4, sequence: 10, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }
sweep: { product: { sparsity: [dense, W] } }
expect:
  - where: { sparsity: W }
    claims: [{ metric: valid.perplexity, value: 1, tolerance: 1 }]
";
/// The files of a finished run that a manifest covers, and the manifest.
const FILES: [&str; 9] = [
    "run.json",
    "metrics.jsonl",
    "times.jsonl",
    "structure.json",
    "model.safetensors",
    "summary.json",
    "compact.safetensors",
    "checkpoint/state.safetensors",
    "manifest.json",
];

struct Project(sparsegate_testing::Project);

impl Project {
    /// The finished runs of the experiment.
    fn new() -> Self {
        let manifest = manifests::words("small", [2000, 200, 200]);
        let files = [("datasets/small.yaml", manifest.as_str()), ("t.yaml", SPEC)];
        let project = Self(sparsegate_testing::Project::with(&files));
        project.go(&["run", "t.yaml"]).expect(0, &[]);
        project
    }

    fn go(&self, arguments: &[&str]) -> Answer {
        let answer = self.0.go(arguments);
        assert!(!answer.err.contains("panicked"), "{arguments:?}: {}", answer.err);
        answer
    }

    /// The run at level W.
    fn run(&self) -> RunDir {
        let level = |run: &RunDir| run.record().unwrap().unwrap().spec.sparsity.name;
        runs(&self.0.root, "t").unwrap().into_iter().find(|run| level(run) == "W").unwrap()
    }

    /// All commands, with what they must say about the damaged file `name`, and that none shows a number of the run.
    fn all_commands_notice(&self, key: &str, name: &str, numbers: &[String]) {
        let said = |arguments: &[&str], code: i32| {
            let Answer { code: found, out, err } = self.go(arguments);
            let all = format!("{out}{err}");
            assert_eq!(found, Some(code), "{arguments:?} with a damaged {name}: {all}");
            assert!(all.contains("damaged") || all.contains("newer"), "{arguments:?}, {name}: {all}");
            for number in numbers {
                assert!(!out.contains(number.as_str()), "{arguments:?} shows {number} despite {name}: {all}");
            }
            all
        };
        let file = name.rsplit('/').next().unwrap();
        for arguments in [&["plan", "t.yaml"][..], &["report", "t.yaml"]] {
            assert!(said(arguments, 0).contains(file), "{arguments:?} does not name {file}");
        }
        said(&["status", "t.yaml"], 0);
        said(&["check", "t.yaml"], 0);
        assert!(said(&["run", "t.yaml"], 1).contains(file));
        let (short, out) = (&key[..8], "m.onnx");
        for arguments in [
            &["predict", short, "w1"][..],
            &["generate", short, "--length", "2"],
            &["export", short, "--format", "onnx", "--out", out],
            &["bench", short, "--samples", "1", "--batch", "1", "--threads", "1"],
            &["verify", short],
        ] {
            let all = said(arguments, 4);
            assert!(all.contains(file), "{arguments:?} does not name {file}: {all}");
        }
        assert!(!self.0.root.join(out).exists());
    }
}

/// A generator of positions; the constants are those of Knuth's MMIX.
struct Positions(u64);

impl Positions {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// The validation and test metric of the last epoch, as tables show them.
fn numbers(run: &RunDir) -> Vec<String> {
    let last = run.metrics().unwrap().pop().unwrap();
    vec![format!("{:.3}", last.valid), format!("{:.2}", last.valid), format!("{:.2}", last.test)]
}

#[test]
fn every_command_notices_every_damaged_file() {
    let project = Project::new();
    let run = project.run();
    let numbers = numbers(&run);
    assert!(numbers.iter().any(|number| project.go(&["status", "t.yaml"]).out.contains(number.as_str())));
    assert_eq!(run.verify().unwrap(), Verified::ByManifest);
    let mut positions = Positions(1);
    for name in FILES {
        let path = run.path().join(name);
        let whole = fs_err::read(&path).unwrap();
        let mut flipped = whole.clone();
        flipped[positions.below(whole.len())] ^= 1 << positions.below(8);
        let cut = &whole[..positions.below(whole.len())];
        for damaged in [&flipped[..], cut] {
            fs_err::write(&path, damaged).unwrap();
            project.all_commands_notice(run.key(), name, &numbers);
        }
        fs_err::write(&path, &whole).unwrap();
        assert_eq!(run.verify().unwrap(), Verified::ByManifest, "{name} is whole again");
    }
    for name in ["metrics.jsonl", "structure.json", "model.safetensors", "summary.json"] {
        let path = run.path().join(name);
        let whole = fs_err::read(&path).unwrap();
        fs_err::remove_file(&path).unwrap();
        project.all_commands_notice(run.key(), name, &numbers);
        fs_err::write(&path, &whole).unwrap();
    }
    assert_eq!(project.go(&["verify"]).code, Some(0));
    assert_eq!(project.go(&["plan", "t.yaml"]).out.matches("finished").count(), 2);
}

/// Flips bits all over each file; only the check itself, which all commands share.
#[test]
fn many_flipped_bits() {
    let project = Project::new();
    let run = project.run();
    let mut positions = Positions(2);
    for name in FILES {
        let path = run.path().join(name);
        let whole = fs_err::read(&path).unwrap();
        for _ in 0..100 {
            let mut flipped = whole.clone();
            flipped[positions.below(whole.len())] ^= 1 << positions.below(8);
            fs_err::write(&path, &flipped).unwrap();
            assert!(run.verify().is_err(), "{name}");
        }
        fs_err::write(&path, &whole).unwrap();
    }
}

#[test]
fn a_folder_without_a_manifest_is_compared_with_itself() {
    let project = Project::new();
    let run = project.run();
    let path = |name: &str| run.path().join(name);
    fs_err::remove_file(path("manifest.json")).unwrap();
    assert_eq!(run.verify().unwrap(), Verified::ByContent);
    assert_eq!(project.go(&["predict", run.key(), "w1"]).code, Some(0));

    let change = |name: &str, from: &str, to: &str| {
        let text = fs_err::read_to_string(path(name)).unwrap();
        assert!(text.contains(from), "{name}: {text}");
        fs_err::write(path(name), text.replacen(from, to, 1)).unwrap();
        let error = run.verify().unwrap_err().to_string();
        assert!(error.contains("is damaged ("), "{error}");
        assert_eq!(project.go(&["predict", run.key(), "w1"]).code, Some(4), "{name}");
        let verified = project.go(&["verify", "--adopt"]);
        assert!(verified.code == Some(4) && !path("manifest.json").exists(), "{}{}", verified.out, verified.err);
        fs_err::write(path(name), text).unwrap();
    };
    change("run.json", "\"seed\": 0", "\"seed\": 1");
    change("metrics.jsonl", "\"valid\":", "\"valid\":1");
    change("metrics.jsonl", "{\"epoch\":1,", "{\"epoch\":3,");
    change("times.jsonl", "{\"epoch\":1,", "{\"epoch\":3,");
    change("summary.json", "\"valid\": ", "\"valid\": 1");
    change("summary.json", "\"epochs\": 2", "\"epochs\": 3");
    change("structure.json", "\"compression\": ", "\"compression\": 1");

    assert!(project.go(&["verify", "t.yaml"]).out.contains("no manifest"));
    let adopted = project.go(&["verify", "--adopt"]);
    assert!(adopted.code == Some(0) && adopted.out.contains("manifest written"), "{}{}", adopted.out, adopted.err);
    assert_eq!(run.verify().unwrap(), Verified::ByManifest);
    let json: Value = serde_json::from_str(&project.go(&["verify", "--format", "json"]).out).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 2);
    assert_eq!(json[0]["verified"], "by-manifest");
}

/// A process killed between the summary and the compact model leaves neither a compact model nor a manifest.
#[test]
fn a_run_killed_at_the_last_moment_repairs_itself() {
    let project = Project::new();
    let run = project.run();
    let compact = fs_err::read(run.compact_path()).unwrap();
    for name in ["compact.safetensors", "manifest.json"] {
        fs_err::remove_file(run.path().join(name)).unwrap();
    }
    let before = project.go(&["plan", "t.yaml"]).out;
    assert_eq!(before.matches("finished").count(), 2, "{before}");
    // Where nothing can be written, the model is made in memory. A folder in the place of the lock's file has the same
    // effect as a read-only one, also for a privileged user.
    fs_err::remove_file(run.path().join("lock")).unwrap();
    fs_err::create_dir(run.path().join("lock")).unwrap();
    assert_eq!(project.go(&["predict", run.key(), "w1"]).code, Some(0));
    assert!(!run.compact_path().exists());
    fs_err::remove_dir(run.path().join("lock")).unwrap();

    assert_eq!(project.go(&["predict", run.key(), "w1"]).code, Some(0));
    assert_eq!(fs_err::read(run.compact_path()).unwrap(), compact);
    assert_eq!(run.verify().unwrap(), Verified::ByManifest);
    // Killed while the compact model was written: the manifest does not list it, and it is made again.
    fs_err::remove_file(run.path().join("manifest.json")).unwrap();
    fs_err::remove_file(run.compact_path()).unwrap();
    run.lock().unwrap().write_manifest().unwrap();
    fs_err::write(run.compact_path(), "half").unwrap();
    assert_eq!(project.go(&["predict", run.key(), "w1"]).code, Some(0));
    assert_eq!(fs_err::read(run.compact_path()).unwrap(), compact);
}

/// The same command, given again, writes what the killed process did not get to write.
#[test]
fn run_completes_a_run_that_was_killed_at_the_last_moment() {
    let project = Project::new();
    let run = project.run();
    let names = ["compact.safetensors", "manifest.json"];
    let before = names.map(|name| fs_err::read(run.path().join(name)).unwrap());
    let best = run.best_path(1);
    for gone in [&names[..], &names[1..]] {
        for name in gone {
            fs_err::remove_file(run.path().join(name)).unwrap();
        }
        fs_err::write(&best, "a state").unwrap();
        project.go(&["run", "t.yaml"]).expect(0, &[]);
        assert!(!best.exists());
        assert!(names.map(|name| fs_err::read(run.path().join(name)).unwrap()) == before, "{gone:?}");
    }
    // A run of an earlier version, whose checkpoint has no hashes, gets a manifest by `verify --adopt` only.
    fs_err::remove_file(run.path().join("manifest.json")).unwrap();
    fs_err::remove_dir_all(run.path().join("checkpoint")).unwrap();
    project.go(&["run", "t.yaml"]).expect(0, &[]);
    assert_eq!(run.verify().unwrap(), Verified::ByContent);
}

/// Settings and key of a run are in its `run.json`. Without it, nobody must say that there is no such run.
#[test]
fn a_run_whose_record_is_gone_or_misplaced_is_called_damaged() {
    let project = Project::new();
    let run = project.run();
    let path = run.path().join("run.json");
    let whole = fs_err::read(&path).unwrap();
    let damaged = |texts: &[&str]| {
        for text in texts {
            let answer = project.go(&["predict", text, "w1"]).on_one_line();
            answer.expect(4, &["run.json is damaged ("]);
        }
    };
    fs_err::remove_file(&path).unwrap();
    damaged(&["t:sparsity=W", run.key()]);
    let other = runs(&project.0.root, "t").unwrap().into_iter().find(|other| other.key() != run.key()).unwrap();
    fs_err::copy(other.path().join("run.json"), &path).unwrap();
    damaged(&["t:sparsity=W", "t:sparsity=dense", run.key()]);
    fs_err::write(&path, whole).unwrap();
    project.go(&["predict", "t:sparsity=W", "w1"]).expect(0, &[]);
}

/// Makes an interrupted run of a finished one, as it was after its last epoch.
fn interrupt(run: &RunDir) {
    for name in ["manifest.json", "summary.json", "structure.json", "model.safetensors", "compact.safetensors"] {
        fs_err::remove_file(run.path().join(name)).unwrap();
    }
}

#[test]
fn an_interrupted_run_is_not_resumed_from_changed_files() {
    let project = Project::new();
    let run = project.run();
    let whole = |folder: &Utf8Path| {
        ["metrics.jsonl", "structure.json", "model.safetensors"].map(|name| fs_err::read(folder.join(name)).unwrap())
    };
    let before = whole(run.path());
    interrupt(&run);
    assert_eq!(run.verify().unwrap(), Verified::Unfinished);
    let refused = |name: &str, text: &[u8]| {
        let path = run.path().join(name);
        let kept = fs_err::read(&path).unwrap();
        fs_err::write(&path, text).unwrap();
        let file = name.rsplit('/').next().unwrap();
        for (arguments, code) in [(["plan", "t.yaml"], 0), (["status", "t.yaml"], 0), (["run", "t.yaml"], 1)] {
            let answer = project.go(&arguments);
            assert_eq!(answer.code, Some(code), "{name}: {}{}", answer.out, answer.err);
            let all = answer.out + &answer.err;
            assert!(all.contains("damaged") && (code == 0 || all.contains(file)), "{arguments:?}, {name}: {all}");
        }
        assert_eq!(project.go(&["verify", run.key()]).code, Some(4), "{name}");
        fs_err::write(&path, kept).unwrap();
    };
    let record = fs_err::read_to_string(run.path().join("run.json")).unwrap();
    for (from, to) in
        [("\"seed\": 0", "\"seed\": 1"), ("\"lr\": 0.002", "\"lr\": 0.003"), ("\"epochs\": 2", "\"epochs\": 3")]
    {
        assert!(record.contains(from), "{record}");
        refused("run.json", record.replacen(from, to, 1).as_bytes());
    }
    refused("run.json", record.replacen("\"threads\": \"", "\"threads\": \"1", 1).as_bytes());
    let metrics = fs_err::read_to_string(run.path().join("metrics.jsonl")).unwrap();
    refused("metrics.jsonl", metrics.replacen("\"test\":", "\"test\":1", 1).as_bytes());
    refused("metrics.jsonl", metrics.split_inclusive('\n').next().unwrap().as_bytes());
    refused("metrics.jsonl", b"");
    refused("times.jsonl", b"{\"epoch\":1}\n");
    let checkpoint = fs_err::read(run.checkpoint_path()).unwrap();
    refused("checkpoint/state.safetensors", &checkpoint[..checkpoint.len() - 1]);
    let mut flipped = checkpoint.clone();
    flipped[checkpoint.len() - 2] ^= 16;
    refused("checkpoint/state.safetensors", &flipped);

    assert_eq!(project.go(&["run", "t.yaml"]).code, Some(0));
    assert!(whole(run.path()) == before, "other results than those of an undisturbed run");
    assert_eq!(run.verify().unwrap(), Verified::ByManifest);
}
