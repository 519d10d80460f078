//! From the layout of the golden arrays to ours.
//!
//! Golden arrays keep one matrix a gate, or stack the gates on the first axis: `(4, rows, H)`. Ours put the gates side
//! by side in the columns: `[rows, 4H]`, column `gate * H + unit`. Both order the gates i, f, g, o.

use std::collections::{BTreeMap, BTreeSet};

use sparsegate::spec::types::Prior;

use crate::case::Case;
use crate::check::{Check, language_model};

/// The checks of this file.
pub const CHECKS: &[Check] = &[Check { name: "layout", applies: language_model, run: check_layout }];

/// Names of the per-gate arrays, in the order i, f, g, o.
const GATES: [&str; 4] = ["ingate", "forgetgate", "cell", "outgate"];

/// Everything of the parameters' shape that stands under `prefix` (`param/`, `grad/`, `kl_grad/`, `adam1/`,
/// `traj/param_after_step4/`), row-major, by the names that checkpoints use: `lstm/w_input/mean` `[V, 4H]`,
/// `lstm/w_hidden/mean` `[H, 4H]`, `lstm/z_vocabulary/mean` `[V]`, `lstm/z_neurons/mean` `[H]`, `lstm/z_gates/mean`
/// `[4H]`, each with its `log_sigma`, `lstm/bias` `[4H]`, `output/w/mean` `[H, V]`, `output/w/log_sigma`,
/// `output/bias` `[V]`. A quantity that the case's configuration does not have is absent; the fixed zero states are left
/// out. An array that the configuration asks for and the case lacks is an error, and so is one that has no place in ours.
pub fn parameters(case: &Case, prefix: &str) -> Result<BTreeMap<String, Vec<f64>>, String> {
    let prefix = prefix.trim_end_matches('/');
    let at = |name: &str| format!("{prefix}/{name}");
    check_gate_order(case)?;
    check_names(case, prefix)?;
    let mut out = BTreeMap::new();
    for (ours, theirs) in [("lstm/w_input/mean", "W_in_to"), ("lstm/w_hidden/mean", "W_hid_to"), ("lstm/bias", "b")] {
        let names = GATES.map(|gate| at(&format!("lstm/{theirs}_{gate}")));
        out.insert(ours.to_owned(), side_by_side(case, &names)?);
    }
    for (ours, theirs) in [("lstm/w_input/log_sigma", "logsig_w_in"), ("lstm/w_hidden/log_sigma", "logsig_w_hid")] {
        let name = at(&format!("lstm/{theirs}"));
        if case.has(&name) {
            out.insert(ours.to_owned(), unstack(case.f64s(&name)?, case.shape(&name)?)?);
        }
    }
    // Same order of elements in both layouts, (4, H) and [4H] among them.
    for (ours, theirs) in [
        ("lstm/z_vocabulary/mean", "lstm/mu_in"),
        ("lstm/z_vocabulary/log_sigma", "lstm/logsig_in"),
        ("lstm/z_neurons/mean", "lstm/mu_hid"),
        ("lstm/z_neurons/log_sigma", "lstm/logsig_hid"),
        ("lstm/z_gates/mean", "lstm/mu_gates"),
        ("lstm/z_gates/log_sigma", "lstm/logsig_gates"),
        ("output/w/mean", "dense/W"),
        ("output/w/log_sigma", "dense/log_sigma"),
        ("output/bias", "dense/b"),
    ] {
        let name = at(theirs);
        if case.has(&name) {
            out.insert(ours.to_owned(), case.f64s(&name)?.to_vec());
        }
    }
    Ok(out)
}

/// The recorded standard normal draws under `prefix` (`noise/`, `step2/noise/`, ...), row-major: `w_input` `[V, 4H]`,
/// `w_hidden` `[H, 4H]`, `z_vocabulary` `[B, V]`, `z_neurons` `[B, H]`, `z_gates` `[B, 4H]`, and, for the output layer,
/// `output_weights` `[H, V]` (weight sampling) or `output_local` `[B, V]` (local reparameterisation). What the case
/// does not draw is absent; a case without noise gives an empty map. An array that has no place here is an error.
pub fn noise(case: &Case, prefix: &str) -> Result<BTreeMap<String, Vec<f64>>, String> {
    let prefix = prefix.trim_end_matches('/');
    let mut out = BTreeMap::new();
    for (ours, theirs) in [("w_input", "lstm/w_in"), ("w_hidden", "lstm/w_hid"), ("z_gates", "lstm/gates")] {
        let name = format!("{prefix}/{theirs}");
        if case.has(&name) {
            out.insert(ours.to_owned(), unstack(case.f64s(&name)?, case.shape(&name)?)?);
        }
    }
    for (ours, theirs) in [
        ("z_vocabulary", "lstm/z_in"),
        ("z_neurons", "lstm/z_hid"),
        ("output_weights", "dense/w"),
        ("output_local", "dense/lrt"),
    ] {
        let name = format!("{prefix}/{theirs}");
        if case.has(&name) {
            out.insert(ours.to_owned(), case.f64s(&name)?.to_vec());
        }
    }
    if case.names(&format!("{prefix}/")).count() == out.len() {
        Ok(out)
    } else {
        Err(format!("an array under {prefix}/ has no place: {:?}", case.names(prefix).collect::<Vec<_>>()))
    }
}

/// `(gates, rows, columns)` to `[rows, gates * columns]`; any element type, so that masks go through it too.
pub fn unstack<T: Copy>(values: &[T], shape: &[usize]) -> Result<Vec<T>, String> {
    let &[gates, rows, columns] = shape else {
        return Err(format!("shape {shape:?} is not (gates, rows, columns)"));
    };
    if values.is_empty() || values.len() != gates * rows * columns {
        return Err(format!("{} elements do not fill shape {shape:?}", values.len()));
    }
    let parts: Vec<&[T]> = values.chunks_exact(rows * columns).collect();
    Ok(join(&parts, rows, columns))
}

/// The order that this file assumes for matrices by name and for stacked arrays is the order that the case states.
fn check_gate_order(case: &Case) -> Result<(), String> {
    if case.meta.gate_order == GATES {
        Ok(())
    } else {
        Err(format!("gate order {:?}, want {GATES:?}", case.meta.gate_order))
    }
}

/// The names under `prefix` are those that the case's configuration asks for, no fewer and no more.
fn check_names(case: &Case, prefix: &str) -> Result<(), String> {
    let sparsity = case.sparsity()?;
    let mut wanted: BTreeSet<String> = ["dense/W", "dense/b"].map(str::to_owned).into();
    wanted.extend(GATES.iter().flat_map(|gate| ["W_in_to", "W_hid_to", "b"].map(|name| format!("lstm/{name}_{gate}"))));
    for (prior, names) in [
        (sparsity.weights, ["lstm/logsig_w_in", "lstm/logsig_w_hid"].as_slice()),
        (sparsity.vocabulary, &["lstm/mu_in", "lstm/logsig_in"]),
        (sparsity.neurons, &["lstm/mu_hid", "lstm/logsig_hid"]),
        (sparsity.gates, &["lstm/mu_gates", "lstm/logsig_gates"]),
        (sparsity.output, &["dense/log_sigma"]),
    ] {
        if prior == Prior::LogUniform {
            wanted.extend(names.iter().map(ToString::to_string));
        }
    }
    let start = format!("{prefix}/");
    let fixed = ["lstm/hid_init", "lstm/cell_init"];
    let found: BTreeSet<String> = case
        .names(&start)
        .map(|name| name[start.len()..].to_owned())
        .filter(|name| !fixed.contains(&name.as_str()))
        .collect();
    match (wanted.difference(&found).next(), found.difference(&wanted).next()) {
        (None, None) => Ok(()),
        (Some(missing), _) => Err(format!("config {} asks for {start}{missing}, which is missing", sparsity.name)),
        (None, Some(extra)) => Err(format!("config {} has no place for {start}{extra}", sparsity.name)),
    }
}

/// Arrays of one shape, `[rows, columns]` or `[columns]`, put side by side.
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

/// Every array of a case that has the parameters' shape, or is noise, translates, and to arrays of the expected size.
fn check_layout(case: &Case) -> Result<(), String> {
    let [vocabulary, hidden, batch] =
        [case.meta.vocab, case.meta.hidden, case.meta.batch].map(|size| size.ok_or("no vocab, hidden or batch"));
    let (vocabulary, hidden, batch) = (vocabulary?, hidden?, batch?);
    for prefix in ["param/", "grad/", "kl_grad/", "adam1/", "traj/param_after_step4/"] {
        if case.has_prefix(prefix) {
            for (name, values) in parameters(case, prefix)? {
                let quantity = name.trim_end_matches("/mean").trim_end_matches("/log_sigma");
                let size = match quantity {
                    "lstm/w_input" => vocabulary * 4 * hidden,
                    "lstm/w_hidden" => hidden * 4 * hidden,
                    "lstm/z_gates" | "lstm/bias" => 4 * hidden,
                    "lstm/z_neurons" => hidden,
                    "output/w" => hidden * vocabulary,
                    _ => vocabulary,
                };
                check_size(&format!("{prefix}{name}"), values.len(), size)?;
            }
        }
    }
    for prefix in ["noise/", "step2/noise/", "step3/noise/", "step4/noise/"] {
        for (name, values) in noise(case, prefix)? {
            let size = match name.as_str() {
                "w_input" => vocabulary * 4 * hidden,
                "w_hidden" => hidden * 4 * hidden,
                "z_gates" => batch * 4 * hidden,
                "z_neurons" => batch * hidden,
                "output_weights" => hidden * vocabulary,
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
