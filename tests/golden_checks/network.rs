//! Outputs, losses, gradients and optimiser steps of whole networks, by each engine and in each precision.

use std::collections::BTreeMap;

use burn::tensor::{DType, Device, Tensor, TensorData, activation};
use sparsegate::data::batch::{Batch, BatchSource};
use sparsegate::engine::{Composed, FlexOps, Ops};
use sparsegate::model::{
    Forward, LanguageModel, LanguageModelTrainee, NoiseSource, Shape, State, Stream, TraineeOptions,
};
use sparsegate::spec::types::{Adam, OutputNoise};
use sparsegate::train::trainee::Trainee;

use crate::case::Case;
use crate::check::{Applicability, Check, language_model};
use crate::compare::{F32, F64, Tolerance, close};
use crate::layout::{noise, parameters};

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
];

/// An engine, a precision and how close it must come.
#[derive(Clone, Copy)]
struct Way {
    ops: &'static dyn Ops,
    dtype: DType,
    tolerance: Tolerance,
}

const COMPOSED_F64: Way = Way { ops: &Composed, dtype: DType::F64, tolerance: F64 };
const FLEX_F64: Way = Way { ops: &FlexOps, dtype: DType::F64, tolerance: F64 };
const FLEX_F32: Way = Way { ops: &FlexOps, dtype: DType::F32, tolerance: F32 };

fn with_arrays(case: &Case, prefix: &str) -> Applicability {
    if case.has_prefix(prefix) { language_model(case) } else { Applicability::Irrelevant }
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

/// The sizes of a case.
struct Sizes {
    batch: usize,
    steps: usize,
    shape: Shape,
}

fn sizes(case: &Case) -> Result<Sizes, String> {
    let meta = &case.meta;
    let wanted = |value: Option<usize>, name: &str| value.ok_or_else(|| format!("no {name} in the metadata"));
    Ok(Sizes {
        batch: wanted(meta.batch, "batch")?,
        steps: wanted(meta.seq_len, "seq_len")?,
        shape: Shape { vocabulary: wanted(meta.vocab, "vocab")?, hidden: wanted(meta.hidden, "hidden")? },
    })
}

fn carries(case: &Case) -> bool {
    case.meta.hid_prop.unwrap_or(false)
}

fn tensor(values: Vec<f64>, shape: [usize; 2], dtype: DType) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, shape), (&Device::flex(), dtype))
}

/// The case's network with its parameters.
fn model(case: &Case, way: Way) -> Result<LanguageModel, String> {
    let values = parameters(case, "param/")?;
    let output_noise = if carries(case) { OutputNoise::Weights } else { OutputNoise::LocalReparameterization };
    let mut missing = None;
    let model = LanguageModel::build(sizes(case)?.shape, &case.sparsity()?, output_noise, |name, shape| {
        let found = values.get(name).cloned().unwrap_or_else(|| {
            missing = Some(name.to_owned());
            vec![0.0; shape[0] * shape[1]]
        });
        tensor(found, shape, way.dtype)
    });
    missing.map_or(Ok(model), |name| Err(format!("the case has no {name}")))
}

/// `(B, T)` ids as a time-major batch.
fn batch(case: &Case, prefix: &str) -> Result<Batch, String> {
    let Sizes { batch, steps, .. } = sizes(case)?;
    let ids = |name: &str| -> Result<Vec<u32>, String> {
        let all = case.i32s(&format!("{prefix}{name}"))?;
        let place = |i: usize| all[(i % batch) * steps + i / batch];
        (0..all.len()).map(|i| u32::try_from(place(i)).map_err(|error| error.to_string())).collect()
    };
    Ok(Batch::even(batch, ids("x")?, ids("y")?))
}

/// The state the case begins with.
fn state(case: &Case, way: Way) -> Result<State, String> {
    let Sizes { batch, shape, .. } = sizes(case)?;
    let half = batch * shape.hidden;
    let values = if case.has("in/state0") { case.f64s("in/state0")?.to_vec() } else { vec![0.0; 2 * half] };
    let part = |from: usize| tensor(values[from..from + half].to_vec(), [batch, shape.hidden], way.dtype);
    Ok(State { hidden: part(0), cell: part(half) })
}

fn noise_source(case: &Case, prefix: &str, way: Way) -> Result<NoiseSource, String> {
    let Sizes { batch, shape, .. } = sizes(case)?;
    let (vocabulary, hidden) = (shape.vocabulary, shape.hidden);
    let mut streams = BTreeMap::new();
    for (name, values) in noise(case, prefix)? {
        let (stream, dims) = match name.as_str() {
            "w_input" => (Stream::WInput, [vocabulary, 4 * hidden]),
            "w_hidden" => (Stream::WHidden, [hidden, 4 * hidden]),
            "z_vocabulary" => (Stream::ZVocabulary, [batch, vocabulary]),
            "z_neurons" => (Stream::ZNeurons, [batch, hidden]),
            "z_gates" => (Stream::ZGates, [batch, 4 * hidden]),
            "output_weights" => (Stream::Output, [hidden, vocabulary]),
            "output_local" => (Stream::Output, [batch, vocabulary]),
            other => return Err(format!("noise {other} has no place in ours")),
        };
        streams.insert(stream, tensor(values, dims, way.dtype));
    }
    Ok(NoiseSource::Given(streams))
}

fn values<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f64>, String> {
    tensor.inner().into_data().convert::<f64>().try_into_vec().map_err(|error| format!("{error:?}"))
}

/// `[T * B, n]` to the case's `(B, T, n)`.
fn batch_major(tensor: Tensor<2>, rows: usize) -> Result<Vec<f64>, String> {
    let [count, width] = tensor.dims();
    let all = values(tensor)?;
    let steps = count / rows;
    let place = |row: usize, step: usize| (step * rows + row) * width;
    Ok((0..rows)
        .flat_map(|row| (0..steps).map(move |step| (row, step)))
        .flat_map(|(row, step)| all[place(row, step)..place(row, step) + width].to_vec())
        .collect())
}

/// Every pass that the case records: with noise, at the means, pruned, and both.
fn passes(case: &Case, way: Way) -> Result<(), String> {
    let model = model(case, way)?;
    let noise = noise_source(case, "noise/", way)?;
    let kinds = [
        ("stoch", model.clone(), Some(&noise)),
        ("det", model.at_means(false), None),
        ("det_clip", model.at_means(true), None),
        ("stoch_clip", model.pruned(), Some(&noise)),
    ];
    for (kind, model, noise) in kinds {
        let prefix = format!("out/{kind}/");
        if case.has_prefix(&prefix) {
            let batch = batch(case, "in/")?;
            let forward = model.forward(way.ops, &batch, state(case, way)?, noise);
            check_pass(case, way, &model, &batch, forward, &prefix)?;
        }
    }
    Ok(())
}

fn check_pass(
    case: &Case,
    way: Way,
    model: &LanguageModel,
    batch: &Batch,
    forward: Forward,
    prefix: &str,
) -> Result<(), String> {
    let expect = |name: &str, ours: Vec<f64>| {
        let name = format!("{prefix}{name}");
        if case.has(&name) { close(&name, &ours, case.f64s(&name)?, way.tolerance) } else { Ok(()) }
    };
    let logits = forward.outputs.clone() + model.output_bias.clone();
    let targets: Vec<i64> = batch.targets.iter().map(|id| i64::from(*id)).collect();
    let targets = Tensor::from_data(TensorData::new(targets, [batch.targets.len()]), &Device::flex());
    let loss = values(way.ops.cross_entropy(forward.outputs, model.output_bias.clone(), targets))?;
    expect("h_seq", batch_major(forward.hidden, batch.rows)?)?;
    expect("c_seq", batch_major(forward.cell, batch.rows)?)?;
    expect("logits", batch_major(logits.clone(), batch.rows)?)?;
    expect("probs", batch_major(activation::softmax(logits, 1), batch.rows)?)?;
    expect("loss_bits", loss.iter().map(|nats| nats / std::f64::consts::LN_2).collect())?;
    expect("loss_nats", loss)?;
    expect("state_last", [values(forward.state.hidden)?, values(forward.state.cell)?].concat())
}

fn trainee(case: &Case, way: Way) -> Result<LanguageModelTrainee, String> {
    let meta = &case.meta;
    let options = TraineeOptions {
        seed: 0,
        carry_state: carries(case),
        train_size: meta.train_size.ok_or("no train_size in the metadata")?,
        adam: Adam {
            lr: meta.learning_rate.ok_or("no learning_rate in the metadata")?,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
        },
        clip_norm: meta.grad_clip,
    };
    let mut trainee = LanguageModelTrainee::new(model(case, way)?, way.ops, options);
    if carries(case) {
        trainee.carry(Some(state(case, way)?));
    }
    Ok(trainee)
}

/// Losses, penalties and the gradient of the first step, and the penalty's gradient alone.
fn gradients(case: &Case, way: Way) -> Result<(), String> {
    let noise = noise_source(case, "noise/", way)?;
    let (report, found) =
        trainee(case, way)?.gradients(&batch(case, "in/")?, 1, &noise).map_err(|error| error.to_string())?;
    let expect = |name: &str, ours: f64| close(name, &[ours], &[case.scalar(name)?], way.tolerance);
    expect("out/data_loss", report.data_loss)?;
    expect("out/kl_over_train_size", report.penalty)?;
    expect("out/total_loss", report.data_loss + report.penalty)?;
    let expected = parameters(case, "grad/")?;
    if found.len() != expected.len() {
        return Err(format!("ours has {} gradients, theirs {}", found.len(), expected.len()));
    }
    for (name, gradient) in found {
        let theirs = expected.get(&name).ok_or_else(|| format!("theirs has no gradient of {name}"))?;
        close(&format!("grad/{name}"), &values(gradient)?, theirs, way.tolerance)?;
    }
    expect("out/grad_norm", report.gradient_norm)?;
    penalty_gradients(case, way)
}

fn penalty_gradients(case: &Case, way: Way) -> Result<(), String> {
    let mut leaves = model(case, way)?.leaves();
    let Some(penalty) = leaves.penalty(way.ops) else {
        return if case.has_prefix("kl_grad/") { Err("theirs has a penalty, ours none".to_owned()) } else { Ok(()) };
    };
    let expected = parameters(case, "kl_grad/")?;
    let layers = [("out/kl/lstm", true), ("out/kl/dense", false)];
    for (name, lstm) in layers {
        let part = if lstm { without_output(&leaves) } else { only_output(&leaves) };
        let ours = part.penalty(way.ops).map_or(Ok(0.0), |sum| values(sum).map(|values| values[0]))?;
        close(name, &[ours], &[case.scalar(name)?], way.tolerance)?;
    }
    let train_size = case.meta.train_size.ok_or("no train_size in the metadata")?;
    let penalty = penalty.mul_scalar(1.0 / train_size as f64);
    let grads = penalty.backward();
    let mut outcome = Ok(());
    leaves.visit(|name, tensor| {
        let ours = match tensor.grad(&grads) {
            Some(gradient) => values(gradient),
            None => Ok(vec![0.0; tensor.shape().num_elements()]),
        };
        let check = ours.and_then(|ours| {
            let theirs = expected.get(name).ok_or_else(|| format!("theirs has no penalty gradient of {name}"))?;
            close(&format!("kl_grad/{name}"), &ours, theirs, way.tolerance)
        });
        if outcome.is_ok() {
            outcome = check;
        }
    });
    outcome
}

/// The model whose only variational quantities are the LSTM's.
fn without_output(model: &LanguageModel) -> LanguageModel {
    let mut model = model.clone();
    model.output.log_sigma = None;
    model
}

/// The model whose only variational quantities are the output layer's.
fn only_output(model: &LanguageModel) -> LanguageModel {
    let mut model = model.clone();
    model.w_input.log_sigma = None;
    model.w_hidden.log_sigma = None;
    (model.z_vocabulary, model.z_neurons, model.z_gates) = (None, None, None);
    model
}

/// One batch from a zero state.
struct Single(Batch);

impl BatchSource for Single {
    fn len(&self) -> usize {
        1
    }
    fn batch(&self, _: usize) -> Batch {
        self.0.clone()
    }
    fn targets(&self) -> usize {
        self.0.targets.len()
    }
    fn carries_state(&self) -> bool {
        false
    }
}

/// Four optimiser steps: objective, norm, state after each, parameters after the first and the last, the pruned loss.
fn steps(case: &Case, way: Way) -> Result<(), String> {
    let mut trainee = trainee(case, way)?;
    let (losses, norms) = (case.f64s("traj/total_loss")?, case.f64s("traj/grad_norm")?);
    for step in 1..=4 {
        let (data, noise_prefix) = if step == 1 {
            ("in/".to_owned(), "noise/".to_owned())
        } else {
            (format!("step{step}/"), format!("step{step}/noise/"))
        };
        let source = noise_source(case, &noise_prefix, way)?;
        let report =
            trainee.step_with(&batch(case, &data)?, step as u64, &source).map_err(|error| error.to_string())?;
        let objective = report.data_loss + report.penalty;
        close(&format!("traj/total_loss of step {step}"), &[objective], &losses[step - 1..step], way.tolerance)?;
        close(
            &format!("traj/grad_norm of step {step}"),
            &[report.gradient_norm],
            &norms[step - 1..step],
            way.tolerance,
        )?;
        let after = format!("step{step}/state_after");
        if case.has(&after) {
            let state = trainee.carried().cloned().ok_or("no state is carried")?;
            let ours = [values(state.hidden)?, values(state.cell)?].concat();
            close(&after, &ours, case.f64s(&after)?, way.tolerance)?;
        }
        match step {
            1 => compare_parameters(case, &trainee, "adam1/", way)?,
            4 => compare_parameters(case, &trainee, "traj/param_after_step4/", way)?,
            _ => {}
        }
    }
    let nats = trainee.evaluate(&Single(batch(case, "in/")?)).nats;
    let ours = if carries(case) { nats } else { nats / std::f64::consts::LN_2 };
    close("traj/clip_val_after_step4", &[ours], &[case.scalar("traj/clip_val_after_step4")?], way.tolerance)
}

fn compare_parameters(case: &Case, trainee: &LanguageModelTrainee, prefix: &str, way: Way) -> Result<(), String> {
    let expected = parameters(case, prefix)?;
    for (name, tensor) in trainee.model().tensors() {
        let theirs = expected.get(&name).ok_or_else(|| format!("theirs has no {prefix}{name}"))?;
        close(&format!("{prefix}{name}"), &values(tensor)?, theirs, way.tolerance)?;
    }
    Ok(())
}
