//! Patterns of live and constant gates in a run's kept units.

use sparsegate_store::format::{Structure, UnitGates};

/// The kept units that have the same gates live.
#[derive(Debug, Clone, PartialEq)]
pub struct GatePattern<'a> {
    /// Whether each kind of gate is live, in the cell's order.
    pub live: Vec<bool>,
    /// The units in ascending order.
    pub units: Vec<&'a UnitGates>,
}

impl GatePattern<'_> {
    /// The smallest and largest value of the constant gates of a kind; `None` if the kind is live.
    pub fn range(&self, kind: usize) -> Option<(f64, f64)> {
        let values = self.units.iter().filter_map(|unit| unit.constant.get(kind).copied().flatten());
        values.fold(None, |range, value| match range {
            None => Some((value, value)),
            Some((low, high)) => Some((value.min(low), value.max(high))),
        })
    }
}

/// The patterns of a run, those with more live gates first.
pub fn of(structure: &Structure) -> Vec<GatePattern<'_>> {
    let mut patterns: Vec<GatePattern<'_>> = Vec::new();
    for unit in &structure.gates {
        let live: Vec<bool> = unit.constant.iter().map(Option::is_none).collect();
        match patterns.iter_mut().find(|pattern| pattern.live == live) {
            Some(pattern) => pattern.units.push(unit),
            None => patterns.push(GatePattern { live, units: vec![unit] }),
        }
    }
    let count = |pattern: &GatePattern<'_>| pattern.live.iter().filter(|live| **live).count();
    patterns.sort_by(|a, b| count(b).cmp(&count(a)).then_with(|| b.live.cmp(&a.live)));
    for pattern in &mut patterns {
        pattern.units.sort_by_key(|unit| unit.unit);
    }
    patterns
}

#[cfg(test)]
mod tests {
    use super::*;
    use sparsegate_testing::language_models;

    #[test]
    fn units_with_the_same_live_gates_stand_together() {
        let mut structure = language_models::structure(&language_models::epoch("W+G+N", 10, 10));
        let unit = |unit, constant: [Option<f64>; 2]| UnitGates { unit, constant: constant.to_vec() };
        structure.gates = vec![
            unit(0, [None, Some(0.2)]),
            unit(3, [Some(0.5), None]),
            unit(4, [None, Some(0.8)]),
            unit(9, [None; 2]),
        ];
        let patterns = of(&structure);
        let units: Vec<Vec<u32>> = patterns.iter().map(|p| p.units.iter().map(|unit| unit.unit).collect()).collect();
        assert_eq!(units, [vec![9], vec![0, 4], vec![3]]);
        assert_eq!((patterns[1].range(1), patterns[1].range(0)), (Some((0.2, 0.8)), None));
    }
}
