//! Weights as constants: as floats, or as 8-bit integers with their scales.

use super::graph::{ElementType, Graph, attribute};
use crate::dense::AxisScales;

/// Adds weights; with scales, as integers that are converted to floats, the same floats. Not by `DequantizeLinear`:
/// ONNX Runtime fuses that with a product that rounds the other factor, too.
pub fn add(graph: &mut Graph, name: &str, sides: &[usize], weights: &[f32], scales: Option<&AxisScales>) -> String {
    let Some(scales) = scales else { return graph.floats(name, sides, weights) };
    let integers = graph.i8s(&format!("{name}_int8"), sides, &scales.integers(sides, weights));
    let mut broadcast = vec![1; sides.len()];
    broadcast[scales.axis] = scales.scales.len();
    let factors = graph.floats(&format!("{name}_scales"), &broadcast, &scales.scales);
    let to = attribute::int("to", ElementType::F32 as i64);
    let unscaled = graph.node(&format!("{name}_unscaled"), "Cast", &[&integers], vec![to]);
    graph.node(name, "Mul", &[&unscaled, &factors], vec![])
}

/// Adds the rows of a table `[rows, columns]` that `rows` selects; with scales, of 8-bit weights.
pub fn gather(
    graph: &mut Graph,
    (table, sides): (&str, [usize; 2]),
    weights: &[f32],
    scales: Option<&AxisScales>,
    rows: &str,
) -> String {
    let Some(scales) = scales else {
        let table = graph.floats(table, &sides, weights);
        return graph.node("vectors", "Gather", &[&table, rows], vec![]);
    };
    let integers = graph.i8s(&format!("{table}_int8"), &sides, &scales.integers(&sides, weights));
    let factors = graph.floats(&format!("{table}_scales"), &[sides[0], 1], &scales.scales);
    let found = graph.node("vectors_int8", "Gather", &[&integers, rows], vec![]);
    let found = graph.node("vectors_unscaled", "Cast", &[&found], vec![attribute::int("to", ElementType::F32 as i64)]);
    let factors = graph.node("vector_scales", "Gather", &[&factors, rows], vec![]);
    graph.node("vectors", "Mul", &[&found, &factors], vec![])
}

/// Largest integer of a quantised input. Two products of it with weights of 8 bits fit into 16 bits: ONNX Runtime adds
/// them there on x86-64 without VNNI, and cuts off what does not fit. `DynamicQuantizeLinear` would give 255.
const LARGEST_INPUT: f32 = 127.0;

/// Adds the product of `read` `[.., depth]` with 8-bit weights `[depth, columns]` of one scale each column, computed in
/// integers: `read` is quantised as a whole when the graph is run.
pub fn integer_product(
    graph: &mut Graph,
    read: &str,
    (weights, sides): (&[f32], [usize; 2]),
    scales: &AxisScales,
) -> String {
    let integers = graph.i8s("output_weights_int8", &sides, &scales.integers(&sides, weights));
    let factors = graph.floats("output_weights_scales", &[sides[1]], &scales.scales);
    let [values, scale, zero] = quantized(graph, read);
    let sums = graph.node("output_sums", "MatMulInteger", &[&values, &integers, &zero], vec![]);
    let sums = graph.node("output_sums_f32", "Cast", &[&sums], vec![attribute::int("to", ElementType::F32 as i64)]);
    let factors = graph.node("output_scales", "Mul", &[&scale, &factors], vec![]);
    graph.node("output_products", "Mul", &[&sums, &factors], vec![])
}

/// Adds integers from 0 to 128 for all numbers of `read`, with one scale and one zero point: `(integer - zero) * scale`
/// is the number within half a scale. Returns the integers, the scale and the zero point.
fn quantized(graph: &mut Graph, read: &str) -> [String; 3] {
    let none = graph.floats("read_none", &[], &[0.0]);
    let whole = || vec![attribute::int("keepdims", 0)];
    let lowest = graph.node("read_lowest_of_all", "ReduceMin", &[read], whole());
    let lowest = graph.node("read_lowest", "Min", &[&lowest, &none], vec![]);
    let highest = graph.node("read_highest_of_all", "ReduceMax", &[read], whole());
    let highest = graph.node("read_highest", "Max", &[&highest, &none], vec![]);
    let range = graph.node("read_range", "Sub", &[&highest, &lowest], vec![]);
    let steps = graph.floats("read_steps", &[], &[LARGEST_INPUT]);
    let scale = graph.node("read_range_of_a_step", "Div", &[&range, &steps], vec![]);
    // States that are all zero have a scale, too.
    let smallest = graph.floats("read_smallest_scale", &[], &[f32::MIN_POSITIVE]);
    let scale = graph.node("read_scale", "Max", &[&scale, &smallest], vec![]);
    let below = graph.node("read_below", "Div", &[&lowest, &scale], vec![]);
    let below = graph.node("read_steps_below", "Round", &[&below], vec![]);
    let zero = graph.node("read_zero_f32", "Neg", &[&below], vec![]);
    let zero = graph.node("read_zero", "Cast", &[&zero], vec![attribute::int("to", ElementType::U8 as i64)]);
    let values = graph.node("read_uint8", "QuantizeLinear", &[read, &scale, &zero], vec![]);
    [values, scale, zero]
}
