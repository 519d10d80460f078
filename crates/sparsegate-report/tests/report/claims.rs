//! Claims of the spec, held against stored runs and against the authors' logs.

use sparsegate_report as report;
use sparsegate_spec::types::{Expectation, MetricRef, OrderClaim, Tolerance, ValueClaim};
use sparsegate_testing::{Project, language_models};

use crate::{authors, read, sweep};

pub fn claim(metric: &str, value: f64, tolerance: Tolerance) -> ValueClaim {
    ValueClaim { metric: metric.into(), value, tolerance, about: None }
}

pub fn only(level: &str) -> std::collections::BTreeMap<String, serde_json::Value> {
    [("sparsity".to_owned(), serde_json::Value::from(level))].into()
}

#[test]
fn claims_without_the_authors_logs_are_held_against_the_last_epoch() {
    let project = Project::new();
    let (mut experiment, plan) = sweep(&project.root);
    let last = language_models::epoch("W+G+N", 10, 10);
    let near = |x: f64| (x * 1000.0).round() / 1000.0;
    experiment.expect = vec![
        Expectation {
            r#where: Some(only("W+G+N")),
            claims: vec![
                claim("test.perplexity", near(last.test * 1.02), Tolerance::Relative(0.03)),
                claim("compression", near(last.counts.compression * 2.0), Tolerance::Absolute(0.5)),
                claim("gates.left", 3.0, Tolerance::Relative(0.1)),
            ],
            claim: None,
            seeds: None,
        },
        Expectation {
            r#where: Some(only("W+Voc")),
            claims: vec![claim("gates.kept", 500.0, Tolerance::Relative(0.1))],
            claim: None,
            seeds: None,
        },
        Expectation {
            r#where: Some(only("W+N")),
            claims: vec![claim("gates.kept", 500.0, Tolerance::Relative(0.1))],
            claim: None,
            seeds: None,
        },
        Expectation {
            r#where: None,
            claims: vec![],
            seeds: None,
            claim: Some(OrderClaim {
                less: ["W+G+N", "W"].map(|level| MetricRef { metric: "gates.kept".into(), r#where: only(level) }),
                about: None,
                authors: None,
            }),
        },
    ];
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    let table = read(&paths.out.join("table.md"));
    let verdict = |start: &str| {
        let line = table.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start} in\n{table}"));
        line.split('|').map(str::trim).map(str::to_owned).collect::<Vec<_>>()
    };
    let of = |run: &str, quantity: &str| {
        let found = table
            .lines()
            .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
            .find(|cells| cells.len() > 3 && cells[1].starts_with(run) && cells[2] == quantity);
        found.unwrap_or_else(|| panic!("{run} {quantity} in\n{table}"))[3].to_owned()
    };
    assert_eq!(of("W+G+N", "test.perplexity"), "reproduced");
    assert_eq!(of("W+G+N", "compression"), "off");
    assert_eq!(of("W+G+N", "gates.left"), "not measured (unknown metric)");
    assert_eq!(of("W+Voc", "gates.kept"), "not measured (never run)");
    assert_eq!(of("W+N", "gates.kept"), "not measured (only a stale run is stored)");
    assert_eq!(verdict("| gates.kept: W+G+N < W")[2], "reproduced");
    assert!(paths.warnings.iter().any(|warning| warning.contains("gates.left")), "{:?}", paths.warnings);
}

/// Ours have 10 epochs, theirs 20: an ordering of networks of their size waits for epoch 20.
#[test]
fn networks_of_another_size_than_the_authors_are_judged_by_themselves() {
    let project = Project::new();
    let (mut experiment, plan) = sweep(&project.root);
    authors(&project.root, &mut experiment);
    experiment.expect = vec![Expectation {
        r#where: None,
        claims: vec![],
        seeds: None,
        claim: Some(OrderClaim {
            less: ["W+G+N", "W"].map(|level| MetricRef { metric: "gates.kept".into(), r#where: only(level) }),
            about: None,
            authors: None,
        }),
    }];
    let report = |folder: &str| {
        let out = project.root.join(folder);
        read(&report::write(&project.root, &experiment, &plan, &out).expect("a report").out.join("table.md"))
    };
    let claim = |table: &str| table.lines().find(|line| line.starts_with("| gates.kept")).expect("a claim").to_owned();
    let same = report("same");
    assert!(claim(&same).contains("of 20 epochs") && same.contains("authors"), "{same}");
    for file in ["final.csv", "curves.csv"] {
        let path = project.root.join(file);
        fs_err::write(&path, read(&path).replace(",256,", ",512,")).expect("written");
    }
    let larger = report("larger");
    assert!(claim(&larger).contains("reproduced"), "{larger}");
    assert!(!larger.contains("at equal epochs"), "{larger}");
}

#[test]
fn runs_shorter_than_the_authors_are_compared_at_their_own_epoch_only() {
    let project = Project::new();
    let (mut experiment, plan) = sweep(&project.root);
    authors(&project.root, &mut experiment);
    let theirs = language_models::epoch("W", 20, 20);
    let dense = language_models::epoch("dense", 8, 20);
    let printed = |x: f64| (x * 100.0).round() / 100.0;
    experiment.expect = vec![
        Expectation {
            r#where: Some(only("W")),
            claims: vec![claim("test.perplexity", printed(theirs.test * 0.98), Tolerance::Relative(0.03))],
            claim: None,
            seeds: None,
        },
        Expectation {
            r#where: Some([("sparsity".to_owned(), "dense".into()), ("seed".to_owned(), 0.into())].into()),
            claims: vec![claim("test.perplexity", printed(dense.test * 0.98), Tolerance::Relative(0.5))],
            claim: None,
            seeds: None,
        },
    ];
    let paths = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    let table = read(&paths.out.join("table.md"));
    assert!(table.contains("not measured (10 of 20 epochs)"), "{table}");
    let section = table.split("## Claims").nth(1).expect("the section");
    let line = section.lines().find(|line| line.starts_with("| W,") || line.starts_with("| W ")).expect("the claim");
    let then = language_models::epoch("W", 10, 20).test * 0.98;
    assert!(line.contains(&format!("{then:.1}")), "the authors' value at our epoch, {then:.1}, in {line}");
    let line = section.lines().find(|line| line.starts_with("| dense")).expect("the claim");
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    assert_eq!((cells[5], cells[7]), ("8", "8"), "quoted and taken at the epoch where their log has it: {line}");
    assert_eq!(cells[3], "reproduced");
    assert!(table.contains("## At equal epochs"), "{table}");
    assert!(table.contains("| 10 of 20 |"), "{table}");
}
