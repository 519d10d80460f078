//! Converts the golden arrays to this program's layout.
//!
//! Golden arrays have one matrix per gate, or stack the gates on the first axis: `(P, rows, H)`. This program puts the
//! gates side by side in the columns: `[rows, P * H]`, column `gate * H + unit`. Both use the cell's order of gates: i,
//! f, g, o; r, z, n; h.

use std::collections::{BTreeMap, BTreeSet};

use sparsegate_core::{Prior, Sparsity};

use crate::case::Case;
use crate::check::{Check, network};

/// The checks of this file.
pub const CHECKS: &[Check] = &[Check { name: "layout", applies: network, run: check_layout }];

/// Names of a cell's golden arrays.
struct Names {
    /// Name of the recurrent layer.
    layer: &'static str,
    /// Names of the gates, in order.
    gates: &'static [&'static str],
    /// Names of the biases, in order.
    biases: &'static [&'static str],
}

const LSTM: Names = Names {
    layer: "lstm",
    gates: &["ingate", "forgetgate", "cell", "outgate"],
    biases: &["ingate", "forgetgate", "cell", "outgate"],
};
const GRU: Names = Names { layer: "rnn", gates: &["r", "z", "n"], biases: &["r", "z", "in", "hn"] };
const RNN: Names = Names { layer: "rnn", gates: &["h"], biases: &["h"] };

/// Names for a case's cell; an error if the case states another order of gates.
fn names(case: &Case) -> Result<&'static Names, String> {
    let names = match case.cell()?.layer() {
        "lstm" => &LSTM,
        "gru" => &GRU,
        "rnn" => &RNN,
        other => return Err(format!("no names for the arrays of a layer {other}")),
    };
    if case.meta.gate_order == names.gates {
        Ok(names)
    } else {
        Err(format!("gate order {:?}, want {:?}", case.meta.gate_order, names.gates))
    }
}

/// Reads the arrays with the shapes of the parameters under `prefix` (`param/`, `grad/`, `kl_grad/`, `adam1/`,
/// `traj/param_after_step4/`), row-major, under the names that checkpoints use. LAYER is the cell's name. For a
/// classifier `embedding/w/mean` `[V, E]`, `embedding/z_vocabulary/mean` `[V]` and `LAYER/z_inputs/mean` `[E]`; for a
/// language model `LAYER/z_vocabulary/mean` `[V]`; for both `LAYER/w_input/mean` `[I, P * H]`, `LAYER/w_hidden/mean`
/// `[H, P * H]`, `LAYER/z_neurons/mean` `[H]`, `LAYER/z_gates/mean` `[P * H]`, `output/w/mean` `[H, O]`, each with its
/// `log_sigma`, `LAYER/bias` `[biases * H]` and `output/bias` `[O]`. Parameters that the case's configuration does not
/// have are absent, and the fixed zero states are left out. It is an error if an array that the configuration requires
/// is missing, or if an array has no counterpart here.
pub fn parameters(case: &Case, prefix: &str) -> Result<BTreeMap<String, Vec<f64>>, String> {
    translate(case, prefix, &case.sparsity()?)
}

/// [`parameters`] of the compact network, which has neither noise nor groups.
pub fn compact_parameters(case: &Case) -> Result<BTreeMap<String, Vec<f64>>, String> {
    let sparsity = case.sparsity()?;
    let none = Prior::None;
    let plain = Sparsity {
        weights: none,
        vocabulary: none,
        inputs: none,
        neurons: none,
        gates: none,
        output: none,
        ..sparsity
    };
    translate(case, "compressed/param/", &plain)
}

fn translate(case: &Case, prefix: &str, sparsity: &Sparsity) -> Result<BTreeMap<String, Vec<f64>>, String> {
    let prefix = prefix.trim_end_matches('/');
    let names = names(case)?;
    let at = |name: &str| format!("{prefix}/{name}");
    let (ours_layer, layer) = (case.cell()?.layer(), names.layer);
    check_names(case, prefix, names, sparsity)?;
    let mut out = BTreeMap::new();
    for (ours, theirs, kinds) in [
        ("w_input/mean", "W_in_to", names.gates),
        ("w_hidden/mean", "W_hid_to", names.gates),
        ("bias", "b", names.biases),
    ] {
        let matrices: Vec<String> = kinds.iter().map(|kind| at(&format!("{layer}/{theirs}_{kind}"))).collect();
        out.insert(format!("{ours_layer}/{ours}"), side_by_side(case, &matrices)?);
    }
    for (ours, theirs) in [("w_input/log_sigma", "logsig_w_in"), ("w_hidden/log_sigma", "logsig_w_hid")] {
        let name = at(&format!("{layer}/{theirs}"));
        if case.has(&name) {
            out.insert(format!("{ours_layer}/{ours}"), unstack(case.f64s(&name)?, case.shape(&name)?)?);
        }
    }
    // The order of elements is the same in both layouts, also for (P, H) and [P * H].
    let inputs = if case.classifies() { "z_inputs" } else { "z_vocabulary" };
    for (ours, theirs) in [
        ("embedding/w/mean".to_owned(), "emb/W".to_owned()),
        ("embedding/w/log_sigma".to_owned(), "emb/log_sigma_w".to_owned()),
        ("embedding/z_vocabulary/mean".to_owned(), "emb/mu_in".to_owned()),
        ("embedding/z_vocabulary/log_sigma".to_owned(), "emb/log_in".to_owned()),
        (format!("{ours_layer}/{inputs}/mean"), format!("{layer}/mu_in")),
        (format!("{ours_layer}/{inputs}/log_sigma"), format!("{layer}/logsig_in")),
        (format!("{ours_layer}/z_neurons/mean"), format!("{layer}/mu_hid")),
        (format!("{ours_layer}/z_neurons/log_sigma"), format!("{layer}/logsig_hid")),
        (format!("{ours_layer}/z_gates/mean"), format!("{layer}/mu_gates")),
        (format!("{ours_layer}/z_gates/log_sigma"), format!("{layer}/logsig_gates")),
        ("output/w/mean".to_owned(), "dense/W".to_owned()),
        ("output/w/log_sigma".to_owned(), "dense/log_sigma".to_owned()),
        ("output/bias".to_owned(), "dense/b".to_owned()),
    ] {
        let name = at(&theirs);
        if case.has(&name) {
            out.insert(ours, case.f64s(&name)?.to_vec());
        }
    }
    Ok(out)
}

/// The recorded standard normal noise under `prefix` (`noise/`, `step2/noise/`, ...), row-major: `w_input` `[I, P *
/// H]`, `w_hidden` `[H, P * H]`, `z_vocabulary` `[B, V]`, `z_neurons` `[B, H]`, `z_gates` `[B, P * H]`, for a
/// classifier `embedding` `[V, E]` and `z_inputs` `[B, E]`, and for the output layer `output_weights` `[H, O]` (weight
/// sampling) or `output_local` `[B, O]` (local reparameterisation). Noise that the case does not use is absent; the map
/// is empty for a case without noise. An array without a counterpart here is an error.
pub fn noise(case: &Case, prefix: &str) -> Result<BTreeMap<String, Vec<f64>>, String> {
    let prefix = prefix.trim_end_matches('/');
    let layer = names(case)?.layer;
    let mut out = BTreeMap::new();
    for (ours, theirs) in [("w_input", "w_in"), ("w_hidden", "w_hid"), ("z_gates", "gates")] {
        let name = format!("{prefix}/{layer}/{theirs}");
        if case.has(&name) {
            out.insert(ours.to_owned(), unstack(case.f64s(&name)?, case.shape(&name)?)?);
        }
    }
    let inputs = if case.classifies() { "z_inputs" } else { "z_vocabulary" };
    for (ours, theirs) in [
        ("embedding", "emb/w".to_owned()),
        ("z_vocabulary", "emb/z_voc".to_owned()),
        (inputs, format!("{layer}/z_in")),
        ("z_neurons", format!("{layer}/z_hid")),
        ("output_weights", "dense/w".to_owned()),
        ("output_local", "dense/lrt".to_owned()),
    ] {
        let name = format!("{prefix}/{theirs}");
        if case.has(&name) {
            out.insert(ours.to_owned(), case.f64s(&name)?.to_vec());
        }
    }
    if case.names(&format!("{prefix}/")).count() == out.len() {
        Ok(out)
    } else {
        Err(format!("an array under {prefix}/ has no counterpart: {:?}", case.names(prefix).collect::<Vec<_>>()))
    }
}

/// Converts `(gates, rows, columns)` to `[rows, gates * columns]`; generic, so that it also works for masks.
pub fn unstack<T: Copy>(values: &[T], shape: &[usize]) -> Result<Vec<T>, String> {
    let &[kinds, rows, columns] = shape else {
        return Err(format!("shape {shape:?} is not (kinds, rows, columns)"));
    };
    if values.is_empty() || values.len() != kinds * rows * columns {
        return Err(format!("{} elements do not fill shape {shape:?}", values.len()));
    }
    let parts: Vec<&[T]> = values.chunks_exact(rows * columns).collect();
    Ok(join(&parts, rows, columns))
}

/// Checks that the names under `prefix` are exactly those that the sparsity requires.
fn check_names(case: &Case, prefix: &str, names: &Names, sparsity: &Sparsity) -> Result<(), String> {
    let layer = names.layer;
    let mut wanted: BTreeSet<String> = ["dense/W", "dense/b"].map(str::to_owned).into();
    if case.classifies() {
        wanted.insert("emb/W".to_owned());
    }
    wanted.extend(names.gates.iter().flat_map(|gate| ["W_in_to", "W_hid_to"].map(|to| format!("{layer}/{to}_{gate}"))));
    wanted.extend(names.biases.iter().map(|bias| format!("{layer}/b_{bias}")));
    let weights = if case.classifies() { ["emb/log_sigma_w"].as_slice() } else { &[] };
    let vocabulary = if case.classifies() { ["emb/mu_in", "emb/log_in"].as_slice() } else { &[] };
    let input_groups = if case.classifies() { sparsity.inputs } else { sparsity.vocabulary };
    for (prior, of_layer, others) in [
        (sparsity.weights, ["logsig_w_in", "logsig_w_hid"].as_slice(), weights),
        (sparsity.vocabulary, &[], vocabulary),
        (input_groups, &["mu_in", "logsig_in"], &[]),
        (sparsity.neurons, &["mu_hid", "logsig_hid"], &[]),
        (sparsity.gates, &["mu_gates", "logsig_gates"], &[]),
        (sparsity.output, &[], &["dense/log_sigma"]),
    ] {
        if prior == Prior::LogUniform {
            wanted.extend(of_layer.iter().map(|name| format!("{layer}/{name}")));
            wanted.extend(others.iter().map(ToString::to_string));
        }
    }
    let start = format!("{prefix}/");
    let fixed = ["hid_init", "cell_init"].map(|name| format!("{layer}/{name}"));
    let found: BTreeSet<String> =
        case.names(&start).map(|name| name[start.len()..].to_owned()).filter(|name| !fixed.contains(name)).collect();
    match (wanted.difference(&found).next(), found.difference(&wanted).next()) {
        (None, None) => Ok(()),
        (Some(missing), _) => Err(format!("config {} requires {start}{missing}, which is missing", sparsity.name)),
        (None, Some(extra)) => Err(format!("config {} has no counterpart for {start}{extra}", sparsity.name)),
    }
}

/// Concatenates the columns of arrays of equal shape, `[rows, columns]` or `[columns]`.
fn side_by_side(case: &Case, names: &[String]) -> Result<Vec<f64>, String> {
    let shape = case.shape(&names[0])?;
    let (rows, columns) = match *shape {
        [rows, columns] => (rows, columns),
        [columns] => (1, columns),
        _ => return Err(format!("{} has shape {shape:?}, want one or two axes", names[0])),
    };
    let mut parts = Vec::new();
    for name in names {
        if case.shape(name)? != shape {
            return Err(format!("{name} has shape {:?}, {} has {shape:?}", case.shape(name)?, names[0]));
        }
        parts.push(case.f64s(name)?);
    }
    Ok(join(&parts, rows, columns))
}

fn join<T: Copy>(parts: &[&[T]], rows: usize, columns: usize) -> Vec<T> {
    (0..rows)
        .flat_map(|row| parts.iter().flat_map(move |part| part[row * columns..][..columns].iter().copied()))
        .collect()
}

/// Checks that every parameter-shaped array and every noise array of a case can be converted, to the expected size.
fn check_layout(case: &Case) -> Result<(), String> {
    let [vocabulary, hidden, batch] =
        [case.meta.vocab, case.meta.hidden, case.meta.batch].map(|size| size.ok_or("no vocab, hidden or batch"));
    let (vocabulary, hidden, batch) = (vocabulary?, hidden?, batch?);
    let (inputs, outputs) = if case.classifies() {
        (case.meta.emb.ok_or("no emb")?, case.meta.classes.ok_or("no classes")?)
    } else {
        (vocabulary, vocabulary)
    };
    let cell = case.cell()?;
    let columns = cell.preactivations().len() * hidden;
    let start = format!("{}/", cell.layer());
    for prefix in ["param/", "grad/", "kl_grad/", "adam1/", "traj/param_after_step4/"] {
        if case.has_prefix(prefix) {
            for (name, values) in parameters(case, prefix)? {
                let parameter =
                    name.trim_start_matches(&start).trim_end_matches("/mean").trim_end_matches("/log_sigma");
                let size = match parameter {
                    "embedding/w" => vocabulary * inputs,
                    "w_input" => inputs * columns,
                    "w_hidden" => hidden * columns,
                    "z_gates" => columns,
                    "bias" => cell.biases().len() * hidden,
                    "z_neurons" => hidden,
                    "z_inputs" => inputs,
                    "output/w" => hidden * outputs,
                    "output/bias" => outputs,
                    _ => vocabulary,
                };
                check_size(&format!("{prefix}{name}"), values.len(), size)?;
            }
        }
    }
    for prefix in ["noise/", "step2/noise/", "step3/noise/", "step4/noise/"] {
        for (name, values) in noise(case, prefix)? {
            let size = match name.as_str() {
                "embedding" => vocabulary * inputs,
                "w_input" => inputs * columns,
                "w_hidden" => hidden * columns,
                "z_inputs" => batch * inputs,
                "z_gates" => batch * columns,
                "z_neurons" => batch * hidden,
                "output_weights" => hidden * outputs,
                "output_local" => batch * outputs,
                _ => batch * vocabulary,
            };
            check_size(&format!("{prefix}{name}"), values.len(), size)?;
        }
    }
    Ok(())
}

fn check_size(name: &str, found: usize, wanted: usize) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("{name} has {found} elements, want {wanted}")) }
}
