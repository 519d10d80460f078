//! Training with the pruning baselines: magnitude pruning and group lasso.

use rayon::ThreadPoolBuilder;
use sparsegate_core::trainer::Trainer;
use sparsegate_core::{GroupLasso, Magnitude, Prior};
use sparsegate_nn::baselines::{Baseline, Pruning};
use sparsegate_nn::model::{LanguageModel, NetworkTrainer};

use crate::small_model::{SMALL, SmallModel, saved_bits};

/// A model without noise. Magnitude pruning starts after 2 of 20 steps and ends after 14.
const PLAIN: SmallModel = SmallModel { prior: Prior::None, ..SMALL };
const STEPS: u64 = 20;
const MAGNITUDE: Magnitude = Magnitude { share: 0.8, begin: 0.1, end: 0.7, every: 3 };
/// The lasso lowers a unit's norm by 0.04 per step; the data gradient may raise it.
const LASSO: GroupLasso = GroupLasso { strength: 20.0 };
/// Number of units whose norm starts near 0.4; that of the others starts near 1.3.
const WEAK: usize = 3;

fn pruned(baseline: impl Baseline + 'static) -> NetworkTrainer<LanguageModel> {
    let weaken = |name: &str, values: &mut [f64]| {
        if name == "lstm/w_hidden/mean" || name == "output/w/mean" {
            let width = values.len() / PLAIN.hidden;
            values[..WEAK * width].iter_mut().for_each(|value| *value *= 0.3);
        }
    };
    PLAIN.trainer(weaken).with_pruning(Some(Pruning { baseline: Box::new(baseline), total_steps: STEPS }))
}

/// For each weight, whether it is zero.
fn zeros(trainer: &impl Trainer) -> Vec<bool> {
    let weights = trainer.parameters().into_iter().filter(|tensor| tensor.name.contains("/w"));
    weights.flat_map(|tensor| tensor.values).map(|value| value == 0.0).collect()
}

/// Takes all steps; returns the zeros after each of them.
fn train(trainer: &mut NetworkTrainer<LanguageModel>) -> Vec<Vec<bool>> {
    (1..=STEPS)
        .map(|step| {
            PLAIN.train(trainer, step, step);
            zeros(trainer)
        })
        .collect()
}

fn nothing_comes_back(zeros: &[Vec<bool>]) {
    for pair in zeros.windows(2) {
        assert!(pair[0].iter().zip(&pair[1]).all(|(before, after)| !before || *after));
    }
}

#[test]
fn magnitude_pruning_ends_at_its_share() {
    let mut trainer = pruned(MAGNITUDE);
    let zeros = train(&mut trainer);
    nothing_comes_back(&zeros);
    let count = |step: usize| zeros[step - 1].iter().filter(|zero| **zero).count();
    assert_eq!(count(2), 0);
    assert!(count(3) > 0 && count(9) > count(3));
    let weights = zeros[0].len();
    // The count is rounded in each of the three matrices.
    assert!(count(14).abs_diff(weights * 8 / 10) <= 3, "{} of {weights}", count(14));
    assert_eq!(count(20), count(14));
    // Compression is 5, or more if a unit without outgoing weights is removed with its remaining weights.
    let counts = trainer.counts();
    assert!(counts.compression > 4.95 && counts.compression < 10.0, "{counts:?}");
}

#[test]
fn group_lasso_removes_units() {
    let mut trainer = pruned(LASSO);
    nothing_comes_back(&train(&mut trainer));
    let counts = trainer.counts();
    assert_eq!(counts.neurons.kept, (PLAIN.hidden - WEAK) as u64, "{counts:?}");
    assert!(counts.compression > 1.2);
    let kept: Vec<u32> = (WEAK as u32..PLAIN.hidden as u32).collect();
    assert_eq!(trainer.structure().neurons, kept);
}

#[test]
fn zeros_of_a_dense_run_are_not_pruned() {
    let mut trainer = PLAIN.trainer(|name, values| {
        if name == "output/w/mean" {
            values.fill(0.0);
        }
    });
    assert_eq!(trainer.counts().output_weights.kept, trainer.counts().output_weights.total);
    PLAIN.train(&mut trainer, 1, 1);
    assert!(zeros(&trainer).iter().all(|zero| !zero), "they move");
}

#[test]
fn a_loaded_network_goes_on_bit_for_bit() {
    fn check<B: Baseline + Clone + 'static>(baseline: &B) {
        let mut straight = pruned(baseline.clone());
        PLAIN.train(&mut straight, 1, 7);
        let saved = straight.state();
        PLAIN.train(&mut straight, 8, STEPS);
        let mut resumed = pruned(baseline.clone());
        PLAIN.train(&mut resumed, 1, 3);
        resumed.restore_state(&saved).expect("what was saved");
        PLAIN.train(&mut resumed, 8, STEPS);
        assert_eq!(saved_bits(&resumed.state()), saved_bits(&straight.state()), "{baseline:?}");
    }
    check(&MAGNITUDE);
    check(&LASSO);
}

#[test]
fn threads_do_not_change_what_is_pruned() {
    fn check<B: Baseline + Clone + 'static>(baseline: &B) {
        let with = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| {
                let mut trainer = pruned(baseline.clone());
                train(&mut trainer);
                trainer.state()
            })
        };
        assert_eq!(saved_bits(&with(1)), saved_bits(&with(4)), "{baseline:?}");
    }
    check(&MAGNITUDE);
    check(&LASSO);
}
