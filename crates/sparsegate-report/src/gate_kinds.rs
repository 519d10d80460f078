//! The kinds of gates of the runs: their names and how they are drawn.

use plotters::style::RGBColor;

use sparsegate_core::cells::Role;
use sparsegate_store::format::GateCount;

use super::chart::LegendSymbol;
use super::rows::RunRow;
use super::scene::{PixelPoint, Scene};
use super::style;

/// A kind of preactivation: a gate or information flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateKind {
    /// The cell's name for it, such as `f`.
    pub name: String,
    /// Whether it is information flow (the candidate values that gates scale) rather than a gate.
    pub flow: bool,
    /// Its index among the cell's kinds.
    pub place: usize,
}

impl GateKind {
    /// Long name for legends, such as `forget gate f` or `information flow g`.
    pub fn long(&self) -> String {
        let name = &self.name;
        match name.as_str() {
            _ if self.flow => format!("information flow {name}"),
            "i" => "input gate i".into(),
            "f" => "forget gate f".into(),
            "o" => "output gate o".into(),
            "r" => "reset gate r".into(),
            "z" => "update gate z".into(),
            _ => format!("gate {name}"),
        }
    }

    /// Short name for the rows of a matrix, such as `f` or `g (flow)`.
    pub fn short(&self) -> String {
        if self.flow { format!("{} (flow)", self.name) } else { self.name.clone() }
    }

    /// Role as written in `gate-structure.csv`: `gate` or `flow`.
    pub fn role(&self) -> &'static str {
        if self.flow { "flow" } else { "gate" }
    }

    /// Fill colour.
    pub fn color(&self) -> RGBColor {
        style::gate(&self.name, self.flow, self.place)
    }

    /// Legend entry.
    pub fn key(&self) -> (LegendSymbol, String) {
        (if self.flow { LegendSymbol::Hatched(self.color()) } else { LegendSymbol::Square(self.color()) }, self.long())
    }

    /// Draws a bar between two corners.
    pub fn fill(&self, scene: &mut Scene, from: PixelPoint, to: PixelPoint) {
        if self.flow { scene.hatched(from, to, self.color()) } else { scene.rect(from, to, self.color()) }
    }

    /// Colour of a gate of this kind that is constant at `value`.
    pub fn constant(&self, value: f64) -> RGBColor {
        if self.flow { style::constant_flow(value) } else { style::constant_gate(value) }
    }
}

/// The kinds counted in a run's last epoch; empty before the first epoch is finished.
pub fn of(row: &RunRow) -> Vec<GateKind> {
    let gates: &[GateCount] = row.last().map_or(&[], |line| &line.counts.gates);
    // Files of sparsegate 0.1 do not store which kind is flow, so it is taken from the cell.
    let known = |name: &str| {
        let kinds = row.spec.model.cell.preactivations();
        kinds.iter().any(|kind| kind.name == name && kind.role == Role::Flow)
    };
    gates
        .iter()
        .enumerate()
        .map(|(place, gate)| GateKind { name: gate.kind.clone(), flow: gate.flow || known(&gate.kind), place })
        .collect()
}

/// The distinct kinds of all runs, in order of appearance.
pub fn union<'a>(rows: impl IntoIterator<Item = &'a RunRow>) -> Vec<GateKind> {
    let mut kinds: Vec<GateKind> = Vec::new();
    for kind in rows.into_iter().flat_map(of) {
        if kinds.iter().all(|other| (&other.name, other.flow) != (&kind.name, kind.flow)) {
            kinds.push(kind);
        }
    }
    kinds
}
