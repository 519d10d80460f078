//! `export` on the command line, for the file of a compact model.

use std::process::{Command, Output};

use camino::Utf8Path;
use sparsegate_runtime::format::File;
use sparsegate_runtime::model::{Sizes, Task};
use sparsegate_runtime::synthetic::ModelShape;
use sparsegate_runtime::{Activation, CellKind, Matrix};

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let sizes = Sizes { symbols: 9, dimensions: 0, units: 4, outputs: 9 };
    let shape = ModelShape::dense(CellKind::Lstm, Activation::Sigmoid, Task::LanguageModel, sizes);
    let file = File { model: shape.model(1), details: String::new() };
    fs_err::write(folder.path().join("mine.safetensors"), file.write().unwrap()).unwrap();
    folder
}

fn export(folder: &tempfile::TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sparsegate"));
    command.arg("export").args(arguments).current_dir(folder.path()).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn writes_each_format_and_prints_where() {
    let folder = folder();
    for (format, name) in
        [("onnx", "mine.onnx"), ("compact", "mine.compact.safetensors"), ("safetensors", "elsewhere/x.safetensors")]
    {
        let out = ["--out", name];
        let out: &[&str] = if format == "safetensors" { &out } else { &[] };
        let output = export(&folder, &[&["mine.safetensors", "--format", format], out].concat());
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), name);
        assert!(folder.path().join(name).metadata().unwrap().len() > 100);
        assert!(said(&output).contains("9 of 9 symbols, 4 of 4 units"), "{}", said(&output));
    }
    let read = |name: &str| fs_err::read(folder.path().join(name)).unwrap();
    assert_eq!(read("mine.compact.safetensors"), read("mine.safetensors"));
}

#[test]
fn weights_are_rounded_to_8_bits_on_request() {
    let folder = folder();
    let read = |name: &str| fs_err::read(folder.path().join(name)).unwrap();
    for (format, name) in [("compact", "mine-int8.compact.safetensors"), ("onnx", "mine-int8.onnx")] {
        let output = export(&folder, &["mine.safetensors", "--format", format, "--int8"]);
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), name, "{}", said(&output));
    }
    let model = File::read(&read("mine-int8.compact.safetensors")).unwrap().model;
    assert_eq!(model, File::read(&read("mine.safetensors")).unwrap().model.to_int8());
    // Rounded once, they stay as they are.
    let output = export(&folder, &["mine-int8.compact.safetensors", "--format", "compact", "--int8", "--out", "again"]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(read("again"), read("mine-int8.compact.safetensors"));
    for arguments in [&["mine.safetensors", "--int8"][..], &["mine-int8.compact.safetensors"]] {
        let output = export(&folder, &[arguments, &["--format", "safetensors"]].concat());
        assert_eq!(output.status.code(), Some(2));
        let said = said(&output);
        assert!(
            said.contains("PyTorch's modules have no 8-bit weights; export it as `onnx` or as `compact`"),
            "{said}"
        );
    }
}

#[test]
fn replaces_nothing_unasked() {
    let folder = folder();
    fs_err::write(folder.path().join("mine.onnx"), "precious").unwrap();
    let output = export(&folder, &["mine.safetensors", "--format", "onnx"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("mine.onnx already exists") && said(&output).contains("--force"));
    assert_eq!(fs_err::read(folder.path().join("mine.onnx")).unwrap(), b"precious");
    assert!(export(&folder, &["mine.safetensors", "--format", "onnx", "--force"]).status.success());
    assert_ne!(fs_err::read(folder.path().join("mine.onnx")).unwrap(), b"precious");
    let output = export(&folder, &["mine.safetensors", "--format", "onnx", "--out", "."]);
    assert_eq!((output.status.code(), said(&output).contains("is a folder")), (Some(2), true));
}

#[test]
fn says_what_is_wrong_with_run() {
    let folder = folder();
    let output = export(&folder, &["0123", "--format", "onnx"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("there is no run `0123`"), "{}", said(&output));
    let path = Utf8Path::from_path(folder.path()).unwrap().join("notes.txt");
    fs_err::write(&path, "no model").unwrap();
    let output = export(&folder, &["notes.txt", "--format", "onnx"]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("notes.txt: not a safetensors file"), "{}", said(&output));
    assert_eq!(export(&folder, &["mine.safetensors"]).status.code(), Some(2), "a format is asked for");
}

/// Weights that are finite, but so large that the outputs are not.
#[test]
fn outputs_that_are_not_finite_are_refused() {
    let folder = folder();
    let mut file = File::read(&fs_err::read(folder.path().join("mine.safetensors")).unwrap()).unwrap();
    file.model.output = Matrix::dense(9, 4, vec![f32::MAX; 36]);
    file.model.output_bias = vec![f32::MAX; 9];
    file.model.bias = vec![4.0; file.model.bias.len()];
    fs_err::write(folder.path().join("huge.safetensors"), file.write().unwrap()).unwrap();
    for format in ["onnx", "compact", "safetensors"] {
        let output = export(&folder, &["huge.safetensors", "--format", format, "--out", "made"]);
        assert_eq!(output.status.code(), Some(4), "{}", said(&output));
        assert!(said(&output).contains("huge.safetensors: the model's outputs are not finite"), "{}", said(&output));
        assert!(said(&output).contains("lower learning rate"), "{}", said(&output));
        assert!(!folder.path().join("made").exists());
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_sparsegate"));
    let output = command.args(["bench", "huge.safetensors"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("the model's outputs are not finite"), "{}", said(&output));
}
