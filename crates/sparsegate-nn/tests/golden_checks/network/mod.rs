//! Outputs, losses, gradients and optimiser steps of whole networks, in each configuration of [`crate::config`].

mod compact;
mod forward;
mod given;
mod gradients;
mod recorded;
mod steps;

use burn::tensor::Tensor;
use sparsegate_nn::model::{Classifier, LanguageModel};

use crate::case::Case;
use crate::check::{Applicability, Check, network};
use crate::config::{COMPOSED_F64, CheckConfig, FLEX_F32, FLEX_F64};
#[cfg(feature = "tch")]
use crate::config::{TCH_F32, TCH_F64};

/// The checks of this file.
pub const CHECKS: &[Check] = &[
    Check { name: "passes-composed-f64", applies: outputs_apply, run: |case| passes(case, COMPOSED_F64) },
    Check { name: "passes-flex-f64", applies: outputs_apply, run: |case| passes(case, FLEX_F64) },
    Check { name: "passes-flex-f32", applies: outputs_apply, run: |case| passes(case, FLEX_F32) },
    #[cfg(feature = "tch")]
    Check { name: "passes-tch-f64", applies: outputs_apply, run: |case| passes(case, TCH_F64) },
    #[cfg(feature = "tch")]
    Check { name: "passes-tch-f32", applies: outputs_apply, run: |case| passes(case, TCH_F32) },
    Check { name: "gradients-composed-f64", applies: gradients_apply, run: |case| gradients(case, COMPOSED_F64) },
    Check { name: "gradients-flex-f64", applies: gradients_apply, run: |case| gradients(case, FLEX_F64) },
    Check { name: "gradients-flex-f32", applies: gradients_apply, run: |case| gradients(case, FLEX_F32) },
    #[cfg(feature = "tch")]
    Check { name: "gradients-tch-f64", applies: gradients_apply, run: |case| gradients(case, TCH_F64) },
    #[cfg(feature = "tch")]
    Check { name: "gradients-tch-f32", applies: gradients_apply, run: |case| gradients(case, TCH_F32) },
    Check { name: "steps-composed-f64", applies: steps_apply, run: |case| steps(case, COMPOSED_F64) },
    Check { name: "steps-flex-f64", applies: steps_apply, run: |case| steps(case, FLEX_F64) },
    Check { name: "steps-flex-f32", applies: steps_apply, run: |case| steps(case, FLEX_F32) },
    #[cfg(feature = "tch")]
    Check { name: "steps-tch-f64", applies: steps_apply, run: |case| steps(case, TCH_F64) },
    #[cfg(feature = "tch")]
    Check { name: "steps-tch-f32", applies: steps_apply, run: |case| steps(case, TCH_F32) },
    Check { name: "compact-pass-composed-f64", applies: compact_applies, run: |case| compact(case, COMPOSED_F64) },
    Check { name: "compact-pass-flex-f64", applies: compact_applies, run: |case| compact(case, FLEX_F64) },
    Check { name: "compact-pass-flex-f32", applies: compact_applies, run: |case| compact(case, FLEX_F32) },
    #[cfg(feature = "tch")]
    Check { name: "compact-pass-tch-f64", applies: compact_applies, run: |case| compact(case, TCH_F64) },
    #[cfg(feature = "tch")]
    Check { name: "compact-pass-tch-f32", applies: compact_applies, run: |case| compact(case, TCH_F32) },
];

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

fn passes(case: &Case, config: CheckConfig) -> Result<(), String> {
    if case.classifies() {
        forward::check::<Classifier>(case, config)
    } else {
        forward::check::<LanguageModel>(case, config)
    }
}

fn gradients(case: &Case, config: CheckConfig) -> Result<(), String> {
    if case.classifies() {
        gradients::check::<Classifier>(case, config)
    } else {
        gradients::check::<LanguageModel>(case, config)
    }
}

fn steps(case: &Case, config: CheckConfig) -> Result<(), String> {
    if case.classifies() {
        steps::check::<Classifier>(case, config)
    } else {
        steps::check::<LanguageModel>(case, config)
    }
}

fn compact(case: &Case, config: CheckConfig) -> Result<(), String> {
    if case.classifies() {
        compact::check::<Classifier>(case, config)
    } else {
        compact::check::<LanguageModel>(case, config)
    }
}

/// The values of a tensor, row-major.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f64>, String> {
    tensor.inner().into_data().convert::<f64>().try_into_vec().map_err(|error| format!("{error:?}"))
}

/// Whether the state is carried from batch to batch and the output weights are sampled.
fn carries(case: &Case) -> bool {
    case.meta.hid_prop.unwrap_or(false)
}
