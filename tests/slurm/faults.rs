//! Tests with scripts in the place of Slurm's commands: what could make a run be submitted twice or never, and limits.

use super::project::{Answer, spec, text};
use super::scripts::{RUN, StandIn};

#[test]
fn an_answer_that_is_lost_leaves_no_second_array() {
    let slurm = StandIn::new(&spec(1, "sparsity: [dense, W]"));
    let switch = |name: &str| slurm.0.root.join(name);
    // The controller accepted the job.
    fs_err::write(switch("slow"), "").unwrap();
    slurm.go(RUN).says(0, &["submitted 2 runs as job 7"]);
    slurm.go(RUN).says(0, &["2 runs already queued or running"]);
    assert_eq!(slurm.log("sbatch.log").len(), 1);
    assert_eq!(text(&slurm.0.submissions()[0].join("job")), "7\n");
    fs_err::remove_file(switch("slow")).unwrap();

    // It did not.
    fs_err::write(switch("queue"), "").unwrap();
    fs_err::write(switch("deaf"), "").unwrap();
    slurm.go(RUN).says(1, &["`sbatch` failed: Socket timed out"]);
    assert_eq!(slurm.0.submissions().len(), 1, "the queue has no such job");
    fs_err::remove_file(switch("deaf")).unwrap();
    // A site that greets.
    fs_err::write(switch("banner"), "300 hours left\n\n").unwrap();
    slurm.go(RUN).says(0, &["submitted 2 runs as job 8"]);
}

#[test]
fn names_are_never_used_again() {
    let slurm = StandIn::new(&spec(1, "sparsity: [dense]"));
    slurm.go(RUN).says(0, &["job 7"]);
    // An array of the same name, as an earlier version gave it after its folder was deleted, is another one.
    let name = slurm.0.submissions()[0].file_name().unwrap().to_owned();
    fs_err::write(slurm.0.root.join("queue"), format!("{name}|3|0|RUNNING|n|None\n{name}|7|0|FAILED|n|None\n"))
        .unwrap();
    let status = slurm.go("status t.yaml").says(0, &["failed", "7_0"]);
    assert!(!status.out.contains("running"), "{status:?}");
    fs_err::remove_dir_all(slurm.0.root.join("slurm")).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1));
    slurm.go(RUN).says(0, &["job 8"]);
    assert_ne!(slurm.0.submissions()[0].file_name().unwrap(), name);
}

#[test]
fn the_environment_of_a_user_does_not_change_what_is_queued() {
    let slurm = StandIn::new(&spec(1, "sparsity: [dense]"));
    slurm.go(RUN).says(0, &["job 7"]);
    let mut command = slurm.command(RUN);
    command.env("SQUEUE_ACCOUNT", "other");
    Answer::to(command).says(0, &["1 run already queued"]);
    let mut command = slurm.command(&format!("{RUN} --set seed=1"));
    command.env("SPARSEGATE_CACHE", "mine");
    Answer::to(command).says(0, &["job 8"]);
    let script = text(&slurm.0.submissions()[1].join("job.sh"));
    assert!(script.contains(&format!("export SPARSEGATE_CACHE='{}/mine'\n", slurm.0.root)), "{script}");
    assert!(slurm.log("squeue.log").iter().all(|call| call.contains("--all ")), "hidden partitions are seen");
    // A state that a newer Slurm may have.
    let queue = slurm.0.root.join("queue");
    fs_err::write(&queue, text(&queue).replace("PENDING", "EXPEDITING")).unwrap();
    slurm.go(RUN).says(0, &["1 run already queued"]);
    for option in ["--job-name=x", "-Jx", "--array=0-3", "--signal=TERM", "--no-requeue", "--wait", "-H"] {
        slurm.go(&format!("{RUN} --slurm sbatch={option}")).says(2, &["cannot be changed"]);
    }
    slurm.go(&format!("{RUN} --slurm time=1")).says(2, &["the warning 120 seconds"]);
}

#[test]
fn arrays_become_smaller_where_a_limit_is_in_the_way() {
    let slurm = StandIn::new(&spec(1, "sparsity: [dense, W], seed: [0, 1, 2]"));
    let (limit, queue) = (slurm.0.root.join("limit"), slurm.0.root.join("queue"));
    fs_err::write(&limit, "4").unwrap();
    let first =
        slurm.go(RUN).says(1, &["submitted 4 of 6 runs as job 7, 8", "when some have ended", "the other 2 runs"]);
    assert!(first.err.contains("QOSMaxSubmitJobPerUserLimit"), "{first:?}");
    assert_eq!(first.out.matches("not-started").count(), 2, "{first:?}");
    let calls = slurm.log("sbatch.log");
    let sizes: Vec<&str> =
        calls.iter().map(|call| call.split("--array=").nth(1).unwrap().split(' ').next().unwrap()).collect();
    assert_eq!(sizes, ["0-2", "0-2", "0-1", "0-0", "0-0"], "{calls:#?}");
    let lines = text(&queue);
    fs_err::write(&queue, lines.split_inclusive('\n').skip(2).collect::<String>()).unwrap();
    fs_err::write(&limit, "9").unwrap();
    slurm.go(&format!("{RUN} --slurm max-tasks=1")).says(0, &["submitted 4 runs as job 9, 10, 11, 12"]);
}

#[test]
fn a_submission_that_cannot_be_read_stops_only_what_depends_on_it() {
    let slurm = StandIn::new(&spec(1, "sparsity: [dense, W]"));
    slurm.go(&format!("{RUN} --only sparsity=W")).says(0, &["job 7"]);
    fs_err::write(slurm.0.submissions()[0].join("submission.json"), "{").unwrap();
    slurm.go("status t.yaml").says(0, &["submission.json", "its job 7 is in the queue", "new"]);
    slurm.go(RUN).says(1, &["submission.json", "scancel 7"]);
    slurm.go("runs gc --delete").says(1, &["scancel 7"]);
    fs_err::write(slurm.0.root.join("queue"), "").unwrap();
    slurm.go(RUN).says(0, &["submitted 2 runs as job 8"]);
}

#[test]
fn what_has_ended_is_not_asked_about_again() {
    let slurm = StandIn::new(&spec(1, "sparsity: [dense]"));
    slurm.go(RUN).says(0, &["job 7"]);
    let queue = slurm.0.root.join("queue");
    fs_err::write(&queue, text(&queue).replace("PENDING||Priority", "OUT_OF_MEMORY|n|None")).unwrap();
    slurm.go("status t.yaml").says(0, &["out of memory"]);
    let looks = slurm.log("squeue.log").len();
    // In a container, ids of users need not be those of Slurm; then the name decides, if there is one.
    if !slurm.0.submissions()[0].join("ended.json").exists() {
        let map = text("/proc/self/uid_map".into());
        assert_ne!(map.split_whitespace().collect::<Vec<_>>(), ["0", "0", "4294967295"]);
        return;
    }
    slurm.go("status t.yaml").says(0, &["out of memory", "7_0"]);
    assert_eq!(slurm.log("squeue.log").len(), looks);
    slurm.go(RUN).says(0, &["job 8"]);
    slurm.go("status t.yaml").says(0, &["queued", "8_0"]);
}

#[cfg(target_os = "linux")]
#[test]
fn locks_that_other_nodes_do_not_see_are_named() {
    use sparsegate_testing::View;

    if !View::is_possible() {
        return;
    }
    let slurm = StandIn::new(&spec(1, "sparsity: [dense, W]"));
    let points = tempfile::tempdir().unwrap();
    let point = camino::Utf8Path::from_path(points.path()).unwrap().join("scratch");
    let mounts = slurm.0.root.join("mounts");
    let lines = format!("1 0 0:1 / / rw - ext4 /dev/vda rw\n2 1 0:2 / {point} rw - lustre 10.0.0.1:/s rw,localflock\n");
    fs_err::write(&mounts, lines).unwrap();
    let view = View { mounts: Some(mounts), ..View::new("login", &slurm.0.root, &point) };
    let answer = Answer::to(view.command(&slurm.command(RUN))).says(
        0,
        &["note: locks on ", "/scratch (lustre, localflock) do not hold on other hosts", "help: mount it with"],
    );
    assert_eq!(answer.err.matches("locks on").count(), 1, "{}", answer.err);
}
