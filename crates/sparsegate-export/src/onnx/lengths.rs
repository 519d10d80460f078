//! Input for texts of different lengths. ONNX's recurrent operators read the lengths; a loop needs a mask.

use super::graph::{Dim, ElementType, Graph, attribute};

/// Declares the input `lengths`. If it is omitted, every text has the full number of steps.
fn declare(graph: &mut Graph) {
    graph.input("lengths", ElementType::I32, &[Dim::Any("batch or 1")], "symbols of each text; later ids are ignored");
    graph.i32s("lengths", &[1], &[i32::MAX]);
}

/// The number of steps, as i32 `[1]`.
fn steps(graph: &mut Graph) -> String {
    let steps = graph.node("steps", "Shape", &["ids"], vec![attribute::int("start", 0), attribute::int("end", 1)]);
    graph.node("steps_i32", "Cast", &[&steps], vec![attribute::int("to", ElementType::I32 as i64)])
}

/// The lengths for a recurrent operator: i32 `[batch]`, at most the number of steps.
pub fn as_input(graph: &mut Graph, batch: &str) -> String {
    declare(graph);
    let steps = steps(graph);
    let at_most = graph.node("lengths_within", "Min", &["lengths", &steps], vec![]);
    graph.node("lengths_batch", "Expand", &[&at_most, batch], vec![])
}

/// A mask of the steps that belong to a text: bool `[steps, batch, 1]`, or `[steps, 1, 1]` if all texts have the same
/// length.
pub fn as_mask(graph: &mut Graph) -> String {
    declare(graph);
    let steps = steps(graph);
    let none: [usize; 0] = [];
    let scalar = graph.i64s("steps_axis", &[1], &[0]);
    let limit = graph.node("steps_limit", "Squeeze", &[&steps, &scalar], vec![]);
    let (zero, one) = (graph.i32s("step_first", &none, &[0]), graph.i32s("step_size", &none, &[1]));
    let step = graph.node("step", "Range", &[&zero, &limit, &one], vec![]);
    let axis = graph.i64s("step_axis", &[1], &[1]);
    let column = graph.node("step_column", "Unsqueeze", &[&step, &axis], vec![]);
    let under_way = graph.node("under_way", "Less", &[&column, "lengths"], vec![]);
    let last = graph.i64s("mask_axis", &[1], &[2]);
    graph.node("mask", "Unsqueeze", &[&under_way, &last], vec![])
}
