//! A matrix for one sequence's state at a time.

use alloc::vec::Vec;

use pulp::Simd;

use super::floats::Floats;
use super::kernels::dense_panel::dense_panel;
#[cfg(target_arch = "x86_64")]
use super::kernels::expand::Expand;
use super::kernels::sparse::sparse_panel;
use super::lists::{Lists, rows_of};
use super::order::WIDTH;

/// Most vectors of columns in a panel.
pub(crate) const SLOTS: usize = 4;

/// A packed matrix, cut into panels of up to [`SLOTS`] vectors of columns.
pub(crate) struct Matvec {
    /// The units that the packed rows read, if that is not all of them.
    reads: Vec<u32>,
    panels: Vec<Panel>,
    storage: Storage,
}

/// Where a panel's columns and numbers begin.
struct Panel {
    columns: usize,
    numbers: usize,
}

enum Storage {
    /// Panel after panel, row after row.
    Dense(Floats),
    Sparse(Lists),
    /// See [`Expand`]; masks and numbers panel after panel, row after row, vector after vector.
    #[cfg(target_arch = "x86_64")]
    Masked { simd: pulp::x86::V4, masks: Vec<u16>, values: Vec<f32> },
}

/// In which way to store a matrix.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Dense,
    Sparse,
    Masked,
}

/// Whether this processor has what masked storage needs.
pub(crate) fn can_mask() -> bool {
    #[cfg(target_arch = "x86_64")]
    return pulp::x86::V4::try_new().is_some();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

impl Matvec {
    /// Packs a matrix, given column by column; `slots` has the vectors of columns of each panel, `reads` the units that any
    /// column reads.
    pub fn new(weights: Lists, slots: &[usize], reads: &[u32], way: Way) -> Self {
        let mut columns = 0;
        let mut panels = Vec::with_capacity(slots.len());
        for slots in slots {
            panels.push(Panel { columns, numbers: columns * reads.len() });
            columns += slots * WIDTH;
        }
        debug_assert_eq!(columns, weights.count());
        let rows = rows_of(reads);
        let dense = |panel: &Panel, slots: usize, numbers: &mut [f32]| {
            for column in 0..slots * WIDTH {
                for (unit, weight) in weights.pairs(panel.columns + column) {
                    numbers[rows[unit] as usize * slots * WIDTH + column] = weight;
                }
            }
        };
        match way {
            Way::Sparse => Self { reads: Vec::new(), panels, storage: Storage::Sparse(weights) },
            #[cfg(target_arch = "x86_64")]
            Way::Masked if let Some(simd) = pulp::x86::V4::try_new() => {
                let (mut masks, mut values) = (Vec::new(), Vec::with_capacity(weights.total() + WIDTH));
                let mut numbers = Vec::new();
                for (panel, slots) in panels.iter_mut().zip(slots) {
                    numbers.clear();
                    numbers.resize(reads.len() * slots * WIDTH, 0.0);
                    dense(panel, *slots, &mut numbers);
                    panel.numbers = values.len();
                    for vector in numbers.as_chunks::<WIDTH>().0 {
                        let bit = |mask: u16, (lane, number): (usize, &f32)| mask | u16::from(*number != 0.0) << lane;
                        masks.push(vector.iter().enumerate().fold(0, bit));
                        values.extend(vector.iter().filter(|number| **number != 0.0));
                    }
                }
                values.resize(values.len() + WIDTH, 0.0);
                Self { reads: reads.to_vec(), panels, storage: Storage::Masked { simd, masks, values } }
            }
            Way::Dense | Way::Masked => {
                let mut numbers = Floats::zeros(columns * reads.len());
                for (panel, slots) in panels.iter().zip(slots) {
                    let size = reads.len() * slots * WIDTH;
                    dense(panel, *slots, &mut numbers[panel.numbers..][..size]);
                }
                Self { reads: reads.to_vec(), panels, storage: Storage::Dense(numbers) }
            }
        }
    }

    /// How many numbers of the state the kernels want, see [`Self::gather`].
    pub fn depth(&self) -> usize {
        self.reads.len()
    }

    /// Those numbers of the state that the matrix reads, in order; of a sparse matrix all.
    #[inline(always)]
    pub fn gather<'a>(&self, hidden: &'a [f32], gathered: &'a mut [f32]) -> &'a [f32] {
        if let Storage::Sparse(_) = self.storage {
            return hidden;
        }
        // All the first ones: they lie there in order.
        if self.reads.last().is_none_or(|last| *last as usize + 1 == self.reads.len()) {
            return &hidden[..self.reads.len()];
        }
        let gathered = &mut gathered[..self.reads.len()];
        for (unit, to) in self.reads.iter().zip(&mut *gathered) {
            *to = hidden[*unit as usize];
        }
        gathered
    }

    /// `out = base + hidden * weights` for a panel's columns.
    #[inline(always)]
    pub fn panel<S: Simd>(&self, simd: S, panel: usize, hidden: &[f32], base: &[f32], out: &mut [f32]) {
        if out.is_empty() {
            return;
        }
        let Panel { columns, numbers } = self.panels[panel];
        match &self.storage {
            Storage::Dense(weights) => {
                dense_panel(simd, &weights[numbers..][..hidden.len() * out.len()], hidden, base, out);
            }
            Storage::Sparse(weights) => sparse_panel(weights, columns, hidden, base, out),
            #[cfg(target_arch = "x86_64")]
            Storage::Masked { simd, masks, values } => {
                let vectors = out.len() / WIDTH;
                let masks = &masks[columns / WIDTH * self.reads.len()..][..vectors * self.reads.len()];
                Simd::vectorize(*simd, Expand { simd: *simd, masks, values: &values[numbers..], hidden, base, out });
            }
        }
    }
}
