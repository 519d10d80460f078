//! Reports to look at.

use camino::Utf8PathBuf;
use sparsegate_report as report;
use sparsegate_spec::types::{Expectation, Tolerance};
use sparsegate_spec::{PublishedResults, PublishedSource};
use sparsegate_store::format::RunState;
use sparsegate_store::plan::Status;
use sparsegate_testing::Project;
use sparsegate_testing::language_models::{self, spec as run_spec, store as store_run};

use crate::cells::classifiers;
use crate::claims::{claim, only};
use crate::{authors, sweep};

/// Writes reports for visual inspection: `REPORT_OUT=/tmp/r cargo test --release --test report -- --ignored`.
#[test]
#[ignore = "writes a report to look at"]
fn a_report_to_look_at() {
    let project = Project::new();
    let (mut experiment, plan) = sweep(&project.root);
    authors(&project.root, &mut experiment);
    experiment.expect = vec![Expectation {
        r#where: Some(only("W+G+N")),
        claims: vec![
            claim("test.perplexity", 116.47, Tolerance::Relative(0.03)),
            claim("gates.kept", 201.0, Tolerance::Relative(0.15)),
        ],
        claim: None,
        seeds: None,
    }];
    let out = std::env::var("REPORT_OUT").map_or_else(|_| project.root.join("out"), Utf8PathBuf::from);
    if let Ok(folder) = std::env::var("REPORT_AUTHORS") {
        let folder = Utf8PathBuf::from(folder);
        let figures = PublishedResults {
            final_values: folder.join("authors_final.csv"),
            curves: folder.join("authors_curves.csv"),
            task: "word-ptb".into(),
        };
        experiment.source = Some(PublishedSource { arxiv: Some("1812.05692".into()), authors: Some(figures) });
    }
    let options = report::ReportOptions { figure_width: Some("8.5cm".parse().expect("a width")), ..Default::default() };
    let paths = report::write_with(&project.root, &experiment, &plan, &out, options).expect("a report");
    println!("{}\n{:#?}", paths.index, paths.notes);

    // A wide report: three seeds of four levels, one epoch, no published figures.
    let wide = Project::new();
    let mut entries = Vec::new();
    for (level, name) in [("dense", "a"), ("W", "b"), ("W+N", "c"), ("W+G+N", "d")] {
        for seed in 0..3 {
            let mut run = run_spec(level);
            (run.seed, run.train.epochs) = (seed, 1);
            let key = format!("{name}{seed}");
            store_run(&wide.root, &run, &key, 1, RunState::Done);
            entries.push((run, key));
        }
    }
    let plan =
        language_models::plan(entries.iter().map(|(run, key)| (run.clone(), key.as_str(), Status::Done)).collect());
    let experiment = language_models::experiment(&wide.root, &[]);
    report::write(&wide.root, &experiment, &plan, &out.join("wide")).expect("a report");

    let texts = Project::new();
    let (experiment, plan) = classifiers(&texts.root);
    report::write(&texts.root, &experiment, &plan, &out.join("texts")).expect("a report");
}
