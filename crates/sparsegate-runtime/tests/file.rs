//! Files are read back as they were written; damaged files are errors.

mod common;

use common::shapes;
use proptest::prelude::*;
use sparsegate_runtime::format::{File, FormatError};
use sparsegate_runtime::int8::IntegerProducts;
use sparsegate_runtime::reference;

/// A file with f32 weights, or with 8-bit weights.
fn file(seed: u64, shape: &sparsegate_runtime::synthetic::ModelShape, int8: bool) -> File {
    let model = shape.model(seed);
    File {
        model: if int8 { model.to_int8_with(IntegerProducts::default()) } else { model },
        details: r#"{"words": ["a", "\u00e9"]}"#.to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(shape in shapes(), seed: u64, int8: bool) {
        let file = file(seed, &shape, int8);
        prop_assert_eq!(file.model.check(), Ok(()));
        let bytes = file.write().unwrap();
        prop_assert_eq!(&bytes, &file.write().unwrap());
        let back = File::read(&bytes).unwrap();
        prop_assert_eq!(&back.details, &file.details);
        prop_assert_eq!(&back.model.cell, &file.model.cell);
        // The storage may differ, the values may not.
        prop_assert_eq!(back.model.recurrent.to_dense(), file.model.recurrent.to_dense());
        prop_assert_eq!(&back.model.int8, &file.model.int8);
        prop_assert_eq!(back.model.output.to_dense(), file.model.output.to_dense());
        let symbols: Vec<u32> = (0..9).map(|n| n * 7 % (file.model.symbols.total + 1)).collect();
        prop_assert_eq!(reference::classify(&back.model, &symbols), reference::classify(&file.model, &symbols));
    }

    #[test]
    fn damage_is_an_error_or_a_model_that_runs(shape in shapes(), seed: u64, int8: bool, damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
        let mut bytes = file(seed, &shape, int8).write().unwrap();
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(file) = File::read(&bytes) {
            reference::classify(&file.model, &[0, 1, 2]);
        }
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(File::read(&bytes).is_err());
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let read = |bytes: &[u8]| File::read(bytes).unwrap_err();
    assert!(matches!(read(b""), FormatError::Container(_)));
    let foreign = b"\x08\0\0\0\0\0\0\0{}      ";
    assert_eq!(read(foreign), FormatError::NotCompact);
    let header = |json: &str| {
        let quoted = json.replace('"', "\\\"");
        let head = format!("{{\"__metadata__\":{{\"sparsegate-compact\":\"{quoted}\"}}}}");
        [&(head.len() as u64).to_le_bytes()[..], head.as_bytes()].concat()
    };
    assert_eq!(read(&header(r#"{"format": 4, "news": []}"#)), FormatError::TooNew(4));
    assert!(matches!(read(&header(r#"{"format": 1}"#)), FormatError::Header(_)));
    let huge = r#"{"format":1,"cell":"lstm","activation":"sigmoid","task":"classification","symbols":4294967295,"units":1,"outputs":1,"live":[0,0,0,0],"original":{"symbols":1,"dimensions":0,"units":1,"outputs":1}}"#;
    assert!(read(&header(huge)).to_string().contains("a size of 4294967295 is above"));
    let missing = huge.replace("4294967295", "3");
    assert_eq!(read(&header(&missing)).to_string(), "tensor `columns` is missing");
}

/// A formula is checked before its counts are used, and belongs to the second version of the format.
#[test]
fn hostile_formulas_are_refused() {
    use sparsegate_runtime::model::{Sizes, Task};
    use sparsegate_runtime::synthetic::ModelShape;
    use sparsegate_runtime::{Activation, CellKind};

    let sizes = Sizes { symbols: 5, dimensions: 0, units: 3, outputs: 4 };
    let formula = common::formula_of(CellKind::Rnn);
    let shape = ModelShape::dense(formula, Activation::Sigmoid, Task::LanguageModel, sizes);
    let bytes = File { model: shape.model(1), details: String::new() }.write().unwrap();
    let text = String::from_utf8_lossy(&bytes[8..]).into_owned();
    let header = text.split_once("\"sparsegate-compact\":\"").unwrap().1.split_once("\",\"details").unwrap().0;
    assert!(header.contains(r#"\"format\":2"#) && header.contains("rnn-formula"), "{header}");
    let changed = |from: &str, to: &str| {
        let (from, to) = (from.replace('"', "\\\""), to.replace('"', "\\\""));
        assert!(header.contains(&from), "{from} is not in {header}");
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let head = std::str::from_utf8(&bytes[8..8 + length]).unwrap().replace(&from, &to);
        let whole = [&(head.len() as u64).to_le_bytes()[..], head.as_bytes(), &bytes[8 + length..]].concat();
        File::read(&whole).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(changed("rnn-formula", "rnn-formulb"), Ok(()));
    for (from, to, part) in [
        (r#""format":2"#, r#""format":1"#, "format 1 has no formulas"),
        (r#"{"tanh":0}"#, r#"{"tanh":1}"#, "reads earlier operation 1 in operation 1"),
        (r#"{"tanh":0}"#, r#"{"tanh":4294967295}"#, "reads earlier operation 4294967295"),
        (r#"{"tanh":0}"#, r#"{"sinh":0}"#, "unknown variant"),
        (r#""both":1"#, r#""both":4294967295"#, "sums"),
        (r#""both":1"#, r#""both":1,"more":1"#, "unknown field"),
        (r#""next":[1]"#, r#""next":[2]"#, "not among 2"),
        (r#""next":[1]"#, r#""next":[1,1]"#, "gives 2 states, not 1"),
        ("rnn-formula", "rnn formula", "a cell whose name"),
    ] {
        let said = changed(from, to).expect_err(to);
        assert!(said.contains(part), "{said}");
    }
}

/// Few bytes must not ask for much memory: rows of a sparse matrix take one byte, and a unit as many values as there
/// are operations.
#[test]
fn operations_times_units_are_limited() {
    use sparsegate_runtime::formula::{MAX_OPERATIONS, Operation};
    use sparsegate_runtime::model::{Sizes, Task};
    use sparsegate_runtime::synthetic::ModelShape;
    use sparsegate_runtime::{Activation, CellKind};

    let mut formula = common::formula_of(CellKind::Rnn);
    formula.operations.resize(MAX_OPERATIONS, Operation::UnitFactor);
    let units = 1 << 16;
    let sizes = Sizes { symbols: 0, dimensions: 0, units, outputs: 0 };
    let shape = ModelShape::dense(formula, Activation::Sigmoid, Task::LanguageModel, sizes);
    let shape = ModelShape { live: vec![0], ..shape };
    let said = shape.model::<f32>(1).check().unwrap_err().to_string();
    assert!(said.contains("has 512 operations for 65536 units"), "{said}");
}

/// Nor must rows without columns, which take no byte.
#[test]
fn rows_without_columns_are_limited() {
    use sparsegate_runtime::model::{MAX_EMPTY_ROWS, Sizes, Task};
    use sparsegate_runtime::synthetic::ModelShape;
    use sparsegate_runtime::{Activation, CellKind};

    let check = |symbols: usize, dimensions: Option<u32>, live: u32| {
        let sizes = Sizes { symbols: symbols as u32, dimensions: 0, units: 1, outputs: 1 };
        let shape = ModelShape::dense(CellKind::Rnn, Activation::Sigmoid, Task::LanguageModel, sizes);
        ModelShape { dimensions, live: vec![live], ..shape }.model::<f32>(1).check().map_err(|error| error.to_string())
    };
    let many = MAX_EMPTY_ROWS + 1;
    let said = |part: &str| Err::<(), _>(format!("{part} has {many} rows without columns, above {MAX_EMPTY_ROWS}"));
    assert_eq!(check(many, None, 1), Ok(()));
    assert_eq!(check(many, None, 0), said("input"));
    assert_eq!(check(many, Some(0), 1), said("embedding"));
    assert_eq!(check(0, Some(many as u32), 0), said("input"));
    for (dimensions, live) in [(None, 0), (Some(0), 0), (Some(0), 1)] {
        assert_eq!(check(MAX_EMPTY_ROWS, dimensions, live), Ok(()));
    }
}

/// The matrices of the paper's models are stored in each of the three ways, and are much smaller than as floats.
#[test]
fn files_of_8_bit_weights_are_small() {
    use sparsegate_runtime::synthetic::ModelShape;
    let dense = |name: &str| ModelShape::of_paper(name).unwrap().original().model::<f32>(0);
    let bytes = |model| File { model, details: String::new() }.write().unwrap().len();
    for (name, ratio) in [("imdb", 0.99), ("agnews", 1.5), ("char-ptb", 4.5), ("word-ptb", 2.5)] {
        let model: sparsegate_runtime::Model<f32> = ModelShape::of_paper(name).unwrap().model(0);
        let (small, large) = (bytes(model.to_int8()) as f64, bytes(model) as f64);
        assert!(small * ratio < large, "{name}: {small} of {large}");
    }
    // A dense network: a byte a weight.
    let (small, large) = (bytes(dense("imdb").to_int8()) as f64, bytes(dense("imdb")) as f64);
    assert!(small * 3.9 < large, "{small} of {large}");
}

/// Weights that are not multiples of their scale cannot be written.
#[test]
fn weights_off_the_grid_are_refused() {
    use sparsegate_runtime::matrix::MatrixData;
    let shape = sparsegate_runtime::synthetic::ModelShape::of_paper("agnews").unwrap();
    let mut model: sparsegate_runtime::Model<f32> = shape.model::<f32>(0).to_int8();
    let (MatrixData::Csr { values, .. } | MatrixData::Dense(values)) = &mut model.output.storage;
    *values.iter_mut().find(|weight| **weight != 0.0).expect("a weight") *= 1.01;
    let said = model.check().unwrap_err().to_string();
    assert_eq!(said, "output has a weight that is not an 8-bit integer times its scale");
}
