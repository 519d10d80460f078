//! Behaviour of commands if their output is not read, or its disk is full.

use std::io;
use std::process::{Command, Output, Stdio};

/// Commands that print a result without training, in the project's own folder.
const COMMANDS: [&[&str]; 8] = [
    &["schema", "experiment"],
    &["completions", "bash"],
    &["backends"],
    &["data", "list"],
    &["data", "list", "--format", "json"],
    &["data", "show", "planted-words-small"],
    &["plan", "experiments/quick.yaml"],
    &["status", "experiments/quick.yaml"],
];

fn run(arguments: &[&str], stdout: impl Into<Stdio>, stderr: impl Into<Stdio>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sparsegate"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    command.stdout(stdout).stderr(stderr).spawn().unwrap().wait_with_output().unwrap()
}

/// Write end of a pipe whose reader has exited, as with `| head`.
fn closed() -> io::PipeWriter {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    writer
}

#[test]
fn every_command_prints() {
    for arguments in COMMANDS {
        let output = run(arguments, Stdio::piped(), Stdio::piped());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.ends_with(b"\n"), "{arguments:?}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    for arguments in COMMANDS {
        let output = run(arguments, closed(), Stdio::piped());
        assert!(output.status.success(), "{arguments:?}: {}", output.status);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    for arguments in COMMANDS {
        let full = fs_err::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = run(arguments, full.into_parts().0, Stdio::piped());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.starts_with("error: cannot write to standard output: No space left"), "{arguments:?}: {said}");
    }
}

#[test]
fn an_error_that_nobody_hears_keeps_its_exit_code() {
    let output = run(&["plan", "no-such-spec.yaml"], Stdio::piped(), closed());
    assert_eq!(output.status.code(), Some(2));
}
