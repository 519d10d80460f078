//! Losses, penalties and the gradient of the first step, and the penalty's gradient alone.

use sparsegate::model::Network;

use super::given::Given;
use super::recorded::Recorded;
use super::{Way, values};
use crate::case::Case;
use crate::compare::close;
use crate::layout::parameters;

pub(super) fn check<N: Recorded>(case: &Case, way: Way) -> Result<(), String> {
    let given = Given::read(case, "in/")?;
    let noise = given.noise(case, "noise/", way)?;
    let mut trainee = N::trainee(case, way)?;
    trainee.carry(Some(given.states(case, "in/state0", way)?));
    let (report, found) = trainee.gradients(&given.batch, 1, &noise).map_err(|error| error.to_string())?;
    let expect = |name: &str, ours: f64| close(name, &[ours], &[case.scalar(name)?], way.tolerance);
    expect("out/data_loss", report.data_loss)?;
    expect("out/kl_over_train_size", report.penalty)?;
    expect("out/total_loss", report.data_loss + report.penalty)?;
    let expected = parameters(case, "grad/")?;
    if found.len() != expected.len() {
        return Err(format!("ours has {} gradients, theirs {}", found.len(), expected.len()));
    }
    for (name, gradient) in found {
        let theirs = expected.get(&name).ok_or_else(|| format!("theirs has no gradient of {name}"))?;
        close(&format!("grad/{name}"), &values(gradient)?, theirs, way.tolerance)?;
    }
    expect("out/grad_norm", report.gradient_norm)?;
    penalty(case, &N::of(case, way)?, way)
}

/// The penalty of each layer, and its gradient.
fn penalty(case: &Case, network: &impl Network, way: Way) -> Result<(), String> {
    let mut leaves = network.leaves();
    let Some(penalty) = leaves.penalty(way.ops) else {
        // The reference writes gradients of zero for a network without penalties.
        let some = parameters(case, "kl_grad/").ok().and_then(|all| all.into_values().flatten().find(|g| *g != 0.0));
        return some.map_or(Ok(()), |gradient| Err(format!("theirs has a penalty gradient of {gradient}, ours none")));
    };
    let recurrent = format!("{}/", case.cell()?.layer());
    for (name, layer) in [
        ("out/kl/emb", "embedding/"),
        ("out/kl/lstm", recurrent.as_str()),
        ("out/kl/dense", "output/"),
        ("out/kl_sum", ""),
    ] {
        if case.has(name) {
            let mut sum = 0.0;
            for quantity in leaves.quantities().iter().filter(|quantity| quantity.name.starts_with(layer)) {
                sum += quantity.value.penalty(way.ops).map_or(Ok(0.0), |sum| values(sum).map(|values| values[0]))?;
            }
            close(name, &[sum], &[case.scalar(name)?], way.tolerance)?;
        }
    }
    if !case.has_prefix("kl_grad/") {
        return Ok(());
    }
    let expected = parameters(case, "kl_grad/")?;
    let train_size = case.meta.train_size.ok_or("no train_size in the metadata")?;
    let penalty = penalty.mul_scalar(1.0 / train_size as f64);
    let grads = penalty.backward();
    let mut outcome = Ok(());
    leaves.visit(|name, tensor| {
        let ours = match tensor.grad(&grads) {
            Some(gradient) => values(gradient),
            None => Ok(vec![0.0; tensor.shape().num_elements()]),
        };
        let check = ours.and_then(|ours| {
            let theirs = expected.get(name).ok_or_else(|| format!("theirs has no penalty gradient of {name}"))?;
            close(&format!("kl_grad/{name}"), &ours, theirs, way.tolerance)
        });
        if outcome.is_ok() {
            outcome = check;
        }
    });
    outcome
}
