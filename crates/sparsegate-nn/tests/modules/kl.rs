//! The modules' KL divergence, composed of Burn's operations, against the fused kernels.

use burn::module::Module;
use burn::tensor::{DType, Device};
use sparsegate_core::{OutputNoise, Prior};
use sparsegate_nn::engine::{DataGradients, FusedOps, Ops};
use sparsegate_nn::module::{VariationalLinear, VariationalLinearConfig, VariationalParameter};
use sparsegate_nn::variational::VariationalMatrix;

use crate::matrix::{HostMatrix, assert_close};
use crate::values;

#[test]
fn values_and_gradients_are_those_of_the_kernels() {
    for (dtype, tolerance) in [(DType::F64, 1e-11), (DType::F32, 1e-5)] {
        // Log alphas from far below the clamp at -8 to far above the one at 8, and one mean of exactly zero.
        let mut means = HostMatrix::random([9, 65], [-0.3, 0.3], 1);
        means.values[7] = 0.0;
        let (mean, log_sigma) = (means.tensor(dtype), HostMatrix::random([9, 65], [-9.0, 3.0], 2).tensor(dtype));
        let nothing = DataGradients { mean: mean.zeros_like(), log_sigma: mean.zeros_like(), rows: None };
        let wanted = FusedOps.kl_and_gradient_norm([&mean, &log_sigma], &nothing, 1.0).kl;
        let gradients = FusedOps.total_gradients([&mean, &log_sigma], nothing, 1.0);
        let parameter = VariationalParameter::from(VariationalMatrix { mean, log_sigma: Some(log_sigma) }).train();
        let kl = parameter.kl().expect("a variational parameter");
        assert_close(&values(kl.clone()), &values(wanted), tolerance, "KL divergence");
        let found = kl.backward();
        let leaves = [&parameter.mean, parameter.log_sigma.as_ref().expect("a variational parameter")];
        for (leaf, wanted) in leaves.into_iter().zip(gradients) {
            let gradient = leaf.val().grad(&found).expect("a gradient");
            assert_close(&values(gradient), &values(wanted), tolerance, "gradient of the KL divergence");
        }
    }
}

#[test]
fn deterministic_weights_have_none() {
    let device = Device::flex();
    let layer = VariationalLinearConfig::new(3, 2).init(&device).layer();
    let mut make = |_: &str, dims| HostMatrix::random(dims, [-1.0, 1.0], 1).tensor(DType::F32);
    let w = VariationalMatrix::build("output/w", [3, 2], Prior::None, &mut make);
    let module = VariationalLinear::from(sparsegate_nn::model::OutputLayer { w, ..layer });
    assert_eq!(module.sampling, OutputNoise::Weights);
    assert_eq!(values(module.kl()), [0.0]);
}
