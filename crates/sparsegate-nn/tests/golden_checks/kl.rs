//! KL divergence of single weights, and its derivatives.

use sparsegate_nn::engine::DataGradients;

use crate::case::Case;
use crate::check::{Applicability, Check};
use crate::compare::close;
use crate::config::{COMPOSED_F32, COMPOSED_F64, CheckConfig, FLEX_F32, FLEX_F64};
#[cfg(feature = "tch")]
use crate::config::{TCH_F32, TCH_F64};
use crate::network::values;

/// The checks of this file.
pub const CHECKS: &[Check] = &[
    Check { name: "penalty-composed-f64", applies: column_applies, run: |case| column(case, COMPOSED_F64) },
    Check { name: "penalty-flex-f64", applies: column_applies, run: |case| column(case, FLEX_F64) },
    Check { name: "penalty-flex-f32", applies: column_applies, run: |case| column(case, FLEX_F32) },
    #[cfg(feature = "tch")]
    Check { name: "penalty-tch-f64", applies: column_applies, run: |case| column(case, TCH_F64) },
    #[cfg(feature = "tch")]
    Check { name: "penalty-tch-f32", applies: column_applies, run: |case| column(case, TCH_F32) },
    Check { name: "zero-composed-f64", applies: zeros_apply, run: |case| zeros(case, COMPOSED_F64) },
    Check { name: "zero-composed-f32", applies: zeros_apply, run: |case| zeros(case, COMPOSED_F32) },
    Check { name: "zero-flex-f64", applies: zeros_apply, run: |case| zeros(case, FLEX_F64) },
    Check { name: "zero-flex-f32", applies: zeros_apply, run: |case| zeros(case, FLEX_F32) },
    #[cfg(feature = "tch")]
    Check { name: "zero-tch-f64", applies: zeros_apply, run: |case| zeros(case, TCH_F64) },
    #[cfg(feature = "tch")]
    Check { name: "zero-tch-f32", applies: zeros_apply, run: |case| zeros(case, TCH_F32) },
];

fn when(applies: bool) -> Applicability {
    if applies { Applicability::Runs } else { Applicability::Irrelevant }
}

fn column_applies(case: &Case) -> Applicability {
    when(case.has("weight/dkl_dw"))
}

fn zeros_apply(case: &Case) -> Applicability {
    when(case.has("dkl_dw"))
}

/// Sum of the KL divergences, and its derivatives with respect to means and log sigmas.
fn kl_and_gradients(mean: &[f64], log_sigma: &[f64], config: CheckConfig) -> Result<(f64, Vec<f64>, Vec<f64>), String> {
    let tensor = |values: &[f64]| config.tensor(values.to_vec(), [values.len(), 1]);
    let (mean, log_sigma) = (tensor(mean)?, tensor(log_sigma)?);
    let nothing = DataGradients { mean: mean.zeros_like(), log_sigma: mean.zeros_like(), rows: None };
    let total = config.ops.kl_and_gradient_norm([&mean, &log_sigma], &nothing, 1.0).kl;
    let [to_mean, to_log_sigma] = config.ops.total_gradients([&mean, &log_sigma], nothing, 1.0);
    Ok((total.into_scalar::<f64>(), values(to_mean)?, values(to_log_sigma)?))
}

/// A column of weights over the whole range of log alpha, beyond the clamp too.
fn column(case: &Case, config: CheckConfig) -> Result<(), String> {
    let (means, log_sigmas) = (case.f64s("weight/w")?, case.f64s("weight/log_sigma")?);
    let (total, to_mean, to_log_sigma) = kl_and_gradients(means, log_sigmas, config)?;
    close("weight/kl_total", &[total], &[case.scalar("weight/kl_total")?], config.tolerance)?;
    // Elements with log alpha exactly on the clamp's edge are skipped: rounding decides on which side they are.
    let inside: Vec<usize> = (0..means.len())
        .filter(|&i| ((2.0 * log_sigmas[i] - (means[i] * means[i]).ln()).abs() - 8.0).abs() > 1e-5)
        .collect();
    let pick = |values: &[f64]| -> Vec<f64> { inside.iter().map(|&i| values[i]).collect() };
    for (name, ours) in [("weight/dkl_dw", to_mean), ("weight/dkl_dlogsigma", to_log_sigma)] {
        close(name, &pick(&ours), &pick(case.f64s(name)?), config.tolerance)?;
    }
    // Each grid value on its own: the KL divergence of one weight of mean one.
    for (log_alpha, expected) in case.f64s("log_alpha")?.iter().zip(case.f64s("kl_clipped")?) {
        let (value, _, _) = kl_and_gradients(&[1.0], &[log_alpha / 2.0], config)?;
        close(&format!("kl_clipped at log alpha {log_alpha}"), &[value], &[*expected], config.tolerance)?;
    }
    Ok(())
}

/// Means that are zero, or whose squares underflow to zero: the KL divergence is finite and its gradient zero.
fn zeros(case: &Case, config: CheckConfig) -> Result<(), String> {
    let (total, to_mean, to_log_sigma) = kl_and_gradients(case.f64s("w")?, case.f64s("log_sigma")?, config)?;
    close("kl_total", &[total], &[case.scalar("kl_total")?], config.tolerance)?;
    close("dkl_dw", &to_mean, case.f64s("dkl_dw")?, config.tolerance)?;
    close("dkl_dlogsigma", &to_log_sigma, case.f64s("dkl_dlogsigma")?, config.tolerance)
}
