//! `run` and `status` on the command line: sweeps, failures, signals, kills and user errors.
#![cfg(unix)]

use std::sync::OnceLock;

use camino::Utf8Path;
use sparsegate_pipeline::exec::{Executor, InProcess, Interrupt, LocalProcesses, Outcome};
use sparsegate_pipeline::sweep::{Sweep, SweepOptions};
use sparsegate_store::RunDir;
use sparsegate_store::format::RunState;
use sparsegate_testing::stored::{run_with_epochs, runs_of, trained_bytes};
use sparsegate_testing::{Answer, Project, signal, wait_for};

/// Trains for a second or two in many short epochs, so that there is time to interrupt it.
const LONG: &str = "\
name: t
dataset: small
model: { kind: language-model, hidden: 12 }
train: { epochs: 40, batch: 8, sequence: 10, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }
sweep: { product: { sparsity: [W+G+N] } }
";

/// The run of a project with a single one.
fn run(project: &Project) -> RunDir {
    let runs = runs_of(project, "t");
    assert_eq!(runs.len(), 1);
    runs[0].clone()
}

/// Stored bytes of [`LONG`] without interruption.
fn whole() -> &'static [Vec<u8>] {
    static WHOLE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let project = Project::small(LONG);
        project.go(&["run", "t.yaml"]).expect(0, &["epoch 40/40", "done in"]);
        trained_bytes(&run(&project))
    })
}

fn ends_like_the_whole(project: &Project) {
    project.go(&["run", "t.yaml"]).expect(0, &["goes on after step"]);
    assert!(trained_bytes(&run(project)) == whole(), "other bytes than a run never interrupted");
}

#[test]
fn a_sweep_is_trained_once() {
    let spec = LONG.replace("[W+G+N]", "[dense, W]").replace("epochs: 40", "epochs: 2");
    let project = Project::small(&spec);
    let first = project.go(&["run", "t.yaml"]);
    first.expect(0, &["dense", "epoch 2/2"]);
    assert_eq!(first.out.lines().count(), 5, "the experiment, a head, two runs and the trivial baseline: {first:?}");
    assert!(first.out.lines().last().is_some_and(|line| line.starts_with("baseline: unigram")), "{first:?}");
    let again = project.go(&["run", "t.yaml"]);
    again.expect(0, &[]);
    assert_eq!(again.err, "", "nothing to do, nothing to say");
    assert_eq!(again.out, first.out);
    let forced = project.go(&["run", "t.yaml", "--force", "-q", "--jobs", "1"]);
    assert_eq!((forced.code, forced.err.as_str()), (Some(0), ""));
    assert_eq!(forced.out, first.out, "same spec, same threads, same bits");
    let json = project.go(&["run", "t.yaml", "--format", "json"]).out;
    let rows: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(rows[1]["sparsity"], "W");
    assert_eq!(rows[1]["epochs"], 2);
    let status = project.go(&["status", "t.yaml"]);
    assert_eq!(status.out.matches("done").count(), 2, "{status:?}");
}

#[test]
#[cfg(not(any(feature = "wgpu", feature = "tch")))]
fn a_sweep_over_backends_trains_those_of_this_build() {
    let sweep = "sweep: { product: { backend: [flex, tch], sparsity: [W] } }";
    let spec = LONG.replace("sweep: { product: { sparsity: [W+G+N] } }", sweep).replace("epochs: 40", "epochs: 1");
    let project = Project::small(&spec);
    let plan = project.go(&["plan", "t.yaml"]);
    assert!(plan.out.contains("never run; backend `tch` is not in this build, which has: flex"), "{plan:?}");
    assert!(plan.out.contains("2 runs: 0 done, 2 to run (2 new), 1 of them not possible with this build"), "{plan:?}");

    let answer = project.go(&["run", "t.yaml"]);
    answer.expect(0, &["note: 1 run is left out: backend `tch` is not in this build", "--features tch", "done in"]);
    // The level does not vary, so the runs are named by their backends.
    let states: Vec<&str> = answer.out.lines().skip(2).filter(|line| !line.starts_with("baseline: ")).collect();
    assert!(states[0].starts_with("flex ") && states[1].starts_with("tch "), "{answer:?}");
    assert!(states.len() == 2 && states[0].contains("done") && states[1].contains("left-out"), "{answer:?}");
    assert_eq!(runs_of(&project, "t").len(), 1, "a run that is left out leaves no folder");
    let status = project.go(&["status", "t.yaml"]);
    assert!(status.out.contains("new (backend not in this build)"), "{status:?}");

    // If only an unavailable backend is requested by name, the exit code must not report success.
    for arguments in [&["run", "t.yaml", "--backend", "tch"][..], &["run", "t.yaml", "--only", "backend=tch"]] {
        project.go(arguments).expect(2, &["backend `tch` is not in this build, which has: flex"]);
    }
}

#[test]
fn ctrl_c_saves_and_the_run_goes_on() {
    for name in ["INT", "TERM"] {
        let project = Project::small(LONG);
        let child = project.start(&["run", "t.yaml"]);
        let run = run_with_epochs(&project, 2);
        signal(name, child.id());
        let said = format!("interrupted by SIG{name}, state saved; run the same command again to resume");
        Answer::of(child).expect(130, &[&said]);
        assert_eq!(run.summary().unwrap().unwrap().state, RunState::Interrupted);
        let plan = project.go(&["plan", "t.yaml"]);
        assert!(plan.out.contains("interrupted"), "{plan:?}");
        ends_like_the_whole(&project);
    }
}

#[test]
fn a_killed_worker_is_a_failed_run_that_goes_on() {
    let project = Project::small(LONG);
    let child = project.start(&["run", "t.yaml"]);
    let run = run_with_epochs(&project, 3);
    signal("KILL", run.holder().unwrap().unwrap().pid);
    Answer::of(child).expect(1, &["W+G+N failed", "killed", "run again", "1 of 1 runs failed"]);
    project.go(&["run", "t.yaml"]).expect(0, &[]);
    assert!(trained_bytes(&run) == whole());
}

#[test]
fn a_worker_saves_and_ends_when_its_parent_is_killed() {
    let project = Project::small(LONG);
    let mut child = project.start(&["run", "t.yaml"]);
    let run = run_with_epochs(&project, 2);
    signal("KILL", child.id());
    child.wait().unwrap();
    wait_for("end of the worker, which outlives its parent", || run.holder().unwrap().is_none().then_some(()));
    assert!(run.position().unwrap().unwrap().step > 0);
    ends_like_the_whole(&project);
}

#[test]
fn a_second_process_on_one_run_is_told_who_is_there() {
    let project = Project::small(LONG);
    let child = project.start(&["run", "t.yaml"]);
    let run = run_with_epochs(&project, 1);
    let pid = run.holder().unwrap().unwrap().pid;
    let status = project.go(&["status", "t.yaml"]);
    assert!(status.out.contains(&format!("running (process {pid} on ")), "{status:?}");
    for arguments in [&["run", "t.yaml"][..], &["run", "t.yaml", "--force"]] {
        project.go(arguments).expect(1, &["in use by process", &pid.to_string(), "wait until it ends, or stop it"]);
    }
    Answer::of(child).expect(0, &["done in"]);
    assert!(trained_bytes(&run) == whole(), "the first process is not disturbed");
}

#[test]
fn a_library_user_gets_the_same_bytes_in_a_process_and_in_this_one() {
    let bytes = |executor: &dyn Executor| {
        let project = Project::small(&LONG.replace("epochs: 40", "epochs: 2"));
        let sweep = Sweep::load(&project.root, &[project.root.join("t.yaml")], &[], &[]).unwrap();
        let outcomes = sweep.run(&SweepOptions::default(), executor, &mut (), &Interrupt::default()).unwrap();
        assert!(matches!(outcomes.as_slice(), [Outcome::Done(_)]), "{outcomes:?}");
        trained_bytes(&run(&project))
    };
    let processes = LocalProcesses::new(env!("CARGO_BIN_EXE_sparsegate"));
    assert!(bytes(&processes) == bytes(&InProcess));
}

#[test]
fn a_failed_run_does_not_stop_the_others() {
    let spec = LONG
        .replace("epochs: 40", "epochs: 1")
        .replace("sparsity: [W+G+N]", "sparsity: [W], train.optimizer.adam.lr: [1e30, 1e-3]");
    let project = Project::small(&spec);
    let answer = project.go(&["run", "t.yaml", "--jobs", "1"]);
    answer.expect(1, &["training diverged", " step ", "lower train.optimizer.adam.lr", "1 of 2 runs failed"]);
    let states = runs_of(&project, "t").into_iter().map(|run| run.summary().unwrap().unwrap().state);
    let mut states: Vec<String> = states.map(|state| format!("{state:?}")).collect();
    states.sort();
    assert_eq!(states, ["Done", "Failed"]);
    assert!(answer.out.contains("failed") && answer.out.contains("done"), "{answer:?}");
}

#[test]
#[cfg(not(any(feature = "wgpu", feature = "tch")))]
fn a_backend_that_is_not_compiled_in() {
    let project = Project::small(LONG);
    project
        .go(&["run", "t.yaml", "--backend", "wgpu"])
        .expect(2, &["backend `wgpu` is not in this build, which has: flex", "--backend flex"]);
    let project = Project::small(&LONG.replace("sweep:", "backend: tch\nsweep:"));
    let answer = project.go(&["run", "t.yaml"]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(!project.root.join("runs").exists(), "nothing is started");
}

#[test]
fn data_that_are_not_here() {
    let project = Project::small(&LONG.replace("dataset: small", "dataset: word-ptb"));
    let manifest = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/word-ptb.yaml");
    fs_err::copy(manifest, project.root.join("datasets/word-ptb.yaml")).unwrap();
    project.go(&["run", "t.yaml", "--offline"]).expect(4, &["ptb", "fetch"]);
    assert!(!project.root.join("runs").exists(), "nothing is started");
}

#[test]
fn a_runs_folder_that_is_none() {
    let project = Project::small(LONG);
    fs_err::write(project.root.join("runs"), "a file").unwrap();
    project.go(&["run", "t.yaml"]).expect(1, &["runs/", "in the way"]);
}

#[test]
fn a_stream_too_short_for_the_batch() {
    let project = Project::small(&LONG.replace("batch: 8", "batch: 100000"));
    project.go(&["run", "t.yaml"]).expect(2, &["too short", "train.batch"]);
    assert!(!project.root.join("runs").exists(), "nothing is started");
}

#[test]
fn a_damaged_folder_stops_only_its_own_run() {
    let project = Project::small(&LONG.replace("[W+G+N]", "[dense, W]").replace("epochs: 40", "epochs: 1"));
    project.go(&["run", "t.yaml"]).expect(0, &[]);
    let damaged = runs_of(&project, "t")[0].clone();
    fs_err::write(damaged.path().join("metrics.jsonl"), "garbage\n").unwrap();

    let plan = project.go(&["plan", "t.yaml"]);
    assert_eq!(plan.code, Some(0), "{plan:#?}");
    assert!(plan.out.contains("damaged") && plan.out.contains("done"), "{plan:#?}");
    project.go(&["run", "t.yaml"]).expect(1, &["metrics.jsonl is damaged", "--force", "1 of 2 runs failed"]);
    let report = project.go(&["report", "t.yaml"]);
    assert_eq!(report.code, Some(0), "{report:#?}");
    assert!(report.out.contains("damaged"), "{report:#?}");

    project.go(&["run", "t.yaml", "--force"]).expect(0, &[]);
    assert_eq!(damaged.metrics().unwrap().len(), 1);
}
