//! Reports of thousands of runs: nothing panics, and figures and tables stay small.

use camino::Utf8PathBuf;
use sparsegate_report as report;
use sparsegate_spec::types::{Optimizer, RunSpec};
use sparsegate_store::format::RunState;
use sparsegate_store::plan::Status;
use sparsegate_testing::language_models;

/// Stores `count` runs of five levels and many learning rates with one seed each, and writes their report. Also returns
/// the seconds of computing that the report took.
fn write(count: usize) -> (tempfile::TempDir, report::WrittenReport, f64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
    let mut entries: Vec<(RunSpec, String)> = Vec::new();
    for index in 0..count {
        let mut run = language_models::spec(["dense", "W", "W+Voc", "W+N", "W+G+N"][index % 5]);
        let Optimizer::Adam(adam) = &mut run.train.optimizer;
        adam.lr = 1e-4 * (1.0 + (index / 5) as f64 / 100.0);
        let key = format!("{index:032x}");
        language_models::store(&root, &run, &key, 10, RunState::Done);
        entries.push((run, key));
    }
    let plan =
        language_models::plan(entries.iter().map(|(run, key)| (run.clone(), key.as_str(), Status::Done)).collect());
    let runs: Vec<RunSpec> = entries.into_iter().map(|(run, _)| run).collect();
    let experiment = language_models::experiment(&root, &runs);
    let begun = cpu_seconds();
    let written = report::write(&root, &experiment, &plan, &root.join("out")).expect("a report");
    (folder, written, cpu_seconds() - begun)
}

/// Seconds that this process has computed, in the program and in the kernel; 0 where the system does not tell.
fn cpu_seconds() -> f64 {
    let stat = fs_err::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = stat.rsplit(')').next().unwrap_or("").split(' ').filter_map(|x| x.parse().ok()).collect();
    // After the state, the process's own times are the 11th and 12th number, in hundredths of a second.
    fields.get(10).zip(fields.get(11)).map_or(0.0, |(user, kernel)| (user + kernel) / 100.0)
}

#[test]
fn three_hundred_runs_have_figures_of_a_legible_size() {
    let (_folder, written, _) = write(300);
    let csv = fs_err::read_to_string(written.out.join("results.csv")).expect("a text file");
    assert_eq!(csv.lines().count(), 301);
    for file in written.files.iter().filter(|file| file.extension() == Some("png")) {
        let png = fs_err::read(file).expect("a PNG file");
        let size = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
        assert!(size(16) == 1640 && size(20) < 8_000, "{file} is {} pixels high", size(20));
    }
    let page = fs_err::read_to_string(&written.index).expect("a text file");
    assert!(page.len() < 3_000_000, "the page has {} bytes", page.len());
    assert!(page.contains("A sample: ") && page.contains(" of 300 settings are drawn"), "the captions say so");
}

/// Measures time and memory: `RUNS=2000 cargo test --release --test many -- --ignored --nocapture`.
#[test]
#[ignore = "minutes of a measurement"]
fn time_and_memory_of_many_runs() {
    // The runs are stored first, and stay out of the time.
    let count = std::env::var("RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000);
    let (_folder, written, seconds) = write(count);
    let memory = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = memory.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM unknown").to_owned();
    let bytes: u64 = written.files.iter().filter_map(|file| fs_err::metadata(file).ok()).map(|data| data.len()).sum();
    println!("{count} runs: {seconds:.1} s of computing, {peak}, {:.1} MB of files", bytes as f64 / 1e6);
}
