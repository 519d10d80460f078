//! Matrix-vector product for the state of one sequence.

use alloc::vec::Vec;

use pulp::Simd;

use super::aligned::AlignedVec;
use super::int8::columns::Int8Columns;
use super::int8::states::OneState;
use super::kernels::dense_panel::dense_panel;
#[cfg(target_arch = "x86_64")]
use super::kernels::expand::Expand;
use super::kernels::sparse::sparse_panel;
use super::order::WIDTH;
use super::sparse::{SparseLists, invert};

/// Maximum number of vectors of columns in a panel.
pub(crate) const SLOTS: usize = 4;

/// A matrix packed for one sequence, cut into panels of up to [`SLOTS`] vectors of columns.
pub(crate) struct Matvec {
    /// The unit that each packed row reads; empty for sparse storage, which reads the state directly.
    reads: Vec<u32>,
    panels: Vec<MatvecPanel>,
    storage: PackedColumns,
}

/// Offsets of a panel's columns and values.
struct MatvecPanel {
    columns: usize,
    numbers: usize,
}

enum PackedColumns {
    /// Panel by panel, row-major within a panel.
    Dense(AlignedVec),
    Sparse(SparseLists),
    /// See [`Expand`]; masks and values are ordered by panel, row and vector.
    #[cfg(target_arch = "x86_64")]
    Masked {
        simd: pulp::x86::V4,
        masks: Vec<u16>,
        values: Vec<f32>,
    },
    /// 8-bit integers.
    Int8(Int8Columns),
}

/// A state as a matrix reads it.
pub(crate) enum StateView<'a> {
    /// The entries that it reads, in order; the whole state for sparse storage.
    Floats(&'a [f32]),
    /// The whole state as 8-bit integers.
    Integers(&'a OneState),
}

/// Buffer for a [`StateView`].
pub(crate) struct StateBuffer {
    gathered: AlignedVec,
    quantized: Option<OneState>,
}

/// Storage layout of a matrix.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MatvecLayout {
    Dense,
    Sparse,
    Masked,
}

/// Whether this processor supports masked storage (AVX-512).
pub(crate) fn can_mask() -> bool {
    #[cfg(target_arch = "x86_64")]
    return pulp::x86::V4::try_new().is_some();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

impl Matvec {
    /// A matrix of 8-bit integers, already packed.
    pub fn int8(weights: Int8Columns) -> Self {
        Self { reads: Vec::new(), panels: Vec::new(), storage: PackedColumns::Int8(weights) }
    }

    /// The matrix, if it has 8-bit integers.
    pub fn as_int8(&self) -> Option<&Int8Columns> {
        match &self.storage {
            PackedColumns::Int8(weights) => Some(weights),
            _ => None,
        }
    }

    /// Packs a matrix given column by column; `slots` has the number of vectors of columns of each panel, `reads` the
    /// units that any column reads.
    pub fn new(weights: SparseLists, slots: &[usize], reads: &[u32], way: MatvecLayout) -> Self {
        let mut columns = 0;
        let mut panels = Vec::with_capacity(slots.len());
        for slots in slots {
            panels.push(MatvecPanel { columns, numbers: columns * reads.len() });
            columns += slots * WIDTH;
        }
        debug_assert_eq!(columns, weights.count());
        let rows = invert(reads);
        let dense = |panel: &MatvecPanel, slots: usize, numbers: &mut [f32]| {
            for column in 0..slots * WIDTH {
                for (unit, weight) in weights.iter(panel.columns + column) {
                    numbers[rows[unit] as usize * slots * WIDTH + column] = weight;
                }
            }
        };
        match way {
            MatvecLayout::Sparse => Self { reads: Vec::new(), panels, storage: PackedColumns::Sparse(weights) },
            #[cfg(target_arch = "x86_64")]
            MatvecLayout::Masked if let Some(simd) = pulp::x86::V4::try_new() => {
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
                Self { reads: reads.to_vec(), panels, storage: PackedColumns::Masked { simd, masks, values } }
            }
            MatvecLayout::Dense | MatvecLayout::Masked => {
                let mut numbers = AlignedVec::zeros(columns * reads.len());
                for (panel, slots) in panels.iter().zip(slots) {
                    let size = reads.len() * slots * WIDTH;
                    dense(panel, *slots, &mut numbers[panel.numbers..][..size]);
                }
                Self { reads: reads.to_vec(), panels, storage: PackedColumns::Dense(numbers) }
            }
        }
    }

    /// A buffer for [`Self::read`].
    pub fn buffer(&self) -> StateBuffer {
        StateBuffer { gathered: AlignedVec::zeros(self.reads.len()), quantized: self.as_int8().map(Int8Columns::state) }
    }

    /// The state in the form that the matrix reads.
    #[inline(always)]
    pub fn read<'a>(&self, hidden: &'a [f32], buffer: &'a mut StateBuffer) -> StateView<'a> {
        if let (PackedColumns::Int8(weights), Some(quantized)) = (&self.storage, &mut buffer.quantized) {
            quantized.set(&hidden[..weights.units()], weights.offset());
            return StateView::Integers(quantized);
        }
        if let PackedColumns::Sparse(_) = self.storage {
            return StateView::Floats(hidden);
        }
        // The matrix reads a prefix of the state, which needs no copy.
        if self.reads.last().is_none_or(|last| *last as usize + 1 == self.reads.len()) {
            return StateView::Floats(&hidden[..self.reads.len()]);
        }
        let gathered = &mut buffer.gathered[..self.reads.len()];
        for (unit, to) in self.reads.iter().zip(&mut *gathered) {
            *to = hidden[*unit as usize];
        }
        StateView::Floats(gathered)
    }

    /// `out = base + state * weights` for the columns of a panel.
    #[inline(always)]
    pub fn panel<S: Simd>(&self, simd: S, panel: usize, state: &StateView<'_>, base: &[f32], out: &mut [f32]) {
        if out.is_empty() {
            return;
        }
        match state {
            StateView::Floats(hidden) => self.float_panel(simd, panel, hidden, base, out),
            StateView::Integers(state) => {
                if let PackedColumns::Int8(weights) = &self.storage {
                    weights.panel(panel, state, base, out);
                }
            }
        }
    }

    #[inline(always)]
    fn float_panel<S: Simd>(&self, simd: S, panel: usize, hidden: &[f32], base: &[f32], out: &mut [f32]) {
        let MatvecPanel { columns, numbers } = self.panels[panel];
        match &self.storage {
            PackedColumns::Dense(weights) => {
                dense_panel(simd, &weights[numbers..][..hidden.len() * out.len()], hidden, base, out);
            }
            PackedColumns::Sparse(weights) => sparse_panel(weights, columns, hidden, base, out),
            #[cfg(target_arch = "x86_64")]
            PackedColumns::Masked { simd, masks, values } => {
                let vectors = out.len() / WIDTH;
                let masks = &masks[columns / WIDTH * self.reads.len()..][..vectors * self.reads.len()];
                Simd::vectorize(*simd, Expand { simd: *simd, masks, values: &values[numbers..], hidden, base, out });
            }
            PackedColumns::Int8(_) => {}
        }
    }
}
