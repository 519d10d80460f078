//! A check: a named comparison that applies to some cases.

use crate::case::Case;

/// A kind of comparison.
pub struct Check {
    /// Last part of the trial's name.
    pub name: &'static str,
    /// Whether the check applies to a case, decided from the case's metadata and arrays alone.
    pub applies: fn(&Case) -> Applicability,
    /// The comparison; the error says what differs.
    pub run: fn(&Case) -> Result<(), String>,
}

/// Whether a check applies to a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applicability {
    /// The check applies.
    Runs,
    /// The case has the necessary arrays, but this program cannot compute them yet; the text says what is missing.
    NotYet(String),
    /// The case does not have the arrays that the check compares.
    Irrelevant,
}

/// [`Applicability::Runs`] for networks whose cell, activation and configuration this program supports; otherwise what
/// is missing.
pub fn network(case: &Case) -> Applicability {
    if case.meta.net.is_none() {
        return Applicability::Irrelevant;
    }
    let known = case.cell().map(|_| ()).and(case.activation().map(|_| ())).and(case.sparsity().map(|_| ()));
    known.map_or_else(Applicability::NotYet, |()| Applicability::Runs)
}
