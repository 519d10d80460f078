//! `export` on the command line, for the file of a compact model.

use sparsegate_runtime::format::File;
use sparsegate_runtime::model::{Sizes, Task};
use sparsegate_runtime::synthetic::ModelShape;
use sparsegate_runtime::{Activation, CellKind, Matrix};
use sparsegate_testing::{Answer, Project};

/// A folder with the model `mine.safetensors`.
fn folder() -> Project {
    let sizes = Sizes { symbols: 9, dimensions: 0, units: 4, outputs: 9 };
    let shape = ModelShape::dense(CellKind::Lstm, Activation::Sigmoid, Task::LanguageModel, sizes);
    let file = File { model: shape.model(1), details: String::new() };
    let folder = Project::new();
    folder.write("mine.safetensors", file.write().unwrap());
    folder
}

fn export(folder: &Project, arguments: &[&str]) -> Answer {
    folder.go(&[&["export"], arguments].concat())
}

#[test]
fn writes_each_format_and_prints_where() {
    let folder = folder();
    for (format, name) in
        [("onnx", "mine.onnx"), ("compact", "mine.compact.safetensors"), ("safetensors", "elsewhere/x.safetensors")]
    {
        let out = ["--out", name];
        let out: &[&str] = if format == "safetensors" { &out } else { &[] };
        let answer = export(&folder, &[&["mine.safetensors", "--format", format], out].concat());
        answer.expect(0, &["9 of 9 symbols, 4 of 4 units"]);
        assert_eq!(answer.out.trim(), name);
        assert!(folder.bytes(name).len() > 100);
    }
    assert_eq!(folder.bytes("mine.compact.safetensors"), folder.bytes("mine.safetensors"));
}

#[test]
fn weights_are_rounded_to_8_bits_on_request() {
    let folder = folder();
    for (format, name) in [("compact", "mine-int8.compact.safetensors"), ("onnx", "mine-int8.onnx")] {
        let answer = export(&folder, &["mine.safetensors", "--format", format, "--int8"]);
        assert_eq!(answer.out.trim(), name, "{answer:#?}");
    }
    let model = |name: &str| File::read(&folder.bytes(name)).unwrap().model;
    assert_eq!(model("mine-int8.compact.safetensors"), model("mine.safetensors").to_int8());
    // Rounded once, they stay as they are.
    export(&folder, &["mine-int8.compact.safetensors", "--format", "compact", "--int8", "--out", "again"])
        .expect(0, &[]);
    assert_eq!(folder.bytes("again"), folder.bytes("mine-int8.compact.safetensors"));
    for arguments in [&["mine.safetensors", "--int8"][..], &["mine-int8.compact.safetensors"]] {
        export(&folder, &[arguments, &["--format", "safetensors"]].concat())
            .expect(2, &["PyTorch's modules have no 8-bit weights; export it as `onnx` or as `compact`"]);
    }
}

#[test]
fn replaces_nothing_unasked() {
    let folder = folder();
    folder.write("mine.onnx", "precious");
    let onnx = ["mine.safetensors", "--format", "onnx"];
    export(&folder, &onnx).expect(2, &["mine.onnx already exists", "--force"]);
    assert_eq!(folder.read("mine.onnx"), "precious");
    export(&folder, &[&onnx[..], &["--force"]].concat()).expect(0, &[]);
    assert_ne!(folder.bytes("mine.onnx"), b"precious");
    export(&folder, &[&onnx[..], &["--out", "."]].concat()).expect(2, &["is a folder"]);
}

#[test]
fn says_what_is_wrong_with_run() {
    let folder = folder();
    export(&folder, &["0123", "--format", "onnx"]).expect(2, &["there is no run `0123`"]);
    folder.write("notes.txt", "no model");
    export(&folder, &["notes.txt", "--format", "onnx"]).expect(4, &["notes.txt: not a safetensors file"]);
    export(&folder, &["mine.safetensors"]).expect(2, &["--format"]);
}

/// Weights that are finite, but so large that the outputs are not.
#[test]
fn outputs_that_are_not_finite_are_refused() {
    let folder = folder();
    let mut file = File::read(&folder.bytes("mine.safetensors")).unwrap();
    file.model.output = Matrix::dense(9, 4, vec![f32::MAX; 36]);
    file.model.output_bias = vec![f32::MAX; 9];
    file.model.bias = vec![4.0; file.model.bias.len()];
    folder.write("huge.safetensors", file.write().unwrap());
    for format in ["onnx", "compact", "safetensors"] {
        export(&folder, &["huge.safetensors", "--format", format, "--out", "made"])
            .expect(4, &["huge.safetensors: the model's outputs are not finite", "lower learning rate"]);
        assert!(!folder.path("made").exists());
    }
    folder.go(&["bench", "huge.safetensors"]).expect(4, &["the model's outputs are not finite"]);
}
