//! Which weights survive, and what the reference counts and prints.

use std::collections::BTreeMap;

use sparsegate::compress::{Array, Masks, Parts, Posterior, Real, ShapeError, counts, masks, relevance, structure};
use sparsegate::store::format::{Counts, Kept};

use crate::case::Case;
use crate::check::{Applicability, Check, language_model};
use crate::compare::{self, F64};
use crate::layout::{parameters, unstack};

/// The checks of this file.
pub const CHECKS: &[Check] = &[
    Check { name: "relevance", applies: relevance_applies, run: check_relevance },
    Check { name: "masks", applies: masks_apply, run: check_masks },
    Check { name: "compression", applies: compression_applies, run: check_compression },
    Check { name: "zero-weights", applies: zero_weights_apply, run: check_zero_weights },
];

fn with_arrays(case: &Case, prefix: &str) -> Applicability {
    if case.has_prefix(prefix) { language_model(case) } else { Applicability::Irrelevant }
}

fn relevance_applies(case: &Case) -> Applicability {
    with_arrays(case, "ard/")
}

fn masks_apply(case: &Case) -> Applicability {
    with_arrays(case, "mask/")
}

fn compression_applies(case: &Case) -> Applicability {
    with_arrays(case, "out/overall_compression")
}

fn zero_weights_apply(case: &Case) -> Applicability {
    let single = case.meta.net.is_none() && ["w", "log_sigma", "ard"].into_iter().all(|name| case.has(name));
    if single { Applicability::Runs } else { Applicability::Irrelevant }
}

/// Calls `check` with the posterior that stands under `param/`, its numbers turned into T.
fn with_posterior<T: Real>(
    case: &Case,
    convert: fn(f64) -> T,
    check: fn(&Case, &Posterior<T>) -> Result<(), String>,
) -> Result<(), String> {
    let values: BTreeMap<String, Vec<T>> = parameters(case, "param/")?
        .into_iter()
        .map(|(name, values)| (name, values.into_iter().map(convert).collect()))
        .collect();
    let get = |name: &str| values.get(name).map(Vec::as_slice);
    let (vocabulary, hidden) = (case.meta.vocab.ok_or("no vocab")?, case.meta.hidden.ok_or("no hidden")?);
    let array = |name: &str, shape| {
        get(&format!("{name}/mean")).map(|mean| Array::matrix(mean, get(&format!("{name}/log_sigma")), shape))
    };
    let wanted = |name: &str, shape| array(name, shape).ok_or_else(|| format!("no {name}"));
    let posterior = Posterior::new(Parts {
        w_input: wanted("lstm/w_input", [vocabulary, 4 * hidden])?,
        w_hidden: wanted("lstm/w_hidden", [hidden, 4 * hidden])?,
        z_vocabulary: array("lstm/z_vocabulary", [1, vocabulary]),
        z_neurons: array("lstm/z_neurons", [1, hidden]),
        z_gates: array("lstm/z_gates", [1, 4 * hidden]),
        bias: get("lstm/bias").ok_or("no lstm/bias")?,
        w_output: wanted("output/w", [hidden, vocabulary])?,
    })
    .map_err(|e: ShapeError| e.to_string())?;
    check(case, &posterior)
}

fn to_f32(value: f64) -> f32 {
    value as f32
}

/// Nothing in the cases sits on a threshold, so that single precision decides the same.
fn check_relevance(case: &Case) -> Result<(), String> {
    with_posterior(case, |value| value, relevance_agrees::<f64>)?;
    with_posterior(case, to_f32, relevance_agrees::<f32>).map_err(|e| format!("in single precision: {e}"))
}

fn check_masks(case: &Case) -> Result<(), String> {
    with_posterior(case, |value| value, masks_agree::<f64>)?;
    with_posterior(case, to_f32, masks_agree::<f32>).map_err(|e| format!("in single precision: {e}"))
}

fn check_compression(case: &Case) -> Result<(), String> {
    with_posterior(case, |value| value, compression_agrees)
}

/// A stacked mask in our layout.
fn stacked(case: &Case, name: &str) -> Result<Vec<bool>, String> {
    unstack(&case.mask(name)?, case.shape(name)?)
}

fn relevance_agrees<T: Real>(case: &Case, posterior: &Posterior<T>) -> Result<(), String> {
    let ours = relevance(posterior);
    compare::equal("w_input", &ours.w_input, &stacked(case, "ard/lstm/w_input")?)?;
    compare::equal("w_hidden", &ours.w_hidden, &stacked(case, "ard/lstm/w_hidden")?)?;
    compare::equal("w_output", &ours.w_output, &case.mask("ard/dense/w")?)?;
    compare::equal("gates", &ours.gates, &case.mask("ard/lstm/gates")?)?;
    compare::equal("inputs", &ours.inputs, &case.mask("ard/lstm/z_input")?)?;
    compare::equal("neurons_by_weights", &ours.neurons_by_weights, &case.mask("ard/lstm/z_hidden_by_w")?)?;
    compare::equal("neurons_by_group", &ours.neurons_by_group, &case.mask("ard/lstm/z_hidden")?)
}

fn masks_agree<T: Real>(case: &Case, posterior: &Posterior<T>) -> Result<(), String> {
    let ours = masks(posterior);
    compare::equal("vocabulary", &ours.vocabulary, &case.mask("mask/vocabulary")?)?;
    compare::equal("neurons", &ours.neurons, &case.mask("mask/hidden")?)?;
    compare::equal("gates", &ours.gates, &case.mask("mask/gates")?)?;
    compare::equal("w_input", &ours.w_input, &stacked(case, "mask/w_input")?)?;
    compare::equal("w_hidden", &ours.w_hidden, &stacked(case, "mask/w_hidden")?)?;
    compare::equal("w_output", &ours.w_output, &case.mask("mask/w_dense")?)?;
    structure_agrees(posterior, &ours)
}

/// What is listed is what the masks say, and a gate is listed as constant exactly where its mask is dead.
fn structure_agrees<T: Real>(posterior: &Posterior<T>, masks: &Masks) -> Result<(), String> {
    let ours = structure(posterior, masks);
    let hidden = masks.neurons.len();
    let listed = |mask: &[bool]| (0_u32..).zip(mask).filter(|(_, kept)| **kept).map(|(i, _)| i).collect::<Vec<_>>();
    compare::equal("structure.vocabulary", &ours.vocabulary, &listed(&masks.vocabulary))?;
    compare::equal("structure.neurons", &ours.neurons, &listed(&masks.neurons))?;
    let units: Vec<u32> = ours.gates.iter().map(|gates| gates.unit).collect();
    compare::equal("structure.gates", &units, &ours.neurons)?;
    for gates in &ours.gates {
        let live: Vec<bool> = gates.constant.iter().map(Option::is_none).collect();
        let theirs: Vec<bool> = (0..4).map(|gate| masks.gates[gate * hidden + gates.unit as usize]).collect();
        compare::equal(&format!("live gates of unit {}", gates.unit), &live, &theirs)?;
    }
    Ok(())
}

fn compression_agrees(case: &Case, posterior: &Posterior<f64>) -> Result<(), String> {
    let ours = counts(&masks(posterior));
    let theirs = case.scalar("out/overall_compression")?;
    compare::close("compression", &[ours.compression], &[theirs], F64)?;
    let printed = case.meta.compression_text.join(" ");
    if printed.is_empty() { Ok(()) } else { check_printed(&ours, &printed) }
}

/// Every `(name: kept/total)` of the printed report, and the figure at its end.
fn check_printed(ours: &Counts, printed: &str) -> Result<(), String> {
    let gates = Kept {
        kept: ours.gates.iter().map(|gate| gate.kept).sum(),
        total: ours.gates.iter().map(|gate| gate.total).sum(),
    };
    let mut wanted = vec![
        ("w_x", ours.input_weights),
        ("w_h", ours.recurrent_weights),
        ("z_x", ours.vocabulary),
        ("z_h", ours.neurons),
        ("gates", gates),
        ("w", ours.output_weights),
    ];
    for part in printed.split('(').skip(1) {
        let text = part.split(')').next().unwrap_or_default();
        let (name, numbers) = text.split_once(": ").ok_or_else(|| format!("cannot read printed part {text:?}"))?;
        let place = wanted.iter().position(|(ours, _)| *ours == name);
        let Some(place) = place else { return Err(format!("printed {text:?}: nothing of ours has that name")) };
        let (_, kept) = wanted.remove(place);
        let ours = format!("{}/{}", kept.kept, kept.total);
        compare::equal(&format!("printed {name}"), &[ours.as_str()], &[numbers])?;
    }
    if let Some((name, _)) = wanted.first() {
        return Err(format!("the printed report does not mention {name}: {printed}"));
    }
    let figure = printed.rsplit(' ').next().and_then(|word| word.parse::<f64>().ok());
    let figure = figure.ok_or_else(|| format!("the printed report does not end in a number: {printed}"))?;
    compare::close("printed compression", &[ours.compression], &[figure], F64)
}

fn check_zero_weights(case: &Case) -> Result<(), String> {
    let &[rows, columns] = case.shape("w")? else { return Err("w is not a matrix".to_owned()) };
    let array = Array::matrix(case.f64s("w")?, Some(case.f64s("log_sigma")?), [rows, columns]);
    compare::equal("live", &array.live(), &case.mask("ard")?)
}
