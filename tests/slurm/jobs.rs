//! Tests of what a job does on its node, with scripts in the place of Slurm's commands.

use std::process::Child;
use std::time::{SystemTime, UNIX_EPOCH};

use super::project::{Answer, spec, text, wait_for};
use super::scripts::{RUN, StandIn};

/// The job of the only run: `slurm-task` as the script of a submission starts it, `seconds` before its time limit.
fn job(slurm: &StandIn, seconds: u64) -> Child {
    let folder = slurm.0.submissions()[0].clone();
    let end = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + seconds;
    let mut command = slurm.command("slurm-task");
    command.args([folder.as_str(), "0"]).env("SLURM_ARRAY_JOB_ID", "7").env("SLURM_JOB_END_TIME", end.to_string());
    command.spawn().unwrap()
}

/// Waits until the run of a job has done some epochs, and sends the job a signal.
fn signal(slurm: &StandIn, job: Child, name: &str, epochs: usize) -> Answer {
    wait_for("epochs", || (slurm.0.runs()[0].metrics().unwrap().len() >= epochs).then_some(()));
    sparsegate_testing::signal(name, job.id());
    Answer::of(job)
}

/// The events that the jobs noted.
fn attempts(slurm: &StandIn) -> Vec<serde_json::Value> {
    let path = slurm.0.submissions()[0].join("attempts-0.jsonl");
    text(&path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_signal_long_before_the_time_limit_is_a_preemption() {
    let slurm = StandIn::new(&spec(100_000, "sparsity: [W]"));
    slurm.go(&format!("{RUN} --slurm cpus=2")).says(0, &["job 7"]);
    let early = signal(&slurm, job(&slurm, 3600), "USR1", 1);
    early.says(0, &["asked to make room: saved and requeued"]);
    assert_eq!(attempts(&slurm)[1]["end"], "preempted");
    let saved = slurm.0.runs()[0].position().unwrap().unwrap().step;
    // Near the limit it is the warning; the controller is down for a moment.
    fs_err::write(slurm.0.root.join("down"), "2").unwrap();
    let epochs = slurm.0.runs()[0].metrics().unwrap().len() + 1;
    signal(&slurm, job(&slurm, 150), "USR1", epochs).says(0, &["the time limit is near: saved and requeued"]);
    let events = attempts(&slurm);
    assert_eq!((events[2]["step"].as_u64(), &events[3]["end"]), (Some(saved), &"continued".into()), "{events:?}");
    assert_eq!(slurm.log("scontrol.log"), ["requeue 7_0"; 4], "once, and three times until it answered");
    // The facts of the machine are those of the job.
    let record = slurm.0.runs()[0].record().unwrap().unwrap();
    assert_eq!(record.provenance["slurm_job"], "7_0");
    // A run keeps its threads.
    fs_err::write(slurm.0.root.join("queue"), "").unwrap();
    slurm.go(RUN).says(0, &["submitted 1 run as job 8, 1 of them again", "a run began with 2 threads"]);
}

#[test]
fn a_limit_that_leaves_no_time_before_the_warning_is_an_error() {
    let slurm = StandIn::new(&spec(100_000, "sparsity: [W]"));
    slurm.go(RUN).says(0, &["job 7"]);
    let answer = Answer::of(job(&slurm, 60));
    answer.says(1, &["failed: its time limit is", "save 120 seconds before", "--slurm time="]);
    assert!(slurm.0.runs()[0].metrics().unwrap().is_empty() && slurm.log("scontrol.log").is_empty());
}

#[test]
fn jobs_that_were_killed_count_until_the_run_gets_further() {
    let slurm = StandIn::new(&spec(100_000, "sparsity: [W]"));
    slurm.go(&format!("{RUN} --slurm retries=1")).says(0, &["job 7"]);
    let path = slurm.0.submissions()[0].join("attempts-0.jsonl");
    let started = |step: u64| format!("{{\"event\":\"started\",\"job\":\"7_0\",\"node\":\"n\",\"step\":{step}}}\n");
    // Two jobs that brought nothing, as an earlier version noted them.
    let old = "{\"event\":\"started\",\"job\":\"7_0\",\"node\":\"n\"}\n";
    fs_err::write(&path, old.repeat(2)).unwrap();
    let answer = Answer::of(job(&slurm, 3600));
    answer.says(1, &["its job was killed 2 times", "not tried again"]);
    // Many that each brought the run further.
    fs_err::write(&path, (0..5).map(started).collect::<String>()).unwrap();
    signal(&slurm, job(&slurm, 3600), "TERM", 1).says(130, &["interrupted by SIGTERM, state saved"]);
}

#[test]
fn whatever_goes_wrong_in_a_job_is_noted() {
    let slurm = StandIn::new(&spec(1, "sparsity: [W]"));
    // A scratch folder that cannot be made is done without.
    slurm.go(&format!("{RUN} --slurm scratch=/dev/null/cache")).says(0, &["job 7"]);
    let record = slurm.0.runs()[0].path().join("run.json");
    let intact = text(&record);
    fs_err::write(&record, "{").unwrap();
    let answer = Answer::of(job(&slurm, 3600));
    answer.says(1, &["failed", "run.json"]);
    assert_eq!(attempts(&slurm)[1]["end"], "failed");
    fs_err::write(slurm.0.root.join("queue"), "").unwrap();
    fs_err::write(&record, intact).unwrap();
    slurm.go("status t.yaml").says(0, &["failed: ", "run.json"]);
    let folder = slurm.0.submissions()[0].clone();
    let mut command = slurm.command("slurm-task");
    command.args([folder.as_str(), "0"]).env("SPARSEGATE_SCRATCH", "/dev/null/cache");
    let answer = Answer::to(command);
    answer.says(0, &["the run reads the shared data cache instead", "done"]);
}

/// Slurm may start a job again whose run is finished and needs no checkpoint any more.
#[test]
fn a_job_that_starts_on_a_finished_run_leaves_it_as_it_is() {
    let slurm = StandIn::new(&spec(1, "sparsity: [W]"));
    slurm.go(RUN).says(0, &["job 7"]);
    Answer::of(job(&slurm, 3600)).says(0, &["done"]);
    fs_err::write(slurm.0.root.join("queue"), "").unwrap();
    let run = slurm.0.runs().remove(0);
    run.lock().unwrap().delete_checkpoint().unwrap();
    let before = text(&run.path().join("run.json"));
    Answer::of(job(&slurm, 3600)).says(0, &[]);
    assert_eq!(text(&run.path().join("run.json")), before);
    run.verify().unwrap();
}
