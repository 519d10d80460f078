//! What is not zero of a matrix, as one list of places and numbers for each row or column.

use alloc::vec;
use alloc::vec::Vec;

/// Lists of places and numbers, one after another.
pub(crate) struct Lists {
    ends: Vec<usize>,
    places: Vec<u32>,
    values: Vec<f32>,
}

impl Lists {
    /// Sorts entries into lists. `entries` hands each of them, as list, place and number, to what it is given, twice in the same
    /// order; zeros are left out.
    pub fn new(lists: usize, entries: impl Fn(&mut dyn FnMut(usize, usize, f32))) -> Self {
        let mut ends = vec![0; lists + 1];
        entries(&mut |list, _, value| ends[list + 1] += usize::from(value != 0.0));
        for list in 0..lists {
            ends[list + 1] += ends[list];
        }
        let total = ends[lists];
        let (mut places, mut values) = (vec![0; total], vec![0.0; total]);
        // Each list's next free place; it comes to lie at the list's end.
        entries(&mut |list, place, value| {
            if value != 0.0 {
                places[ends[list]] = place as u32;
                values[ends[list]] = value;
                ends[list] += 1;
            }
        });
        ends.truncate(lists);
        Self { ends, places, values }
    }

    /// How many lists there are.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// How many numbers there are in all of them.
    pub fn total(&self) -> usize {
        self.values.len()
    }

    /// The places that are in any list, rising, of those below `count`.
    pub fn used(&self, count: usize) -> Vec<u32> {
        let mut used = vec![false; count];
        self.places.iter().for_each(|place| used[*place as usize] = true);
        (0..count as u32).filter(|place| used[*place as usize]).collect()
    }

    /// Places and numbers of a list.
    #[inline(always)]
    pub fn list(&self, list: usize) -> (&[u32], &[f32]) {
        let range = if list == 0 { 0 } else { self.ends[list - 1] }..self.ends[list];
        (&self.places[range.clone()], &self.values[range])
    }

    /// The same, together.
    #[inline(always)]
    pub fn pairs(&self, list: usize) -> impl Iterator<Item = (usize, f32)> + '_ {
        let (places, values) = self.list(list);
        places.iter().zip(values).map(|(place, value)| (*place as usize, *value))
    }
}

/// For each place, where it is in a rising list of places; anything for one that is not.
pub(crate) fn rows_of(places: &[u32]) -> Vec<u32> {
    let mut rows = vec![0; places.last().map_or(0, |last| *last as usize + 1)];
    places.iter().enumerate().for_each(|(row, place)| rows[*place as usize] = row as u32);
    rows
}
