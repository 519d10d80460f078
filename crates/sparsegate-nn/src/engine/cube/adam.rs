//! In-place Adam in Lasagne's form.

use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

use super::launch::{CUBE, contiguous, count, cubes, owned};
use crate::engine::extension::AdamPrimitives;
use crate::engine::ops::AdamStep;

/// The constants of an Adam step in single precision.
#[derive(CubeLaunch, CubeType)]
pub(super) struct AdamConstants {
    rate: f32,
    beta1: f32,
    beta2: f32,
    rest1: f32,
    rest2: f32,
    epsilon: f32,
}

/// The constants of an Adam step as a kernel argument.
pub(super) fn constants(step: AdamStep) -> AdamConstantsLaunch {
    AdamConstantsLaunch::new(
        step.rate as f32,
        step.beta1 as f32,
        step.beta2 as f32,
        (1.0 - step.beta1) as f32,
        (1.0 - step.beta2) as f32,
        step.epsilon as f32,
    )
}

/// One Adam step; returns the parameter, its first and second moment, updated in place if their buffers are not shared.
pub(super) fn adam(inputs: AdamPrimitives<CubeBackend>) -> [FloatTensor<CubeBackend>; 3] {
    let AdamPrimitives { parameter, gradient, first, second, scale, step } = inputs;
    let (parameter, first, second) = (owned(parameter), owned(first), owned(second));
    let client = parameter.client.clone();
    adam_kernel::launch(
        &client,
        cubes(&client, count(&parameter)),
        CubeDim::new_1d(CUBE),
        parameter.clone().into_buffer_arg(),
        contiguous(gradient).into_buffer_arg(),
        first.clone().into_buffer_arg(),
        second.clone().into_buffer_arg(),
        contiguous(scale).into_buffer_arg(),
        constants(step),
    );
    [parameter, first, second]
}

/// Updates element `i` of a parameter and its moments; `gradient` is already rescaled.
#[cube]
pub(super) fn move_one(
    parameter: &mut [f32],
    first: &mut [f32],
    second: &mut [f32],
    i: usize,
    gradient: f32,
    constants: &AdamConstants,
) {
    let m = fma(constants.beta1, first[i], constants.rest1 * gradient);
    let v = fma(constants.beta2, second[i], constants.rest2 * gradient * gradient);
    first[i] = m;
    second[i] = v;
    parameter[i] -= constants.rate * m / (f32::sqrt(v) + constants.epsilon);
}

#[cube(launch)]
fn adam_kernel(
    parameter: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    scale: &[f32],
    constants: AdamConstants,
) {
    let i = ABSOLUTE_POS;
    if i < parameter.len() {
        move_one(parameter, first, second, i, gradient[i] * scale[0], &constants);
    }
}
