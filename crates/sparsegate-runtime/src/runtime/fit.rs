//! Measures the cost model on this machine.

use alloc::vec;
use alloc::vec::Vec;
use std::hint::black_box;
use std::time::{Duration, Instant};

use pulp::{Arch, Simd, WithSimd};

use super::aligned::AlignedVec;
use super::cost::{CostModel, LinearCost};
use super::input::{self, Input};
use super::lanes::{GROUPS, LaneMatrix};
use super::matvec::{Matvec, MatvecLayout, StateView, can_mask};
use super::order::WIDTH;
use super::sparse::SparseLists;
use crate::model::{Sizes, Task};
use crate::synthetic::ModelShape;
use crate::{Activation, CellKind, Model};

/// Duration of each measurement.
const EACH: Duration = Duration::from_millis(10);

impl CostModel {
    /// Measures the cost model on this machine, in a fifth of a second. Other load on the processor affects the result.
    pub fn fit() -> Self {
        let default = Self::default();
        let line = |measure: &dyn Fn(usize) -> (f64, f64), sizes: [usize; 2]| through(sizes.map(measure));
        let single = |way: MatvecLayout| {
            line(
                &|units| {
                    let (time, vectors, weights) = single(way, units, units / 4);
                    (time, if way == MatvecLayout::Sparse { weights } else { vectors })
                },
                // The larger matrix has a quarter of a megabyte, dense.
                [16, 64],
            )
        };
        let many = |dense: bool, groups: usize| {
            line(&|units| (many(dense, groups, units) / groups as f64, worked(dense, units)), [8, 96])
        };
        let input = |way: input::InputLayout| line(&|columns| input_row(way, columns), [16, 240]);
        let (time, vectors, _) = single_dense_far();
        Self {
            single_dense: single(MatvecLayout::Dense),
            single_sparse: single(MatvecLayout::Sparse),
            single_masked: if can_mask() { single(MatvecLayout::Masked) } else { default.single_masked },
            many_dense: many(true, 1),
            many_sparse: many(false, 1),
            many_sparse_wide: many(false, GROUPS),
            input_dense: input(input::InputLayout::Table),
            input_sparse: input(input::InputLayout::SparseLists),
            near: default.near,
            far: time / (vectors * WIDTH as f64 * size_of::<f32>() as f64),
        }
    }
}

/// The line through two points of time and work, with a positive slope and a non-negative offset.
fn through([(time, work), (longer, more)]: [(f64, f64); 2]) -> LinearCost {
    let each = ((longer - time) / (more - work)).max(1e-6);
    LinearCost { fixed: (time - each * work).max(0.0), each }
}

/// Shortest time of many runs, in nanoseconds.
fn time(mut run: impl FnMut()) -> f64 {
    run();
    let (start, mut best) = (Instant::now(), f64::INFINITY);
    while start.elapsed() < EACH {
        let (began, mut calls) = (Instant::now(), 0);
        while calls == 0 || began.elapsed() < EACH / 40 {
            // Reading the clock takes tens of nanoseconds.
            (0..16).for_each(|_| run());
            calls += 16;
        }
        best = best.min(began.elapsed().as_nanos() as f64 / f64::from(calls));
    }
    best
}

/// A matrix with a density of one quarter, column by column.
fn quarter(units: usize, columns: usize) -> SparseLists {
    SparseLists::new(columns, |add| {
        for column in 0..columns {
            (0..units).filter(|unit| (unit * 7 + column * 5) % 16 < 4).for_each(|unit| add(column, unit, 0.5));
        }
    })
}

/// Number of columns for `units` units: about as many as survive in the paper's models.
fn columns(units: usize) -> usize {
    4 * units.next_multiple_of(WIDTH)
}

struct Single<'a>(&'a Matvec, usize, &'a [f32], &'a mut [f32]);

impl WithSimd for Single<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(matrix, panels, hidden, out) = self;
        for panel in 0..panels {
            matrix.panel(simd, panel, &StateView::Floats(black_box(hidden)), &[0.0; 4 * WIDTH], out);
        }
        black_box(out);
    }
}

/// Time in nanoseconds, number of vectors of weights, and number of non-zero weights.
fn single(way: MatvecLayout, units: usize, panels: usize) -> (f64, f64, f64) {
    let weights = quarter(units, panels * 4 * WIDTH);
    let (count, reads) = (weights.total() as f64, (0..units as u32).collect::<Vec<_>>());
    let matrix = Matvec::new(weights, &vec![4; panels], &reads, way);
    let (hidden, mut out) = (vec![0.5; units], AlignedVec::zeros(4 * WIDTH));
    let time = time(|| Arch::new().dispatch(Single(&matrix, panels, &hidden, &mut out)));
    (time, (units * panels * 4) as f64, count)
}

/// The same for a dense matrix that is larger than the core's own caches.
fn single_dense_far() -> (f64, f64, f64) {
    single(MatvecLayout::Dense, 256, 64)
}

struct Many<'a>(&'a LaneMatrix, usize, &'a [f32], &'a mut [f32]);

impl WithSimd for Many<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(matrix, groups, hidden, sums) = self;
        let strides = (hidden.len() / groups, sums.len() / groups);
        matrix.add(simd, groups, 0..matrix.columns(), (black_box(hidden), strides.0), (sums, strides.1));
        black_box(sums);
    }
}

fn many(dense: bool, groups: usize, units: usize) -> f64 {
    let columns = columns(units);
    let reads: Vec<u32> = (0..units as u32).collect();
    let matrix = LaneMatrix::new(quarter(units, columns), dense, &reads);
    let hidden = AlignedVec::zeros(groups * units * WIDTH);
    let mut sums = AlignedVec::zeros(groups * columns.next_multiple_of(12) * WIDTH);
    time(|| Arch::new().dispatch(Many(&matrix, groups, &hidden, &mut sums)))
}

fn worked(dense: bool, units: usize) -> f64 {
    let columns = columns(units);
    if dense { (units * columns.next_multiple_of(12)) as f64 } else { quarter(units, columns).total() as f64 }
}

struct Lanes<'a>(&'a Input, &'a [u32; WIDTH], &'a mut [f32]);

impl WithSimd for Lanes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.0.lanes(simd, black_box(self.1), self.2);
        black_box(self.2);
    }
}

/// Time of a row in nanoseconds, and the number of columns or weights read for it.
fn input_row(way: input::InputLayout, columns: usize) -> (f64, f64) {
    let sizes = Sizes { symbols: 64, dimensions: 0, units: columns as u32, outputs: 1 };
    let mut shape = ModelShape::dense(CellKind::Rnn, Activation::Sigmoid, Task::LanguageModel, sizes);
    let read = columns / 8;
    shape.weights.input = 64 * read;
    let model: Model<f32> = shape.model(1);
    let input = Input::new(&model, &(0..columns as u32).collect::<Vec<_>>(), vec![0.0; columns], way);
    let mut sums = AlignedVec::zeros(columns * WIDTH);
    let rows = core::array::from_fn(|lane| lane as u32 * 4);
    let time = time(|| Arch::new().dispatch(Lanes(&input, &rows, &mut sums))) / WIDTH as f64;
    (time, if way == input::InputLayout::Table { columns } else { read } as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_makes_sense() {
        let fit = CostModel::fit();
        for line in [fit.single_dense, fit.single_sparse, fit.many_dense, fit.many_sparse, fit.many_sparse_wide] {
            assert!(line.fixed >= 0.0 && line.each > 0.0 && line.each < 1e3);
        }
        assert!(fit.far > 0.0);
    }
}
