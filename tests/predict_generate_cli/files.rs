//! Hand-written compact files, and helpers to run the program on them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};
use sparsegate_runtime::format::File;
use sparsegate_runtime::model::{LiveColumns, Sizes, Task, Vocabulary};
use sparsegate_runtime::{Activation, CellKind, Matrix, Model};

/// A folder without data sets or runs.
pub struct Folder {
    _folder: tempfile::TempDir,
    pub path: Utf8PathBuf,
}

/// Result of a command.
#[derive(Debug)]
pub struct Answer {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Folder {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        Self { _folder: folder, path }
    }

    pub fn with(name: &str, file: &File) -> Self {
        let folder = Self::new();
        folder.write(name, &file.write().unwrap());
        folder
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs_err::write(self.path.join(name), bytes).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sparsegate"));
        command.args(arguments).current_dir(&self.path).stdin(Stdio::null()).env("NO_COLOR", "1");
        command.env_remove("SPARSEGATE_MIRROR").env_remove("SPARSEGATE_CACHE");
        command
    }

    pub fn go(&self, arguments: &[&str]) -> Answer {
        answer(self.command(arguments).output().unwrap())
    }

    pub fn feed(&self, arguments: &[&str], input: &[u8]) -> Answer {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A program that ends early closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(input);
        answer(child.wait_with_output().unwrap())
    }
}

pub fn answer(output: std::process::Output) -> Answer {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Answer { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

impl Answer {
    /// Standard output of a command that must succeed without messages.
    pub fn done(&self) -> &str {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{self:#?}");
        &self.out
    }

    pub fn lines(&self) -> Vec<Value> {
        assert_eq!(self.err, "", "{self:#?}");
        self.lines_despite_warnings()
    }

    /// Standard output of a command that must succeed; it may have warned that the model ignores what it reads.
    pub fn despite_warnings(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:#?}");
        assert!(self.err.lines().all(|line| line.starts_with("warning: ")), "{self:#?}");
        &self.out
    }

    /// The same as lines of JSON.
    pub fn lines_despite_warnings(&self) -> Vec<Value> {
        self.despite_warnings().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub fn fails(&self, code: i32, parts: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{self:#?}");
        for part in parts {
            assert!(self.err.contains(part), "`{part}` is not in stderr of {self:#?}");
        }
        assert!(!self.err.contains("panicked"), "{self:#?}");
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
pub fn damaged(file: &File) -> (Folder, Vec<(&'static str, &'static str)>) {
    let whole = file.write().unwrap();
    let folder = Folder::with("whole.safetensors", file);
    folder.write("cut.safetensors", &whole[..whole.len() - 3]);
    folder.write("empty.safetensors", b"");
    folder.write("text.safetensors", b"this is no model at all");
    folder.write("foreign.safetensors", b"\x08\0\0\0\0\0\0\0{}      ");
    let put = |name: &str, file: File| folder.write(name, &file.write().unwrap());
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
