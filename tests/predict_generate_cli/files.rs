//! Hand-written compact files, and what the program prints of them.

use camino::Utf8Path;
use serde_json::{Value, json};
use sparsegate_runtime::format::File;
use sparsegate_runtime::model::{LiveColumns, Sizes, Task, Vocabulary};
use sparsegate_runtime::{Activation, CellKind, Matrix, Model};
use sparsegate_testing::{Answer, Project};

/// A folder with this compact file alone.
pub fn folder_with(name: &str, file: &File) -> Project {
    let folder = Project::new();
    folder.write(name, file.write().unwrap());
    folder
}

/// What `predict` and `generate` print.
pub trait Printed {
    /// Standard output of a command that must succeed; it may have warned that the model ignores what it reads.
    fn despite_warnings(&self) -> &str;

    /// The same as lines of JSON.
    fn lines_despite_warnings(&self) -> Vec<Value>;

    /// Lines of JSON, without a message.
    fn lines(&self) -> Vec<Value>;
}

impl Printed for Answer {
    #[track_caller]
    fn despite_warnings(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:#?}");
        assert!(self.err.lines().all(|line| line.starts_with("warning: ")), "{self:#?}");
        &self.out
    }

    #[track_caller]
    fn lines_despite_warnings(&self) -> Vec<Value> {
        self.despite_warnings().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[track_caller]
    fn lines(&self) -> Vec<Value> {
        assert_eq!(self.err, "", "{self:#?}");
        self.lines_despite_warnings()
    }
}

/// A network of one unit, `h' = tanh(h / 2 + weight of the word)`, with the logit `2 h - 1 / 4` of the second class. Of
/// its 20 words only `good` (1), `bad` (-1) and `not` (1/4) have a weight.
pub fn classifier() -> File {
    let model = Model {
        cell: CellKind::Rnn.into(),
        activation: Activation::Sigmoid,
        task: Task::Classification,
        symbols: Vocabulary { total: 20, stored: vec![3, 5, 9] },
        embedding: None,
        input: Matrix::dense(3, 1, vec![1.0, -1.0, 0.25]),
        recurrent: Matrix::dense(1, 1, vec![0.5]),
        columns: LiveColumns { live: vec![vec![0]] },
        bias: vec![0.0],
        state_factor: None,
        output: Matrix::dense(1, 1, vec![2.0]),
        output_bias: vec![-0.25],
        int8: None,
        original: Sizes { symbols: 20, dimensions: 0, units: 8, outputs: 1 },
    };
    let details = json!({
        "format": 1,
        "run": origin("accuracy"),
        "reader": { "labelled-texts": {
            "from": { "table": { "format": "csv", "text": "text", "label": "label" } },
            "tokens": "keras", "length": 6,
        } },
        "words_of": "stored",
        "words": ["good", "bad", "not"],
        "unknown": 0,
        "classes": ["negative", "positive"],
    });
    File { model, details: details.to_string() }
}

/// The words of [`language_model`].
pub const WORDS: [&str; 4] = ["<eos>", "the", "cat", "sat"];

/// For each of [`WORDS`], the logits of the next word.
pub const AFTER: [[f32; 4]; 4] =
    [[0.0, 4.0, 1.0, 0.0], [0.0, 0.0, 3.0, 1.0], [2.0, 0.0, 0.0, 5.0], [3.0, 1.0, 1.0, 0.0]];

/// A network whose output depends only on the last word: unit u is 1 after word u, and the logits are that row of
/// [`AFTER`].
pub fn language_model() -> File {
    let diagonal = |value: f32| (0..16).map(|at| if at % 5 == 0 { value } else { 0.0 }).collect();
    let output = (0..16).map(|at| AFTER[at % 4][at / 4]).collect();
    let model = Model {
        cell: CellKind::Rnn.into(),
        activation: Activation::Sigmoid,
        task: Task::LanguageModel,
        symbols: Vocabulary { total: 4, stored: vec![0, 1, 2, 3] },
        embedding: None,
        // tanh(20) rounds to 1.
        input: Matrix::dense(4, 4, diagonal(20.0)),
        recurrent: Matrix::dense(4, 4, vec![0.0; 16]),
        columns: LiveColumns { live: vec![vec![0, 1, 2, 3]] },
        bias: vec![0.0; 4],
        state_factor: None,
        output: Matrix::dense(4, 4, output),
        output_bias: vec![0.0; 4],
        int8: None,
        original: Sizes { symbols: 4, dimensions: 0, units: 4, outputs: 4 },
    };
    let details = json!({
        "format": 1,
        "run": origin("perplexity"),
        "reader": "ptb-words",
        "words_of": "all",
        "words": WORDS,
    });
    File { model, details: details.to_string() }
}

/// The file with a changed entry in its details.
pub fn with_details(file: &File, key: &str, value: Value) -> File {
    let mut details: Value = serde_json::from_str(&file.details).unwrap();
    details[key] = value;
    File { model: file.model.clone(), details: details.to_string() }
}

fn origin(metric: &str) -> Value {
    json!({ "experiment": "t", "key": "k", "dataset": "d", "sparsity": "W", "metric": metric, "test": 0.5 })
}

/// Writes damaged copies of a file, as after careless copying; returns the folder, and for each copy its name and the
/// expected message.
pub fn damaged(file: &File) -> (Project, Vec<(&'static str, &'static str)>) {
    let whole = file.write().unwrap();
    let folder = folder_with("whole.safetensors", file);
    folder.write("cut.safetensors", &whole[..whole.len() - 3]);
    folder.write("empty.safetensors", b"");
    folder.write("text.safetensors", b"this is no model at all");
    folder.write("foreign.safetensors", b"\x08\0\0\0\0\0\0\0{}      ");
    let put = |name: &str, file: File| folder.write(name, file.write().unwrap());
    put("newer.safetensors", with_details(file, "format", json!(2)));
    put("words.safetensors", with_details(file, "words", json!(["one"])));
    put("unknown.safetensors", with_details(file, "unknown", json!(20)));
    put("reader.safetensors", with_details(file, "reader", json!({ "glove-text": { "size": 3 } })));
    put("metric.safetensors", with_details(file, "metric", json!(1)));
    put("bare.safetensors", File { model: file.model.clone(), details: String::new() });
    put("json.safetensors", File { model: file.model.clone(), details: "{\"format\": 1,".into() });
    let mut infinite = file.clone();
    infinite.model.output = Matrix::dense(infinite.model.output.rows, infinite.model.output.columns, {
        vec![f32::MAX; infinite.model.output.rows * infinite.model.output.columns]
    });
    infinite.model.output_bias = vec![f32::MAX; infinite.model.output_bias.len()];
    put("infinite.safetensors", infinite);
    let said = vec![
        ("cut.safetensors", "not a safetensors file"),
        ("empty.safetensors", "not a safetensors file"),
        ("text.safetensors", "not a safetensors file"),
        ("foreign.safetensors", "no entry `sparsegate-compact`"),
        ("newer.safetensors", "has format 2, newer than 1, the newest this program reads; use a newer program"),
        ("words.safetensors", "does not fit the model: 1 words of"),
        ("unknown.safetensors", "does not fit the model: id 20 of"),
        ("reader.safetensors", "the reader glove-text"),
        ("bare.safetensors", "is missing"),
        ("json.safetensors", "is damaged: EOF while parsing"),
    ];
    (folder, said)
}

/// Whether the folder contains nothing except `name`.
pub fn is_empty_but(folder: &Utf8Path, name: &str) -> bool {
    folder.read_dir_utf8().unwrap().all(|entry| entry.unwrap().file_name() == name)
}
