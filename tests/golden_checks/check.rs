//! What a check is: a named comparison that applies to some cases.

use crate::case::Case;

/// A kind of comparison.
pub struct Check {
    /// Last part of the trial's name.
    pub name: &'static str,
    /// Whether the check can be made on a case, from the case's metadata and arrays alone.
    pub applies: fn(&Case) -> Applicability,
    /// The comparison. The error says what differs.
    pub run: fn(&Case) -> Result<(), String>,
}

/// Whether a check can be made on a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applicability {
    /// It can.
    Runs,
    /// The case holds what the check is about, but this program cannot compute it yet; the text says what is missing.
    NotYet(String),
    /// The case does not hold what the check is about.
    Irrelevant,
}

/// [`Applicability::Runs`] for the language models that this program has; for other networks, what is missing.
pub fn language_model(case: &Case) -> Applicability {
    let Some(net) = case.meta.net.as_deref() else { return Applicability::Irrelevant };
    let cell = case.meta.cell.as_deref().unwrap_or("unnamed");
    let gates = case.meta.gate_nonlinearity.as_deref().unwrap_or("unnamed");
    if net != "LMNet" {
        return Applicability::NotYet(format!("no {net} yet"));
    }
    if cell != "lstm" {
        return Applicability::NotYet(format!("no {cell} cell yet"));
    }
    if gates != "sigmoid" {
        return Applicability::NotYet(format!("no gate activation {gates} yet"));
    }
    match case.sparsity() {
        Ok(_) => Applicability::Runs,
        Err(why) => Applicability::NotYet(why),
    }
}

/// [`Applicability::Runs`] for networks whose cell, gates and configuration this program has; for others, what is
/// missing.
pub fn network(case: &Case) -> Applicability {
    if case.meta.net.is_none() {
        return Applicability::Irrelevant;
    }
    let known = case.cell().map(|_| ()).and(case.activation().map(|_| ())).and(case.sparsity().map(|_| ()));
    known.map_or_else(Applicability::NotYet, |()| Applicability::Runs)
}
