//! The kinds of gates that runs have: their names in words and how they are drawn.

use plotters::style::RGBColor;

use sparsegate_core::cells::Role;
use sparsegate_store::format::GateCount;

use super::chart::Key;
use super::rows::Row;
use super::scene::{Point, Scene};
use super::style;

/// A kind of gates, or information flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// The cell's name for it, such as `f`.
    pub name: String,
    /// Whether it is what passes, not what lets it pass.
    pub flow: bool,
    /// Its place among the cell's kinds.
    pub place: usize,
}

impl Kind {
    /// In words, for legends: `forget gate f`, `information flow g`.
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

    /// Short, for the lines of a matrix: `f`, `g (flow)`.
    pub fn short(&self) -> String {
        if self.flow { format!("{} (flow)", self.name) } else { self.name.clone() }
    }

    /// `gate` or `flow`, as in `gate-structure.csv`.
    pub fn role(&self) -> &'static str {
        if self.flow { "flow" } else { "gate" }
    }

    /// Its colour.
    pub fn color(&self) -> RGBColor {
        style::gate(&self.name, self.flow, self.place)
    }

    /// Its entry in a legend.
    pub fn key(&self) -> (Key, String) {
        (if self.flow { Key::Hatched(self.color()) } else { Key::Square(self.color()) }, self.long())
    }

    /// Its bar.
    pub fn fill(&self, scene: &mut Scene, from: Point, to: Point) {
        if self.flow { scene.hatched(from, to, self.color()) } else { scene.rect(from, to, self.color()) }
    }

    /// Colour of a gate of this kind that stands still at `value`.
    pub fn constant(&self, value: f64) -> RGBColor {
        if self.flow { style::constant_flow(value) } else { style::constant_gate(value) }
    }
}

/// The kinds of a run's cell, as its last epoch counts them; none before that.
pub fn of(row: &Row) -> Vec<Kind> {
    let gates: &[GateCount] = row.last().map_or(&[], |line| &line.counts.gates);
    // Files of sparsegate 0.1 do not say which kind is flow; the cell does.
    let known = |name: &str| {
        let kinds = row.spec.model.cell.preactivations();
        kinds.iter().any(|kind| kind.name == name && kind.role == Role::Flow)
    };
    gates
        .iter()
        .enumerate()
        .map(|(place, gate)| Kind { name: gate.kind.clone(), flow: gate.flow || known(&gate.kind), place })
        .collect()
}

/// The kinds of all runs, in order of appearance, each once.
pub fn union<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for kind in rows.into_iter().flat_map(of) {
        if kinds.iter().all(|other| (&other.name, other.flow) != (&kind.name, kind.flow)) {
            kinds.push(kind);
        }
    }
    kinds
}
