//! A weight of the KL term and a learning rate that change during training.

use sparsegate_core::OutputNoise;
use sparsegate_core::schedule::{RateCurve, Schedule};
use sparsegate_core::trainer::{NamedTensor, Trainer};
use sparsegate_nn::engine::{FusedOps, Ops, ReferenceOps};
use sparsegate_nn::model::NoiseSource;

use crate::small_model::{SMALL, saved_bits};
use crate::tiny::{Change, NONE, language_model, streams, trainer};
use sparsegate_core::cells::Lstm;

const NOISE: NoiseSource = NoiseSource::Counter { seed: 3, step: 1 };
const STEP: f64 = 1e-5;

/// The KL term is several times the data loss at its full weight, and rises to it over four steps.
const RISING: Schedule =
    Schedule { rate: RateCurve::Constant, rate_warm_up: 0, kl_weight: 3.0, kl_warm_up: 4, total_steps: 10 };

#[test]
fn gradients_of_the_weighted_objective_equal_central_differences() {
    for ops in [&ReferenceOps as &dyn Ops, &FusedOps] {
        for step in [1, 3, 4, 9] {
            let make = |change: Change<'_>| {
                trainer(language_model(&Lstm, OutputNoise::Weights, change), ops).with_schedule(RISING)
            };
            let objective = |change: Change<'_>| {
                let (report, _) = make(change).gradients(&streams(), step, &NOISE).expect("finite");
                report.data_loss + report.kl_term
            };
            let (_, gradients) = make(NONE).gradients(&streams(), step, &NOISE).expect("finite");
            for (name, gradient) in gradients {
                let gradient: Vec<f64> = gradient.into_data().try_into_vec().expect("f64");
                for (place, ours) in gradient.into_iter().enumerate() {
                    let difference = objective((&name, place, STEP)) - objective((&name, place, -STEP));
                    let error = (ours - difference / (2.0 * STEP)).abs();
                    assert!(error < 1e-7, "{ops:?} step {step} {name}[{place}]: {ours} is off by {error}");
                }
            }
        }
    }
}

#[test]
fn the_kl_term_is_reported_with_the_weight_of_its_step() {
    let term = |schedule: Schedule, step: u64| {
        let mut trainer = trainer(language_model(&Lstm, OutputNoise::Weights, NONE), &FusedOps).with_schedule(schedule);
        trainer.gradients(&streams(), step, &NOISE).expect("finite").0.kl_term
    };
    let full = term(Schedule::default(), 1);
    for (step, factor) in [(1, 0.75), (2, 1.5), (4, 3.0), (7, 3.0)] {
        let found = term(RISING, step);
        assert!((found - factor * full).abs() < 1e-12, "step {step}: {found} is not {factor} times {full}");
    }
}

/// State after some steps of the small model under a schedule.
fn trained(schedule: Schedule, steps: u64) -> Vec<NamedTensor> {
    let mut trainer = SMALL.trainer(|_, _| {}).with_schedule(schedule);
    SMALL.train(&mut trainer, 1, steps);
    trainer.state()
}

/// Half the weight is exactly the weight of twice as many training symbols: the whole step uses it.
#[test]
fn half_the_kl_weight_trains_like_twice_the_data() {
    let half = trained(Schedule { kl_weight: 0.5, ..Schedule::default() }, 5);
    let mut twice = SMALL.trainer_with(|options| options.train_size *= 2);
    SMALL.train(&mut twice, 1, 5);
    assert_eq!(saved_bits(&half), saved_bits(&twice.state()));
    assert_ne!(saved_bits(&half), saved_bits(&trained(Schedule::default(), 5)));
}

#[test]
fn a_plain_schedule_changes_no_bit() {
    let mut plain = SMALL.trainer(|_, _| {});
    SMALL.train(&mut plain, 1, 5);
    assert_eq!(saved_bits(&trained(Schedule { total_steps: 5, ..Schedule::default() }, 5)), saved_bits(&plain.state()));
}

/// The rate of step 1 of a warm-up of two steps is half the full one.
#[test]
fn the_learning_rate_of_a_step_is_used() {
    let warm = trained(Schedule { rate_warm_up: 2, ..Schedule::default() }, 1);
    let mut half = SMALL.trainer_with(|options| options.adam.lr *= 0.5);
    SMALL.train(&mut half, 1, 1);
    assert_eq!(saved_bits(&warm), saved_bits(&half.state()));
}

#[test]
fn a_run_resumed_in_the_middle_of_a_warm_up_goes_on_bit_for_bit() {
    let schedule = Schedule { rate: RateCurve::Cosine { to: 0.1 }, rate_warm_up: 3, ..RISING };
    let mut resumed = SMALL.trainer(|_, values| values.fill(0.25)).with_schedule(schedule);
    resumed.restore_state(&trained(schedule, 2)).expect("what was saved");
    SMALL.train(&mut resumed, 3, 7);
    assert_eq!(saved_bits(&resumed.state()), saved_bits(&trained(schedule, 7)));
}
