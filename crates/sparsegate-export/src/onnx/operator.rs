//! The recurrent layer as ONNX's LSTM, GRU or RNN operator.

use sparsegate_runtime::model::Task;
use sparsegate_runtime::{Activation, CellKind, Model};

use super::graph::{Graph, attribute};
use super::proto::AttributeProto;
use super::{States, batch, gate, initial, lengths, weights};
use crate::dense::DenseLayer;

/// An operator, with its gates in ONNX's order given as kinds of [`CellKind::preactivations`]. Kinds of input biases
/// and of state biases are given separately; only a GRU's candidate has both.
struct Layout {
    operator: &'static str,
    input: &'static [usize],
    recurrent: &'static [usize],
    state_bias: &'static [Option<usize>],
    /// The number of gate activations and the activations that follow them.
    gates: usize,
    others: &'static [&'static str],
}

fn layout(cell: CellKind) -> Layout {
    match cell {
        // ONNX's order i, o, f, c; ours is i, f, g, o.
        CellKind::Lstm => Layout {
            operator: "LSTM",
            input: &[0, 3, 1, 2],
            recurrent: &[0, 3, 1, 2],
            state_bias: &[None; 4],
            gates: 1,
            others: &["Tanh", "Tanh"],
        },
        // ONNX's order z, r, h; ours is n_in, r, z, n_hn.
        CellKind::Gru | CellKind::GruState => Layout {
            operator: "GRU",
            input: &[2, 1, 0],
            recurrent: &[2, 1, 3],
            state_bias: &[None, None, Some(3)],
            gates: 1,
            others: &["Tanh"],
        },
        CellKind::Rnn => {
            Layout { operator: "RNN", input: &[0], recurrent: &[0], state_bias: &[None], gates: 0, others: &["Tanh"] }
        }
    }
}

/// Adds the recurrent layer on `vectors` `[steps, batch, D]`.
pub fn add(graph: &mut Graph, (model, cell): (&Model<f32>, CellKind), dense: &DenseLayer<'_>, vectors: &str) -> States {
    let layout = layout(cell);
    let (units, rows) = (dense.units, layout.input.len() * dense.units);
    let sides = [1, rows, dense.inputs];
    let weights =
        weights::add(graph, "input_weights", &sides, &dense.input(layout.input), dense.input_scales(2).as_ref());
    let (recurrent, scales) = (dense.recurrent(layout.recurrent), dense.recurrent_scales(layout.recurrent, 1));
    let recurrent = weights::add(graph, "recurrent_weights", &[1, rows, units], &recurrent, scales.as_ref());
    let input_bias: Vec<Option<usize>> = layout.input.iter().copied().map(Some).collect();
    let bias = graph.floats("biases", &[1, 2 * rows], &dense.bias(&[&input_bias, layout.state_bias].concat()));
    let batch = batch(graph);
    let memory = cell.has_cell_state();
    let mut inputs = vec![vectors.to_owned(), weights, recurrent, bias];
    let mut outputs = vec!["", "h_n"];
    match model.task {
        Task::Classification => inputs.push(lengths::as_input(graph, &batch)),
        Task::LanguageModel => {
            outputs[0] = "states_by_direction";
            inputs.extend([String::new(), initial(graph, "h_0", &batch, units)]);
            if memory {
                inputs.push(initial(graph, "c_0", &batch, units));
                outputs.push("c_n");
            }
        }
    }
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    graph.nodes("recurrent", layout.operator, &inputs, &outputs, attributes(model, &layout, units));
    let all = (model.task == Task::LanguageModel).then(|| {
        let direction = graph.i64s("direction_axis", &[1], &[1]);
        graph.node("states", "Squeeze", &[outputs[0], &direction], vec![])
    });
    let carried: &[&str] = match (model.task, memory) {
        (Task::Classification, _) => &[],
        (Task::LanguageModel, true) => &["h_n", "c_n"],
        (Task::LanguageModel, false) => &["h_n"],
    };
    States { all, last: "h_n".into(), carried: carried.iter().map(ToString::to_string).collect() }
}

fn attributes(model: &Model<f32>, layout: &Layout, units: usize) -> Vec<AttributeProto> {
    let gates = vec![gate(model.activation); layout.gates];
    let mut attributes = vec![
        attribute::int("hidden_size", units as i64),
        attribute::strings("activations", &[&gates[..], layout.others].concat()),
    ];
    if layout.gates > 0 && model.activation == Activation::HardSigmoid {
        attributes.push(attribute::floats("activation_alpha", &[0.2]));
        attributes.push(attribute::floats("activation_beta", &[0.5]));
    }
    if layout.operator == "GRU" {
        // The reset gate multiplies the candidate's recurrent product.
        attributes.push(attribute::int("linear_before_reset", 1));
    }
    attributes
}
