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
    let quantized = ["read_uint8", "read_scale", "read_zero"];
    graph.nodes("read_quantized", "DynamicQuantizeLinear", &[read], &quantized, vec![]);
    let [values, scale, zero] = quantized;
    let sums = graph.node("output_sums", "MatMulInteger", &[values, &integers, zero], vec![]);
    let sums = graph.node("output_sums_f32", "Cast", &[&sums], vec![attribute::int("to", ElementType::F32 as i64)]);
    let factors = graph.node("output_scales", "Mul", &[scale, &factors], vec![]);
    graph.node("output_products", "Mul", &[&sums, &factors], vec![])
}
