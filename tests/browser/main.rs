//! A report's pages in headless Chromium: trained, written, opened. See the test of the same name in
//! `sparsegate-explorer` for what it needs.

#[path = "../../crates/sparsegate-explorer/tests/browser/node.rs"]
mod node;

use std::process::Command;

use camino::Utf8Path;
use libtest_mimic::{Arguments, Failed, Trial};

use node::Browser;

const MANIFEST: &str = "\
name: texts
about: Embedded
licence: { name: MIT OR Apache-2.0, redistribution: true, terms: generated }
reader: { planted-texts: { seed: 1, train: 256, valid: 64, test: 64 } }
split: three independent draws
";

const SPEC: &str = "\
name: t
about: Twelve <b>small</b> classifiers
dataset: texts
model: { kind: classification, hidden: 5, embedding: { size: 4, vectors: none }, gate_activation: sigmoid }
train: { epochs: 1, batch: 32, optimizer: { adam: { lr: 2e-2 } } }
sweep: { product: { sparsity: [dense, W, W+N], cell: [lstm, gru], seed: [0, 1] } }
";

fn main() {
    let browser = Browser::find();
    let found = browser.clone();
    let trial = Trial::test("a report and its explorer", move || found.map_or(Ok(()), |browser| report(&browser)));
    let trials = vec![trial.with_ignored_flag(browser.is_none())];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn report(browser: &Browser) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let folder = Utf8Path::from_path(folder.path()).ok_or("a folder whose name is not UTF-8")?;
    fs_err::create_dir(folder.join("datasets"))?;
    fs_err::write(folder.join("datasets/texts.yaml"), MANIFEST)?;
    fs_err::write(folder.join("t.yaml"), SPEC)?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_sparsegate"));
    let done = program.args(["run", "t.yaml", "--report", "-q"]).current_dir(folder).output()?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
    }
    let script = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/report.mjs");
    browser.check(&script, &folder.join("reports/t"))
}
