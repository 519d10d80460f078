//! A sweep as a library: planned, executed in this process, and read back.

#![allow(missing_docs, reason = "a test")]

use sparsegate_pipeline::exec::{InProcess, Interrupt, JobProgress, Outcome};
use sparsegate_pipeline::sweep::{Sweep, SweepError, SweepObserver, SweepOptions};
use sparsegate_pipeline::train::TrainEvent;
use sparsegate_store::find_run;
use sparsegate_store::format::RunState;
use sparsegate_testing::stored::run_bytes;
use sparsegate_testing::{Project, manifests};

const EXPERIMENT: &str = "\
name: demo
dataset: demo
model: { kind: language-model, hidden: 6 }
train: { epochs: 2, batch: 4, sequence: 10, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }
sweep: { product: { sparsity: [dense, W+G+N] } }
";

fn small_project() -> Project {
    Project::with(&[("datasets/demo.yaml", &manifests::words("demo", [2000, 200, 200])), ("demo.yaml", EXPERIMENT)])
}

fn sweep_of(project: &Project, set: &[&str]) -> Result<Sweep, SweepError> {
    let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
    Sweep::load(&project.root, &[project.root.join("demo.yaml")], &set, &[])
}

fn run(sweep: &Sweep, observer: &mut dyn SweepObserver, interrupt: &Interrupt) -> Vec<Outcome> {
    sweep.run(&SweepOptions::default(), &InProcess, observer, interrupt).unwrap()
}

fn states(sweep: &Sweep) -> Vec<&'static str> {
    sweep.runs().map(|run| run.entry.status.word()).collect()
}

/// Records what it receives.
#[derive(Default)]
struct Seen {
    begun: Vec<usize>,
    epochs: Vec<(usize, u32)>,
    ended: Vec<usize>,
    interrupt_after: Option<(u32, Interrupt)>,
}

impl SweepObserver for Seen {
    fn begin(&mut self, runs: &[usize]) {
        self.begun = runs.to_vec();
    }

    fn progress(&mut self, run: usize, progress: &JobProgress<'_>) {
        match progress {
            JobProgress::Event(TrainEvent::Epoch { metrics, .. }) => {
                self.epochs.push((run, metrics.epoch));
                if let Some((_, interrupt)) = self.interrupt_after.as_ref().filter(|(epoch, _)| *epoch == metrics.epoch)
                {
                    interrupt.flag().store(true, std::sync::atomic::Ordering::SeqCst);
                }
            }
            JobProgress::Ended(_) => self.ended.push(run),
            JobProgress::Started | JobProgress::Event(_) => {}
        }
    }
}

#[test]
fn a_sweep_is_planned_trained_and_done() {
    let project = small_project();
    let sweep = sweep_of(&project, &[]).unwrap();
    assert_eq!(states(&sweep), ["new", "new"]);
    assert!(!project.root.join("runs").exists(), "a plan writes nothing");
    let mut seen = Seen::default();
    let outcomes = run(&sweep, &mut seen, &Interrupt::default());
    assert_eq!((seen.begun, seen.ended), (vec![0, 1], vec![0, 1]));
    assert_eq!(seen.epochs, [(0, 1), (0, 2), (1, 1), (1, 2)]);

    let sweep = sweep.plan_again().unwrap();
    assert_eq!(states(&sweep), ["done", "done"]);
    for (status, outcome) in sweep.status().unwrap().iter().zip(&outcomes) {
        let Outcome::Done(summary) = outcome else { panic!("{outcome:?}") };
        assert_eq!((&summary.last, status.epoch()), (&status.last, 2));
        assert_eq!((status.seconds_left, &status.holder), (None, &None));
        let dir = &status.entry.dir;
        assert!(dir.compact().unwrap().is_some());
        assert_eq!(&find_run(&project.root, &dir.key()[..8]).unwrap(), dir);
        let threads = &dir.record().unwrap().unwrap().provenance["threads"];
        assert_eq!(threads, &rayon::current_num_threads().to_string());
    }
    let mut seen = Seen::default();
    assert_eq!(run(&sweep, &mut seen, &Interrupt::default()), outcomes, "nothing is trained again");
    assert!(seen.begun.is_empty() && seen.epochs.is_empty());
}

#[test]
fn an_interrupted_sweep_goes_on() {
    let project = small_project();
    let sweep = sweep_of(&project, &[]).unwrap();
    let interrupt = Interrupt::default();
    let mut seen = Seen { interrupt_after: Some((1, interrupt.clone())), ..Seen::default() };
    assert_eq!(run(&sweep, &mut seen, &interrupt), [Outcome::Interrupted, Outcome::NotStarted]);
    let sweep = sweep.plan_again().unwrap();
    assert_eq!(states(&sweep)[0], "interrupted");
    assert_eq!(sweep.runs().next().unwrap().entry.dir.summary().unwrap().unwrap().state, RunState::Interrupted);
    let resumed = run(&sweep, &mut (), &Interrupt::default());

    let other = small_project();
    let whole = sweep_of(&other, &[]).unwrap();
    run(&whole, &mut (), &Interrupt::default());
    let bytes = |sweep: &Sweep| run_bytes(sweep.runs().map(|run| &run.entry.dir));
    assert!(resumed.iter().all(|outcome| matches!(outcome, Outcome::Done(_))), "{resumed:?}");
    assert!(bytes(&sweep) == bytes(&whole), "other bytes than a sweep never interrupted");
}

#[test]
fn a_failed_run_is_an_outcome_and_a_wrong_data_set_an_error() {
    let project = small_project();
    let sweep = sweep_of(&project, &["train.optimizer.adam.lr=1e30"]).unwrap();
    let outcomes = run(&sweep, &mut (), &Interrupt::default());
    let diverged = |outcome: &Outcome| matches!(outcome, Outcome::Failed { error, .. } if error.contains("diverged"));
    assert!(outcomes.iter().any(diverged), "{outcomes:?}");

    let error = sweep_of(&project, &["train.batch=2000"]).unwrap().prepare(&SweepOptions::default()).unwrap_err();
    assert!(error.to_string().contains("a stream of 200 symbols is too short"), "{error}");
    let error = sweep_of(&project, &["dataset=dmeo"]).unwrap_err();
    assert!(matches!(error, SweepError::Data(_)) && error.to_string().contains("no dataset `dmeo`"), "{error}");
}
