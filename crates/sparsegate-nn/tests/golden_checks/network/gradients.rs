//! Losses, KL terms and the gradient of the first step, and the gradient of the KL term alone.

use sparsegate_nn::engine::DataGradients;
use sparsegate_nn::model::{Network, Parameter};

use super::given::CaseInputs;
use super::recorded::GoldenNetwork;
use super::{CheckConfig, values};
use crate::case::Case;
use crate::compare::close;
use crate::layout::parameters;

pub(super) fn check<N: GoldenNetwork>(case: &Case, config: CheckConfig) -> Result<(), String> {
    let given = CaseInputs::read(case, "in/")?;
    let noise = given.noise(case, "noise/", config)?;
    let mut trainer = N::trainer(case, config)?;
    trainer.set_carried_states(Some(given.states(case, "in/state0", config)?));
    let (report, found) = trainer.gradients(&given.batch, 1, &noise).map_err(|error| error.to_string())?;
    let expect = |name: &str, ours: f64| close(name, &[ours], &[case.scalar(name)?], config.tolerance);
    expect("out/data_loss", report.data_loss)?;
    expect("out/kl_over_train_size", report.kl_term)?;
    expect("out/total_loss", report.data_loss + report.kl_term)?;
    let expected = parameters(case, "grad/")?;
    if found.len() != expected.len() {
        return Err(format!("{} gradients computed, {} recorded", found.len(), expected.len()));
    }
    for (name, gradient) in found {
        let theirs = expected.get(&name).ok_or_else(|| format!("the reference has no gradient of {name}"))?;
        close(&format!("grad/{name}"), &values(gradient)?, theirs, config.tolerance)?;
    }
    expect("out/grad_norm", report.gradient_norm)?;
    compare_kl(case, &N::of(case, config)?, config)
}

/// Checks the KL term of each layer, and its gradient.
fn compare_kl(case: &Case, network: &impl Network, config: CheckConfig) -> Result<(), String> {
    let train_size = case.meta.train_size.ok_or("no train_size in the metadata")?;
    let mut network = network.clone();
    let (mut terms, mut gradients) = (Vec::new(), Vec::new());
    for Parameter { name, value, .. } in network.parameters() {
        let Some(log_sigma) = &value.log_sigma else { continue };
        let parameter = [&value.mean, log_sigma];
        let nothing = DataGradients { mean: log_sigma.zeros_like(), log_sigma: log_sigma.zeros_like(), rows: None };
        let kl_weight = 1.0 / train_size as f64;
        let kl = config.ops.kl_and_gradient_norm(parameter, &nothing, kl_weight).kl;
        let [to_mean, to_log_sigma] = config.ops.total_gradients(parameter, nothing, kl_weight);
        gradients.push((format!("{name}/mean"), values(to_mean)?));
        gradients.push((format!("{name}/log_sigma"), values(to_log_sigma)?));
        terms.push((name, values(kl)?[0]));
    }
    if terms.is_empty() {
        // The reference writes zero gradients for a network without KL terms.
        let some = parameters(case, "kl_grad/").ok().and_then(|all| all.into_values().flatten().find(|g| *g != 0.0));
        return some.map_or(Ok(()), |gradient| Err(format!("recorded KL gradient {gradient}, computed none")));
    }
    let recurrent = format!("{}/", case.cell()?.layer());
    for (name, layer) in [
        ("out/kl/emb", "embedding/"),
        ("out/kl/lstm", recurrent.as_str()),
        ("out/kl/dense", "output/"),
        ("out/kl_sum", ""),
    ] {
        if case.has(name) {
            let sum = terms.iter().filter(|(name, _)| name.starts_with(layer)).map(|(_, kl)| kl).sum();
            close(name, &[sum], &[case.scalar(name)?], config.tolerance)?;
        }
    }
    if !case.has_prefix("kl_grad/") {
        return Ok(());
    }
    let expected = parameters(case, "kl_grad/")?;
    for (name, ours) in &gradients {
        let theirs = expected.get(name).ok_or_else(|| format!("the reference has no KL gradient of {name}"))?;
        close(&format!("kl_grad/{name}"), ours, theirs, config.tolerance)?;
    }
    // Parameters without a KL term have no gradient from it.
    let others = expected.iter().filter(|(name, _)| gradients.iter().all(|(ours, _)| ours != *name));
    match others.into_iter().find(|(_, theirs)| theirs.iter().any(|gradient| *gradient != 0.0)) {
        Some((name, _)) => Err(format!("recorded KL gradient of {name}, computed none")),
        None => Ok(()),
    }
}
