//! Every forward pass that a case records: with noise, at the means, pruned, and pruned with noise.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use sparsegate_nn::model::NoiseSource;

use super::given::CaseInputs;
use super::recorded::{GoldenNetwork, probabilities};
use super::{CheckConfig, values};
use crate::case::Case;
use crate::compare::close;

pub(super) fn check<N: GoldenNetwork>(case: &Case, config: CheckConfig) -> Result<(), String> {
    let network = N::of(case, config)?;
    let given = CaseInputs::read(case, "in/")?;
    let noise = given.noise(case, "noise/", config)?;
    let kinds = [
        ("stoch", network.clone(), Some(&noise)),
        ("det", network.to_deterministic(false), None),
        ("det_clip", network.to_deterministic(true), None),
        ("stoch_clip", network.pruned(), Some(&noise)),
    ];
    for (kind, network, noise) in kinds {
        let prefix = format!("out/{kind}/");
        if case.has_prefix(&prefix) {
            let states = given.states(case, "in/state0", config)?;
            check_pass(case, config, &network, &given, states, noise, &prefix)?;
        }
    }
    Ok(())
}

/// Compares a forward pass to everything recorded under `prefix`.
pub(super) fn check_pass<N: GoldenNetwork>(
    case: &Case,
    config: CheckConfig,
    network: &N,
    given: &CaseInputs,
    states: Vec<Tensor<2>>,
    noise: Option<&NoiseSource>,
    prefix: &str,
) -> Result<(), String> {
    let batch = &given.batch;
    let forward = network.forward(config.ops, batch, states, noise);
    let scores = forward.outputs.clone() + network.output_bias();
    let predicted = network.predicted_classes(&forward.outputs);
    let loss = values(network.loss(config.ops, forward.outputs, &batch.targets))?;
    let mut ours = BTreeMap::from([
        ("logits", values(scores.clone())?),
        ("probs", values(probabilities(scores))?),
        ("loss_bits", loss.iter().map(|nats| nats / std::f64::consts::LN_2).collect()),
        ("loss_nats", loss),
        ("h_seq", values(forward.states[0].clone())?),
        ("h_last", values(forward.last[0].clone())?),
    ]);
    if let Some(predicted) = predicted {
        let correct = values(predicted.float())?.into_iter().zip(&batch.targets).filter(|(a, b)| *a as u32 == **b);
        ours.insert("accuracy", vec![correct.count() as f64 / batch.rows as f64]);
    }
    if let Some(vectors) = network.vectors(batch, noise, config) {
        ours.insert("emb", values(vectors)?);
    }
    if let Some(second) = forward.states.get(1) {
        ours.insert("c_seq", values(second.clone())?);
    }
    let last = forward.last.into_iter().map(values).collect::<Result<Vec<_>, _>>()?;
    ours.insert("state_last", last.concat());
    for name in case.names(prefix) {
        let parameter = name.trim_start_matches(prefix);
        let ours = ours.get(parameter).ok_or_else(|| format!("{name} has no computed counterpart"))?;
        let theirs = case.f64s(name)?;
        let theirs = match parameter {
            "emb" | "h_seq" | "c_seq" => given.steps(theirs),
            "logits" | "probs" if !case.classifies() => given.steps(theirs),
            "h_last" | "logits" | "probs" => given.rows(theirs),
            "state_last" => {
                let count = case.cell()?.states().len();
                theirs.chunks(theirs.len() / count).flat_map(|state| given.rows(state)).collect()
            }
            _ => theirs.to_vec(),
        };
        close(name, ours, &theirs, config.tolerance)?;
    }
    Ok(())
}
