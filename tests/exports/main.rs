//! Exported files give the same outputs in ONNX Runtime and in PyTorch.
//!
//! `SPARSEGATE_PYTHON` names a Python interpreter that has torch, onnxruntime, onnx, safetensors and numpy; without it
//! the checks are listed as ignored.

mod case;
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
    let trials = vec![
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
    let done =
        Command::new(python).arg(&script).arg(folder).output().map_err(|e| format!("cannot start {python}: {e}"))?;
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if done.status.success() {
        print!("{said}");
        Ok(())
    } else {
        Err(format!("{script} ended with {}:\n{said}", done.status).into())
    }
}
