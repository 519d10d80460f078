//! Tests against a real Slurm, the one of `SLURM_CONF`: `.ci/run slurm` starts one of a single node.

use std::process::Command;

use sparsegate_store::RunDir;
use sparsegate_store::format::RunState;

use super::project::{Answer, Project, same_runs, spec, text, wait_for};

/// Why these tests are not run by default.
macro_rules! on_slurm {
    ($(#[$attribute:meta])* fn $name:ident() $body:block) => {
        $(#[$attribute])*
        #[test]
        #[ignore = "needs a Slurm of its own: .ci/run slurm"]
        fn $name() {
            // Whatever an earlier test left behind.
            let _ = Command::new("scancel").arg("--state=PENDING").arg("--user=root").status();
            let _ = Command::new("scontrol").args(["update", &format!("nodename={}", node()), "state=resume"]).output();
            $body
        }
    };
}

/// Runs a command of Slurm and returns what it prints.
#[track_caller]
fn slurm(command: &str) -> String {
    let mut words = command.split_whitespace();
    let output = Command::new(words.next().unwrap()).args(words).output().unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The only node.
fn node() -> String {
    slurm("sinfo --noheader --format=%n").trim().to_owned()
}

/// The events that the jobs of a task noted.
fn attempts(project: &Project, submission: usize, task: usize) -> Vec<serde_json::Value> {
    let path = project.submissions()[submission].join(format!("attempts-{task}.jsonl"));
    text(&path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ends(attempts: &[serde_json::Value]) -> Vec<String> {
    attempts.iter().filter_map(|attempt| Some(attempt["end"].as_str()?.to_owned())).collect()
}

/// The run of a task of the first submission.
fn run(project: &Project, task: usize) -> RunDir {
    let stored = text(&project.submissions()[0].join("submission.json"));
    let stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
    RunDir::at(&project.root.join(stored["tasks"][task]["dir"].as_str().unwrap()))
}

/// Number of the first submission's array.
fn array(project: &Project) -> String {
    text(&project.submissions()[0].join("job")).trim().to_owned()
}

/// The same experiment trained on this machine without Slurm.
fn trained_locally(spec: &str) -> Project {
    let project = Project::new(spec);
    project.go("run t.yaml -q").says(0, &[]);
    project
}

const RUN: &str = "run t.yaml --executor slurm";

on_slurm! {
    fn a_sweep_of_twelve_runs_two_at_once_gives_the_bytes_of_this_machine() {
        let spec = spec(1, "sparsity: [dense, W, W+Voc, W+N, W+G+N, { name: G, gates: log-uniform }], seed: [0, 1]");
        let project = Project::new(&spec);
        // Two people at once.
        let both = [project.start(&format!("{RUN} --jobs 2")), project.start(&format!("{RUN} --jobs 2"))];
        let said = both.map(|child| Answer::of(child).says(0, &[]));
        assert_eq!(said.iter().filter(|answer| answer.err.contains("submitted 12 runs")).count(), 1, "{said:#?}");
        let array = array(&project);
        let mut most = 0;
        wait_for("twelve runs", || {
            let queue = slurm(&format!("squeue --noheader --array --states=RUNNING --format=%K --jobs={array}"));
            most = most.max(queue.lines().count());
            let done = |run: &RunDir| run.summary().unwrap().is_some_and(|summary| summary.state == RunState::Done);
            (project.runs().iter().filter(|run| done(run)).count() == 12).then_some(())
        });
        assert!((1..=2).contains(&most), "{most} at once");
        project.go(&format!("{RUN} --wait --report")).says(0, &["reports/t/index.html"]);
        assert_eq!(project.submissions().len(), 1, "what is done is not submitted again");
        let record = project.runs()[0].record().unwrap().unwrap();
        assert!(record.provenance["slurm_job"].starts_with(&array), "{:?}", record.provenance);
        same_runs(&project, &trained_locally(&spec));
    }
}

on_slurm! {
    fn jobs_that_are_killed_warned_and_requeued_end_with_the_same_bytes() {
        let spec = spec(60, "sparsity: [dense, W, W+N]");
        let project = Project::new(&spec);
        project.go(&format!("{RUN} --jobs 2")).says(0, &["submitted 3 runs"]);
        let array = array(&project);
        let process = |run: &RunDir| run.holder().unwrap().map(|holder| holder.pid);
        let reach = |task: usize| {
            let run = run(&project, task);
            wait_for("epochs", || (run.metrics().unwrap().len() >= 2).then_some(()));
            run
        };
        // The run's process is killed, as for lack of memory.
        let killed = process(&reach(0)).unwrap();
        sparsegate_testing::signal("KILL", killed);
        // A signal that asks to save and make room; there is no time limit that it could warn of.
        reach(1);
        slurm(&format!("scancel --batch --signal=USR1 {array}_1"));
        // Somebody requeues the job, as a preemption does.
        reach(2);
        slurm(&format!("scontrol requeue {array}_2"));
        let said = project.go(&format!("{RUN} --wait")).says(0, &["3 runs already queued", "requeued once", "done"]);
        assert_eq!(said.out.matches("done").count(), 3, "{said:#?}");
        assert_eq!(ends(&attempts(&project, 0, 0)), ["retried", "done"]);
        assert_eq!(ends(&attempts(&project, 0, 1)), ["preempted", "done"]);
        assert_eq!(ends(&attempts(&project, 0, 2)), ["stopped", "done"]);
        same_runs(&project, &trained_locally(&spec));
    }
}

on_slurm! {
    fn a_preempted_run_goes_on_when_there_is_room() {
        let spec = spec(60, "sparsity: [W]");
        let project = Project::new(&spec);
        project.go(&format!("{RUN} --slurm partition=main --slurm sbatch=--exclusive")).says(0, &["submitted 1 run"]);
        wait_for("epochs", || (run(&project, 0).metrics().unwrap().len() >= 2).then_some(()));
        slurm("sbatch --partition=urgent --exclusive --output=/dev/null --wrap=hostname");
        wait_for("the preemption", || (!ends(&attempts(&project, 0, 0)).is_empty()).then_some(()));
        let said = project.go("status t.yaml --wait").says(0, &["queued", "done"]);
        assert!(said.out.contains("60/60"), "{said:#?}");
        assert_eq!(ends(&attempts(&project, 0, 0)), ["stopped", "done"]);
        same_runs(&project, &trained_locally(&spec));
    }
}

on_slurm! {
    fn a_run_longer_than_its_time_limit_goes_on_in_the_next_job() {
        // A minute is the shortest limit; Slurm looks for jobs to warn about twice a minute.
        let project = Project::new(&spec(100_000, "sparsity: [W]"));
        project.go(&format!("{RUN} --slurm time=1 --slurm warning=45")).says(0, &["submitted 1 run"]);
        wait_for("the first job's end", || ends(&attempts(&project, 0, 0)).contains(&"continued".to_owned()).then_some(()));
        let saved = run(&project, 0).position().unwrap().unwrap().step;
        // The controller stops and starts again while the job is in the queue.
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/local-slurm.sh");
        let folder = std::env::var("SLURM_CONF").unwrap();
        let folder = folder.strip_suffix("/slurm.conf").unwrap();
        assert!(Command::new(script).args(["restart", folder]).status().unwrap().success());
        let log = wait_for("the second job", || {
            let log = text(&run(&project, 0).log_path());
            log.contains("goes on after step").then_some(log)
        });
        assert!(log.contains(&format!("goes on after step {saved}\n")), "{log}");
        project.go("status t.yaml").says(0, &[&format!("running on {}, requeued once", node())]);
        project.go("cancel t.yaml").says(0, &["cancelled job"]);
        wait_for("the end", || (attempts(&project, 0, 0).len() == 4).then_some(()));
        assert_eq!(ends(&attempts(&project, 0, 0)), ["continued", "stopped"]);
        wait_for("the cancelled state", || {
            project.go("status t.yaml").out.contains("interrupted, cancelled").then_some(())
        });
        project.go("status --log t").says(0, &["saved after step", "interrupted by SIGTERM, state saved"]);
    }
}

on_slurm! {
    fn a_drained_node_keeps_runs_waiting_and_cancelled_ones_can_be_submitted_again() {
        let spec = spec(1, "sparsity: [dense, W], train.start_from: [dense]");
        let project = Project::new(&spec);
        slurm(&format!("scontrol update nodename={} state=drain reason=test", node()));
        project.go(RUN).says(0, &["submitted 2 runs"]);
        wait_for("a reason", || {
            let status = project.go("status t.yaml").out;
            (status.contains("DRAINED") || status.contains("ReqNodeNotAvail") || status.contains("Resources")).then_some(())
        });
        // The run that starts from the other waits for it.
        let second = text(&project.submissions()[1].join("job"));
        let dependency = slurm(&format!("squeue --noheader --format=%E --jobs={}", second.trim()));
        assert!(dependency.contains(&format!("afterany:{}", array(&project))), "{dependency}");
        // Ctrl-C leaves the jobs alone.
        let waiting = project.start(&format!("{RUN} --wait"));
        std::thread::sleep(std::time::Duration::from_secs(2));
        sparsegate_testing::signal("INT", waiting.id());
        Answer::of(waiting).says(130, &["the jobs go on", "sparsegate cancel t.yaml"]);
        let cancelled = project.go("cancel t.yaml").says(0, &[]);
        assert_eq!(cancelled.out.lines().count(), 3, "{cancelled:?}");
        wait_for("the cancelled state", || {
            (project.go("status t.yaml").out.matches("cancelled").count() == 2).then_some(())
        });
        slurm(&format!("scontrol update nodename={} state=resume", node()));
        project.go(&format!("{RUN} --wait")).says(0, &["submitted 2 runs", "done"]);
        same_runs(&project, &trained_locally(&spec));
    }
}

on_slurm! {
    fn failures_are_reported_with_the_reason() {
        let project = Project::new(&spec(1, "sparsity: [W], train.optimizer.adam.lr: [1e30, 1e-3]"));
        let scratch = project.root.join("scratch");
        let answer = project.go(&format!("{RUN} --wait --slurm scratch={scratch}"));
        let answer = answer.says(1, &["training diverged", "1 of 2 runs failed"]);
        assert!(answer.out.contains("done") && answer.out.contains("failed"), "{answer:#?}");
        assert!(scratch.join("lock").exists(), "the job filled the cache on the node");
        project.go(&format!("{RUN} --slurm partition=nosuch")).says(1, &["`sbatch` failed", "partition"]);
        project.go("status t.yaml").says(0, &["failed: training diverged", "done"]);
    }
}
