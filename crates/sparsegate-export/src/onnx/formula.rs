//! The recurrent layer of a cell that is described by its formula, as a loop of standard operators.

use sparsegate_runtime::formula::Operation;
use sparsegate_runtime::model::Task;
use sparsegate_runtime::{CellFormula, Model};

use super::graph::{Dim, ElementType, Graph, attribute};
use super::proto::GraphProto;
use super::{States, batch, gate, initial, lengths, weights};
use crate::dense::{DenseLayer, transposed};

/// The sums by the product that holds them: a sum that is a bias alone is part of the input's, with zero weights.
struct Products {
    input: Vec<usize>,
    state: Vec<usize>,
}

impl Products {
    fn new(formula: &CellFormula) -> Self {
        let (of_input, of_state) = (formula.sums.of_input(), formula.sums.of_state());
        let biases = of_state.end..formula.sums.total();
        Self { input: of_input.chain(biases).collect(), state: of_state.collect() }
    }
}

/// Adds the recurrent layer on `vectors` `[steps, batch, D]`.
pub fn add(
    graph: &mut Graph,
    (model, formula): (&Model<f32>, &CellFormula),
    dense: &DenseLayer<'_>,
    vectors: &str,
) -> States {
    let (units, products) = (dense.units, Products::new(formula));
    let scanned = if products.input.is_empty() {
        vectors.to_owned()
    } else {
        let columns = products.input.len() * units;
        let weights = transposed(&dense.input(&products.input), dense.inputs);
        let scales = dense.input_scales(0);
        let weights = weights::add(graph, "input_weights", &[dense.inputs, columns], &weights, scales.as_ref());
        let kinds: Vec<_> = products.input.iter().copied().map(Some).collect();
        let bias = graph.floats("input_biases", &[columns], &dense.bias(&kinds));
        let products = graph.node("input_products", "MatMul", &[vectors, &weights], vec![]);
        graph.node("input_sums", "Add", &[&products, &bias], vec![])
    };
    if !products.state.is_empty() {
        let columns = products.state.len() * units;
        let weights = transposed(&dense.recurrent(&products.state), units);
        let scales = dense.recurrent_scales(&products.state, 1);
        weights::add(graph, "recurrent_weights", &[units, columns], &weights, scales.as_ref());
        // The biases of the others are among those of the input.
        let kinds: Vec<_> =
            products.state.iter().map(|sum| Some(*sum).filter(|_| !products.input.contains(sum))).collect();
        graph.floats("recurrent_biases", &[columns], &dense.bias(&kinds));
    }
    if formula.has_unit_factor() {
        graph.floats("state_factor", &[units], &dense.state_factor().unwrap_or_else(|| vec![1.0; units]));
    }
    graph.floats("one", &[1], &[1.0]);

    let batch = batch(graph);
    let direction = graph.i64s("direction_axis", &[1], &[0]);
    let masked = model.task == Task::Classification;
    let names: Vec<String> = (0..formula.states.len()).map(|state| name(formula, state)).collect();
    let mut inputs: Vec<String> = if masked {
        let side = graph.i64s("units", &[1], &[units as i64]);
        let shape = graph.node("state_shape", "Concat", &[&batch, &side], vec![attribute::int("axis", 0)]);
        let zero = graph.floats("zero", &[1], &[0.0]);
        vec![graph.node("first_states", "Expand", &[&zero, &shape], vec![]); names.len()]
    } else {
        let mut first = |name: &String| {
            let given = initial(graph, &format!("{name}_0"), &batch, units);
            graph.node(&format!("first_{name}"), "Squeeze", &[&given, &direction], vec![])
        };
        names.iter().map(&mut first).collect()
    };
    let mut outputs: Vec<String> = names.iter().map(|name| format!("last_{name}")).collect();
    inputs.push(scanned);
    if masked {
        inputs.push(lengths::as_mask(graph));
    } else {
        outputs.push("states".into());
    }
    let attributes = vec![
        attribute::graph("body", body(model, formula, &products, dense, masked)),
        attribute::int("num_scan_inputs", (inputs.len() - names.len()) as i64),
    ];
    let (inputs, outputs): (Vec<&str>, Vec<&str>) =
        (inputs.iter().map(String::as_str).collect(), outputs.iter().map(String::as_str).collect());
    graph.nodes("recurrent", "Scan", &inputs, &outputs, attributes);
    let carried = if masked { 1 } else { names.len() };
    let last = |name: &String| format!("{name}_n");
    for name in &names[..carried] {
        graph.node(&last(name), "Unsqueeze", &[&format!("last_{name}"), &direction], vec![]);
    }
    States {
        all: (!masked).then(|| "states".into()),
        last: last(&names[0]),
        carried: if masked { Vec::new() } else { names.iter().map(last).collect() },
    }
}

/// The name of a state's inputs and outputs, without their ending `_0` or `_n`: `h` for the hidden state.
fn name(formula: &CellFormula, state: usize) -> String {
    if state == 0 { "h".into() } else { format!("state_{}", formula.states[state]) }
}

/// The body of the loop, one step. It refers to constants of the outer graph by name. After the end of its text a
/// sequence keeps its states.
fn body(
    model: &Model<f32>,
    formula: &CellFormula,
    products: &Products,
    dense: &DenseLayer<'_>,
    masked: bool,
) -> GraphProto {
    let units = dense.units;
    let mut step = Graph::new("step");
    let sides = |count: usize| [Dim::Any("batch"), Dim::Size(count)];
    let states = formula.states.len();
    for state in 0..states {
        step.input(&format!("before_{state}"), ElementType::F32, &sides(units), "");
    }
    let scanned = if products.input.is_empty() { dense.inputs } else { products.input.len() * units };
    step.input("sums", ElementType::F32, &sides(scanned), "");
    split(&mut step, "sums", "input", &products.input);
    if !products.state.is_empty() {
        step.node("products", "MatMul", &["before_0", "recurrent_weights"], vec![]);
        step.node("recurrent_sums", "Add", &["products", "recurrent_biases"], vec![]);
        split(&mut step, "recurrent_sums", "recurrent", &products.state);
    }
    let values = operations(&mut step, model, formula, products);
    if masked {
        step.input("under_way", ElementType::Bool, &[Dim::Any("batch or 1"), Dim::Size(1)], "");
    }
    for (state, operation) in formula.next.iter().enumerate() {
        let Value { name, batched } = &values[*operation as usize];
        let (before, after) = (format!("before_{state}"), format!("after_{state}"));
        // A value that only depends on the units' factors has no dimension of the batch.
        let value = if *batched {
            name.clone()
        } else {
            let shape = step.node(&format!("shape_{state}"), "Shape", &[&before], vec![]);
            step.node(&format!("expanded_{state}"), "Expand", &[name, &shape], vec![])
        };
        if masked {
            step.node(&after, "Where", &["under_way", &value, &before], vec![]);
        } else {
            step.node(&after, "Identity", &[&value], vec![]);
        }
        step.output(&after, ElementType::F32, &sides(units), "");
    }
    if !masked {
        step.node("shown", "Identity", &["after_0"], vec![]);
        step.output("shown", ElementType::F32, &sides(units), "");
    }
    step.finish()
}

/// Splits sums that lie side by side into values `PART_SUM`.
fn split(step: &mut Graph, of: &str, part: &str, sums: &[usize]) {
    let names: Vec<String> = sums.iter().map(|sum| format!("{part}_{sum}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match names[..] {
        [] => {}
        [one] => drop(step.node(one, "Identity", &[of], vec![])),
        _ => step.nodes(&format!("{of}_parts"), "Split", &[of], &names, vec![attribute::int("axis", -1)]),
    }
}

/// A value of the step.
struct Value {
    name: String,
    /// Whether it has the dimension of the batch.
    batched: bool,
}

/// Adds the operations of the step and returns their values.
fn operations(step: &mut Graph, model: &Model<f32>, formula: &CellFormula, products: &Products) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::with_capacity(formula.operations.len());
    for (index, operation) in formula.operations.iter().enumerate() {
        let name = format!("value_{index}");
        let of = |operand: u32| values[operand as usize].name.as_str();
        let (operator, inputs) = match *operation {
            Operation::Sum(sum) => {
                let parts = [format!("input_{sum}"), format!("recurrent_{sum}")];
                let has = |kinds: &[usize]| kinds.contains(&(sum as usize));
                let value = match (has(&products.input), has(&products.state)) {
                    (true, true) => step.node(&name, "Add", &[&parts[0], &parts[1]], vec![]),
                    (false, true) => parts[1].clone(),
                    _ => parts[0].clone(),
                };
                values.push(Value { name: value, batched: true });
                continue;
            }
            Operation::State(state) => {
                values.push(Value { name: format!("before_{state}"), batched: true });
                continue;
            }
            Operation::UnitFactor => {
                values.push(Value { name: "state_factor".into(), batched: false });
                continue;
            }
            Operation::Add(a, b) => ("Add", vec![of(a), of(b)]),
            Operation::Sub(a, b) => ("Sub", vec![of(a), of(b)]),
            Operation::Mul(a, b) => ("Mul", vec![of(a), of(b)]),
            Operation::Complement(a) => ("Sub", vec!["one", of(a)]),
            Operation::Gate(a) => (gate(model.activation), vec![of(a)]),
            Operation::Tanh(a) => ("Tanh", vec![of(a)]),
        };
        let name = step.node(&name, operator, &inputs, vec![]);
        let batched = operation.operands().any(|operand| values[operand as usize].batched);
        values.push(Value { name, batched });
    }
    values
}
