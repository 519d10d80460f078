//! What survives pruning, part by part.

use serde::{Deserialize, Serialize};

use crate::Counts;

/// Version of every file of a run folder; raised when a reader of the old version would misread the new one.
pub const FORMAT: u32 = 1;

/// `structure.json`: which parts survive, unit by unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Structure {
    /// [`FORMAT`].
    pub format: u32,
    /// The counts.
    pub counts: Counts,
    /// Indices of kept hidden units, ascending.
    pub neurons: Vec<u32>,
    /// Indices of kept input symbols, ascending.
    pub vocabulary: Vec<u32>,
    /// For each kept input symbol, in the order of `vocabulary`, a number to rank them by: the Euclidean norm of what is
    /// kept of its row, in the embedding or else in the input matrix, times the magnitude of its factor. Empty in files
    /// of sparsegate 0.1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strengths: Vec<f64>,
    /// Indices of kept dimensions of the embedding, ascending; empty without one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<u32>,
    /// The kinds of gates, in the cell's order: what the places of `constant` mean. Empty in files of sparsegate 0.1,
    /// whose kinds are those of the counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<GateKind>,
    /// For each kept hidden unit, in the order of `neurons`, each gate kind's state.
    pub gates: Vec<UnitGates>,
    /// The words of the kept input symbols, in the order of `vocabulary`. Empty where symbols are characters, and in files
    /// of sparsegate 0.1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
}

/// A kind of gates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateKind {
    /// The cell's name for it, such as `f`.
    pub name: String,
    /// What it does in the cell.
    pub role: GateRole,
}

/// What a kind of gates does in the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateRole {
    /// Lets something through or not.
    Gate,
    /// What passes: information flow.
    Flow,
}

/// The gates of one kept hidden unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitGates {
    /// Index of the unit.
    pub unit: u32,
    /// In the cell's gate order: the constant value (after the activation) of a constant gate, `null` for one that
    /// moves. That is a live one, or one that neither input nor state reaches but which another gate of its unit moves,
    /// as the reset gate of a GRU moves its candidate; the latter counts as not kept all the same.
    pub constant: Vec<Option<f64>>,
}
