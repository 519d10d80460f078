//! Sparse runs that start from the trained dense run of the same point, executed in this process.

#![allow(missing_docs, reason = "a test")]

use sparsegate_core::trainer::NamedTensor;
use sparsegate_data::Sources;
use sparsegate_pipeline::build::build_trainer;
use sparsegate_pipeline::exec::{InProcess, Interrupt, JobProgress, Outcome};
use sparsegate_pipeline::start_from::{StartError, start_from};
use sparsegate_pipeline::sweep::{Sweep, SweepError, SweepObserver, SweepOptions};
use sparsegate_pipeline::train::TrainEvent;
use sparsegate_store::RunDir;
use sparsegate_testing::stored::run_bytes;
use sparsegate_testing::{Project, manifests};

/// The dense run comes last, so that the order of the sweep is not the order of training.
const EXPERIMENT: &str = "\
name: demo
dataset: demo
model: { kind: language-model, hidden: 6 }
train: { epochs: 2, batch: 4, sequence: 10, carry_state: true, start_from: dense, optimizer: { adam: { lr: 2e-3 } } }
sweep: { product: { sparsity: [W, W+G+N, dense] } }
";

fn small_project() -> Project {
    Project::with(&[("datasets/demo.yaml", &manifests::words("demo", [2000, 200, 200])), ("demo.yaml", EXPERIMENT)])
}

fn sweep_of(project: &Project, set: &[&str], only: &[&str]) -> Sweep {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    Sweep::load(&project.root, &[project.root.join("demo.yaml")], &owned(set), &owned(only)).unwrap()
}

fn run(sweep: &Sweep, observer: &mut dyn SweepObserver, interrupt: &Interrupt) -> Vec<Outcome> {
    sweep.run(&SweepOptions::default(), &InProcess, observer, interrupt).unwrap()
}

fn dirs(sweep: &Sweep) -> Vec<RunDir> {
    sweep.runs().map(|run| run.entry.dir.clone()).collect()
}

/// Records the order in which runs start; can interrupt the sweep after the first epoch of one of them.
#[derive(Default)]
struct Order {
    started: Vec<usize>,
    interrupt_in: Option<(usize, Interrupt)>,
}

impl SweepObserver for Order {
    fn progress(&mut self, run: usize, progress: &JobProgress<'_>) {
        match progress {
            JobProgress::Started => self.started.push(run),
            JobProgress::Event(TrainEvent::Epoch { metrics, .. }) if metrics.epoch == 1 => {
                if let Some((_, interrupt)) = self.interrupt_in.as_ref().filter(|(wanted, _)| *wanted == run) {
                    interrupt.flag().store(true, std::sync::atomic::Ordering::SeqCst);
                }
            }
            JobProgress::Event(_) | JobProgress::Ended(_) => {}
        }
    }
}

#[test]
fn the_dense_run_is_trained_first_and_an_interruption_changes_no_byte() {
    let (whole, halted) = (small_project(), small_project());
    let sweep = sweep_of(&whole, &[], &[]);
    let mut order = Order::default();
    let outcomes = run(&sweep, &mut order, &Interrupt::default());
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(_))), "{outcomes:?}");
    assert_eq!(order.started, [2, 0, 1]);

    let interrupt = Interrupt::default();
    let other = sweep_of(&halted, &[], &[]);
    let outcomes =
        run(&other, &mut Order { interrupt_in: Some((0, interrupt.clone())), ..Order::default() }, &interrupt);
    assert!(matches!(outcomes[..], [Outcome::Interrupted, Outcome::NotStarted, Outcome::Done(_)]), "{outcomes:?}");
    // A run with a checkpoint needs no parent any more, and one without finds it.
    run(&other.plan_again().unwrap(), &mut (), &Interrupt::default());
    let other = sweep_of(&halted, &[], &[]);
    assert!(run_bytes(&dirs(&sweep)) == run_bytes(&dirs(&other)), "other bytes than a sweep never interrupted");

    // The start makes a difference, but none at the level `dense`.
    let plain = sweep_of(&whole, &["train.start_from=init"], &[]);
    run(&plain, &mut (), &Interrupt::default());
    let (from_dense, from_init) = (dirs(&sweep), dirs(&plain));
    assert_eq!(from_dense[2], from_init[2]);
    let metrics = |dir: &RunDir| fs_err::read(dir.metrics_path()).unwrap();
    assert!(metrics(&from_dense[0]) != metrics(&from_init[0]), "the dense run had no influence");
}

#[test]
fn means_and_biases_are_those_of_the_dense_run() {
    let project = small_project();
    let sweep = sweep_of(&project, &[], &[]);
    run(&sweep_of(&project, &[], &["sparsity=dense"]), &mut (), &Interrupt::default());
    let child = sweep.runs().nth(1).unwrap().entry;
    let sources = Sources::load(&project.root, "demo", [&child.spec]).unwrap();
    let corpus = sparsegate_data::load(&project.root, &sources.dataset, child.spec.reading).unwrap();
    let mut trainer = build_trainer(&child.spec, &corpus, None).unwrap();
    let initial = trainer.state();
    let parent = &child.starts_from.as_ref().unwrap().dir;
    start_from(trainer.as_mut(), parent).unwrap();
    let model = parent.model().unwrap().unwrap();
    let find = |tensors: &[NamedTensor], name: &str| tensors.iter().find(|tensor| tensor.name == name).cloned();
    let mut copied = 0;
    for (before, after) in initial.iter().zip(trainer.state()) {
        let dense = find(&model, &after.name);
        copied += usize::from(dense.is_some());
        assert_eq!(after, dense.unwrap_or_else(|| before.clone()), "{}", before.name);
    }
    assert_eq!((copied, model.len()), (5, 5));
    let factors = find(&trainer.state(), "lstm/z_gates/mean").unwrap();
    assert!(factors.values.iter().all(|value| value.to_bits() == 1.0_f32.to_bits()));

    // A network of another size is refused, and the trainer stays as it was.
    let wide = sweep_of(&project, &["model.hidden=7"], &["sparsity=W"]);
    let mut trainer = build_trainer(&wide.runs().next().unwrap().entry.spec, &corpus, None).unwrap();
    let before = trainer.state();
    let error = start_from(trainer.as_mut(), parent).unwrap_err();
    assert!(matches!(&error, StartError::Unfit { problem, .. } if problem.contains("has shape")), "{error}");
    assert!(error.to_string().contains(parent.model_path().as_str()), "{error}");
    assert_eq!(trainer.state(), before);
}

#[test]
fn a_failed_dense_run_fails_the_runs_that_start_from_it() {
    let project = small_project();
    let sweep = sweep_of(&project, &["train.optimizer.adam.lr=1e30"], &[]);
    let outcomes = run(&sweep, &mut (), &Interrupt::default());
    let dense = sweep.runs().nth(2).unwrap().entry.key.clone();
    for outcome in &outcomes[..2] {
        let Outcome::Failed { error, .. } = outcome else { panic!("{outcome:?}") };
        assert!(error.starts_with(&format!("run {dense}, from which it starts, failed: training diverged")), "{error}");
    }
    let states: Vec<_> = sweep.plan_again().unwrap().runs().map(|run| run.entry.status.word()).collect();
    assert_eq!(states, ["failed", "failed", "failed"]);
}

#[test]
fn a_parent_outside_the_plan_must_be_done() {
    let project = small_project();
    let refused = || {
        let sweep = sweep_of(&project, &[], &["sparsity=W"]);
        let error = sweep.prepare(&SweepOptions::default()).unwrap_err();
        assert!(matches!(error, SweepError::Start { error: StartError::NotDone { .. }, .. }), "{error}");
        error.to_string()
    };
    let sweep = sweep_of(&project, &[], &[]);
    let dense = sweep.runs().nth(2).unwrap().entry;
    let error = refused();
    assert!(error.contains(&format!("{} (dense), which was never run; train it first", dense.key)), "{error}");

    let interrupt = Interrupt::default();
    let only = sweep_of(&project, &[], &["sparsity=dense"]);
    run(&only, &mut Order { interrupt_in: Some((0, interrupt.clone())), ..Order::default() }, &interrupt);
    assert!(refused().contains("which was interrupted after epoch 1"), "{}", refused());
    let lock = dense.dir.lock().unwrap();
    assert!(refused().contains("is still training; wait until it is done"), "{}", refused());
    drop(lock);
    run(&only.plan_again().unwrap(), &mut (), &Interrupt::default());
    let outcomes = run(&sweep_of(&project, &[], &["sparsity=W"]), &mut (), &Interrupt::default());
    assert!(matches!(outcomes[..], [Outcome::Done(_)]), "{outcomes:?}");
}
