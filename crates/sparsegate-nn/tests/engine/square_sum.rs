//! Sums of squares.

use burn::tensor::DType;
use rayon::ThreadPoolBuilder;
use sparsegate_nn::engine::{FusedOps, Ops, ReferenceOps};

use crate::matrix::{HostMatrix, MemoryLayout, VIEWS, assert_close};

/// The last shape is larger than one block of the kernel.
const SHAPES: [[usize; 2]; 6] = [[1, 1], [1, 17], [40, 1], [5, 64], [33, 65], [131, 127]];

#[test]
fn flex_agrees_with_composed() {
    for shape in SHAPES {
        let values = HostMatrix::random(shape, [-3.0, 2.0], 1);
        let wanted = ReferenceOps.square_sum(&values.tensor(DType::F64)).into_scalar();
        for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 1e-6)] {
            for layout in [MemoryLayout::Plain].into_iter().chain(VIEWS) {
                let found = FusedOps.square_sum(&values.view(dtype, layout)).into_scalar();
                assert_close(&[found], &[wanted], tolerance, &format!("{shape:?} {dtype:?} as {layout:?}"));
            }
        }
    }
}

#[test]
fn threads_do_not_matter() {
    for shape in SHAPES {
        let with = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
            pool.install(|| {
                FusedOps.square_sum(&HostMatrix::random(shape, [-3.0, 2.0], 1).tensor(DType::F32)).into_scalar::<f32>()
            })
        };
        assert_eq!(with(1).to_bits(), with(2).to_bits(), "{shape:?}");
        assert_eq!(with(1).to_bits(), with(3).to_bits(), "{shape:?}");
    }
}

#[test]
fn what_is_not_finite_shows() {
    for bad in [f64::NAN, f64::INFINITY] {
        for place in [0, 16, 39] {
            let mut values = HostMatrix::random([1, 40], [-1.0, 1.0], 2);
            values.values[place] = bad;
            let sum = FusedOps.square_sum(&values.tensor(DType::F32)).into_scalar::<f32>();
            assert!(!sum.is_finite(), "{bad} at {place}");
        }
    }
}
