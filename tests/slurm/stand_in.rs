//! Tests with scripts in the place of Slurm's commands: what they are asked, and what the program makes of the answers.

use super::project::{Answer, Project, spec, text, wait_for};
use super::scripts::{RUN, StandIn};

#[test]
fn a_sweep_is_an_array_and_is_submitted_once() {
    let slurm = StandIn::new(&spec(1, "sparsity: [dense, W, W+N]"));
    let first = slurm.go(&format!("{RUN} --jobs 2 --slurm time=1:00:00 --slurm partition=main --slurm cpus=2"));
    let first = first.says(0, &["submitted 3 runs as job 7", "sparsegate cancel t.yaml"]);
    assert_eq!(first.out.matches("queued, job 7_").count(), 3, "{first:?}");
    let calls = slurm.log("sbatch.log");
    assert_eq!(calls.len(), 1);
    for option in ["--array=0-2%2 ", "--time=1:00:00 ", "--partition=main ", "--cpus-per-task=2 ", "--requeue "] {
        assert!(calls[0].contains(option), "{option} in {}", calls[0]);
    }
    assert_eq!(slurm.0.runs().len(), 3, "the runs are prepared");
    let record = slurm.0.runs()[0].record().unwrap().unwrap();
    assert_eq!(record.provenance["threads"], "2");

    slurm.go(RUN).says(0, &["3 runs already queued or running"]);
    slurm.go(&format!("{RUN} --force")).says(0, &["3 runs already queued or running"]);
    assert_eq!(slurm.log("sbatch.log").len(), 1, "nothing is submitted twice");

    let status = slurm.go("status t.yaml").says(0, &["queued (Priority)", "7_2", "job-2.out"]);
    assert_eq!(status.out.matches("queued (Priority)").count(), 3, "{status:?}");
    let json = slurm.go(&format!("{RUN} -q --format json")).says(0, &[]);
    let rows: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&rows[1]["state"], &rows[1]["job"]), (&"queued".into(), &"7_1".into()));
}

#[test]
fn two_people_at_once_submit_each_run_once() {
    let slurm = StandIn::new(&spec(1, "sparsity: [dense, W, W+N]"));
    let both: Vec<_> = (0..2).map(|_| slurm.command(RUN).spawn().unwrap()).collect();
    let said: Vec<Answer> = both.into_iter().map(Answer::of).collect();
    assert_eq!(slurm.log("sbatch.log").len(), 1, "{said:#?}");
    assert!(said.iter().all(|answer| answer.code == Some(0)), "{said:#?}");
    assert_eq!(said.iter().filter(|answer| answer.err.contains("submitted 3 runs")).count(), 1, "{said:#?}");
}

#[test]
fn jobs_that_left_the_queue_are_named_and_submitted_again() {
    let slurm = StandIn::new(&spec(1, "sparsity: [dense, W]"));
    slurm.go(RUN).says(0, &["submitted 2 runs"]);
    let queue = slurm.0.root.join("queue");
    let waiting = text(&queue);
    fs_err::write(&queue, waiting.replacen("PENDING||Priority", "OUT_OF_MEMORY|n1|OutOfMemory", 1)).unwrap();
    slurm.go("status t.yaml").says(0, &["not-started, out of memory", "queued (Priority)"]);
    slurm.go(RUN).says(0, &["submitted 1 run as job 8", "1 run already queued"]);
    // Slurm has forgotten both jobs, and there is no accounting.
    fs_err::write(&queue, "").unwrap();
    slurm.go("status t.yaml").says(0, &["gone from the queue before it started"]);
    // A run that is trained elsewhere meanwhile is done, whatever became of its job.
    slurm.go("run t.yaml --executor local").says(0, &[]);
    let status = slurm.go("status t.yaml").says(0, &["done"]);
    assert!(!status.out.contains("gone"), "{status:?}");
    slurm.go(RUN).says(0, &["done"]);
    assert_eq!(slurm.log("sbatch.log").len(), 2);
}

#[test]
fn arrays_stay_below_the_limit_and_after_their_parents() {
    let sweep = "sparsity: [dense, W], seed: [0, 1, 2, 3], train.start_from: [dense]";
    let slurm = StandIn::new(&spec(1, sweep));
    slurm.go(&format!("{RUN} --jobs 2")).says(0, &["submitted 8 runs as job 7, 8, 9, 10"]);
    let calls = slurm.log("sbatch.log");
    let sizes: Vec<bool> = ["0-2%2", "0-0%2", "0-2%2", "0-0%2"]
        .iter()
        .zip(&calls)
        .map(|(size, call)| call.contains(&format!("--array={size} ")))
        .collect();
    assert_eq!(sizes, [true; 4], "{calls:#?}");
    assert!(!calls[0].contains("--dependency"));
    // At most two runs at once over all arrays, so each waits for the one before it.
    assert!(
        calls[1].contains("--dependency=afterany:7 ") && calls[3].contains("--dependency=afterany:9 "),
        "{calls:#?}"
    );
    let dense = |folder: &camino::Utf8Path| {
        let stored: serde_json::Value = serde_json::from_str(&text(&folder.join("submission.json"))).unwrap();
        let keys = stored["tasks"].as_array().unwrap().iter().map(|task| task["key"].as_str().unwrap().to_owned());
        let runs = slurm.0.runs();
        keys.map(|key| runs.iter().find(|run| run.key() == key).unwrap().record().unwrap().unwrap().spec.sparsity.name)
            .all(|level| level == "dense")
    };
    let folders = slurm.0.submissions();
    assert_eq!(folders.iter().map(|folder| dense(folder)).collect::<Vec<_>>(), [true, true, false, false]);

    let slurm = StandIn::new(&spec(1, sweep));
    slurm.go(RUN).says(0, &[]);
    let calls = slurm.log("sbatch.log");
    assert!(!calls[1].contains("--dependency"), "without a limit only parents are waited for: {calls:#?}");
    assert!(calls[2].contains("--dependency=afterany:7:8 ") && calls[3].contains("afterany:7:8 "), "{calls:#?}");
}

#[test]
fn cancel_names_the_jobs() {
    let slurm = StandIn::new(&spec(1, "sparsity: [dense, W, W+N]"));
    slurm.go("cancel t.yaml").says(0, &["none of its runs is queued"]);
    slurm.go(RUN).says(0, &[]);
    let answer = slurm.go("cancel t.yaml sparsity=W").says(0, &["7_1"]);
    assert!(!answer.out.contains("7_0"), "{answer:?}");
    slurm.go("cancel t.yaml").says(0, &["7_0", "7_2"]);
    assert_eq!(slurm.log("scancel.log"), ["--quiet 7_1", "--quiet 7"], "the queue still has all: one request");
    // Slurm forgets what never started.
    fs_err::write(slurm.0.root.join("queue"), "").unwrap();
    let status = slurm.go("status t.yaml").says(0, &[]);
    assert_eq!(status.out.matches("not-started, cancelled").count(), 3, "{status:?}");
}

#[test]
fn what_an_edit_took_from_an_experiment_is_cancelled_by_its_name() {
    let slurm = StandIn::new(&spec(1, "sparsity: [dense, W]"));
    let first = slurm.go(&format!("{RUN} --set train.epochs=2 --only sparsity=W"));
    first.says(0, &["`sparsegate cancel t.yaml --set train.epochs=2 --only sparsity=W` cancels them"]);
    slurm.go("cancel t.yaml").says(0, &["none of its runs is queued"]);
    slurm.go("cancel u").says(0, &["none of its runs is queued"]);
    slurm.go("cancel t --only sparsity=W").says(2, &["no experiment file is named"]);
    slurm.go("cancel 7_1").says(0, &["none of its runs is queued"]);
    assert!(slurm.log("scancel.log").is_empty());
    // A name means one experiment; what others have in the queue is said.
    let other = text(&slurm.0.root.join("t.yaml")).replace("name: t", "name: other");
    fs_err::write(slurm.0.root.join("other.yaml"), other).unwrap();
    slurm.go("run other.yaml --executor slurm --only sparsity=W").says(0, &["job 8"]);
    let named = slurm.go("cancel t");
    named.says(0, &["7_0", "the jobs of other experiments go on: other"]);
    slurm.go("cancel 7_0").says(0, &["7_0"]);
    slurm.go("cancel 7").says(0, &["7_0"]);
    fs_err::write(slurm.0.root.join("refuse"), "").unwrap();
    slurm.go("cancel 7").says(1, &["7_0 cannot be cancelled", "permission denied", "sparsegate status"]);
}

#[test]
fn waiting_submits_nothing() {
    let slurm = StandIn::new(&spec(1, "sparsity: [dense, W]"));
    slurm.go("status t.yaml --wait").says(0, &["new"]);
    slurm.go(&format!("{RUN} --only sparsity=W")).says(0, &["submitted 1 run"]);
    let waiting = slurm.command("status t.yaml --wait").spawn().unwrap();
    wait_for("the first look", || (slurm.log("squeue.log").len() >= 3).then_some(()));
    fs_err::write(slurm.0.root.join("queue"), "").unwrap();
    let said = Answer::of(waiting);
    said.says(1, &["queued (Priority)", "gone from the queue before it started"]);
    assert_eq!(slurm.log("sbatch.log").len(), 1);
    // Submitting again says so.
    let again = slurm.go(RUN).says(0, &["submitted 2 runs as job 8, 1 of them again"]);
    assert_eq!(again.out.matches("queued").count(), 2);
    let waiting = slurm.command("status t.yaml --wait").spawn().unwrap();
    let looks = slurm.log("squeue.log").len();
    wait_for("a look", || (slurm.log("squeue.log").len() >= looks + 2).then_some(()));
    sparsegate_testing::signal("INT", waiting.id());
    let said = Answer::of(waiting);
    said.says(130, &["the jobs go on", "sparsegate cancel t.yaml"]);
}

#[test]
fn garbage_collection_leaves_queued_runs_alone() {
    let slurm = StandIn::new(&spec(1, "sparsity: [dense, W]"));
    slurm.go(RUN).says(0, &["submitted 2 runs"]);
    slurm.go("runs gc t.yaml --delete").says(0, &["0 deleted"]);
    assert_eq!(slurm.0.runs().len(), 2);
    // Without an answer nothing is deleted.
    let mut command = slurm.0.command("runs gc --delete");
    command.env("PATH", slurm.0.root.join("none"));
    Answer::to(command).says(1, &["it is not known which runs are queued", "`squeue` cannot be started", "slurm"]);
    let stale = slurm.0.root.join("t.yaml");
    fs_err::write(stale, spec(2, "sparsity: [dense, W]")).unwrap();
    slurm.go("runs gc t.yaml --delete").says(0, &["0 deleted"]);
    assert_eq!(slurm.0.runs().len(), 2, "jobs of the experiment before the edit go on");
    fs_err::write(slurm.0.root.join("queue"), "").unwrap();
    slurm.go("runs gc t.yaml --delete").says(0, &["2 deleted"]);
}

#[test]
fn mistakes_are_refused_before_anything_is_submitted() {
    let slurm = StandIn::new(&spec(1, "sparsity: [W]"));
    slurm.go(&format!("{RUN} --slurm partitions=x")).says(2, &["unknown key `partitions`", "`partition`"]);
    slurm.go(&format!("{RUN} --slurm cpus=0")).says(2, &["at least one processor"]);
    slurm.go(&format!("{RUN} --report")).says(2, &["--wait"]);
    slurm.go("run t.yaml --slurm time=1").says(2, &["--executor slurm"]);
    slurm.go("run t.yaml --wait").says(2, &["--executor slurm"]);
    assert!(slurm.log("sbatch.log").is_empty());
    let refused = slurm.go(&format!("{RUN} --slurm partition=none"));
    refused.says(1, &["`sbatch` failed: invalid partition specified: none", "not-started"]);
    assert!(slurm.0.submissions().is_empty(), "nothing is left of it");
    slurm.go(RUN).says(0, &["submitted 1 run as job 7"]);
}

#[test]
fn a_machine_without_slurm_says_so() {
    let project = Project::new(&spec(1, "sparsity: [W]"));
    let mut command = project.command(&format!("{RUN} --offline"));
    command.env("PATH", project.root.join("none"));
    Answer::to(command).says(2, &["`sbatch` cannot be started", "login node"]);
    assert!(project.runs().is_empty(), "nothing is prepared");
}

#[test]
fn the_configuration_chooses_the_executor() {
    let slurm = StandIn::new(&spec(1, "sparsity: [W]"));
    let folder = slurm.0.root.join("config/sparsegate");
    fs_err::create_dir_all(&folder).unwrap();
    let config = |text: &str| fs_err::write(folder.join("config.yaml"), text).unwrap();
    config("executor: slurm\nslurm: { partition: main, time: 90, modules: [a, b] }\n");
    slurm.go("run t.yaml --slurm partition=fast").says(0, &["submitted 1 run"]);
    let call = &slurm.log("sbatch.log")[0];
    assert!(call.contains("--partition=fast ") && call.contains("--time=90 "), "{call}");
    let script = text(&slurm.0.submissions()[0].join("job.sh"));
    assert!(script.starts_with("#!/bin/bash -l\n") && script.contains("module load b || exit 1\n"), "{script}");
    config("executor: slurm\nslurm: { partitions: main }\n");
    slurm.go("run t.yaml").says(2, &["config.yaml:2:10", "partitions", "partition"]);
    config("executor: slurm\n");
    slurm.go("run t.yaml --executor local").says(0, &["done"]);
    // An experiment says what is trained, not where.
    fs_err::write(slurm.0.root.join("t.yaml"), format!("executor: slurm\n{}", spec(1, "sparsity: [W]"))).unwrap();
    slurm.go("plan t.yaml").says(2, &["t.yaml:1:1", "unknown key `executor`"]);
}

#[test]
fn the_log_of_a_run_has_that_of_its_job() {
    let slurm = StandIn::new(&spec(1, "sparsity: [W]"));
    slurm.go(RUN).says(0, &[]);
    let run = &slurm.0.runs()[0];
    slurm.go("status --log t").says(0, &["log.txt", "job-0.out", "(nothing)"]);
    fs_err::write(run.log_path(), "started\n\u{1b}[2Jstep 10\n").unwrap();
    fs_err::write(slurm.0.submissions()[0].join("job-0.out"), "module: not found\n").unwrap();
    let log = slurm.go(&format!("status --log {}", run.key())).says(0, &["started", "module: not found"]);
    assert!(!log.out.contains('\u{1b}'), "control characters do not reach the terminal: {log:?}");
    slurm.go("status --log nosuch").says(2, &["there is no run `nosuch`"]);
}
