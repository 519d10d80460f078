//! Checks of a differentiable op on one set of inputs.

use burn::tensor::{DType, Tensor};
use rayon::ThreadPoolBuilder;
use sparsegate_nn::engine::{FusedOps, Ops, ReferenceOps};

use crate::matrix::{HostMatrix, MemoryLayout, VIEWS, assert_close, bits, host};

/// Applies an op to leaf tensors, in the order of the inputs.
type Apply<'a> = &'a (dyn Fn(&dyn Ops, &[Tensor<2>]) -> Tensor<2> + Sync);

/// An op with its differentiable inputs.
pub struct Op<'a> {
    /// Name for messages: the op and its sizes.
    pub name: String,
    /// Differentiable inputs, with names.
    pub inputs: Vec<(&'static str, HostMatrix)>,
    /// The op.
    pub apply: Apply<'a>,
    /// Ids of the rows that a row-sparse gradient contains; the other rows are zero.
    pub read: Option<&'a [u32]>,
}

/// An op's output, and the gradients of a randomly weighted sum of the output's elements.
struct Outcome {
    output: Vec<f64>,
    objective: f64,
    /// Sum of the absolute values of the objective's terms, to which its rounding error is proportional.
    magnitude: f64,
    gradients: Vec<Vec<f64>>,
}

/// A gradient on the host, with zeros for the rows that a row-sparse gradient does not contain.
fn whole(gradient: &Tensor<2>, shape @ [rows, columns]: [usize; 2], read: Option<&[u32]>) -> Vec<f64> {
    let values = host(gradient);
    if gradient.dims() == shape {
        return values;
    }
    let mut read = read.expect("a gradient of the input's shape").to_vec();
    read.sort_unstable();
    read.dedup();
    assert_eq!(gradient.dims(), [read.len(), columns]);
    let mut all = vec![0.0; rows * columns];
    for (row, values) in read.into_iter().zip(values.chunks_exact(columns)) {
        all[row as usize * columns..][..columns].copy_from_slice(values);
    }
    all
}

impl Op<'_> {
    /// Checks that flex and composed agree in double and single precision, that gradients agree with finite
    /// differences, and that neither the number of threads nor views change any bit.
    pub fn check(&self) {
        let wanted = self.run(&ReferenceOps, DType::F64, &self.leaves(DType::F64, MemoryLayout::Plain));
        let found = self.run(&FusedOps, DType::F64, &self.leaves(DType::F64, MemoryLayout::Plain));
        self.compare(&found, &wanted, 1e-11, "f64");
        // Inputs are exact in single precision, so the double-precision result is the reference for single precision
        // too.
        let found = self.run(&FusedOps, DType::F32, &self.leaves(DType::F32, MemoryLayout::Plain));
        self.compare(&found, &wanted, 1e-5, "f32");
        self.check_differences(&wanted);
        for dtype in [DType::F32, DType::F64] {
            self.check_threads(dtype);
            self.check_views(dtype);
        }
    }

    fn leaves(&self, dtype: DType, layout: MemoryLayout) -> Vec<Tensor<2>> {
        self.inputs.iter().map(|(_, input)| input.view(dtype, layout).autodiff().require_grad()).collect()
    }

    fn run(&self, ops: &dyn Ops, dtype: DType, leaves: &[Tensor<2>]) -> Outcome {
        let output = (self.apply)(ops, leaves);
        let weights = HostMatrix::random(output.dims(), [-1.5, 1.5], 99).tensor(dtype);
        let terms = output.clone() * weights;
        let magnitude = terms.clone().inner().abs().sum().into_scalar();
        let objective = terms.sum();
        let mut found = objective.backward();
        let gradient = |leaf: &Tensor<2>| {
            let gradient = leaf.grad_remove(&mut found).expect("every input has a gradient");
            whole(&gradient, leaf.dims(), self.read)
        };
        let gradients = leaves.iter().map(gradient).collect();
        Outcome { output: host(&output.inner()), objective: objective.inner().into_scalar(), magnitude, gradients }
    }

    fn compare(&self, found: &Outcome, wanted: &Outcome, tolerance: f64, precision: &str) {
        let name = &self.name;
        assert_close(&found.output, &wanted.output, tolerance, &format!("{name}, {precision}, output"));
        let gradients = found.gradients.iter().zip(&wanted.gradients);
        for ((found, wanted), (input, _)) in gradients.zip(&self.inputs) {
            assert_close(found, wanted, tolerance, &format!("{name}, {precision}, gradient of {input}"));
        }
    }

    /// Checks central differences of the flex objective at up to a dozen elements per input.
    fn check_differences(&self, wanted: &Outcome) {
        for (index, (input, matrix)) in self.inputs.iter().enumerate() {
            let count = matrix.values.len();
            for place in (0..count).step_by(count.div_ceil(12)) {
                let step = 1e-5 * matrix.values[place].abs().max(1e-2);
                let at = |change: f64| {
                    let mut leaves = self.leaves(DType::F64, MemoryLayout::Plain);
                    let mut moved = matrix.clone();
                    moved.values[place] += change;
                    leaves[index] = moved.tensor(DType::F64).autodiff().require_grad();
                    self.run(&FusedOps, DType::F64, &leaves).objective
                };
                let slope = (at(step) - at(-step)) / (2.0 * step);
                let gradient = wanted.gradients[index][place];
                let rounding = f64::EPSILON * wanted.magnitude / step;
                let off = (slope - gradient).abs();
                assert!(
                    off <= 1e-7 * gradient.abs().max(1.0) + rounding,
                    "{}: slope by {input} element {place} is {slope}, its gradient {gradient}",
                    self.name
                );
            }
        }
    }

    fn check_threads(&self, dtype: DType) {
        let with = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
            pool.install(|| self.run(&FusedOps, dtype, &self.leaves(dtype, MemoryLayout::Plain)))
        };
        let one = with(1);
        for threads in [2, 3] {
            self.assert_same(&with(threads), &one, &format!("{dtype:?} with {threads} threads instead of one"));
        }
    }

    fn check_views(&self, dtype: DType) {
        let plain = self.run(&FusedOps, dtype, &self.leaves(dtype, MemoryLayout::Plain));
        for layout in VIEWS {
            let found = self.run(&FusedOps, dtype, &self.leaves(dtype, layout));
            self.assert_same(&found, &plain, &format!("{dtype:?} with inputs as {layout:?}"));
        }
    }

    fn assert_same(&self, found: &Outcome, wanted: &Outcome, what: &str) {
        assert_eq!(bits(&found.output), bits(&wanted.output), "{}, {what}: output", self.name);
        let gradients = found.gradients.iter().zip(&wanted.gradients);
        for ((found, wanted), (input, _)) in gradients.zip(&self.inputs) {
            assert_eq!(bits(found), bits(wanted), "{}, {what}: gradient of {input}", self.name);
        }
    }
}
