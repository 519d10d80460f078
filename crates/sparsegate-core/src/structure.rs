//! What survives pruning: units, symbols and gates.

use serde::{Deserialize, Serialize};

use crate::Counts;

/// Version of the files of a run folder. It is raised when a reader of the old version would misread the new one.
pub const FORMAT: u32 = 1;

/// `structure.json`: which units, symbols and gates survive.
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
    /// For each kept input symbol, in the order of `vocabulary`, a number to rank symbols by: the Euclidean norm of the
    /// kept weights in its row of the embedding (of the input matrix without an embedding), times the magnitude of its
    /// group factor. Empty in files of sparsegate 0.1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strengths: Vec<f64>,
    /// Indices of kept embedding dimensions, ascending; empty without an embedding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<u32>,
    /// The kinds of gates in the cell's order, which is the order of `constant`. Empty in files of sparsegate 0.1;
    /// their kinds are those of the counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<GateKind>,
    /// The gates of each kept hidden unit, in the order of `neurons`.
    pub gates: Vec<UnitGates>,
    /// The words of the kept input symbols, in the order of `vocabulary`. Empty if symbols are characters, and in files
    /// of sparsegate 0.1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
}

/// A kind of gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateKind {
    /// The cell's name of the kind, such as `f`.
    pub name: String,
    /// Its role in the cell.
    pub role: GateRole,
}

/// Role of a kind of gate in the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateRole {
    /// A gate, which controls how much passes.
    Gate,
    /// Information flow, a value that passes.
    Flow,
}

/// The gates of one kept hidden unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitGates {
    /// Index of the unit.
    pub unit: u32,
    /// For each kind of gate, in the cell's order, the value (after the activation) of a constant gate, or `null` for a
    /// gate that varies. A varying gate is either live, or dead but still moved by another gate of its unit, as the
    /// reset gate of a GRU moves its candidate. The latter is nevertheless not counted as kept.
    pub constant: Vec<Option<f64>>,
}
