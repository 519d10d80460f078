//! Four optimiser steps: objective, gradient norm and states after each, parameters after the first and the last, and
//! the metric of the pruned network.

use sparsegate_core::trainer::Trainer;
use sparsegate_core::{Batch, BatchSource};
use sparsegate_nn::model::{Network, NetworkTrainer};

use super::given::CaseInputs;
use super::recorded::GoldenNetwork;
use super::{CheckConfig, carries, values};
use crate::case::Case;
use crate::compare::close;
use crate::layout::parameters;

pub(super) fn check<N: GoldenNetwork>(case: &Case, config: CheckConfig) -> Result<(), String> {
    let first = CaseInputs::read(case, "in/")?;
    let mut trainer = N::trainer(case, config)?;
    trainer.set_carried_states(Some(first.states(case, "in/state0", config)?));
    let (losses, norms) = (case.f64s("traj/total_loss")?, case.f64s("traj/grad_norm")?);
    for step in 1..=4 {
        let (data, noise) = if step == 1 {
            ("in/".to_owned(), "noise/".to_owned())
        } else {
            (format!("step{step}/"), format!("step{step}/noise/"))
        };
        let given = CaseInputs::read(case, &data)?;
        let source = given.noise(case, &noise, config)?;
        let report = trainer.step_with(&given.batch, step as u64, &source).map_err(|error| error.to_string())?;
        let objective = report.data_loss + report.kl_term;
        let at = step - 1..step;
        close(&format!("traj/total_loss of step {step}"), &[objective], &losses[at.clone()], config.tolerance)?;
        close(&format!("traj/grad_norm of step {step}"), &[report.gradient_norm], &norms[at], config.tolerance)?;
        let after = format!("step{step}/state_after");
        if case.has(&after) {
            let states = trainer.carried_states().ok_or("no state is carried")?.to_vec();
            let ours = states.into_iter().map(values).collect::<Result<Vec<_>, _>>()?.concat();
            close(&after, &ours, case.f64s(&after)?, config.tolerance)?;
        }
        match step {
            1 => compare_parameters(case, &trainer, "adam1/", config)?,
            4 => compare_parameters(case, &trainer, "traj/param_after_step4/", config)?,
            _ => {}
        }
    }
    if !case.has("traj/clip_val_after_step4") {
        return Ok(());
    }
    let evaluation = trainer.evaluate(&Single(first.batch));
    let ours = match evaluation.accuracy {
        Some(accuracy) => accuracy,
        None if carries(case) => evaluation.nats,
        None => evaluation.nats / std::f64::consts::LN_2,
    };
    close("traj/clip_val_after_step4", &[ours], &[case.scalar("traj/clip_val_after_step4")?], config.tolerance)
}

fn compare_parameters(
    case: &Case,
    trainer: &NetworkTrainer<impl Network>,
    prefix: &str,
    config: CheckConfig,
) -> Result<(), String> {
    let expected = parameters(case, prefix)?;
    for (name, tensor) in trainer.network().tensors() {
        let theirs = expected.get(&name).ok_or_else(|| format!("the reference has no {prefix}{name}"))?;
        close(&format!("{prefix}{name}"), &values(tensor)?, theirs, config.tolerance)?;
    }
    Ok(())
}

/// A source of one batch, evaluated from a zero state.
struct Single(Batch);

impl BatchSource for Single {
    fn len(&self) -> usize {
        1
    }
    fn batch(&self, _: usize) -> Batch {
        self.0.clone()
    }
    fn targets(&self) -> usize {
        self.0.targets.len()
    }
    fn carries_state(&self) -> bool {
        false
    }
}
