//! The output layer: logits, and probabilities of classes.

use sparsegate_runtime::Model;
use sparsegate_runtime::model::Task;

use super::graph::{Dim, ElementType, Graph, attribute};
use super::{BATCH, STEPS, States, weights};
use crate::dense::{DenseLayer, transposed};

/// Adds the output layer and the graph's outputs.
pub fn add(graph: &mut Graph, model: &Model<f32>, dense: &DenseLayer<'_>, states: &States) {
    let count = model.outputs();
    let bias = graph.floats("output_biases", &[count], &model.output_bias);
    let (read, sides) = if let Some(all) = &states.all {
        (all.clone(), vec![STEPS, BATCH, Dim::Size(count)])
    } else {
        let direction = graph.i64s("last_axis", &[1], &[0]);
        let last = graph.node("read_state", "Squeeze", &[&states.last, &direction], vec![]);
        (last, vec![BATCH, Dim::Size(count)])
    };
    let (values, shape) = (transposed(&dense.output(), dense.units), [dense.units, count]);
    let scales = dense.output_scales(1);
    let products = match &scales {
        Some(scales) if model.int8.as_ref().is_some_and(|int8| int8.output_product().is_some()) => {
            weights::integer_product(graph, &read, (&values, shape), scales)
        }
        _ => {
            let weights = weights::add(graph, "output_weights", &shape, &values, scales.as_ref());
            graph.node("output_products", "MatMul", &[&read, &weights], vec![])
        }
    };
    graph.node("logits", "Add", &[&products, &bias], vec![]);
    graph.output("logits", ElementType::F32, &sides, "");
    for name in &states.carried {
        graph.output(
            name,
            ElementType::F32,
            &[Dim::Size(1), BATCH, Dim::Size(dense.units)],
            "the state after the last step",
        );
    }
    if model.task == Task::Classification {
        probabilities(graph, count);
    }
}

/// Adds the probabilities of the classes. A single logit belongs to class 1 of two.
fn probabilities(graph: &mut Graph, logits: usize) {
    if logits == 1 {
        let one = graph.floats("certain", &[1], &[1.0]);
        let second = graph.node("second", "Sigmoid", &["logits"], vec![]);
        let first = graph.node("first", "Sub", &[&one, &second], vec![]);
        graph.node("probabilities", "Concat", &[&first, &second], vec![attribute::int("axis", 1)]);
    } else {
        graph.node("probabilities", "Softmax", &["logits"], vec![attribute::int("axis", 1)]);
    }
    graph.output("probabilities", ElementType::F32, &[BATCH, Dim::Size(logits.max(2))], "");
}
