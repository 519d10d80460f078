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

/// [`Applicability::Runs`] for networks whose cell, gates and configuration this program has; for others, what is
/// missing.
pub fn network(case: &Case) -> Applicability {
    if case.meta.net.is_none() {
        return Applicability::Irrelevant;
    }
    let known = case.cell().map(|_| ()).and(case.activation().map(|_| ())).and(case.sparsity().map(|_| ()));
    known.map_or_else(Applicability::NotYet, |()| Applicability::Runs)
}
