//! Outputs, losses, gradients and optimiser steps of whole networks, by each engine and in each precision.

mod compact;
mod given;
mod gradients;
mod passes;
mod recorded;
mod steps;

use burn::tensor::{DType, Device, Tensor, TensorData};
use sparsegate::engine::{Composed, Fused, Ops};
use sparsegate::model::{Classifier, LanguageModel};

use crate::case::Case;
use crate::check::{Applicability, Check, network};
use crate::compare::{F32, F64, Tolerance};

/// The checks of this file.
pub const CHECKS: &[Check] = &[
    Check { name: "passes-composed-f64", applies: outputs_apply, run: |case| passes(case, COMPOSED_F64) },
    Check { name: "passes-flex-f64", applies: outputs_apply, run: |case| passes(case, FLEX_F64) },
    Check { name: "passes-flex-f32", applies: outputs_apply, run: |case| passes(case, FLEX_F32) },
    Check { name: "gradients-composed-f64", applies: gradients_apply, run: |case| gradients(case, COMPOSED_F64) },
    Check { name: "gradients-flex-f64", applies: gradients_apply, run: |case| gradients(case, FLEX_F64) },
    Check { name: "gradients-flex-f32", applies: gradients_apply, run: |case| gradients(case, FLEX_F32) },
    Check { name: "steps-composed-f64", applies: steps_apply, run: |case| steps(case, COMPOSED_F64) },
    Check { name: "steps-flex-f64", applies: steps_apply, run: |case| steps(case, FLEX_F64) },
    Check { name: "steps-flex-f32", applies: steps_apply, run: |case| steps(case, FLEX_F32) },
    Check { name: "compact-pass-composed-f64", applies: compact_applies, run: |case| compact(case, COMPOSED_F64) },
    Check { name: "compact-pass-flex-f64", applies: compact_applies, run: |case| compact(case, FLEX_F64) },
    Check { name: "compact-pass-flex-f32", applies: compact_applies, run: |case| compact(case, FLEX_F32) },
];

/// An engine, a precision and how close it must come.
#[derive(Clone, Copy)]
struct Way {
    ops: &'static dyn Ops,
    dtype: DType,
    tolerance: Tolerance,
}

const COMPOSED_F64: Way = Way { ops: &Composed, dtype: DType::F64, tolerance: F64 };
const FLEX_F64: Way = Way { ops: &Fused, dtype: DType::F64, tolerance: F64 };
const FLEX_F32: Way = Way { ops: &Fused, dtype: DType::F32, tolerance: F32 };

fn with_arrays(case: &Case, prefix: &str) -> Applicability {
    if case.has_prefix(prefix) { network(case) } else { Applicability::Irrelevant }
}

fn outputs_apply(case: &Case) -> Applicability {
    with_arrays(case, "out/det/")
}

fn gradients_apply(case: &Case) -> Applicability {
    with_arrays(case, "grad/")
}

fn steps_apply(case: &Case) -> Applicability {
    with_arrays(case, "traj/")
}

fn compact_applies(case: &Case) -> Applicability {
    with_arrays(case, "out/compressed")
}

fn passes(case: &Case, way: Way) -> Result<(), String> {
    if case.classifies() { passes::check::<Classifier>(case, way) } else { passes::check::<LanguageModel>(case, way) }
}

fn gradients(case: &Case, way: Way) -> Result<(), String> {
    if case.classifies() {
        gradients::check::<Classifier>(case, way)
    } else {
        gradients::check::<LanguageModel>(case, way)
    }
}

fn steps(case: &Case, way: Way) -> Result<(), String> {
    if case.classifies() { steps::check::<Classifier>(case, way) } else { steps::check::<LanguageModel>(case, way) }
}

fn compact(case: &Case, way: Way) -> Result<(), String> {
    if case.classifies() { compact::check::<Classifier>(case, way) } else { compact::check::<LanguageModel>(case, way) }
}

fn tensor(values: Vec<f64>, shape: [usize; 2], way: Way) -> Result<Tensor<2>, String> {
    if values.len() == shape[0] * shape[1] {
        Ok(Tensor::from_data(TensorData::new(values, shape), (&Device::flex(), way.dtype)))
    } else {
        Err(format!("{} elements do not fill the shape {shape:?}", values.len()))
    }
}

/// The values of a tensor, row-major.
fn values<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f64>, String> {
    tensor.inner().into_data().convert::<f64>().try_into_vec().map_err(|error| format!("{error:?}"))
}

/// Whether the state is carried, and the output weights sampled.
fn carries(case: &Case) -> bool {
    case.meta.hid_prop.unwrap_or(false)
}
