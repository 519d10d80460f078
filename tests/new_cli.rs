//! `sparsegate new`: from unprepared files to a spec that trains.

use assert_cmd::Command;
use camino::{Utf8Path, Utf8PathBuf};

/// A project folder, empty at first.
struct Project {
    folder: tempfile::TempDir,
}

struct Answer {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Project {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn root(&self) -> &Utf8Path {
        Utf8Path::from_path(self.folder.path()).expect("a UTF-8 path")
    }

    fn file(&self, name: &str, content: &[u8]) -> Utf8PathBuf {
        let file = self.root().join(name);
        fs_err::write(&file, content).expect("a file");
        file
    }

    fn run(&self, args: &[&str]) -> Answer {
        let output = Command::cargo_bin("sparsegate")
            .expect("the program")
            .current_dir(self.root())
            .env_remove("SPARSEGATE_CACHE")
            .args(args)
            .output()
            .expect("output");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).split_whitespace().collect::<Vec<_>>().join(" ");
        Answer { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn task(&self, kind: &str, file: &str, more: &[&str]) -> Answer {
        self.run(&[&["new", "task", "mine", "--kind", kind, "--from", file], more].concat())
    }

    /// Trains one epoch of one level, as the last line of `new task` suggests, and checks that the run finishes.
    fn trains(&self) {
        let more = [
            "--offline",
            "--only",
            "sparsity=W+N",
            "--set",
            "train.epochs=1",
            "--set",
            "train.kl.warm_up=0",
            "--set",
            "train.max_steps=20",
        ];
        let Answer { code, out, err } = self.run(&[&["run", "experiments/mine.yaml"], &more[..]].concat());
        assert_eq!(code, Some(0), "{out}\n{err}");
        assert!(out.contains("done"), "{out}");
    }
}

/// `count` labelled texts, whose label depends on one word.
fn texts(count: usize) -> impl Iterator<Item = (String, &'static str)> {
    (0..count).map(|i| {
        let (word, label) = if i % 2 == 0 { ("fine", "good") } else { ("dull", "bad") };
        (format!("film number {i}, which is rather {word}, \"all in all\""), label)
    })
}

fn csv(header: bool) -> String {
    let head = if header { "id,review,verdict\n" } else { "" };
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let rows = texts(120).enumerate().map(|(i, (text, label))| format!("{i},{},{label}\n", quoted(&text)));
    head.to_owned() + &rows.collect::<Vec<_>>().concat()
}

#[test]
fn a_csv_with_or_without_a_header_trains_at_once() {
    for header in [true, false] {
        let project = Project::new();
        project.file("films.csv", csv(header).as_bytes());
        let Answer { code, out, err } = project.task("classification", "films.csv", &[]);
        assert_eq!(code, Some(0), "{err}");
        let (text, label) = if header { ("`review`", "`verdict`") } else { ("2", "3") };
        assert!(
            out.contains(&format!("text: {text} (change it")) && out.contains(&format!("label: {label} (")),
            "{out}"
        );
        assert!(out.contains("96 for training, 12 for validation, 12 for the test; 2 classes: bad"), "{out}");
        assert!(out.contains("next: sparsegate run ./experiments/mine.yaml --report"), "{out}");
        project.trains();
    }
}

#[test]
fn tabs_and_json_lines_and_a_chosen_column() {
    let project = Project::new();
    let rows: Vec<String> = texts(60).map(|(text, label)| format!("{label}\t{text}\n")).collect();
    project.file("films.tsv", rows.concat().as_bytes());
    let Answer { code, out, err } = project.task("classification", "films.tsv", &[]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("format: tsv, without a header") && out.contains("label: 1 ("), "{out}");

    let line = |(text, label)| serde_json::json!({ "stars": 3, "body": text, "title": "a title that is as long as can be, and longer than all others are, I think", "mood": label });
    let rows: Vec<String> = texts(60).map(|text| format!("{}\n", line(text))).collect();
    project.file("films.jsonl", rows.concat().as_bytes());
    let again = project.task("classification", "films.jsonl", &["--text", "body"]);
    assert_eq!(again.code, Some(2), "never overwritten");
    assert!(again.err.contains("already exists") && again.err.contains("--force"), "{}", again.err);
    let Answer { code, out, err } = project.task("classification", "films.jsonl", &["--text", "body", "--force"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("text: `body` (") && out.contains("label: `mood` ("), "{out}");
    project.trains();
}

#[test]
fn a_parquet_table() {
    use polars::prelude::{Column, DataFrame, ParquetWriter};
    let project = Project::new();
    let (body, mood): (Vec<String>, Vec<&str>) = texts(60).unzip();
    let columns = vec![Column::new("body".into(), body), Column::new("mood".into(), mood)];
    let mut frame = DataFrame::new(60, columns).expect("a table");
    let file = fs_err::File::create(project.root().join("films.parquet")).expect("a file");
    ParquetWriter::new(file).finish(&mut frame).expect("Parquet");
    let Answer { code, out, err } = project.task("classification", "films.parquet", &[]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("format: parquet; columns `body`, `mood`"), "{out}");
}

#[test]
fn a_plain_text_becomes_a_language_model() {
    let project = Project::new();
    let story: Vec<String> =
        (0..400).map(|i| format!("The {i}th day was wet.\nNobody minded it; {i} ducks did not.\n")).collect();
    project.file("story.txt", story.concat().as_bytes());
    let Answer { code, out, err } = project.task("language-model", "story.txt", &[]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("symbols: characters"), "too short for words: {out}");
    project.trains();
}

#[test]
fn what_cannot_be_used_leaves_nothing_behind() {
    let project = Project::new();
    let same: Vec<String> = texts(40).map(|(text, _)| format!("\"{}\",good\n", text.replace('"', "'"))).collect();
    project.file("one.csv", same.concat().as_bytes());
    project.file("binary.csv", b"text,label\na film to see again,good\na \xff film to forget,bad\nthis one is fine,good\nthat one is dull,bad\n");
    project.file("story.txt", b"Once upon a time.\n");
    project.file("empty.csv", b"");
    let cases = [
        ("classification", "nowhere.csv", 2, "there is no file nowhere.csv"),
        ("classification", "one.csv", 4, "no column looks like a label (2 to 100 distinct values"),
        ("classification", "binary.csv", 4, "error: binary.csv:3: this is not UTF-8 text"),
        ("classification", "empty.csv", 4, "there are no rows"),
        ("classification", "story.txt", 2, "does not look like a table"),
        ("language-model", "one.csv", 2, "is a table (csv), not plain text"),
    ];
    for (kind, file, code, said) in cases {
        let answer = project.task(kind, file, &[]);
        assert_eq!(answer.code, Some(code), "{file}: {}", answer.err);
        assert!(answer.err.contains(said), "{file}: {}", answer.err);
        for left in
            ["datasets/mine.yaml", "experiments/mine.yaml", "experiments/tasks/mine.yaml", "datasets/cache/mine"]
        {
            assert!(!project.root().join(left).exists(), "{file}: {left}");
        }
    }
    let answer = project.run(&["new", "task", "../mine", "--kind", "classification", "--from", "one.csv"]);
    assert_eq!(answer.code, Some(2), "{}", answer.err);
}

#[test]
fn vectors_of_either_format() {
    let project = Project::new();
    project.file("glove.txt", b"the 0.1 0.2 0.3\nof 0.4 0.5 -0.6\n");
    let Answer { code, out, err } = project.run(&["new", "vectors", "small", "--from", "glove.txt"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("found: glove-text, 3 numbers a vector"), "{out}");
    let mut binary = b"1 2\nthe ".to_vec();
    binary.extend([0.5_f32, -1.0].iter().flat_map(|number| number.to_le_bytes()));
    project.file("w2v.bin", &binary);
    let Answer { code, out, err } = project.run(&["new", "vectors", "binary", "--from", "w2v.bin"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("found: word2vec-binary, 2 numbers a vector"), "{out}");
    project.file("none.txt", b"no vectors here\n");
    let answer = project.run(&["new", "vectors", "none", "--from", "none.txt"]);
    assert_eq!(answer.code, Some(4));
    assert!(answer.err.contains("looks neither like"), "{}", answer.err);
}

/// A text file below the project, whose folders are made.
fn write(project: &Project, path: &str, content: impl AsRef<[u8]>) {
    let path = project.root().join(path);
    fs_err::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs_err::write(path, content).expect("a file");
}

#[test]
fn folders_of_classes_tables_and_texts_are_read() {
    let project = Project::new();
    for (i, (text, label)) in texts(60).enumerate() {
        write(&project, &format!("films/{label}/{i}.txt"), &text);
        write(&project, &format!("parted/train/{label}/{i}.txt"), &text);
        write(&project, &format!("parted/test/{label}/{i}.txt"), &text);
    }
    let read = |from: &str| {
        let Answer { code, out, err } = project.task("classification", from, &["--force"]);
        assert_eq!(code, Some(0), "{from}: {err}");
        out
    };
    let said = read("films");
    assert!(said.contains("48 for training, 6 for validation, 6 for the test; 2 classes: bad 30, good 30"), "{said}");
    project.trains();
    let said = read("parted");
    assert!(said.contains("54 for training, 6 for validation, 60 for the test; 2 classes: bad 60, good 60"), "{said}");
    // As a data set of Hugging Face lies on the disk.
    let given = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/unprepared/date.parquet");
    let shard = fs_err::read(given).expect("a file of the repository");
    write(&project, "hub/README.md", "about");
    for name in ["train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001"] {
        write(&project, &format!("hub/data/{name}.parquet"), &shard);
    }
    let said = read("hub");
    assert!(said.contains("joined: 3 files (parquet)"), "{said}");
    assert!(said.contains("108 for training, 12 for validation, 60 for the test"), "{said}");
    write(&project, "stories/b.txt", "And then it stopped raining.\n".repeat(80));
    write(&project, "stories/a.txt", "It rained all day and all night.\n".repeat(80));
    let Answer { code, out, err } = project.task("language-model", "stories", &["--force"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("begins: I t \u{2423} r a i n e d"), "{out}");
    let err = project.task("classification", "stories", &["--force"]).err;
    assert!(err.contains("stories holds texts without labels"), "{err}");
}
