//! The figure of the seconds of each epoch: when it is there, what it shows, and that it is repeatable.

use camino::Utf8Path;
use serde_json::json;
use sparsegate_report as report;
use sparsegate_store::RunDir;
use sparsegate_store::format::EpochMetrics;
use sparsegate_testing::language_models::{epoch_time, store_times};
use sparsegate_testing::{Project, language_models};

use crate::values::figure;
use crate::{read, sweep};

const NAME: &str = "epoch-seconds";

/// The page of the sweep of the other tests, with the times that `store` writes.
fn page(store: impl Fn(&Utf8Path)) -> (Project, report::WrittenReport, String) {
    let project = Project::new();
    let (experiment, plan) = sweep(&project.root);
    store(&project.root);
    let written = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    let page = read(&written.index);
    (project, written, page)
}

/// Rewrites the metrics of a run as those of one with `train.drop_dead`.
fn drop_dead(root: &Utf8Path, key: &str) {
    let run = RunDir::at(&root.join("runs/made-up").join(key));
    let share = |line: EpochMetrics| EpochMetrics { trained_share: Some(1.0 / f64::from(line.epoch)), ..line };
    let lines = run.metrics().expect("metrics").into_iter().map(share);
    let text: String = lines.map(|line| serde_json::to_string(&line).expect("JSON") + "\n").collect();
    fs_err::write(run.metrics_path(), text).expect("written");
}

#[test]
fn seconds_of_the_runs_that_stored_them() {
    let store = |root: &Utf8Path| ["bbbb", "eeee"].into_iter().for_each(|key| store_times(root, key, 10));
    let (_project, written, page) = page(store);
    let svg = read(&written.out.join(format!("{NAME}.svg")));
    assert!(svg.contains("seconds an epoch") && !svg.contains("parameters trained"));
    assert!(fs_err::read(written.out.join(format!("{NAME}.png"))).expect("a PNG file").starts_with(b"\x89PNG"));
    let (_, values) = figure(&page, NAME);
    let plots = values["plots"].as_array().expect("a list");
    assert_eq!(
        (plots.len(), &plots[0]["x"]["n"], &plots[0]["y"]["n"]),
        (1, &json!("epoch"), &json!("seconds an epoch"))
    );
    assert_eq!(plots[0]["y"]["l"], 0.0, "from zero");
    let curves = plots[0]["c"].as_array().expect("a list");
    assert_eq!(curves.iter().map(|curve| &curve["n"]).collect::<Vec<_>>(), ["W, seed 0", "W+G+N, seed 0"]);
    let seconds: Vec<f64> =
        curves[1]["y"].as_array().expect("a list").iter().filter_map(serde_json::Value::as_f64).collect();
    assert_eq!(seconds.len(), 10);
    for (seconds, epoch) in seconds.into_iter().zip(1..) {
        assert!((seconds / epoch_time(epoch).seconds - 1.0).abs() < 1e-4, "epoch {epoch}: {seconds}");
    }
    assert!(page.contains("on a clock of the machine named in the provenance, beside whatever else it did."));
    assert!(page.contains("Runs without stored times are not shown."));
}

#[test]
fn trained_parameters_are_a_second_panel() {
    let store = |root: &Utf8Path| {
        for key in ["aaaa", "eeee"] {
            store_times(root, key, 10);
        }
        drop_dead(root, "eeee");
    };
    let (_project, _, page) = page(store);
    let (svg, values) = figure(&page, NAME);
    assert!(svg.contains("parameters trained"));
    let plots = values["plots"].as_array().expect("a list");
    assert_eq!(plots.len(), 2);
    let share = |name: &str| {
        let curves = plots[1]["c"].as_array().expect("a list");
        curves.iter().find(|curve| curve["n"] == name).expect("a curve")["y"].clone()
    };
    assert_eq!((&share("W+G+N, seed 0")[3], &share("dense, seed 0")[3]), (&json!(0.25), &json!(1.0)));
}

#[test]
fn seeds_are_pooled_and_unknown_epochs_are_gaps() {
    let project = Project::new();
    let specs = [0, 1, 2].map(|seed| sparsegate_spec::types::RunSpec { seed, ..language_models::spec("W") });
    let keys = ["k0", "k1", "k2"];
    for (spec, key) in specs.iter().zip(keys) {
        language_models::store(&project.root, spec, key, 10, sparsegate_store::format::RunState::Done);
    }
    // Those of k2 began under a version without times.
    store_times(&project.root, "k0", 10);
    store_times(&project.root, "k1", 10);
    let late: String = (9..=10).map(|epoch| serde_json::to_string(&epoch_time(epoch)).expect("JSON") + "\n").collect();
    fs_err::write(project.root.join("runs/made-up/k2/times.jsonl"), late).expect("written");
    let done = || sparsegate_store::plan::Status::Done;
    let plan = |count: usize| {
        language_models::plan(
            specs.iter().cloned().zip(keys).map(|(spec, key)| (spec, key, done())).take(count).collect(),
        )
    };
    let experiment = language_models::experiment(&project.root, &specs);
    let curve = |count: usize| {
        let out = project.root.join(format!("out{count}"));
        let written = report::write(&project.root, &experiment, &plan(count), &out).expect("a report");
        let (svg, values) = figure(&read(&written.index), NAME);
        assert_eq!(svg.contains("<polygon"), count > 2, "a band from three seeds on");
        values["plots"][0]["c"][0].clone()
    };
    let two = curve(2);
    assert_eq!((&two["m"], two["y"].as_array().map(Vec::len)), (&json!(2), Some(10)));
    let three = curve(3);
    assert_eq!((&three["m"], &three["x"]), (&json!(3), &json!([9.0, 10.0])), "epochs of which all times are known");
}

#[test]
fn without_two_epochs_with_times_there_is_no_figure() {
    let (project, written, page) = page(|root| store_times(root, "bbbb", 2));
    assert!(page.contains(&format!("id=\"{NAME}\"")));
    // A report without it removes it, and says nothing about it.
    store_times(&project.root, "bbbb", 1);
    let (experiment, plan) = sweep(&project.root);
    let again = report::write(&project.root, &experiment, &plan, &written.out).expect("a report");
    assert!(!read(&again.index).contains(NAME) && !again.notes.iter().any(|note| note.contains(NAME)));
    assert!(!written.out.join(format!("{NAME}.svg")).exists());
}

#[test]
fn the_same_times_give_the_same_bytes() {
    let pages = [(), ()].map(|()| page(|root| store_times(root, "eeee", 10)));
    let [bytes, again] = pages.map(|(_project, written, page)| {
        let files =
            ["svg", "png"].map(|kind| fs_err::read(written.out.join(format!("{NAME}.{kind}"))).expect("a file"));
        (files, page)
    });
    assert!(bytes == again);
}
