//! Reports over several seeds and over swept numbers, from fixture run folders.

use camino::{Utf8Path, Utf8PathBuf};
use sparsegate_core::EvaluationMetric;
use sparsegate_core::cells;
use sparsegate_report as report;
use sparsegate_spec as spec;
use sparsegate_spec::types::{Expectation, MetricRef, Optimizer, OrderClaim, RunSpec, Tolerance, ValueClaim};
use sparsegate_store::format::{Collapse, EpochMetrics, FORMAT, RunState, Summary};
use sparsegate_store::plan::{Plan, Status};
use sparsegate_testing::{Project, classifiers, language_models};

/// A number between -1 and 1 that depends on the run and the epoch.
fn wobble(run: &RunSpec, epoch: u32, what: u64) -> f64 {
    let name: u64 = run.sparsity.name.bytes().chain(run.model.cell.name().bytes()).map(u64::from).sum();
    let mut mixed = (name * 31 + run.seed * 7 + u64::from(epoch) * 3 + what).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^= mixed >> 29;
    mixed = mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// Epochs whose values differ by seed, as those of trained networks do.
fn lines(run: &RunSpec) -> Vec<EpochMetrics> {
    let lr = run.train.optimizer_lr();
    let one = |n: u32| {
        let mut line = classifiers::epoch(run, n);
        // Best at a learning rate of 2e-3, and more is kept at a higher one.
        let far = (lr / 2e-3).log10();
        let shift = 0.008 * wobble(run, n / 4, 1) + 0.003 * wobble(run, n, 2) - 0.03 * far * far;
        line.valid += shift;
        line.test += shift + 0.002 * wobble(run, n, 3);
        if run.sparsity.name != "dense" {
            let factor = 1.0 + 0.15 * wobble(run, 0, 4) - 0.2 * far;
            line.counts.compression = 1.0 + (line.counts.compression - 1.0) * factor;
            for (index, gate) in line.counts.gates.iter_mut().enumerate() {
                let more = 1.0 + 0.3 * wobble(run, 0, 5 + index as u64);
                gate.kept = ((gate.kept as f64 * more).round() as u64).min(line.counts.neurons.kept);
            }
        }
        line
    };
    (1..=run.train.epochs).map(one).collect()
}

trait LearningRate {
    fn optimizer_lr(&self) -> f64;
}

impl LearningRate for spec::types::TrainSpec {
    fn optimizer_lr(&self) -> f64 {
        let Optimizer::Adam(adam) = &self.optimizer;
        adam.lr
    }
}

/// Stores the runs, with the first `short` of them stopped after three epochs, and returns their experiment and plan.
fn stored(root: &Utf8Path, runs: Vec<RunSpec>, short: usize) -> (spec::Experiment, Plan) {
    let mut entries = Vec::new();
    for (index, run) in runs.into_iter().enumerate() {
        let key = format!("k{index:03}");
        let mut lines = lines(&run);
        let stopped = index < short;
        lines.truncate(if stopped { 3 } else { usize::MAX });
        let state = if stopped { RunState::Interrupted } else { RunState::Done };
        let summary = Summary {
            format: FORMAT,
            state,
            epochs: lines.len() as u32,
            metric: Some(EvaluationMetric::Accuracy),
            last: lines.last().cloned(),
            train_seconds: 40.0 + run.seed as f64,
            error: None,
            ground_truth: None,
            vectors: None,
            selected: None,
            stopped_early: None,
            baseline: None,
            usage: None,
        };
        let structure = lines.last().filter(|_| !stopped).map(classifiers::structure);
        language_models::store_files(root, &run, &key, &lines, &summary, structure.as_ref());
        entries.push((run, key, if stopped { Status::Interrupted { epoch: 3 } } else { Status::Done }));
    }
    let runs: Vec<RunSpec> = entries.iter().map(|(run, ..)| run.clone()).collect();
    let plan = language_models::plan(
        entries.iter().map(|(run, key, state)| (run.clone(), key.as_str(), state.clone())).collect(),
    );
    let mut experiment = language_models::experiment(root, &runs);
    experiment.dataset = "planted-texts".into();
    (experiment, plan)
}

const LEVELS: [&str; 5] = ["dense", "W", "W+Voc", "W+N", "W+G+N"];

fn runs(levels: &[&str], cells: usize, seeds: u64, rates: &[f64]) -> Vec<RunSpec> {
    let mut runs = Vec::new();
    for cell in &cells::CELLS[..cells] {
        for level in levels {
            for rate in rates {
                for seed in 0..seeds {
                    let mut run = classifiers::spec(level, spec::types::CellName(*cell), seed);
                    let Optimizer::Adam(adam) = &mut run.train.optimizer;
                    adam.lr = *rate;
                    runs.push(run);
                }
            }
        }
    }
    runs
}

fn read(path: &Utf8Path) -> String {
    fs_err::read_to_string(path).expect("a text file")
}

/// The cells of a CSV file without quotes, by column name.
fn column(csv: &str, name: &str) -> Vec<String> {
    let mut lines = csv.lines();
    let at = lines.next().expect("a header").split(',').position(|one| one == name).expect(name);
    lines.map(|line| line.split(',').nth(at).expect("the cell").to_owned()).collect()
}

fn numbers(csv: &str, name: &str) -> Vec<f64> {
    column(csv, name).iter().map(|cell| cell.parse().expect("a number")).collect()
}

#[test]
fn the_summary_has_one_row_a_point_with_the_statistics_of_its_finished_seeds() {
    let project = Project::new();
    let (experiment, plan) = stored(&project.root, runs(&LEVELS, 2, 5, &[2e-3]), 1);
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    let (results, summary) = (read(&paths.out.join("results.csv")), read(&paths.out.join("summary.csv")));
    assert_eq!((results.lines().count(), summary.lines().count()), (51, 11));
    let header = summary.lines().next().expect("a header");
    let start = "experiment,dataset,cell,sparsity,backend,n,epochs_mean,epochs_sd,epochs_low,epochs_high,valid_mean,";
    assert!(header.starts_with(start) && header.ends_with(",metric,collapsed"), "{header}");
    assert!(!header.contains("seed") && !header.contains("_total_"), "{header}");
    let n = column(&summary, "n");
    assert_eq!((n[0].as_str(), n[1].as_str()), ("4", "5"), "an unfinished run is not pooled");

    // The second point: runs 5 to 9; t(0.975, 4) = 2.776445.
    let tests = &numbers(&results, "test")[5..10];
    let mean = tests.iter().sum::<f64>() / 5.0;
    let sd = (tests.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 4.0).sqrt();
    let half = 2.776_445_105 * sd / 5f64.sqrt();
    for (part, expected) in [("mean", mean), ("sd", sd), ("low", mean - half), ("high", mean + half)] {
        let found = numbers(&summary, &format!("test_{part}"))[1];
        assert!((found - expected).abs() < 1e-9, "{part}: {found} {expected}");
    }
    let table = read(&paths.out.join("table.md"));
    let row = table.lines().find(|line| line.starts_with("| W, lstm ")).expect("the point");
    assert!(row.contains(" ± ") && row.contains("] %"), "{row}");
    assert_eq!(paths.table.rows.len(), 11, "ten points, and the unfinished run beside its point");
    let page = read(&paths.index);
    assert!(page.contains("summary.csv") && page.contains("95 % intervals of the mean"), "{page}");
    let matrix = read(&paths.out.join("gate-structure.svg"));
    assert!(matrix.contains("share of 5 seeds, representative seed "), "{matrix}");
    let bars = read(&paths.out.join("gates-by-kind.svg"));
    assert!(bars.contains("(5 seeds)"), "{bars}");
}

#[test]
fn one_seed_looks_as_without_statistics() {
    let project = Project::new();
    let (mut experiment, plan) = stored(&project.root, runs(&LEVELS, 2, 1, &[2e-3]), 0);
    experiment.expect = vec![order("W+N", "W", None)];
    let out = project.root.join("out");
    fs_err::create_dir_all(&out).expect("a folder");
    fs_err::write(out.join("summary.csv"), "of an older report").expect("written");
    let paths = report::write(&project.root, &experiment, &plan, &out).expect("a report");
    assert!(!out.join("summary.csv").exists() && !out.join("summary.parquet").exists());
    let (page, table) = (read(&paths.index), read(&out.join("table.md")));
    for trace in [" ± ", "95 %", "seeds)", "opacity=\"0.18\"", "Holm", "Best settings", "over-"] {
        assert!(!page.contains(trace) && !table.contains(trace), "{trace}");
    }
    let (comparison, _) = report::check(&project.root, &experiment, &plan).expect("a comparison");
    assert_eq!((comparison.tested(), comparison.method()), (0, None));
}

#[test]
fn a_swept_number_is_named_everywhere_and_has_a_figure() {
    let project = Project::new();
    let rates = [5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2];
    let (experiment, plan) = stored(&project.root, runs(&["W", "W+N"], 1, 3, &rates), 0);
    let out = project.root.join("out");
    let paths = report::write(&project.root, &experiment, &plan, &out).expect("a report");
    let results = read(&out.join("results.csv"));
    assert!(results.lines().next().expect("a header").ends_with(",train.optimizer.adam.lr"));
    assert_eq!(column(&results, "train.optimizer.adam.lr")[3], "0.001");
    let summary = read(&out.join("summary.csv"));
    assert!(summary.starts_with("experiment,dataset,cell,sparsity,backend,train.optimizer.adam.lr,n,"));
    assert_eq!(summary.lines().count(), 15);
    let (figure, curves) = (read(&out.join("over-lr.svg")), read(&out.join("curves.svg")));
    assert!(figure.contains("best by validation") && figure.contains("opacity=\"0.18\""), "{figure}");
    for rate in ["0.0005", "0.001", "0.032"] {
        assert!(curves.contains(&format!("W, lr {rate} (3 seeds)")), "{rate}");
    }
    let table = read(&out.join("table.md"));
    let best = table.split("## Best settings").nth(1).expect("the section");
    let row = best.lines().find(|line| line.contains("| W+N ")).expect("the level");
    assert!(row.contains("| lr 0.002 ") && row.contains(" 7 |"), "{row}");

    // Without the sweep, the figure of the older report goes.
    let fixed = language_models::plan(
        plan.entries[..3].iter().map(|entry| (entry.spec.clone(), entry.key.as_str(), entry.status.clone())).collect(),
    );
    report::write(&project.root, &experiment, &fixed, &out).expect("a report");
    assert!(!out.join("over-lr.svg").exists() && !out.join("over-lr.png").exists());
    assert!(paths.files.iter().any(|file| file.as_str().ends_with("over-lr.png")));
}

fn only(level: &str) -> std::collections::BTreeMap<String, serde_json::Value> {
    [("sparsity".to_owned(), serde_json::Value::from(level))].into()
}

fn order(small: &str, large: &str, seeds: Option<u32>) -> Expectation {
    let side = |level: &str| MetricRef { metric: "test.accuracy".into(), r#where: only(level) };
    let claim = OrderClaim { less: [side(small), side(large)], about: None, authors: None };
    Expectation { r#where: None, seeds, claims: Vec::new(), claim: Some(claim) }
}

#[test]
fn claims_over_seeds_have_n_and_a_corrected_p() {
    let project = Project::new();
    let (mut experiment, plan) = stored(&project.root, runs(&["dense", "W", "W+N"], 1, 5, &[2e-3]), 0);
    let value = |value: f64, tolerance: f64, seeds: Option<u32>| {
        let tolerance = Tolerance::Absolute(tolerance);
        let claim = ValueClaim { metric: "test.accuracy".into(), value, tolerance, about: None };
        Expectation { r#where: Some(only("W")), seeds, claims: vec![claim], claim: None }
    };
    let kept = |what: &str, small: &str, large: &str| {
        let side = |level: &str| MetricRef { metric: format!("{what}.kept"), r#where: only(level) };
        let claim = OrderClaim { less: [side(small), side(large)], about: None, authors: None };
        Expectation { r#where: None, seeds: None, claims: Vec::new(), claim: Some(claim) }
    };
    experiment.expect = vec![
        kept("gates", "W+N", "W"),
        kept("gates", "dense", "W"),
        order("W", "W+N", None),
        value(0.5, 0.01, None),
        value(0.89, 0.05, None),
        value(0.89, 0.05, Some(6)),
        order("W", "W+N", Some(6)),
    ];
    let (comparison, _) = report::check(&project.root, &experiment, &plan).expect("a comparison");
    let verdicts: Vec<String> = comparison.values.iter().map(|line| line.verdict.text()).collect();
    assert_eq!(verdicts, ["off", "reproduced", "not measured (5 of 6 seeds)"]);
    let verdicts: Vec<String> = comparison.orders.iter().map(|line| line.verdict.text()).collect();
    assert_eq!(verdicts, ["reproduced", "off", "within noise", "not measured (5 of 6 seeds)"]);
    assert_eq!((comparison.values[0].run.as_str(), comparison.tested()), ("W (5 seeds)", 5));
    let test = comparison.orders[2].test.as_ref().expect("a test");
    assert_eq!(test.n, [5, 5]);
    // Of five p-values the second largest is doubled; the largest is 1, of the value within the tolerance.
    let (p, corrected) = test.p.zip(test.corrected).expect("p-values");
    assert!((corrected - (2.0 * p).min(1.0)).abs() < 1e-12, "{test:?}");
    let method = comparison.method().expect("a method");
    assert!(method.contains("the 5 claims tested at once by Holm's method"), "{method}");
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    assert!(read(&paths.index).contains("Holm&#39;s method") || read(&paths.index).contains("Holm's method"));

    // Units do not vary over these seeds: claims about them do not make the correction of the others stricter.
    experiment.expect.extend([kept("neurons", "W+N", "W"), kept("neurons", "W", "W+N"), kept("neurons", "W", "W")]);
    let (more, _) = report::check(&project.root, &experiment, &plan).expect("a comparison");
    assert_eq!(more.tested(), 5);
    for (one, other) in more.orders.iter().zip(&comparison.orders) {
        assert_eq!((&one.test, &one.verdict), (&other.test, &other.verdict));
    }
    let constant = &more.orders[comparison.orders.len()..];
    let verdicts: Vec<&str> = constant.iter().map(|line| line.verdict.name()).collect();
    assert_eq!(verdicts, ["reproduced", "off", "within noise"]);
    assert!(constant.iter().all(|line| line.test.as_ref().is_some_and(|test| test.p.is_none() && test.n == [5, 5])));
    assert!(more.method().expect("a method").contains("3 more claims compare constants"), "{:?}", more.method());
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    let table = read(&paths.out.join("table.md"));
    let line = table.lines().find(|line| line.starts_with("| neurons.kept: W+N < W ")).expect("the claim");
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    assert_eq!(cells[cells.len() - 4..], ["5, 5", "-", "-", ""], "{line}");
}

#[test]
fn two_seeds_have_a_deviation_but_no_interval() {
    let project = Project::new();
    let (experiment, plan) = stored(&project.root, runs(&["dense", "W"], 1, 2, &[2e-3]), 0);
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    let summary = read(&paths.out.join("summary.csv"));
    assert!(numbers(&summary, "test_sd").iter().all(|sd| *sd > 0.0), "{summary}");
    assert!(
        column(&summary, "test_low").iter().chain(&column(&summary, "test_high")).all(String::is_empty),
        "{summary}"
    );
    let table = read(&paths.out.join("table.md"));
    let row = table.lines().find(|line| line.starts_with("| W ")).expect("the point");
    assert!(row.contains(" ± ") && !row.contains('['), "{row}");
    assert!(!read(&paths.index).contains("95 % intervals of the mean"), "no figure draws one");
}

#[test]
fn a_collapsed_seed_stands_beside_its_point_and_is_in_no_test() {
    let project = Project::new();
    let (mut experiment, plan) = stored(&project.root, runs(&["dense", "W"], 1, 4, &[2e-3]), 0);
    let collapsed = &plan.entries[7];
    let folder = project.root.join("runs").join(&collapsed.spec.experiment).join(&collapsed.key);
    let mut lines = lines(&collapsed.spec);
    let last = lines.last_mut().expect("epochs");
    last.collapse = Some(Collapse::OneClass { class: "sport".into() });
    (last.valid, last.test) = (0.27, 0.26);
    let text: String = lines.iter().map(|line| serde_json::to_string(line).expect("JSON") + "\n").collect();
    fs_err::write(folder.join("metrics.jsonl"), text).expect("written");

    let tolerance = Tolerance::Absolute(0.1);
    let claim = ValueClaim { metric: "test.accuracy".into(), value: 0.89, tolerance, about: None };
    experiment.expect = vec![
        Expectation { r#where: Some(only("W")), seeds: Some(4), claims: vec![claim], claim: None },
        order("W", "dense", Some(4)),
    ];
    let (comparison, _) = report::check(&project.root, &experiment, &plan).expect("a comparison");
    let values: Vec<(&str, String)> =
        comparison.values.iter().map(|line| (line.run.as_str(), line.verdict.text())).collect();
    let wanted = [("W (3 seeds)", "reproduced"), ("W, seed 3 (collapsed)", "collapsed (one class)")];
    assert_eq!(values, wanted.map(|(run, verdict)| (run, verdict.to_owned())));
    let test = comparison.values[0].test.as_ref().expect("a test of the others");
    assert_eq!((test.n.as_slice(), comparison.values[1].test.is_none()), (&[3][..], true));
    let order = &comparison.orders[0];
    assert_eq!((order.verdict.text().as_str(), order.test.is_none()), ("collapsed (one class)", true));
    assert!(comparison.fails() && comparison.tested() == 1);

    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    let summary = read(&paths.out.join("summary.csv"));
    assert_eq!(column(&summary, "n"), ["4", "3"]);
    assert_eq!(column(&summary, "collapsed"), ["0", "1"]);
    assert!(numbers(&summary, "test_mean")[1] > 0.8, "{summary}");
    let points: Vec<&str> = paths.table.rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(points, ["dense", "W", "W, seed 3 (collapsed)"]);
    let quality = read(&paths.out.join("quality-compression.svg"));
    assert!(quality.contains("collapsed, not drawn: W, seed 3"), "{quality}");
}

/// Writes reports for visual inspection: `REPORT_OUT=/tmp/r cargo test --release --test seeds -- --ignored`.
#[test]
#[ignore = "writes reports to look at"]
fn reports_to_look_at() {
    let out = Utf8PathBuf::from(std::env::var("REPORT_OUT").expect("REPORT_OUT"));
    let seeds = Project::new();
    let (mut experiment, plan) = stored(&seeds.root, runs(&LEVELS, 2, 5, &[2e-3]), 1);
    experiment.expect = vec![order("W", "W+N", None), order("dense", "W+N", None)];
    report::write(&seeds.root, &experiment, &plan, &out.join("seeds")).expect("a report");
    let rates = Project::new();
    let all = runs(&["dense", "W", "W+G+N"], 2, 3, &[5e-4, 1e-3, 2e-3, 4e-3, 8e-3]);
    let (experiment, plan) = stored(&rates.root, all, 0);
    report::write(&rates.root, &experiment, &plan, &out.join("rates")).expect("a report");
    let one = Project::new();
    let (experiment, plan) = stored(&one.root, runs(&["W"], 1, 1, &[5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1e-2, 2e-2]), 0);
    report::write(&one.root, &experiment, &plan, &out.join("one")).expect("a report");
}
