//! From the layout of the golden arrays to ours.
//!
//! Golden arrays keep one matrix a gate, or stack the gates on the first axis: `(4, rows, H)`. Ours put the gates side
//! by side in the columns: `[rows, 4H]`, column `gate * H + unit`. Both order the gates i, f, g, o.

use std::collections::BTreeMap;

use crate::case::Case;

/// Names of the per-gate arrays, in the order i, f, g, o.
const GATES: [&str; 4] = ["ingate", "forgetgate", "cell", "outgate"];

/// Everything of the parameters' shape that stands under `prefix` (`param/`, `grad/`, `kl_grad/`, `adam1/`,
/// `traj/param_after_step4/`), row-major, by the names that checkpoints use: `lstm/w_input/mean` `[V, 4H]`,
/// `lstm/w_hidden/mean` `[H, 4H]`, `lstm/z_vocabulary/mean` `[V]`, `lstm/z_neurons/mean` `[H]`, `lstm/z_gates/mean`
/// `[4H]`, each with its `log_sigma`, `lstm/bias` `[4H]`, `output/w/mean` `[H, V]`, `output/w/log_sigma`,
/// `output/bias` `[V]`. A quantity that the case does not have is absent; the fixed zero states are left out.
pub fn parameters(case: &Case, prefix: &str) -> Result<BTreeMap<String, Vec<f64>>, String> {
    let prefix = prefix.trim_end_matches('/');
    let at = |name: &str| format!("{prefix}/{name}");
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
/// does not draw is absent; a case without noise gives an empty map.
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
    Ok(out)
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
