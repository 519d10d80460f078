//! A report's pages in headless Chromium: trained or made up, written, opened. See the test of the same name in
//! `sparsegate-explorer` for what it needs.

#[path = "../../crates/sparsegate-explorer/tests/browser/node.rs"]
mod node;

use camino::{Utf8Path, Utf8PathBuf};
use libtest_mimic::{Arguments, Failed, Trial};

use node::Browser;
use sparsegate_spec::types::{Optimizer, RunSpec};
use sparsegate_store::format::RunState;
use sparsegate_store::plan::Status;
use sparsegate_testing::{Project, language_models, manifests};

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
    let trained = Trial::test("a report and its explorer", move || found.map_or(Ok(()), |browser| report(&browser)));
    let found = browser.clone();
    let made_up = Trial::test("the figures of a report", move || found.map_or(Ok(()), |browser| figures(&browser)));
    let mut trials = Vec::from([trained, made_up].map(|trial| trial.with_ignored_flag(browser.is_none())));
    // Its times are no verdict: it runs if asked for, with `-- --ignored`.
    let timed =
        Trial::test("times of a page of a thousand runs", move || browser.map_or(Ok(()), |browser| many(&browser)));
    trials.push(timed.with_ignored_flag(true));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Measures the page of a thousand made-up runs: `cargo test --release --test browser -- --ignored --nocapture`.
fn many(browser: &Browser) -> Result<(), Failed> {
    let script = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/many.mjs");
    let project = Project::new();
    let mut runs: Vec<(RunSpec, String)> = Vec::new();
    for index in 0..1000 {
        let mut run = language_models::spec(["dense", "W", "W+Voc", "W+N", "W+G+N"][index % 5]);
        let Optimizer::Adam(adam) = &mut run.train.optimizer;
        adam.lr = 1e-4 * (1.0 + (index / 5) as f64 / 100.0);
        let key = format!("{index:032x}");
        language_models::store(&project.root, &run, &key, 10, RunState::Done);
        runs.push((run, key));
    }
    let out = report_of(&project, runs)?;
    println!("index.html: {:.1} MB", fs_err::metadata(out.join("index.html"))?.len() as f64 / 1e6);
    browser.check(&script, &out)
}

/// Writes the report of stored runs, with their keys, and returns its folder.
fn report_of(project: &Project, runs: Vec<(RunSpec, String)>) -> Result<Utf8PathBuf, Failed> {
    let plan = runs.iter().map(|(run, key)| (run.clone(), key.as_str(), Status::Done)).collect();
    let plan = language_models::plan(plan);
    let runs: Vec<RunSpec> = runs.into_iter().map(|(run, _)| run).collect();
    let experiment = language_models::experiment(&project.root, &runs);
    let out = project.root.join("reports/made-up");
    sparsegate_report::write(&project.root, &experiment, &plan, &out)?;
    Ok(out)
}

/// The page of a sweep of made-up runs, two seeds each, one of them failed, which has more to point at than a trained one
/// of a few seconds.
fn figures(browser: &Browser) -> Result<(), Failed> {
    let project = Project::new();
    let mut runs: Vec<(RunSpec, String)> = Vec::new();
    for level in ["dense", "W", "W+N", "W+G+N"] {
        for seed in 0..2 {
            let run = RunSpec { seed, ..language_models::spec(level) };
            let key = format!("{level}{seed}").replace('+', "");
            let failed = (level, seed) == ("dense", 1);
            let (epochs, state) = if failed { (3, RunState::Failed) } else { (10, RunState::Done) };
            language_models::store(&project.root, &run, &key, epochs, state);
            runs.push((run, key));
        }
    }
    let out = report_of(&project, runs)?;
    let script = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/figures.mjs");
    browser.check(&script, &out)
}

fn report(browser: &Browser) -> Result<(), Failed> {
    let manifest = manifests::texts("texts", [256, 64, 64]);
    let project = Project::with(&[("datasets/texts.yaml", &manifest), ("t.yaml", SPEC)]);
    project.go(&["run", "t.yaml", "--report", "-q"]).expect(0, &[]);
    let script = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/report.mjs");
    browser.check(&script, &project.path("reports/t"))
}
