//! What runs used of their Slurm jobs.

use sparsegate_report as report;
use sparsegate_testing::Project;

use crate::{cell, read, sweep};

#[test]
fn what_jobs_used_is_in_the_columns_and_on_the_page() {
    let project = Project::new();
    let (experiment, plan) = sweep(&project.root);
    let out = project.root.join("out");
    let paths = report::write(&project.root, &experiment, &plan, &out).expect("a report");
    assert!(!read(&paths.out.join("results.csv")).contains("efficiency"), "nothing is known");
    assert!(!read(&paths.out.join("index.html")).contains("Use of the cluster"));

    let path = "runs/made-up/bbbb/summary.json";
    let usage = r#""usage":{"seconds":300.0,"cpu_seconds":450.0,"peak_memory":134217728,
        "allocation":{"cpus":2,"memory":536870912,"seconds":600.0}},"#;
    project.write(path, project.read(path).replacen('{', &format!("{{{usage}"), 1));
    let paths = report::write(&project.root, &experiment, &plan, &out).expect("a report");
    let csv = read(&paths.out.join("results.csv"));
    for (column, value) in [
        ("peak_memory_bytes", 134_217_728.0),
        ("cpu_efficiency", 0.75),
        ("memory_efficiency", 0.25),
        ("time_efficiency", 0.5),
    ] {
        assert_eq!(cell(&csv, 1, column).parse(), Ok(value), "{column} in {csv}");
        assert_eq!(cell(&csv, 0, column), "", "{column} of a run without a job in {csv}");
    }
    let page = read(&paths.out.join("index.html"));
    let table = page.split("Use of the cluster").last().expect("a section");
    for shown in ["128", "512", "25 %", "75 %", "5 min", "10 min", "50 %"] {
        assert!(table.contains(&format!(">{shown}<")), "{shown} in {table}");
    }
}
