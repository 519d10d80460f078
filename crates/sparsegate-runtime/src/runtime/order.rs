//! Order of the units in memory.
//!
//! At batch size 1 a SIMD vector holds sixteen units, and each kind of preactivation is computed for whole vectors. The
//! units are therefore ordered so that, for as many kinds as possible, those with a live preactivation of that kind are
//! contiguous: by a Gray code over their sets of live kinds, in which neighbours differ in one kind. Of all assignments
//! of kinds to bits, the one that needs the fewest vectors is chosen.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use crate::model::LiveColumns;

/// Units per vector at batch size 1; sequences per vector otherwise.
pub(crate) const WIDTH: usize = 16;

/// An order of the units.
pub(crate) struct UnitOrder {
    /// The unit at each position.
    pub units: Vec<u32>,
    /// The position of each unit.
    pub positions: Vec<u32>,
    /// For each kind, the range of vectors that covers its live preactivations.
    pub vectors: Vec<Range<usize>>,
}

impl UnitOrder {
    pub fn new(columns: &LiveColumns, units: usize) -> Self {
        let kinds = columns.live.len();
        let mut patterns = vec![0_u8; units];
        for (kind, unit) in columns.units_of_kinds(0..kinds) {
            patterns[unit] |= 1 << kind;
        }
        let mut counts = [0_usize; 16];
        for pattern in &patterns {
            counts[usize::from(*pattern)] += 1;
        }
        let best = numberings(kinds).into_iter().min_by_key(|numbering| {
            vectors(kinds, &counts, numbering).iter().map(ExactSizeIterator::len).sum::<usize>()
        });
        let numbering = best.unwrap_or_default();
        let mut order: Vec<u32> = (0..units as u32).collect();
        order.sort_by_key(|unit| rank(patterns[*unit as usize], &numbering));
        let mut positions = vec![0; units];
        order.iter().enumerate().for_each(|(position, unit)| positions[*unit as usize] = position as u32);
        Self { units: order, positions, vectors: vectors(kinds, &counts, &numbering) }
    }
}

/// Sort key of a pattern: its descending rank in the Gray code whose bit `n` is the kind `numbering[n]`, so that units
/// without live kinds come last.
fn rank(pattern: u8, numbering: &[usize]) -> u8 {
    let code = numbering.iter().enumerate().fold(0, |code, (bit, kind)| code | ((pattern >> kind & 1) << bit));
    let mut rank = code;
    rank ^= rank >> 1;
    rank ^= rank >> 2;
    u8::MAX - rank
}

/// Range of vectors of each kind, given the number of units of each pattern and the order by `numbering`.
fn vectors(kinds: usize, counts: &[usize; 16], numbering: &[usize]) -> Vec<Range<usize>> {
    let mut patterns: Vec<u8> = (0..16).collect();
    patterns.sort_by_key(|pattern| rank(*pattern, numbering));
    let mut ranges = vec![0..0; kinds];
    let mut position = 0;
    for pattern in patterns {
        let end = position + counts[usize::from(pattern)];
        for (kind, range) in ranges.iter_mut().enumerate() {
            if pattern >> kind & 1 == 1 && end > position {
                *range = if range.end == 0 { position } else { range.start }..end;
            }
        }
        position = end;
    }
    ranges.into_iter().map(|range| range.start / WIDTH..range.end.div_ceil(WIDTH)).collect()
}

/// All permutations of `kinds` kinds.
fn numberings(kinds: usize) -> Vec<Vec<usize>> {
    (0..kinds).fold(vec![vec![]], |shorter, kind| {
        shorter
            .iter()
            .flat_map(|numbering| {
                (0..=numbering.len()).map(move |at| {
                    let mut longer = numbering.clone();
                    longer.insert(at, kind);
                    longer
                })
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_that_lie_within_each_other_take_no_more_vectors_than_they_need() {
        let live = vec![(0..20).collect(), (0..50).step_by(5).collect(), (0..64).collect(), vec![]];
        let order = UnitOrder::new(&LiveColumns { live: live.clone() }, 64);
        let lengths: Vec<usize> = order.vectors.iter().map(ExactSizeIterator::len).collect();
        assert_eq!(lengths, [2, 1, 4, 0]);
        for (kind, live) in live.iter().enumerate() {
            for unit in live {
                let position = order.positions[*unit as usize] as usize;
                assert_eq!(order.units[position], *unit);
                assert!(order.vectors[kind].contains(&(position / WIDTH)));
            }
        }
    }
}
