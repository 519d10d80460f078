//! One store through two mount points, on hosts of two names, with process ids of their own: as two containers, or two
//! hosts on a network file system whose locks hold, see it.
#![cfg(target_os = "linux")]
#![allow(missing_docs, reason = "a test")]

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sparsegate_pipeline::exec::{InProcess, Interrupt, Outcome};
use sparsegate_pipeline::sweep::{Sweep, SweepOptions};
use sparsegate_store::{Holder, RunDir, runs};
use sparsegate_testing::{Answer, Project, View, manifests, signal, wait_for};

/// Trains for a second or two in many short epochs, so that there is time to look at it.
const LONG: &str = "\
name: t
dataset: small
model: { kind: language-model, hidden: 12 }
train: { epochs: 40, batch: 8, sequence: 10, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }
sweep: { product: { sparsity: [W+G+N] } }
";
/// Eight short runs.
const SWEEP: &str = "\
name: s
dataset: small
model: { kind: language-model, hidden: 4 }
train: { epochs: 6, batch: 8, sequence: 10, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }
sweep: { product: { sparsity: [dense, W, W+N, W+G+N], seed: [0, 1] } }
";
fn project() -> Project {
    let small = manifests::small_words();
    Project::with(&[("datasets/small.yaml", small.as_str()), ("t.yaml", LONG), ("s.yaml", SWEEP)])
}

/// Two views of a project, below folders of their own.
struct Hosts {
    project: Project,
    _points: tempfile::TempDir,
    a: View,
    b: View,
}

impl Hosts {
    /// `None` where such views are not permitted.
    fn new() -> Option<Self> {
        if !View::is_possible() {
            return None;
        }
        let (project, points) = (project(), tempfile::tempdir().unwrap());
        let points_at = camino::Utf8Path::from_path(points.path()).unwrap();
        let a = View::new("host-a", &project.root, &points_at.join("mnt/a"));
        let b = View::new("host-b", &project.root, &points_at.join("srv/b"));
        Some(Self { project, _points: points, a, b })
    }

    fn start(&self, view: &View, arguments: &[&str]) -> Child {
        let mut command = view.command(&self.project.command(arguments));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn go(&self, view: &View, arguments: &[&str]) -> Answer {
        Answer::of(self.start(view, arguments))
    }
}

/// The process below `pid` that trains, by its id on this machine.
fn trainer(pid: u32) -> Option<u32> {
    let is_trainer = |pid: &u32| {
        fs_err::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("train-run\0"))
    };
    let threads = fs_err::read_dir(format!("/proc/{pid}/task")).ok()?.flatten();
    let lists = threads.filter_map(|thread| fs_err::read_to_string(thread.path().join("children")).ok());
    let children: Vec<u32> = lists.flat_map(|list| numbers(&list)).collect();
    children.iter().copied().find(is_trainer).or_else(|| children.into_iter().find_map(trainer))
}

fn numbers(text: &str) -> Vec<u32> {
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// The id that a process has in its own view.
fn inner_id(pid: u32) -> u32 {
    let status = fs_err::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap();
    *numbers(line).last().unwrap()
}

/// The stored bytes that depend on nothing but the spec and the data.
fn fingerprint(run: &RunDir) -> Vec<Vec<u8>> {
    let names = ["metrics.jsonl", "structure.json", "model.safetensors", "compact.safetensors"];
    names.iter().map(|name| fs_err::read(run.path().join(name)).unwrap()).collect()
}

/// The same of all runs of an experiment that nothing disturbs.
fn undisturbed(experiment: &str) -> Vec<(String, Vec<Vec<u8>>)> {
    let project = project();
    project.go(&["run", &format!("{experiment}.yaml")]).expect(0, &[]);
    fingerprints(&project, experiment)
}

fn fingerprints(project: &Project, experiment: &str) -> Vec<(String, Vec<Vec<u8>>)> {
    let mut runs = runs(&project.root, experiment).unwrap();
    runs.sort_by(|a, b| a.key().cmp(b.key()));
    runs.iter().map(|run| (run.key().to_owned(), fingerprint(run))).collect()
}

#[test]
fn a_run_of_another_host_is_not_trained_twice_and_goes_on_after_its_end() {
    let Some(hosts) = Hosts::new() else { return };
    let first = hosts.start(&hosts.a, &["run", "t.yaml"]);
    let run = wait_for("run that trains", || {
        let stored = runs(&hosts.project.root, "t").ok()?;
        stored.into_iter().find(|run| run.metrics().is_ok_and(|lines| lines.len() >= 2))
    });
    let pid = wait_for("process that trains", || trainer(first.id()));
    signal("USR1", pid);
    wait_for("checkpoint", || run.position().unwrap());
    // Stopped, it holds the run for as long as this test needs.
    signal("STOP", pid);
    let holder = Holder { pid: inner_id(pid), host: "host-a".to_owned() };
    assert_ne!(holder.pid, pid, "the view has process ids of its own");
    let epochs = run.metrics().unwrap().len();

    let second = hosts.go(&hosts.b, &["run", "t.yaml"]).on_one_line();
    second.expect(1, &[&format!("is in use by {holder}; wait until it ends, or stop it")]);
    let status = hosts.go(&hosts.b, &["status", "t.yaml"]).on_one_line();
    assert!(status.out.contains(&format!("running ({holder})")), "{status:?}");
    hosts.go(&hosts.b, &["runs", "note", run.key(), "mine"]).on_one_line().expect(1, &[&format!("in use by {holder}")]);
    assert_eq!(run.metrics().unwrap().len(), epochs, "nobody else trains it");
    assert_eq!(run.holder().unwrap(), Some(holder));

    signal("KILL", pid);
    let killed = Answer::of(first);
    killed.expect(1, &["its process was killed by SIGKILL"]);
    assert!(run.summary().unwrap().is_none(), "it was not finished");
    let status = hosts.go(&hosts.b, &["status", "t.yaml"]);
    assert!(status.out.contains("interrupted") && !status.out.contains("running"), "{status:?}");
    let resumed = hosts.go(&hosts.b, &["run", "t.yaml", "--progress", "counter"]);
    resumed.expect(0, &[]);
    assert_eq!(fingerprints(&hosts.project, "t"), undisturbed("t"));
    hosts.go(&hosts.a, &["verify"]).expect(0, &[]);
}

/// The id in the lock file is one of the holder's host. That a process of this host has the same says nothing, and
/// neither does the age of the file.
#[test]
fn only_the_lock_says_whether_a_run_is_in_use() {
    let project = project();
    let of_one = |command: &[&str]| project.go(&[command, &["s.yaml", "--only", "sparsity=W,seed=0"]].concat());
    let planned = of_one(&["plan", "--format", "json"]);
    let planned: serde_json::Value = serde_json::from_str(&planned.out).unwrap();
    let run = RunDir::new(&project.root, planned[0]["runs"][0]["key"].as_str().unwrap());
    let lock_file = format!("runs/{}/lock", run.key());
    let is_running = |holder: &str| of_one(&["status"]).out.contains(&format!("running ({holder})"));
    // The first process and this one are alive; the file is younger than now, by a clock that is ahead.
    for (pid, host) in [(1, "host-a".to_owned()), (std::process::id(), sparsegate_store::provenance::host())] {
        let holder = Holder { pid, host };
        project.write(&lock_file, serde_json::to_vec(&holder).unwrap());
        let file = fs_err::OpenOptions::new().append(true).open(project.path(&lock_file)).unwrap();
        file.file().set_modified(std::time::SystemTime::now() + Duration::from_hours(1)).unwrap();
        assert!(!is_running(&holder.to_string()), "nobody holds the lock");
    }
    // A lock that is held counts, whatever the file says: there is no such process here.
    let held = run.lock().unwrap();
    project.write(&lock_file, "{\"pid\":4194999,\"host\":\"host-a\"}");
    assert!(is_running("process 4194999 on host-a"));
    of_one(&["run"]).on_one_line().expect(1, &["is in use by process 4194999 on host-a"]);
    drop(held);
    of_one(&["run"]).expect(0, &[]);
}

#[test]
fn a_sweep_that_two_hosts_begin_at_once_is_trained_once() {
    let Some(hosts) = Hosts::new() else { return };
    let arguments = ["run", "s.yaml", "--jobs", "2"];
    let both = [&hosts.a, &hosts.b].map(|view| hosts.start(view, &arguments));
    for answer in both.map(Answer::of) {
        // A run that the other host trains is named with its holder.
        if answer.code != Some(0) {
            answer.clone().on_one_line().expect(1, &["is in use by process", " on host-"]);
        }
        assert!(!answer.err.contains("panicked"), "{answer:?}");
    }
    hosts.go(&hosts.b, &["run", "s.yaml"]).expect(0, &[]);
    let stored = runs(&hosts.project.root, "s").unwrap();
    assert_eq!(stored.len(), 8);
    for run in stored {
        let log = fs_err::read_to_string(run.log_path()).unwrap();
        for epoch in 1..=6 {
            let trained = log.lines().filter(|line| line.starts_with(&format!("{{\"epoch\":{epoch},"))).count();
            assert_eq!(trained, 1, "epoch {epoch} of {}: {log}", run.key());
        }
    }
    assert_eq!(fingerprints(&hosts.project, "s"), undisturbed("s"));
    hosts.go(&hosts.a, &["verify"]).expect(0, &[]);
}

#[test]
fn a_store_whose_locks_other_hosts_do_not_see_is_named_once() {
    let Some(mut hosts) = Hosts::new() else { return };
    let point = hosts.a.point.clone();
    let mounts = format!(
        "1 0 0:1 / / rw - ext4 /dev/vda rw\n2 1 0:2 / {point} rw,relatime - nfs server:/x rw,nolock,local_lock=all\n"
    );
    hosts.project.write("mounts", mounts);
    hosts.a.mounts = Some(hosts.project.path("mounts"));
    let warning = format!("note: locks on {point} (nfs, nolock) do not hold on other hosts");
    let run = ["run", "s.yaml", "--set", "train.epochs=1", "seed=0"];
    let plan = hosts.go(&hosts.a, &["plan", "s.yaml"]);
    assert!(plan.code == Some(0) && !plan.err.contains("locks"), "{plan:?}");
    let first = hosts.go(&hosts.a, &run);
    first.expect(0, &[&warning, "help: mount it without `nolock` and with `local_lock=none`"]);
    assert_eq!(first.err.matches("locks on").count(), 1, "{first:?}");
    let again = hosts.go(&hosts.a, &run);
    assert!(again.code == Some(0) && !again.err.contains("locks on"), "nothing is locked any more: {again:?}");
    let quiet = hosts.go(&hosts.a, &[&run[..], &["--force", "--quiet"]].concat());
    assert!(quiet.code == Some(0) && !quiet.err.contains("locks on"), "{quiet:?}");
    let other = hosts.go(&hosts.b, &[&run[..], &["--force"]].concat());
    assert!(other.code == Some(0) && !other.err.contains("locks on"), "{other:?}");
}

#[test]
fn a_file_system_without_locks_is_named_with_its_cure() {
    let strace = |options: &[&str], command: &Command| {
        let mut traced = Command::new("strace");
        traced.args(["-f", "-qq", "-o", "/dev/null"]).args(options).arg(command.get_program()).args(command.get_args());
        traced.stdin(Stdio::null());
        traced
    };
    let works = strace(&[], &Command::new("true")).stderr(Stdio::null()).status();
    if !works.is_ok_and(|status| status.success()) {
        println!("skipped: a file system without locks, because strace is missing or may not trace");
        return;
    }
    let project = project();
    let without = |error: &str, arguments: &[&str]| {
        let inject = format!("inject=flock:error={error}");
        let mut command = strace(&["-e", "trace=flock", "-e", &inject], &project.command(arguments));
        command.current_dir(&project.root).env("RAYON_NUM_THREADS", "1");
        Answer::to(command).on_one_line()
    };
    for error in ["ENOLCK", "ENOSYS", "EOPNOTSUPP"] {
        for command in ["run", "status"] {
            let answer = without(error, &[command, "t.yaml"]);
            answer.expect(1, &["cannot lock ", "this folder has no locks (flock)", "docs/cluster.md", "--root"]);
        }
    }
    assert!(
        runs(&project.root, "t").unwrap().iter().all(|run| run.metrics().unwrap().is_empty()),
        "nothing was trained"
    );
}

/// A plan may be older than what another host has finished since.
#[test]
fn a_run_that_was_finished_after_it_was_planned_keeps_its_record() {
    let project = project();
    let only = ["sparsity=W,seed=0".to_owned()];
    let sweep = Sweep::load(&project.root, &[project.path("s.yaml")], &[], &only).unwrap();
    project.go(&["run", "s.yaml", "--only", &only[0]]).expect(0, &[]);
    project.go(&["runs", "gc", "--what", "checkpoints", "--delete"]).expect(0, &[]);
    let run = runs(&project.root, "s").unwrap().remove(0);
    let record = fs_err::read(run.path().join("run.json")).unwrap();
    let outcomes = sweep.run(&SweepOptions::default(), &InProcess, &mut (), &Interrupt::default()).unwrap();
    assert!(matches!(outcomes[..], [Outcome::Done(_)]), "{outcomes:?}");
    assert_eq!(fs_err::read(run.path().join("run.json")).unwrap(), record);
    project.go(&["verify"]).expect(0, &[]);
}
