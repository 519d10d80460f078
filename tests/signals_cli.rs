//! Signals and terminals: what ends a sweep, what saves it, and what it outlives.
#![cfg(target_os = "linux")]

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use sparsegate_store::format::RunState;
use sparsegate_testing::stored::{run_with_epochs, runs_of, trained_bytes};
use sparsegate_testing::{Answer, Project, signal, wait_for};

/// Trains for a second or two in many short epochs, so that there is time to interrupt it.
const LONG: &str = "\
name: t
dataset: small
model: { kind: language-model, hidden: 12 }
train: { epochs: 120, batch: 8, sequence: 10, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }
sweep: { product: { sparsity: [W+G+N] } }
";

/// Starts the program in a group of processes of its own; its output is collected.
fn in_group(project: &Project, arguments: &[&str]) -> Child {
    let mut command = project.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn().unwrap()
}

/// Starts a shell in a terminal of its own that runs `script`. The terminal vanishes when the child is killed.
fn in_terminal(project: &Project, script: &str) -> Child {
    project.write("script.sh", script);
    let mut command = Command::new("script");
    command.args(["-qec", "sh script.sh", "/dev/null"]).current_dir(&project.root);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.env("SPARSEGATE", env!("CARGO_BIN_EXE_sparsegate")).env("RAYON_NUM_THREADS", "1").env("TERM", "xterm");
    command.env_remove("NO_COLOR").env_remove("SPARSEGATE_MIRROR").env_remove("SPARSEGATE_CACHE");
    command.spawn().unwrap()
}

/// Waits for the exit code that `script.sh` writes.
fn exit_code(project: &Project) -> String {
    let written = || fs_err::read_to_string(project.path("code")).ok().filter(|text| text.ends_with('\n'));
    wait_for("exit code", written)
}

/// Stored bytes of [`LONG`] without interruption.
fn whole() -> &'static [Vec<u8>] {
    static WHOLE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let project = Project::small(LONG);
        project.go(&["run", "t.yaml"]).expect(0, &[]);
        trained_bytes(&runs_of(&project, "t")[0])
    })
}

#[test]
fn usr1_saves_and_the_run_goes_on() {
    // To the program, to the process of the run, and to both.
    for to in ["program", "run", "group"] {
        let project = Project::small(LONG);
        let child = in_group(&project, &["run", "t.yaml"]);
        let run = run_with_epochs(&project, 2);
        assert!(run.position().unwrap().is_none(), "no checkpoint is due in the first 30 seconds");
        let process = match to {
            "program" => child.id().to_string(),
            "run" => run.holder().unwrap().unwrap().pid.to_string(),
            _ => format!("-{}", child.id()),
        };
        signal("USR1", process);
        let saved = wait_for("checkpoint", || run.position().unwrap());
        assert!(saved.step > 0 && saved.epoch < 120, "{to}: {saved:?}");
        let answer = Answer::of(child);
        assert_eq!(answer.code, Some(0), "{to}: {answer:?}");
        assert!(fs_err::read_to_string(run.log_path()).unwrap().contains("saved after step"), "{to}");
        assert!(trained_bytes(&run) == whole(), "{to}: other bytes than without a signal");
    }
}

#[test]
fn an_interrupt_of_the_group_ends_with_130_at_any_time() {
    let spec = LONG.replace("[W+G+N]", "[dense, W]").replace("epochs: 120", "epochs: 3");
    let handles_interrupts = |pid: u32| {
        let status = fs_err::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0").trim().to_owned();
        (u64::from_str_radix(&mask, 16).unwrap() >> 1 & 1 == 1).then_some(())
    };
    let project = Project::small(&spec);
    for delay in (0..12).map(|number| number * number * 3) {
        let mut child = in_group(&project, &["run", "t.yaml", "--force"]);
        wait_for("handler of interrupts", || handles_interrupts(child.id()));
        std::thread::sleep(Duration::from_millis(delay));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        signal("INT", format!("-{}", child.id()));
        let answer = Answer::of(child);
        // A sweep that had just ended when the signal came is finished.
        let ended = answer.code == Some(0) && answer.err.matches("done in").count() == 2;
        assert!(answer.code == Some(130) || ended, "after {delay} ms: {answer:?}");
    }
}

#[test]
fn the_signal_is_named() {
    let project = Project::small(LONG);
    for name in ["INT", "TERM", "HUP"] {
        let child = project.start(&["run", "t.yaml", "--force"]);
        let run = run_with_epochs(&project, 1);
        wait_for("process of the run", || run.holder().unwrap());
        signal(name, child.id());
        Answer::of(child).expect(130, &[&format!("interrupted by SIG{name}, state saved")]);
    }
}

#[test]
fn only_sigkill_is_blamed_on_memory() {
    for (name, blamed) in [("KILL", true), ("ABRT", false)] {
        let project = Project::small(LONG);
        let child = project.start(&["run", "t.yaml"]);
        let run = run_with_epochs(&project, 1);
        signal(name, run.holder().unwrap().unwrap().pid);
        let answer = Answer::of(child);
        answer.expect(1, &[&format!("killed by SIG{name}")]);
        assert_eq!(answer.err.contains("perhaps for lack of memory"), blamed, "{answer:?}");
    }
}

#[test]
fn a_sweep_outlives_its_terminal_if_it_ignores_hangups() {
    let spec = LONG.replace("[W+G+N]", "[dense, W, W+N, W+G+N]").replace("epochs: 120", "epochs: 10");
    let run = "\"$SPARSEGATE\" run t.yaml --jobs 1";
    for script in [
        // As `nohup` does, but with bars on the terminal.
        format!("trap '' HUP; {run}; echo $? >code\n"),
        // In a session without a terminal, whose output still goes to one.
        format!("setsid --wait sh -c '{run}; echo $? >code'\n"),
    ] {
        let project = Project::small(&spec);
        let mut terminal = in_terminal(&project, &script);
        run_with_epochs(&project, 2);
        terminal.kill().unwrap();
        terminal.wait().unwrap();
        assert_eq!(exit_code(&project), "0\n", "{script}");
        let states = runs_of(&project, "t").into_iter().map(|run| run.summary().unwrap().unwrap().state);
        assert_eq!(states.collect::<Vec<_>>(), [RunState::Done; 4], "{script}");
    }
}

#[test]
fn a_sweep_that_does_not_saves_when_the_terminal_vanishes() {
    let project = Project::small(LONG);
    // The outer shell, which the terminal belongs to, dies of the signal; then the others get it. The inner one handles
    // it, so that it lives to tell the exit code.
    let inner = "trap : HUP\n\"$SPARSEGATE\" run t.yaml\necho $? >code\n";
    project.write("inner.sh", inner);
    let mut terminal = in_terminal(&project, "sh inner.sh\ntrue\n");
    let run = run_with_epochs(&project, 2);
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    assert_eq!(exit_code(&project), "130\n");
    assert_eq!(run.summary().unwrap().unwrap().state, RunState::Interrupted);
    project.go(&["run", "t.yaml"]).expect(0, &[]);
    assert!(trained_bytes(&run) == whole());
}
