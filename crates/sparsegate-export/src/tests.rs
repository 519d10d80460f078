//! Tests the content of exported files without ONNX Runtime and PyTorch; `tests/exports` runs those.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;
use safetensors::SafeTensors;
use sparsegate_runtime::format::File;
use sparsegate_runtime::formula::{Operation, SumCounts};
use sparsegate_runtime::model::{LiveColumns, Sizes, Task, Vocabulary};
use sparsegate_runtime::reference::{self, State};
use sparsegate_runtime::synthetic::{ModelShape, WeightCounts};
use sparsegate_runtime::{Activation, Cell, CellFormula, CellKind, Matrix, Model, matrix};

use super::onnx::proto::{GraphProto, ModelProto, TensorProto};
use super::{ExportError, ExportFormat};
use sparsegate_compact::{DETAILS_FORMAT, Details, ModelOrigin, WordsOf};
use sparsegate_data::manifest::Reader;

const WHOLE: Sizes = Sizes { symbols: 7, dimensions: 0, units: 5, outputs: 3 };

/// Fixture models for every cell, activation and task, with and without an embedding: dense, partly pruned, with
/// constant gates only, and without units.
fn models() -> Vec<Model<f32>> {
    models_of(&CellKind::ALL.map(Cell::from))
}

fn models_of(cells: &[Cell]) -> Vec<Model<f32>> {
    let mut models = Vec::new();
    for cell in cells {
        for activation in [Activation::Sigmoid, Activation::HardSigmoid] {
            for task in [Task::LanguageModel, Task::Classification] {
                for dimensions in [0, 4] {
                    let dense = ModelShape::dense(cell.clone(), activation, task, Sizes { dimensions, ..WHOLE });
                    let live = |units: u32| (0..cell.kinds() as u32).map(|kind| kind % (units + 1)).collect();
                    let weights = WeightCounts { embedding: 5, input: 4, recurrent: 6, output: 4 };
                    let part = ModelShape { symbols: 4, units: 3, live: live(3), weights, ..dense.clone() };
                    let none = WeightCounts { embedding: 0, input: 0, recurrent: 0, output: 0 };
                    let constant = ModelShape { symbols: 0, live: live(0), weights: none, ..part.clone() };
                    let nothing = ModelShape { units: 0, dimensions: dense.dimensions.map(|_| 0), ..constant.clone() };
                    models.extend([dense, part, constant, nothing].map(|shape| shape.model(models.len() as u64)));
                }
            }
        }
    }
    models
}

fn write(model: &Model<f32>, format: ExportFormat) -> Vec<u8> {
    format.write(&File { model: model.clone(), details: String::new() }).unwrap()
}

/// nn.LSTM, nn.GRU and nn.RNN by the equations in PyTorch's documentation, in f64.
struct Layer {
    tensors: BTreeMap<String, (Vec<usize>, Vec<f64>)>,
}

impl Layer {
    fn read(bytes: &[u8]) -> Self {
        let file = SafeTensors::deserialize(bytes).unwrap();
        let values = |data: &[u8]| {
            data.chunks_exact(4).map(|four| f64::from(f32::from_le_bytes(four.try_into().unwrap()))).collect()
        };
        let tensors =
            file.iter().map(|(name, view)| (name.to_owned(), (view.shape().to_vec(), values(view.data())))).collect();
        Self { tensors }
    }

    fn values(&self, name: &str) -> &[f64] {
        &self.tensors[name].1
    }

    /// `weight x + bias`.
    fn linear(&self, weight: &str, bias: &str, x: &[f64]) -> Vec<f64> {
        let rows = self.values(weight).chunks(x.len());
        rows.zip(self.values(bias))
            .map(|(row, bias)| bias + row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>())
            .collect()
    }

    fn step(&self, cell: CellKind, activation: Activation, symbol: usize, h: &mut [f64], c: &mut [f64]) {
        let units = h.len();
        let inputs = self.tensors["embedding.weight"].0[1];
        let x = &self.values("embedding.weight")[symbol * inputs..][..inputs];
        let a = self.linear("rnn.weight_ih_l0", "rnn.bias_ih_l0", x);
        let b = self.linear("rnn.weight_hh_l0", "rnn.bias_hh_l0", h);
        let gate = |place: usize, unit: usize| activation.apply(a[place * units + unit] + b[place * units + unit]);
        for unit in 0..units {
            h[unit] = match cell {
                CellKind::Lstm => {
                    c[unit] =
                        gate(1, unit) * c[unit] + gate(0, unit) * (a[2 * units + unit] + b[2 * units + unit]).tanh();
                    gate(3, unit) * c[unit].tanh()
                }
                CellKind::Gru | CellKind::GruState => {
                    let n = (a[2 * units + unit] + gate(0, unit) * b[2 * units + unit]).tanh();
                    let factor = self.tensors.get("state_factor").map_or(1.0, |(_, factor)| factor[unit]);
                    factor * ((1.0 - gate(1, unit)) * n + gate(1, unit) * h[unit])
                }
                CellKind::Rnn => (a[unit] + b[unit]).tanh(),
            };
        }
    }
}

#[test]
fn pytorchs_equations_give_the_models_outputs() {
    for model in models() {
        let layer = Layer::read(&write(&model, ExportFormat::Safetensors));
        let units = layer.tensors["output.weight"].0[1];
        assert_eq!(units, model.units().max(1));
        let (mut h, mut c) = (vec![0.0; units], vec![0.0; units]);
        let wide = model.to::<f64>();
        let mut state = State::zero(&wide);
        // The id 7 is one past the last symbol, a step with zero input.
        for symbol in [3, 0, 6, 7, 1, 5, 2, 4, 4, 0] {
            reference::step(&wide, symbol, &mut state);
            layer.step(model.cell.built_in().unwrap(), model.activation, symbol as usize, &mut h, &mut c);
            let found = layer.linear("output.weight", "output.bias", &h);
            for (found, wanted) in found.iter().zip(reference::outputs(&wide, &state)) {
                assert!((found - wanted).abs() < 1e-9, "{found} {wanted} {model:?}");
            }
        }
    }
}

fn graph(model: &Model<f32>) -> GraphProto {
    ModelProto::decode(write(model, ExportFormat::Onnx).as_slice()).unwrap().graph.unwrap()
}

/// Checks that every constant is as long as its shape says, and that every name is defined once and before it is used.
/// Names of the outer graph may be used too.
fn check(graph: &GraphProto, around: &BTreeSet<String>) {
    let length = |tensor: &TensorProto| {
        let bytes = match tensor.data_type {
            4 => 2,
            7 => 8,
            _ => 4,
        };
        tensor.dims.iter().product::<i64>() as usize * bytes
    };
    for tensor in &graph.initializer {
        assert_eq!(tensor.raw_data.as_ref().map(Vec::len), Some(length(tensor)), "{}", tensor.name);
    }
    let names = |values: &[super::onnx::proto::ValueInfoProto]| {
        values.iter().map(|value| value.name.clone()).collect::<BTreeSet<_>>()
    };
    let mut known = around.clone();
    known.extend(names(&graph.input));
    known.extend(graph.initializer.iter().map(|tensor| tensor.name.clone()));
    for node in &graph.node {
        for input in node.input.iter().filter(|input| !input.is_empty()) {
            assert!(known.contains(input), "{} reads {input}, which nothing has given", node.name);
        }
        for body in node.attribute.iter().filter_map(|attribute| attribute.g.as_ref()) {
            check(body, &known);
        }
        for output in node.output.iter().filter(|output| !output.is_empty()) {
            assert!(known.insert(output.clone()), "{output} is given twice");
        }
    }
    assert!(names(&graph.output).is_subset(&known), "{:?}", graph.output);
}

#[test]
fn a_graph_holds_together_and_has_its_inputs_and_outputs() {
    for model in models() {
        let graph = graph(&model);
        check(&graph, &BTreeSet::new());
        let inputs: Vec<&str> = graph.input.iter().map(|value| value.name.as_str()).collect();
        let outputs: Vec<&str> = graph.output.iter().map(|value| value.name.as_str()).collect();
        let (wanted, given): (&[&str], &[&str]) = match (model.task, model.cell.built_in().unwrap()) {
            (Task::Classification, _) => (&["ids", "lengths"], &["logits", "probabilities"]),
            (_, CellKind::Lstm) => (&["ids", "h_0", "c_0"], &["logits", "h_n", "c_n"]),
            _ => (&["ids", "h_0"], &["logits", "h_n"]),
        };
        assert_eq!((inputs.as_slice(), outputs.as_slice()), (wanted, given));
        let operator = match model.cell.built_in().unwrap() {
            CellKind::Lstm => "LSTM",
            CellKind::Gru => "GRU",
            CellKind::GruState => "Scan",
            CellKind::Rnn => "RNN",
        };
        assert!(graph.node.iter().any(|node| node.op_type == operator));
    }
}

/// A cell with sums of every kind, a state that is an old state, and one that is the units' factor.
fn described(input: u32, bias: u32) -> CellFormula {
    let sums: Vec<u32> = (0..input + 1 + bias).collect();
    let operations = sums.iter().map(|sum| Operation::Sum(*sum)).chain([
        Operation::UnitFactor,
        Operation::State(0),
        Operation::State(1),
        Operation::Gate(0),
        Operation::Complement(sums.len() as u32 + 3),
    ]);
    let last = sums.len() as u32 + 4;
    CellFormula {
        name: "any".into(),
        sums: SumCounts { input, both: 0, state: 1, bias },
        states: ["hidden", "factor", "old"].map(Into::into).to_vec(),
        operations: operations.collect(),
        next: vec![last, sums.len() as u32, sums.len() as u32 + 2],
    }
}

#[test]
fn the_graph_of_a_formula_holds_together() {
    let cells = [(0, 0), (1, 0), (0, 1), (2, 2)].map(|(input, bias)| Cell::from(described(input, bias)));
    for model in models_of(&cells) {
        let graph = graph(&model);
        check(&graph, &BTreeSet::new());
        let outputs: Vec<&str> = graph.output.iter().map(|value| value.name.as_str()).collect();
        match model.task {
            Task::Classification => assert_eq!(outputs, ["logits", "probabilities"]),
            Task::LanguageModel => assert_eq!(outputs, ["logits", "h_n", "state_factor_n", "state_old_n"]),
        }
        assert!(graph.node.iter().any(|node| node.op_type == "Scan"));
        let refused = ExportFormat::Safetensors.write(&File { model, details: String::new() });
        assert!(matches!(refused, Err(ExportError::NoModule { cell }) if cell == "any"));
    }
}

#[test]
fn constant_gates_are_their_biases_in_the_order_of_onnx() {
    let shape = ModelShape::dense(CellKind::Lstm, Activation::Sigmoid, Task::LanguageModel, WHOLE);
    let none = WeightCounts { embedding: 0, input: 0, recurrent: 0, output: 0 };
    let model: Model<f32> = ModelShape { symbols: 0, live: vec![0; 4], weights: none, ..shape }.model(1);
    let graph = graph(&model);
    let floats = |name: &str| -> Vec<f32> {
        let tensor = graph.initializer.iter().find(|tensor| tensor.name == name).unwrap();
        let bytes = tensor.raw_data.as_ref().unwrap();
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
    };
    assert!(floats("recurrent_weights").iter().chain(&floats("input_weights")).all(|weight| *weight == 0.0));
    let [i, f, g, o] = [0, 1, 2, 3].map(|kind| &model.bias[kind * 5..][..5]);
    assert_eq!(floats("biases"), [i, o, f, g, &[0.0; 20]].concat());
}

#[test]
fn files_are_the_same_every_time() {
    let model = &models()[1];
    for format in [ExportFormat::Onnx, ExportFormat::Safetensors, ExportFormat::Compact] {
        assert_eq!(write(model, format), write(model, format));
    }
}

#[test]
fn the_description_has_words_and_classes() {
    let original = Sizes { outputs: 1, dimensions: 4, ..WHOLE };
    let dense = ModelShape::dense(CellKind::Gru, Activation::Sigmoid, Task::Classification, original);
    let model: Model<f32> = ModelShape { symbols: 2, ..dense }.model(3);
    let details = Details {
        format: DETAILS_FORMAT,
        run: ModelOrigin {
            experiment: "x".into(),
            key: "0123456789abcdef".into(),
            dataset: "d".into(),
            sparsity: "W".into(),
            metric: "accuracy".into(),
            collapse: None,
            test: 0.5,
        },
        reader: Reader::PtbWords,
        reading: sparsegate_spec::types::Reading::default(),
        words_of: WordsOf::Stored,
        words: vec!["so".into(), "\"la\"".into()],
        unknown: None,
        start: Some(1),
        classes: vec!["bad".into(), "good".into()],
    };
    let file = File { model, details: serde_json::to_string(&details).unwrap() };
    let bytes = ExportFormat::Onnx.write(&file).unwrap();
    let onnx = ModelProto::decode(bytes.as_slice()).unwrap().metadata_props.remove(0);
    let tensors = ExportFormat::Safetensors.write(&file).unwrap();
    let (_, metadata) = SafeTensors::read_metadata(&tensors).unwrap();
    assert_eq!(
        (onnx.key.as_str(), Some(&onnx.value)),
        ("sparsegate", metadata.metadata().as_ref().unwrap().get("sparsegate"))
    );
    let json: serde_json::Value = serde_json::from_str(&onnx.value).unwrap();
    let stored = &file.model.symbols.stored;
    assert_eq!(json["text"]["vocabulary"], serde_json::json!({ "so": stored[0], "\"la\"": stored[1] }));
    // Unknown words get the id one past the last symbol, a step with zero input.
    assert_eq!((&json["text"]["other"], &json["symbols"]), (&7.into(), &7.into()));
    assert_eq!(json["text"]["classes"], serde_json::json!(["bad", "good"]));
    assert_eq!((&json["cell"], &json["units"], &json["outputs"]), (&"gru".into(), &5.into(), &1.into()));
    let odd = File { details: "{}".into(), ..file };
    assert!(matches!(ExportFormat::Onnx.write(&odd), Err(ExportError::Details(_))));
}

/// A small compact file can describe dense matrices that do not fit in memory.
#[test]
fn what_is_too_large_with_its_zeros_is_refused() {
    let units = 1 << 20;
    let empty = |rows: usize, columns: usize| Matrix {
        rows,
        columns,
        storage: matrix::MatrixData::Csr { row_ends: vec![0; rows], indices: vec![], values: vec![] },
    };
    let model = Model {
        cell: CellKind::Rnn.into(),
        activation: Activation::Sigmoid,
        task: Task::LanguageModel,
        symbols: Vocabulary { total: 1, stored: vec![] },
        embedding: None,
        input: empty(0, 0),
        recurrent: empty(units, 0),
        columns: LiveColumns { live: vec![vec![]] },
        bias: vec![0.0; units],
        state_factor: None,
        output: empty(1, units),
        output_bias: vec![0.0],
        int8: None,
        original: WHOLE,
    };
    assert_eq!(model.check(), Ok(()));
    let file = File { model, details: String::new() };
    for format in [ExportFormat::Onnx, ExportFormat::Safetensors] {
        let error = format.write(&file).unwrap_err();
        assert!(error.to_string().contains("`compact`"), "{error}");
    }
}
