//! Signals and terminals: what ends a sweep, what saves it, and what it outlives.
#![cfg(target_os = "linux")]

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use sparsegate_store::format::RunState;
use sparsegate_store::{RunDir, runs};
use sparsegate_testing::manifests;

/// Trains for a second or two in many short epochs, so that there is time to interrupt it.
const LONG: &str = "\
name: t
dataset: small
model: { kind: language-model, hidden: 12 }
train: { epochs: 120, batch: 8, sequence: 10, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }
sweep: { product: { sparsity: [W+G+N] } }
";

/// Time limit; only a process that hangs takes longer.
const LIMIT: Duration = Duration::from_mins(2);

struct Project {
    _folder: tempfile::TempDir,
    root: Utf8PathBuf,
}

impl Project {
    fn new(spec: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        fs_err::create_dir(root.join("datasets")).unwrap();
        fs_err::write(root.join("datasets/small.yaml"), manifests::small_words()).unwrap();
        fs_err::write(root.join("t.yaml"), spec).unwrap();
        Self { _folder: folder, root }
    }

    /// Runs `program` in the project, with one thread for each run.
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.root).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("SPARSEGATE", env!("CARGO_BIN_EXE_sparsegate")).env("RAYON_NUM_THREADS", "1");
        command.env_remove("SPARSEGATE_MIRROR").env_remove("SPARSEGATE_CACHE");
        command
    }

    fn sparsegate(&self, arguments: &[&str]) -> Command {
        self.command(env!("CARGO_BIN_EXE_sparsegate"), arguments)
    }

    /// Starts a shell in a terminal of its own that runs `script`. The terminal vanishes when the child is killed.
    fn in_terminal(&self, script: &str) -> Child {
        fs_err::write(self.root.join("script.sh"), script).unwrap();
        let mut command = self.command("script", &["-qec", "sh script.sh", "/dev/null"]);
        command.stdout(Stdio::null()).env("TERM", "xterm").env_remove("NO_COLOR").spawn().unwrap()
    }

    /// Waits for the first run that has written `lines` lines.
    fn wait_for_lines(&self, lines: usize) -> RunDir {
        wait_for(|| {
            let stored = runs(&self.root, "t").unwrap();
            stored.into_iter().find(|run| run.metrics().unwrap().len() >= lines)
        })
    }

    /// Waits for the exit code that `script.sh` writes.
    fn wait_for_code(&self) -> String {
        wait_for(|| fs_err::read_to_string(self.root.join("code")).ok().filter(|text| text.ends_with('\n')))
    }
}

fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < LIMIT, "nothing happened");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn signal(name: &str, to: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), "--", to]).status().unwrap().success());
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The stored bytes that must not depend on interruptions.
fn fingerprint(run: &RunDir) -> Vec<Vec<u8>> {
    let names = ["metrics.jsonl", "structure.json", "model.safetensors"];
    names.iter().map(|name| fs_err::read(run.path().join(name)).unwrap()).collect()
}

/// Stored bytes of [`LONG`] without interruption.
fn whole() -> &'static [Vec<u8>] {
    static WHOLE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let project = Project::new(LONG);
        assert!(project.sparsegate(&["run", "t.yaml"]).output().unwrap().status.success());
        fingerprint(&runs(&project.root, "t").unwrap()[0])
    })
}

#[test]
fn usr1_saves_and_the_run_goes_on() {
    // To the program, to the process of the run, and to both.
    for to in ["program", "run", "group"] {
        let project = Project::new(LONG);
        let child = project.sparsegate(&["run", "t.yaml"]).process_group(0).spawn().unwrap();
        let run = project.wait_for_lines(2);
        assert!(run.position().unwrap().is_none(), "no checkpoint is due in the first 30 seconds");
        signal(
            "USR1",
            &match to {
                "program" => child.id().to_string(),
                "run" => run.holder().unwrap().unwrap().pid.to_string(),
                _ => format!("-{}", child.id()),
            },
        );
        let saved = wait_for(|| run.position().unwrap());
        assert!(saved.step > 0 && saved.epoch < 120, "{to}: {saved:?}");
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{to}: {output:?}");
        assert!(fs_err::read_to_string(run.log_path()).unwrap().contains("saved after step"), "{to}");
        assert!(fingerprint(&run) == whole(), "{to}: other bytes than without a signal");
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
    let project = Project::new(&spec);
    for delay in (0..12).map(|number| number * number * 3) {
        let mut child = project.sparsegate(&["run", "t.yaml", "--force"]).process_group(0).spawn().unwrap();
        wait_for(|| handles_interrupts(child.id()));
        std::thread::sleep(Duration::from_millis(delay));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        signal("INT", &format!("-{}", child.id()));
        let output = child.wait_with_output().unwrap();
        // A sweep that had just ended when the signal came is finished.
        let ended = output.status.code() == Some(0) && text(&output).matches("done in").count() == 2;
        assert!(output.status.code() == Some(130) || ended, "after {delay} ms: {output:?}");
    }
}

#[test]
fn the_signal_is_named() {
    let project = Project::new(LONG);
    for name in ["INT", "TERM", "HUP"] {
        let child = project.sparsegate(&["run", "t.yaml", "--force"]).spawn().unwrap();
        let run = project.wait_for_lines(1);
        wait_for(|| run.holder().unwrap());
        signal(name, &child.id().to_string());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{output:?}");
        assert!(text(&output).contains(&format!("interrupted by SIG{name}, state saved")), "{output:?}");
    }
}

#[test]
fn only_sigkill_is_blamed_on_memory() {
    for (name, blamed) in [("KILL", true), ("ABRT", false)] {
        let project = Project::new(LONG);
        let child = project.sparsegate(&["run", "t.yaml"]).spawn().unwrap();
        let run = project.wait_for_lines(1);
        signal(name, &run.holder().unwrap().unwrap().pid.to_string());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(text(&output).contains(&format!("killed by SIG{name}")), "{output:?}");
        assert_eq!(text(&output).contains("perhaps for lack of memory"), blamed, "{output:?}");
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
        let project = Project::new(&spec);
        let mut terminal = project.in_terminal(&script);
        project.wait_for_lines(2);
        terminal.kill().unwrap();
        terminal.wait().unwrap();
        assert_eq!(project.wait_for_code(), "0\n", "{script}");
        let states = runs(&project.root, "t").unwrap().into_iter().map(|run| run.summary().unwrap().unwrap().state);
        assert_eq!(states.collect::<Vec<_>>(), [RunState::Done; 4], "{script}");
    }
}

#[test]
fn a_sweep_that_does_not_saves_when_the_terminal_vanishes() {
    let project = Project::new(LONG);
    // The outer shell, which the terminal belongs to, dies of the signal; then the others get it. The inner one handles
    // it, so that it lives to tell the exit code.
    let inner = "trap : HUP\n\"$SPARSEGATE\" run t.yaml\necho $? >code\n";
    fs_err::write(project.root.join("inner.sh"), inner).unwrap();
    let mut terminal = project.in_terminal("sh inner.sh\ntrue\n");
    let run = project.wait_for_lines(2);
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    assert_eq!(project.wait_for_code(), "130\n");
    assert_eq!(run.summary().unwrap().unwrap().state, RunState::Interrupted);
    assert!(project.sparsegate(&["run", "t.yaml"]).output().unwrap().status.success());
    assert!(fingerprint(&run) == whole());
}
