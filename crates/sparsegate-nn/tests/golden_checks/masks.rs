//! Pruning masks, and the counts that the reference computes and prints.

use std::collections::BTreeMap;

use sparsegate_core::Prior;
use sparsegate_core::{Counts, KeptCount};
use sparsegate_prune::{
    DenseMatrix, Element, Masks, NetworkArrays, Posterior, PosteriorMatrix, ShapeError, counts, layer_masks, masks,
    reduce, structure,
};

use crate::case::Case;
use crate::check::{Applicability, Check, network};
use crate::compare::{self, F64};
use crate::layout::{compact_parameters, parameters, unstack};

/// The checks of this file.
pub const CHECKS: &[Check] = &[
    Check { name: "relevance", applies: relevance_applies, run: check_relevance },
    Check { name: "masks", applies: masks_apply, run: check_masks },
    Check { name: "compression", applies: compression_applies, run: check_compression },
    Check { name: "compact", applies: compact_applies, run: check_compact },
    Check { name: "state-factor", applies: state_factor_applies, run: check_state_factor },
    Check { name: "zero-weights", applies: zero_weights_apply, run: check_zero_weights },
];

fn with_arrays(case: &Case, prefix: &str) -> Applicability {
    if case.has_prefix(prefix) { network(case) } else { Applicability::Irrelevant }
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

fn compact_applies(case: &Case) -> Applicability {
    with_arrays(case, "compressed/param/")
}

fn state_factor_applies(case: &Case) -> Applicability {
    let in_state = case.meta.cell.as_deref() == Some("gru") && case.meta.zh_mode.as_deref() == Some("state");
    let groups = case.sparsity().is_ok_and(|sparsity| sparsity.neurons == Prior::LogUniform);
    if in_state && groups { network(case) } else { Applicability::Irrelevant }
}

fn zero_weights_apply(case: &Case) -> Applicability {
    let single = case.meta.net.is_none() && ["w", "log_sigma", "ard"].into_iter().all(|name| case.has(name));
    if single { Applicability::Runs } else { Applicability::Irrelevant }
}

/// Calls `check` with the posterior of `param/`, whose numbers are converted to T.
pub fn with_posterior<T: Element, R>(
    case: &Case,
    convert: fn(f64) -> T,
    check: fn(&Case, &Posterior<T>) -> Result<R, String>,
) -> Result<R, String> {
    let values: BTreeMap<String, Vec<T>> = parameters(case, "param/")?
        .into_iter()
        .map(|(name, values)| (name, values.into_iter().map(convert).collect()))
        .collect();
    let get = |name: &str| values.get(name).map(Vec::as_slice);
    let cell = case.cell()?;
    let (vocabulary, hidden) = (case.meta.vocab.ok_or("no vocab")?, case.meta.hidden.ok_or("no hidden")?);
    let columns = cell.preactivations().len() * hidden;
    let (inputs, outputs) = if case.classifies() {
        (case.meta.emb.ok_or("no emb")?, case.meta.classes.ok_or("no classes")?)
    } else {
        (vocabulary, vocabulary)
    };
    let array = |name: &str, shape| {
        get(&format!("{name}/mean")).map(|mean| PosteriorMatrix::matrix(mean, get(&format!("{name}/log_sigma")), shape))
    };
    let of_layer = |name: &str| format!("{}/{name}", cell.layer());
    let wanted = |name: &str, shape| array(name, shape).ok_or_else(|| format!("no {name}"));
    let symbols = if case.classifies() { "embedding/z_vocabulary" } else { &of_layer("z_vocabulary") };
    let posterior = Posterior::new(NetworkArrays {
        cell,
        activation: case.activation()?,
        embedding: array("embedding/w", [vocabulary, inputs]),
        z_vocabulary: array(symbols, [1, vocabulary]),
        w_input: wanted(&of_layer("w_input"), [inputs, columns])?,
        w_hidden: wanted(&of_layer("w_hidden"), [hidden, columns])?,
        z_inputs: array(&of_layer("z_inputs"), [1, inputs]),
        z_neurons: array(&of_layer("z_neurons"), [1, hidden]),
        z_gates: array(&of_layer("z_gates"), [1, columns]),
        bias: get(&of_layer("bias")).ok_or("no bias")?,
        w_output: wanted("output/w", [hidden, outputs])?,
        zeros_are_pruned: false,
    })
    .map_err(|e: ShapeError| e.to_string())?;
    check(case, &posterior)
}

fn to_f32(value: f64) -> f32 {
    value as f32
}

/// Checks both precisions: no value of the cases is near a threshold, so single precision decides the same.
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

/// A stacked mask in this program's layout.
fn stacked(case: &Case, name: &str) -> Result<Vec<bool>, String> {
    unstack(&case.mask(name)?, case.shape(name)?)
}

fn relevance_agrees<T: Element>(case: &Case, posterior: &Posterior<T>) -> Result<(), String> {
    let ours = layer_masks(posterior);
    if let Some(embedding) = &ours.embedding {
        compare::equal("embedding", &embedding.weights, &case.mask("ard/emb/w")?)?;
        compare::equal("vocabulary", &embedding.vocabulary, &case.mask("ard/emb/z_voc")?)?;
        compare::equal("columns of the embedding", &embedding.columns, &case.mask("ard/emb/z_emb")?)?;
    }
    compare::equal("w_input", &ours.w_input, &stacked(case, "ard/lstm/w_input")?)?;
    compare::equal("w_hidden", &ours.w_hidden, &stacked(case, "ard/lstm/w_hidden")?)?;
    compare::equal("w_output", &ours.w_output, &case.mask("ard/dense/w")?)?;
    compare::equal("gates", &ours.gates, &case.mask("ard/lstm/gates")?)?;
    compare::equal("inputs", &ours.inputs, &case.mask("ard/lstm/z_input")?)?;
    compare::equal("neurons_by_weights", &ours.neurons_by_weights, &case.mask("ard/lstm/z_hidden_by_w")?)?;
    compare::equal("neurons_by_group", &ours.neurons_by_group, &case.mask("ard/lstm/z_hidden")?)
}

fn masks_agree<T: Element>(case: &Case, posterior: &Posterior<T>) -> Result<(), String> {
    let ours = masks(posterior);
    compare::equal("vocabulary", &ours.vocabulary, &case.mask("mask/vocabulary")?)?;
    if let (Some(inputs), Some(weights)) = (&ours.inputs, &ours.embedding) {
        compare::equal("inputs", inputs, &case.mask("mask/embedding")?)?;
        compare::equal("embedding", weights, &case.mask("mask/w_emb")?)?;
    }
    compare::equal("neurons", &ours.neurons, &case.mask("mask/hidden")?)?;
    compare::equal("gates", &ours.gates, &case.mask("mask/gates")?)?;
    compare::equal("w_input", &ours.w_input, &stacked(case, "mask/w_input")?)?;
    compare::equal("w_hidden", &ours.w_hidden, &stacked(case, "mask/w_hidden")?)?;
    compare::equal("w_output", &ours.w_output, &case.mask("mask/w_dense")?)?;
    structure_agrees(posterior, &ours)
}

/// Checks that the structure agrees with the masks, and lists a gate as constant exactly if its mask is pruned.
fn structure_agrees<T: Element>(posterior: &Posterior<T>, masks: &Masks) -> Result<(), String> {
    let ours = structure(posterior, masks);
    let hidden = masks.neurons.len();
    let listed = |mask: &[bool]| (0_u32..).zip(mask).filter(|(_, kept)| **kept).map(|(i, _)| i).collect::<Vec<_>>();
    compare::equal("structure.vocabulary", &ours.vocabulary, &listed(&masks.vocabulary))?;
    compare::equal("structure.neurons", &ours.neurons, &listed(&masks.neurons))?;
    let inputs = masks.inputs.as_deref().map(listed).unwrap_or_default();
    compare::equal("structure.inputs", &ours.inputs, &inputs)?;
    let units: Vec<u32> = ours.gates.iter().map(|gates| gates.unit).collect();
    compare::equal("structure.gates", &units, &ours.neurons)?;
    let cell = posterior.parts().cell;
    for gates in &ours.gates {
        let of_unit = |kind: usize| kind * hidden + gates.unit as usize;
        let biases: Vec<f64> =
            (0..cell.biases().len()).map(|kind| posterior.parts().bias[of_unit(kind)].to_f64()).collect();
        let dead: Vec<bool> = (0..cell.preactivations().len()).map(|kind| !masks.gates[of_unit(kind)]).collect();
        // A pruned gate may still vary, if the cell's rule says so.
        let constant = |kind: usize| cell.constant(kind, &biases, &dead, posterior.parts().activation);
        let theirs: Vec<bool> = (0..dead.len()).map(|kind| dead[kind] && constant(kind).is_some()).collect();
        let fixed: Vec<bool> = gates.constant.iter().map(Option::is_some).collect();
        compare::equal(&format!("constant gates of unit {}", gates.unit), &fixed, &theirs)?;
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

/// Checks every `(name: kept/total)` of the printed report, and the compression at its end.
fn check_printed(ours: &Counts, printed: &str) -> Result<(), String> {
    let gates = KeptCount {
        kept: ours.gates.iter().map(|gate| gate.kept).sum(),
        total: ours.gates.iter().map(|gate| gate.total).sum(),
    };
    let mut wanted = Vec::new();
    if let Some(weights) = ours.embedding_weights {
        // The embedding's weights are called `w` like the output's, and are printed before them.
        wanted.extend([("w", weights), ("z_voc", ours.vocabulary)]);
    }
    wanted.extend([
        ("w_x", ours.input_weights),
        ("w_h", ours.recurrent_weights),
        ("z_x", ours.inputs.unwrap_or(ours.vocabulary)),
        ("z_h", ours.neurons),
        ("gates", gates),
        ("w", ours.output_weights),
    ]);
    for part in printed.split('(').skip(1) {
        let text = part.split(')').next().unwrap_or_default();
        let (name, numbers) = text.split_once(": ").ok_or_else(|| format!("cannot read printed part {text:?}"))?;
        let place = wanted.iter().position(|(ours, _)| *ours == name);
        let Some(place) = place else { return Err(format!("printed {text:?}: no computed count has this name")) };
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

fn check_compact(case: &Case) -> Result<(), String> {
    with_posterior(case, |value| value, compact_agrees)
}

fn compact_agrees(case: &Case, posterior: &Posterior<f64>) -> Result<(), String> {
    let masks = masks(posterior);
    let ours = reduce(posterior, &masks);
    let theirs = compact_parameters(case)?;
    let layer = ours.cell.layer();
    let units = ours.w_hidden.shape[0];
    let mut found = vec![
        (format!("{layer}/w_input/mean"), ours.w_input),
        (format!("{layer}/w_hidden/mean"), ours.w_hidden),
        (format!("{layer}/bias"), DenseMatrix { shape: [1, ours.bias.len()], values: ours.bias }),
        ("output/w/mean".to_owned(), ours.w_output),
    ];
    if case.has("compressed/sizes_vocab_emb_hidden") {
        // Pruned symbols do not count, although they keep their rows.
        let vocabulary = masks.vocabulary.iter().filter(|kept| **kept).count();
        let dimensions = ours.embedding.as_ref().ok_or("no embedding")?.shape[1];
        let sizes = [vocabulary, dimensions, units].map(|size| size as i32);
        compare::equal("sizes", &sizes, case.i32s("compressed/sizes_vocab_emb_hidden")?)?;
    }
    found.extend(ours.embedding.map(|embedding| ("embedding/w/mean".to_owned(), embedding)));
    for (name, matrix) in &found {
        compare::equal(&format!("shape of {name}"), &[matrix.values.len()], &[matrix.shape[0] * matrix.shape[1]])?;
        compare::close(name, &matrix.values, theirs.get(name).ok_or_else(|| format!("{name} is not recorded"))?, F64)?;
    }
    // The compact network here does not contain the output's biases, which pruning does not change.
    if theirs.len() != found.len() + 1 {
        return Err(format!("the reference has {:?}", theirs.keys()));
    }
    let biases = case.f64s("param/dense/b")?;
    compare::close("output/bias", biases, case.f64s("compressed/param/dense/b")?, F64)
}

/// A factor on a GRU's carried state cannot be folded into weights: the compact network keeps a factor per unit.
fn check_state_factor(case: &Case) -> Result<(), String> {
    with_posterior(
        case,
        |value| value,
        |_, posterior: &Posterior<f64>| {
            let masks = masks(posterior);
            let ours = reduce(posterior, &masks).state_factor.ok_or("the factor is gone")?;
            let factors = posterior.parts().z_neurons.ok_or("the case has no factors of units")?.mean;
            let kept: Vec<f64> =
                masks.neurons.iter().zip(factors).filter(|(kept, _)| **kept).map(|(_, z)| *z).collect();
            compare::close("state factor", &ours, &kept, F64)
        },
    )
}

fn check_zero_weights(case: &Case) -> Result<(), String> {
    let &[rows, columns] = case.shape("w")? else { return Err("w is not a matrix".to_owned()) };
    let array = PosteriorMatrix::matrix(case.f64s("w")?, Some(case.f64s("log_sigma")?), [rows, columns]);
    compare::equal("live", &array.live(false), &case.mask("ard")?)
}
