//! Exported files give the same outputs in ONNX Runtime and in PyTorch, and TensorBoard reads exported metrics.
//!
//! `SPARSEGATE_PYTHON` names a Python interpreter that has torch, onnxruntime, onnx, safetensors, numpy and tensorboard;
//! without it, or without tensorboard, the checks are listed as ignored.

mod case;
mod event_files;
mod networks;
mod trained;

use std::process::Command;

use camino::Utf8Path;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let python = std::env::var("SPARSEGATE_PYTHON").ok().filter(|python| !python.is_empty());
    let there = python.is_some();
    let trial = |name: &str, write: fn(&Utf8Path) -> Result<(), Failed>| {
        let python = python.clone().unwrap_or_default();
        Trial::test(name, move || check(&python, write)).with_ignored_flag(!there)
    };
    let interpreter = python.clone().unwrap_or_default();
    let is_readable = there && event_files::has_tensorboard(&interpreter);
    let read = move || event_files::read_by_tensorboard(&interpreter);
    let trials = vec![
        Trial::test("event files in TensorBoard", read).with_ignored_flag(!is_readable),
        trial("every cell, activation and task", networks::every_kind),
        trial("structures at random, and degenerate ones", networks::at_random),
        trial("trained networks over their test data", trained::every_cell),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Writes cases to a folder and checks them with `scripts/check_exports.py`.
fn check(python: &str, write: fn(&Utf8Path) -> Result<(), Failed>) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let folder = Utf8Path::from_path(folder.path()).ok_or("a folder whose name is not UTF-8")?;
    write(folder)?;
    let script = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/check_exports.py");
    print!("{}", self::python(python, &script, &[folder])?);
    Ok(())
}

/// Runs a script and returns what it said; an error if it failed.
fn python(interpreter: &str, script: &Utf8Path, arguments: &[&Utf8Path]) -> Result<String, Failed> {
    let mut command = Command::new(interpreter);
    let done = command.arg(script).args(arguments).output().map_err(|e| format!("cannot start {interpreter}: {e}"))?;
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    if done.status.success() { Ok(said) } else { Err(format!("{script} ended with {}:\n{said}", done.status).into()) }
}
