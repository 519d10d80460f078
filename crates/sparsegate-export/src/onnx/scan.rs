//! The recurrent layer of `gru-zhstate` as a loop. The cell multiplies its new state by a factor, which ONNX's GRU
//! operator does not support.

use sparsegate_runtime::Model;
use sparsegate_runtime::model::Task;

use super::graph::{Dim, ElementType, Graph, attribute};
use super::proto::GraphProto;
use super::{States, batch, gate, initial, lengths, weights};
use crate::dense::{DenseLayer, transposed};

/// Kinds of [`sparsegate_runtime::CellKind::preactivations`]: `n_in`, r and z read the input; `n_hn`, r and z read
/// the state.
const INPUT: [usize; 3] = [0, 1, 2];
const STATE: [usize; 3] = [3, 1, 2];
const STATE_BIAS: [Option<usize>; 3] = [Some(3), None, None];

/// Adds the recurrent layer on `vectors` `[steps, batch, D]`.
pub fn add(graph: &mut Graph, model: &Model<f32>, dense: &DenseLayer<'_>, vectors: &str) -> States {
    let units = dense.units;
    let weights = transposed(&dense.input(&INPUT), dense.inputs);
    let scales = dense.input_scales(0);
    let weights = weights::add(graph, "input_weights", &[dense.inputs, 3 * units], &weights, scales.as_ref());
    let bias = graph.floats("input_biases", &[3 * units], &dense.bias(&INPUT.map(Some)));
    let products = graph.node("input_products", "MatMul", &[vectors, &weights], vec![]);
    let sums = graph.node("input_sums", "Add", &[&products, &bias], vec![]);
    let (recurrent, scales) = (transposed(&dense.recurrent(&STATE), units), dense.recurrent_scales(&STATE, 1));
    weights::add(graph, "recurrent_weights", &[units, 3 * units], &recurrent, scales.as_ref());
    graph.floats("recurrent_biases", &[3 * units], &dense.bias(&STATE_BIAS));
    graph.floats("state_factor", &[units], &dense.state_factor().unwrap_or_else(|| vec![1.0; units]));
    graph.floats("one", &[1], &[1.0]);

    let batch = batch(graph);
    let direction = graph.i64s("direction_axis", &[1], &[0]);
    let masked = model.task == Task::Classification;
    let first = if masked {
        let side = graph.i64s("units", &[1], &[units as i64]);
        let shape = graph.node("state_shape", "Concat", &[&batch, &side], vec![attribute::int("axis", 0)]);
        let zero = graph.floats("zero", &[1], &[0.0]);
        graph.node("first_state", "Expand", &[&zero, &shape], vec![])
    } else {
        let given = initial(graph, "h_0", &batch, units);
        graph.node("first_state", "Squeeze", &[&given, &direction], vec![])
    };
    let mut inputs = vec![first, sums];
    let mut outputs = vec!["last_state"];
    if masked {
        inputs.push(lengths::as_mask(graph));
    } else {
        outputs.push("states");
    }
    let attributes = vec![
        attribute::graph("body", body(model, units, masked)),
        attribute::int("num_scan_inputs", inputs.len() as i64 - 1),
    ];
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    graph.nodes("recurrent", "Scan", &inputs, &outputs, attributes);
    let last = graph.node("h_n", "Unsqueeze", &["last_state", &direction], vec![]);
    States {
        all: (!masked).then(|| "states".into()),
        last,
        carried: if masked { Vec::new() } else { vec!["h_n".into()] },
    }
}

/// The body of the loop, one step. It refers to constants of the outer graph by name. After the end of its text a
/// sequence keeps its state.
fn body(model: &Model<f32>, units: usize, masked: bool) -> GraphProto {
    let mut step = Graph::new("step");
    let sides = |count: usize| [Dim::Any("batch"), Dim::Size(count)];
    step.input("state", ElementType::F32, &sides(units), "");
    step.input("sums", ElementType::F32, &sides(3 * units), "");
    let split = |step: &mut Graph, of: &str, parts: [&str; 3]| {
        step.nodes(&format!("{of}_parts"), "Split", &[of], &parts, vec![attribute::int("axis", -1)]);
    };
    split(&mut step, "sums", ["n_in", "r_in", "z_in"]);
    step.node("products", "MatMul", &["state", "recurrent_weights"], vec![]);
    step.node("recurrent_sums", "Add", &["products", "recurrent_biases"], vec![]);
    split(&mut step, "recurrent_sums", ["n_hn", "r_hn", "z_hn"]);
    for (sum, parts, name) in [("r_sum", ["r_in", "r_hn"], "r"), ("z_sum", ["z_in", "z_hn"], "z")] {
        step.node(sum, "Add", &parts, vec![]);
        step.node(name, gate(model.activation), &[sum], vec![]);
    }
    step.node("n_reset", "Mul", &["r", "n_hn"], vec![]);
    step.node("n_sum", "Add", &["n_in", "n_reset"], vec![]);
    step.node("n", "Tanh", &["n_sum"], vec![]);
    step.node("rest", "Sub", &["one", "z"], vec![]);
    step.node("renewed", "Mul", &["rest", "n"], vec![]);
    step.node("kept", "Mul", &["z", "state"], vec![]);
    step.node("mixed", "Add", &["renewed", "kept"], vec![]);
    step.node("next", "Mul", &["mixed", "state_factor"], vec![]);
    if masked {
        step.input("under_way", ElementType::Bool, &[Dim::Any("batch or 1"), Dim::Size(1)], "");
        step.node("next_state", "Where", &["under_way", "next", "state"], vec![]);
        step.output("next_state", ElementType::F32, &sides(units), "");
    } else {
        step.node("next_state", "Identity", &["next"], vec![]);
        step.output("next_state", ElementType::F32, &sides(units), "");
        step.output("next", ElementType::F32, &sides(units), "");
    }
    step.finish()
}
