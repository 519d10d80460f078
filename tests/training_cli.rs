//! Options of the training loop on the command line: a weighted KL term, schedules, the best epoch, more epochs.
#![cfg(unix)]

use sparsegate_store::RunDir;
use sparsegate_store::format::RunState;
use sparsegate_testing::stored::{run_with_epochs, runs_of, trained_bytes};
use sparsegate_testing::{Answer, Project, signal};

/// An experiment with one run.
fn spec(train: &str, level: &str) -> String {
    format!(
        "name: t\ndataset: small\nmodel: {{ kind: language-model, hidden: 12 }}\nsparsity: {level}\n\
         train: {{ batch: 8, sequence: 10, carry_state: true, optimizer: {{ adam: {{ lr: 5e-3 }} }}, {train} }}\n"
    )
}

fn all(project: &Project) -> Vec<RunDir> {
    runs_of(project, "t")
}

/// A project whose only run was trained without interruption.
fn trained(spec: &str) -> (Project, RunDir) {
    let project = Project::small(spec);
    project.go(&["run", "t.yaml"]).done();
    let [run] = &all(&project)[..] else { panic!("one run") };
    let run = run.clone();
    (project, run)
}

#[test]
fn a_run_interrupted_in_its_warm_ups_ends_with_the_same_bytes() {
    let train = "epochs: 40, kl: { weight: 0.5, warm_up: 12 }, schedule: { cosine: { to: 0.05 } }, lr_warm_up: 8, \
         select: best";
    let (_project, whole) = trained(&spec(train, "W+G+N"));
    let project = Project::small(&spec(train, "W+G+N"));
    // In the rise of both, in that of the KL weight alone, and in the cosine after it.
    for lines in [2, 9, 14] {
        let child = project.start(&["run", "t.yaml"]);
        run_with_epochs(&project, lines);
        signal("INT", child.id());
        Answer::of(child).expect(130, &[]);
        assert_eq!(all(&project)[0].summary().unwrap().unwrap().state, RunState::Interrupted);
    }
    project.go(&["run", "t.yaml"]).done();
    let run = &all(&project)[0];
    assert!(trained_bytes(run) == trained_bytes(&whole), "other bytes than a run never interrupted");
    let selected = run.summary().unwrap().unwrap().selected;
    assert_eq!(selected, whole.summary().unwrap().unwrap().selected);
    assert!(selected > Some(12), "{selected:?} is in the warm-up");
}

/// The share of the parameters that each epoch trained.
fn trained_shares(run: &RunDir) -> Vec<f64> {
    run.metrics().unwrap().iter().map(|line| line.trained_share.unwrap()).collect()
}

#[test]
fn a_run_interrupted_while_dead_parts_leave_ends_with_the_same_bytes() {
    let train = "epochs: 24, kl: { weight: 0.2, warm_up: 2 }, drop_dead: { after: 2, margin: 3, preactivations: true }, select: best";
    let (whole_project, whole) = trained(&spec(train, "W+G+N"));
    let shares = trained_shares(&whole);
    assert!(shares[0] > 1.0 - 1e-12 && shares.windows(2).all(|pair| pair[1] <= pair[0]), "{shares:?}");
    let drops: Vec<usize> = (1..24).filter(|at| shares[*at] < shares[at - 1]).collect();
    assert!(drops.len() >= 2 && shares[23] < 0.6, "{shares:?}");
    let project = Project::small(&spec(train, "W+G+N"));
    // Before the first drop, after it, and after the last one.
    for lines in [drops[0], drops[0] + 1, drops[drops.len() - 1] + 1] {
        let child = project.start(&["run", "t.yaml"]);
        run_with_epochs(&project, lines);
        signal("INT", child.id());
        child.wait_with_output().unwrap();
    }
    project.go(&["run", "t.yaml"]).done();
    assert!(trained_bytes(&all(&project)[0]) == trained_bytes(&whole), "other bytes than a run never interrupted");
    // The stored network has its full size, and its compact model is made as for any other.
    let structure = whole.structure().unwrap().unwrap();
    assert_eq!(structure.counts, whole.summary().unwrap().unwrap().last.unwrap().counts);
    assert!(whole.compact().unwrap().is_some());
    whole_project.go(&["report", "t.yaml"]).done();
    let csv = fs_err::read_to_string(whole_project.root.join("reports/t/curves.csv")).unwrap();
    let last: f64 = csv.trim_end().rsplit(',').next().unwrap().parse().unwrap();
    assert!((last - shares[23]).abs() < 1e-9, "{last}");
    let figure = fs_err::read_to_string(whole_project.root.join("reports/t/curves.svg")).unwrap();
    assert!(figure.contains("parameters trained"), "the curves lack the panel of what is trained");
}

#[test]
fn more_epochs_with_dropped_parts_are_those_of_a_longer_run() {
    let train = "epochs: 9, kl: { weight: 0.2, warm_up: 2 }, drop_dead: { after: 2, margin: 3 }";
    let (project, short) = trained(&spec(train, "W+G+N"));
    assert!(trained_shares(&short)[8] < 1.0);
    let answer = project.go(&["run", "t.yaml", "--set", "train.epochs=12"]).done();
    assert!(answer.contains("goes on after step"), "{answer}");
    let long = all(&project).into_iter().find(|run| run.key() != short.key()).unwrap();
    let (_scratch, whole) = trained(&spec(&train.replace("epochs: 9", "epochs: 12"), "W+G+N"));
    assert!(trained_bytes(&long) == trained_bytes(&whole), "other bytes than a run from the first epoch");
}

#[test]
fn more_epochs_go_on_from_a_finished_run() {
    let train = "epochs: 3, kl: { weight: 0.5, warm_up: 2 }";
    let (project, short) = trained(&spec(train, "W+G+N"));
    let more = ["--set", "train.epochs=5"];
    let plan = project.go(&["plan", "t.yaml", more[0], more[1]]).done();
    assert!(plan.contains(&format!("goes on from epoch 3 of run {}", short.key())), "{plan}");
    assert!(plan.contains("1 run: 0 done, 1 to run (1 continues)"), "{plan}");
    let before = trained_bytes(&short);
    let answer = project.go(&["run", "t.yaml", more[0], more[1]]).done();
    assert!(answer.contains("goes on after step") && answer.contains("epoch 5/5"), "{answer}");
    assert!(!answer.contains("epoch 3/5"), "{answer}");
    assert!(trained_bytes(&short) == before, "the shorter run stays as it was");
    let long = all(&project).into_iter().find(|run| run.key() != short.key()).unwrap();
    let (_scratch, whole) = trained(&spec(&train.replace("epochs: 3", "epochs: 5"), "W+G+N"));
    assert_eq!(long.key(), whole.key());
    assert!(trained_bytes(&long) == trained_bytes(&whole), "other bytes than a run from the first epoch");
    assert_eq!(long.record().unwrap().unwrap().provenance["continued_from"], short.key());
    assert!(project.go(&["plan", "t.yaml", more[0], more[1]]).done().contains("1 run: 1 done"));
    // A sweep that was stopped before the run's turn has left its record, in which it went on from nothing.
    let mut record: serde_json::Value = serde_json::from_str(&project.read(long.path().join("run.json"))).unwrap();
    record["provenance"].as_object_mut().unwrap().remove("continued_from").unwrap();
    fs_err::remove_dir_all(long.path()).unwrap();
    project.write(long.path().join("run.json"), record.to_string());
    assert!(project.go(&["run", "t.yaml", more[0], more[1]]).done().contains("goes on after step"));
    assert!(trained_bytes(&long) == trained_bytes(&whole), "other bytes than a run from the first epoch");
    assert!(project.go(&["plan", "t.yaml", more[0], more[1]]).done().contains("1 run: 1 done"));
    // A curve that ends with the run has other values in its first epochs.
    let set = ["--set", "train.schedule={ linear: { to: 0 } }", "--set", "train.epochs=6"];
    let plan = project.go(&[&["plan", "t.yaml"][..], &set].concat()).done();
    assert!(plan.contains("stale") && !plan.contains("goes on"), "{plan}");
}

/// A dense network of this size overfits 4,000 symbols within a few epochs.
#[test]
fn results_and_reports_show_the_selected_epoch() {
    let train = "epochs: 60, select: best, early_stop: { patience: 3 }";
    let (project, run) = trained(&spec(train, "dense"));
    let summary = run.summary().unwrap().unwrap();
    let metrics = run.metrics().unwrap();
    let stopped = summary.stopped_early.expect("the run overfits");
    let selected = summary.selected.unwrap();
    assert_eq!((stopped.epoch, metrics.len() as u32), (summary.epochs, summary.epochs));
    assert_eq!((stopped.best, selected), (summary.epochs - 3, summary.epochs - 3));
    let line = &metrics[selected as usize - 1];
    assert!(metrics.iter().all(|other| other.valid >= line.valid));

    let log = fs_err::read_to_string(run.log_path()).unwrap();
    assert!(log.contains(&format!("stopped early after epoch {}", stopped.epoch)), "{log}");
    let rows: serde_json::Value =
        serde_json::from_str(&project.go(&["run", "t.yaml", "--format", "json"]).done()).unwrap();
    assert_eq!(rows[0]["epochs"], summary.epochs);
    assert_eq!(rows[0]["valid"].as_f64(), Some(line.valid));
    assert!(project.go(&["status", "t.yaml"]).done().contains(&format!("{:.3}", line.valid)));
    assert!(project.go(&["plan", "t.yaml"]).done().contains("1 run: 1 done"));
    let table = project.go(&["report", "t.yaml"]).done();
    assert!(table.contains(&format!("{:.1}", line.test)), "{table}");
    let page = fs_err::read_to_string(project.root.join("reports/t/table.md")).unwrap();
    assert!(page.contains(&format!("the best validation metric, not the last: dense at epoch {selected}.")), "{page}");
    let csv = fs_err::read_to_string(project.root.join("reports/t/results.csv")).unwrap();
    let (head, row) = csv.split_once('\n').unwrap();
    let column = head.split(',').position(|name| name == "test").unwrap();
    let test: f64 = row.split(',').nth(column).unwrap().parse().unwrap();
    assert!((test - line.test).abs() < 1e-9, "{test} is not {}", line.test);
    // The compact model is that of the selected epoch: it repeats the stored test metric.
    assert_eq!(run.structure().unwrap().unwrap().counts, line.counts);
    let (_other, short) = trained(&spec(&format!("epochs: {selected}"), "dense"));
    assert_eq!(run.model().unwrap(), short.model().unwrap());
}
