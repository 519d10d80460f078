//! Event files for TensorBoard.

use camino::{Utf8Path, Utf8PathBuf};
use sparsegate_core::EvaluationMetric;
use sparsegate_report::{EVENT_FILE, event_bytes};
use sparsegate_store::runs;
use sparsegate_testing::Project;

use crate::project;

/// The folders of runs below `to`, with the bytes of their event files.
fn files(project: &Project, to: &str) -> Vec<(Utf8PathBuf, Vec<u8>)> {
    let experiment = project.path(to).join("t");
    let mut found: Vec<_> = experiment.read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path()).collect();
    found.sort();
    found
        .into_iter()
        .map(|folder| (folder.file_name().unwrap().into(), fs_err::read(folder.join(EVENT_FILE)).unwrap()))
        .collect()
}

#[test]
fn runs_write_event_files_while_they_train_or_later() {
    let project = project("dense, W+G+N", 3);
    project.go(&["run", "t.yaml", "--tensorboard", "live", "-q"]).expect(0, &[]);
    project
        .go(&["runs", "export-metrics", "t.yaml", "--to", "later"])
        .expect(0, &["event files of 2 runs, 2 of them new"]);
    let live = files(&project, "live");
    assert_eq!(live, files(&project, "later"), "the same bytes");
    for run in runs(&project.root, "t").unwrap() {
        let (lines, times) = (run.metrics().unwrap(), run.times().unwrap());
        let level = &run.record().unwrap().unwrap().spec.sparsity.name;
        let name = format!("{level}-{}", &run.key()[..8]);
        let (_, bytes) =
            live.iter().find(|(folder, _)| folder == Utf8Path::new(&name)).expect("a folder named by level and key");
        let perplexity = Some(EvaluationMetric::Perplexity);
        assert!(lines.len() == 3 && *bytes == event_bytes(perplexity, &lines, &times));
        assert!(times.len() == 3 && *bytes != event_bytes(perplexity, &lines, &[]), "events have times");
    }
    let again = project.go(&["runs", "export-metrics", "t:sparsity=dense", "--to", "later"]);
    again.expect(0, &["event files of 1 run, 0 of them new"]);
    assert_eq!(files(&project, "later").len(), 2, "no second folder for a run that is named otherwise");
}

#[test]
fn event_files_need_an_epoch_and_a_training_here() {
    let project = project("dense", 1);
    project.go(&["runs", "export-metrics", "t.yaml", "--to", "x"]).expect(2, &["no run has a finished epoch yet"]);
    let slurm = project.go(&["run", "t.yaml", "--executor", "slurm", "--tensorboard", "x"]);
    slurm.expect(2, &["--tensorboard", "runs export-metrics"]);
}
