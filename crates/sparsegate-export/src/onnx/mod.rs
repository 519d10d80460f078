//! Exports a model as an ONNX graph of the standard recurrent operators, or of a loop for `gru-zhstate` and for cells
//! that are described by their formula.
//!
//! ```text
//! ids [steps, batch] --Gather--> vectors --LSTM, GRU, RNN or Scan--> states --MatMul, Add--> logits
//! ```
//!
//! | | name | type, shape | |
//! |---|---|---|---|
//! | input | `ids` | i64 `[steps, batch]` | symbol ids of the data set |
//! | input | `lengths` | i32 `[batch]` | classifier: number of symbols of each text; optional if all are `steps` long |
//! | input | `h_0`, `c_0` | f32 `[1, batch, H]` | language model: initial states, default zero; `c_0` only for LSTM |
//! | output | `logits` | f32 `[steps, batch, O]`, classifier `[batch, O]` | |
//! | output | `probabilities` | f32 `[batch, classes]` | classifier |
//! | output | `h_n`, `c_n` | f32 `[1, batch, H]` | language model: final states; `c_n` only for LSTM |
//!
//! The states of a cell with a formula are `h_0` and `h_n`, and for each further state NAME of the cell `state_NAME_0`
//! and `state_NAME_n`.
//!
//! | file | contents |
//! |---|---|
//! | `proto` | messages of the file format |
//! | `graph` | nodes, constants, inputs and outputs |
//! | `lengths` | lengths of the texts |
//! | `operator` | the recurrent layer as one operator |
//! | `scan` | the recurrent layer of `gru-zhstate` as a loop |
//! | `formula` | the recurrent layer of a cell with a formula as a loop |
//! | `head` | logits and probabilities |
//! | `weights` | weights as floats or as 8-bit integers |
//!
//! 8-bit weights are stored as such and converted to floats (`Cast`, `Mul`), because the recurrent operators have
//! no integers. If the model computes the output layer in integers, so does the graph (`MatMulInteger`). It rounds the
//! states to 7 bits, so that ONNX Runtime gives the same sums with and without VNNI, with one scale for all states that
//! it is given, where our runtime has 8 bits and a scale for each; and it does not quantise the states that the recurrent
//! layer reads. So its outputs differ from ours by what that rounding does.

mod formula;
mod graph;
mod head;
mod lengths;
mod operator;
pub(super) mod proto;
mod scan;
mod weights;

use prost::Message as _;
use sparsegate_runtime::model::Task;
use sparsegate_runtime::{Activation, Cell, CellKind, Model};

use self::graph::{Dim, ElementType, Graph, attribute};
use self::proto::{ModelProto, OperatorSetIdProto, StringStringEntryProto};
use super::dense::DenseLayer;
use super::{ExportError, description};
use sparsegate_compact::Details;

/// Versions of the file format and of the operator set. Both are from January 2022 and widely supported.
const IR_VERSION: i64 = 8;
const OPERATORS: i64 = 17;

const STEPS: Dim = Dim::Any("steps");
const BATCH: Dim = Dim::Any("batch");

/// Names of the values that hold the states of the recurrent layer.
struct States {
    /// The states after every step `[steps, batch, H]`, for a language model.
    all: Option<String>,
    /// The state after the last step `[1, batch, H]`.
    last: String,
    /// The final states `[1, batch, H]` that are outputs of a language model, for continuation.
    carried: Vec<String>,
}

/// Encodes the graph.
///
/// # Errors
/// [`ExportError::TooLarge`].
pub fn write(model: &Model<f32>, details: Option<&Details>) -> Result<Vec<u8>, ExportError> {
    let dense = DenseLayer::new(model)?;
    let mut graph = Graph::new("network");
    let vectors = vectors(&mut graph, model, &dense);
    let states = match &model.cell {
        Cell::BuiltIn(CellKind::GruState) => scan::add(&mut graph, model, &dense, &vectors),
        Cell::BuiltIn(cell) => operator::add(&mut graph, (model, *cell), &dense, &vectors),
        Cell::Formula(formula) => formula::add(&mut graph, (model, formula), &dense, &vectors),
    };
    head::add(&mut graph, model, &dense, &states);
    let entry =
        StringStringEntryProto { key: description::ENTRY.into(), value: description::json(model, &dense, details)? };
    let model = ModelProto {
        ir_version: IR_VERSION,
        producer_name: "sparsegate".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        doc_string: doc(model),
        graph: Some(graph.finish()),
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: OPERATORS }],
        metadata_props: vec![entry],
    };
    Ok(model.encode_to_vec())
}

/// The description that viewers of the file show.
fn doc(model: &Model<f32>) -> String {
    let task = match model.task {
        Task::LanguageModel => "language model",
        Task::Classification => "classifier",
    };
    let (stored, total) = (model.symbols.stored.len(), model.symbols.total);
    format!(
        "A sparsified {} {task}: {} of {} units and {stored} of {total} symbols survive. The metadata entry `{}` is \
         JSON with its words and sizes.",
        model.cell.name(),
        model.units(),
        model.original.units,
        description::ENTRY,
    )
}

/// The symbols' vectors `[steps, batch, D]`. They are zero for symbols without a row, for the id one past the last, and
/// for -1.
fn vectors(graph: &mut Graph, model: &Model<f32>, dense: &DenseLayer<'_>) -> String {
    let stored = &model.symbols.stored;
    graph.input("ids", ElementType::I64, &[STEPS, BATCH], "symbol ids; -1 is a step with zero input");
    let mut numbers: Vec<f32> = (0..stored.len()).flat_map(|row| dense.vector(row)).collect();
    numbers.resize((stored.len() + 1) * dense.inputs, 0.0);
    let every = stored.len() == model.symbols.total as usize;
    let rows = if every { "ids".to_owned() } else { rows(graph, stored, model.symbols.total as usize + 1) };
    let scales = dense.vector_scales();
    weights::gather(graph, ("vector_of_row", [stored.len() + 1, dense.inputs]), &numbers, scales.as_ref(), &rows)
}

/// The table rows of the symbols `[steps, batch]`, looked up in a constant of `ids` elements. It is u16 if possible,
/// since as i64 it would be most of a small model.
fn rows(graph: &mut Graph, stored: &[u32], ids: usize) -> String {
    let mut row_of = vec![stored.len() as i32; ids];
    stored.iter().zip(0..).for_each(|(symbol, row)| row_of[*symbol as usize] = row);
    let narrow: Option<Vec<u16>> = row_of.iter().map(|row| u16::try_from(*row).ok()).collect();
    let Some(narrow) = narrow else {
        let row_of = graph.i32s("row_of_symbol", &[ids], &row_of);
        return graph.node("rows", "Gather", &[&row_of, "ids"], vec![]);
    };
    let row_of = graph.u16s("row_of_symbol", &[ids], &narrow);
    let rows = graph.node("rows", "Gather", &[&row_of, "ids"], vec![]);
    graph.node("rows_i32", "Cast", &[&rows], vec![attribute::int("to", ElementType::I32 as i64)])
}

/// The batch size, `[1]`.
fn batch(graph: &mut Graph) -> String {
    graph.node("batch", "Shape", &["ids"], vec![attribute::int("start", 1), attribute::int("end", 2)])
}

/// The initial state of a language model, `[1, batch, H]`. It is an optional input, and a state given for one sequence
/// is used for the whole batch.
fn initial(graph: &mut Graph, name: &str, batch: &str, units: usize) -> String {
    graph.input(name, ElementType::F32, &[Dim::Size(1), Dim::Any("batch or 1"), Dim::Size(units)], "zeros if omitted");
    graph.floats(name, &[1, 1, units], &vec![0.0; units]);
    let one = graph.i64s(&format!("{name}_one"), &[1], &[1]);
    let shape = graph.node(&format!("{name}_shape"), "Concat", &[batch, &one], vec![attribute::int("axis", 0)]);
    graph.node(&format!("{name}_batch"), "Expand", &[name, &shape], vec![])
}

/// The operator of the gate activation. The default slope and offset of ONNX's `HardSigmoid` are 0.2 and 0.5.
fn gate(activation: Activation) -> &'static str {
    match activation {
        Activation::Sigmoid => "Sigmoid",
        Activation::HardSigmoid => "HardSigmoid",
    }
}
