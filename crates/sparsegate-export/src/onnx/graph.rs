//! Builds an ONNX graph node by node.

use super::proto::{
    AttributeProto, Dimension, GraphProto, NodeProto, TensorProto, TensorShapeProto, TensorType, TypeProto,
    ValueInfoProto,
};

/// Element types, by their number in `onnx.proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementType {
    F32 = 1,
    U8 = 2,
    I8 = 3,
    U16 = 4,
    I32 = 6,
    I64 = 7,
    Bool = 9,
}

/// A dimension of a tensor: of fixed size, or of variable size with a name.
#[derive(Debug, Clone, Copy)]
pub enum Dim {
    Size(usize),
    Any(&'static str),
}

/// A graph under construction. Values are identified by name; an empty name is an optional input or output that is
/// omitted.
#[derive(Default)]
pub struct Graph(GraphProto);

impl Graph {
    pub fn new(name: &str) -> Self {
        Self(GraphProto { name: name.into(), ..GraphProto::default() })
    }

    /// Adds an input of the graph.
    pub fn input(&mut self, name: &str, number: ElementType, sides: &[Dim], doc: &str) {
        self.0.input.push(value(name, number, sides, doc));
    }

    /// Adds an output of the graph.
    pub fn output(&mut self, name: &str, number: ElementType, sides: &[Dim], doc: &str) {
        self.0.output.push(value(name, number, sides, doc));
    }

    /// Adds a constant. If it has the name of an input, it is the default value of that input.
    pub fn floats(&mut self, name: &str, sides: &[usize], values: &[f32]) -> String {
        self.tensor(name, ElementType::F32, sides, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// Adds a constant of integers from -127 to 127.
    pub fn i8s(&mut self, name: &str, sides: &[usize], values: &[i8]) -> String {
        self.tensor(name, ElementType::I8, sides, values.iter().map(|value| *value as u8).collect())
    }

    pub fn u16s(&mut self, name: &str, sides: &[usize], values: &[u16]) -> String {
        self.tensor(name, ElementType::U16, sides, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    pub fn i32s(&mut self, name: &str, sides: &[usize], values: &[i32]) -> String {
        self.tensor(name, ElementType::I32, sides, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    pub fn i64s(&mut self, name: &str, sides: &[usize], values: &[i64]) -> String {
        self.tensor(name, ElementType::I64, sides, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn tensor(&mut self, name: &str, number: ElementType, sides: &[usize], bytes: Vec<u8>) -> String {
        self.0.initializer.push(TensorProto {
            dims: sides.iter().map(|side| *side as i64).collect(),
            data_type: number as i32,
            name: name.into(),
            raw_data: Some(bytes),
        });
        name.into()
    }

    /// Adds a node with one output, which has the node's name.
    pub fn node(&mut self, name: &str, operator: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        self.nodes(name, operator, inputs, &[name], attributes);
        name.into()
    }

    /// Adds a node with several outputs.
    pub fn nodes(
        &mut self,
        name: &str,
        operator: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        self.0.node.push(NodeProto {
            input: owned(inputs),
            output: owned(outputs),
            name: name.into(),
            op_type: operator.into(),
            attribute: attributes,
        });
    }

    pub fn finish(self) -> GraphProto {
        self.0
    }
}

fn value(name: &str, number: ElementType, sides: &[Dim], doc: &str) -> ValueInfoProto {
    let dim = sides
        .iter()
        .map(|side| match side {
            Dim::Size(size) => Dimension { dim_value: Some(*size as i64), dim_param: None },
            Dim::Any(name) => Dimension { dim_value: None, dim_param: Some((*name).into()) },
        })
        .collect();
    let tensor_type = Some(TensorType { elem_type: number as i32, shape: Some(TensorShapeProto { dim }) });
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type }), doc_string: doc.into() }
}

/// Constructors of node attributes.
pub mod attribute {
    use super::{AttributeProto, GraphProto};

    pub fn int(name: &str, value: i64) -> AttributeProto {
        AttributeProto { i: Some(value), ..of(name, 2) }
    }

    pub fn graph(name: &str, value: GraphProto) -> AttributeProto {
        AttributeProto { g: Some(value), ..of(name, 5) }
    }

    pub fn floats(name: &str, values: &[f32]) -> AttributeProto {
        AttributeProto { floats: values.to_vec(), ..of(name, 6) }
    }

    pub fn strings(name: &str, values: &[&str]) -> AttributeProto {
        AttributeProto { strings: values.iter().map(|value| value.as_bytes().to_vec()).collect(), ..of(name, 8) }
    }

    /// `kind` is the number of the attribute type in `onnx.proto`.
    fn of(name: &str, kind: i32) -> AttributeProto {
        AttributeProto { name: name.into(), r#type: kind, ..AttributeProto::default() }
    }
}
