//! Only matrix products: the peak rate of the `gemm` crate, and the minimum time of a step's products.

use criterion::{BenchmarkId, Criterion, SamplingMode};
use rayon::prelude::*;

use super::Scale;
use super::cases::{CELLS, Case, TASKS};
use super::products::{self, Product};

/// Benchmarks a large square product, and the products of one step of each task.
pub fn all(criterion: &mut Criterion, scale: Scale) {
    let mut group = criterion.benchmark_group("sgemm");
    group.sampling_mode(SamplingMode::Flat);
    let side = if scale == Scale::Paper { 2048 } else { 32 };
    let square = Product { rows: side, inner: side, columns: side, times: 1, recurrent: false };
    let mut matrices = None;
    group.bench_function("square", |bencher| {
        let matrices = matrices.get_or_insert_with(|| Matrices::new(&[square]));
        bencher.iter(|| matrices.multiply(&square));
    });
    for task in TASKS {
        for cell in CELLS {
            let case = Case::new(task, cell, "W+G+N", &[], scale);
            let mut ready = None;
            group.bench_function(BenchmarkId::new(task.name, cell), |bencher| {
                let (products, matrices) = ready.get_or_insert_with(|| {
                    let products = products::of_step(&case, &case.data().batches[0]);
                    let matrices = Matrices::new(&products);
                    (products, matrices)
                });
                bencher.iter(|| products.iter().for_each(|product| matrices.multiply(product)));
            });
        }
    }
    group.finish();
}

/// Operands and results large enough for a list of products.
struct Matrices {
    left: Vec<f32>,
    right: Vec<f32>,
    out: Vec<f32>,
}

impl Matrices {
    fn new(products: &[Product]) -> Self {
        let filled = |size: fn(&Product) -> usize| {
            let count = products.iter().map(size).max().unwrap_or_default();
            (0..count).map(|index| (index % 17) as f32 - 8.0).collect()
        };
        Self {
            left: filled(|product| product.rows * product.inner),
            right: filled(|product| product.inner * product.columns),
            out: filled(|product| product.rows * product.columns),
        }
    }

    /// Computes the product on all threads. The short products of a recurrence are split by rows instead: each thread
    /// has its own rows, so no barrier is needed between steps.
    fn multiply(&mut self, product: &Product) {
        let Product { rows, inner, columns, times, recurrent } = *product;
        if !recurrent {
            let shape = [rows, inner, columns];
            sgemm(&mut self.out, &self.left, &self.right, shape, gemm::Parallelism::Rayon(0));
            return;
        }
        let share = rows.div_ceil(rayon::current_num_threads());
        let pieces = self.out[..rows * columns].par_chunks_mut(share * columns);
        pieces.zip(self.left[..rows * inner].par_chunks(share * inner)).for_each(|(out, left)| {
            for _ in 0..times {
                let shape = [left.len() / inner, inner, columns];
                sgemm(out, left, &self.right, shape, gemm::Parallelism::None);
            }
        });
    }
}

/// `out = left right` of `[rows, inner]` and `[inner, columns]`, all row-major.
fn sgemm(out: &mut [f32], left: &[f32], right: &[f32], shape: [usize; 3], threads: gemm::Parallelism) {
    let [rows, inner, columns] = shape;
    assert!(left.len() >= rows * inner && right.len() >= inner * columns && out.len() >= rows * columns);
    // SAFETY: the assertion above keeps operands and result inside their slices; `out` is borrowed mutably, so it
    // overlaps neither operand.
    #[expect(unsafe_code, reason = "the gemm crate's interface takes pointers")]
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            out.as_mut_ptr(),
            1,
            columns as isize,
            false,
            left.as_ptr(),
            1,
            inner as isize,
            right.as_ptr(),
            1,
            columns as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            threads,
        );
    }
}
