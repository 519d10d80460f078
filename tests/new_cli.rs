//! `sparsegate new`: from unprepared files to a spec that trains.

use camino::Utf8Path;
use sparsegate_testing::tables::{leaves_nothing, new_task};
use sparsegate_testing::{Answer, Project};

/// The answer on one line.
fn run(project: &Project, arguments: &[&str]) -> Answer {
    project.go(arguments).on_one_line()
}

/// Trains one epoch of one level, as the last line of `new task` suggests, and checks that the run finishes.
fn trains(project: &Project) {
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
    let Answer { code, out, err } = run(project, &[&["run", "experiments/mine.yaml"], &more[..]].concat());
    assert_eq!(code, Some(0), "{out}\n{err}");
    assert!(out.contains("done"), "{out}");
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
        project.write("films.csv", csv(header));
        let Answer { code, out, err } = new_task(&project, "classification", "films.csv", &[]);
        assert_eq!(code, Some(0), "{err}");
        let (text, label) = if header { ("`review`", "`verdict`") } else { ("2", "3") };
        assert!(
            out.contains(&format!("text: {text} (change it")) && out.contains(&format!("label: {label} (")),
            "{out}"
        );
        assert!(out.contains("96 for training, 12 for validation, 12 for the test; 2 classes: bad"), "{out}");
        assert!(out.contains("next: sparsegate run ./experiments/mine.yaml --report"), "{out}");
        trains(&project);
    }
}

#[test]
fn tabs_and_json_lines_and_a_chosen_column() {
    let project = Project::new();
    let rows: Vec<String> = texts(60).map(|(text, label)| format!("{label}\t{text}\n")).collect();
    project.write("films.tsv", rows.concat());
    let Answer { code, out, err } = new_task(&project, "classification", "films.tsv", &[]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("format: tsv, without a header") && out.contains("label: 1 ("), "{out}");

    let line = |(text, label)| serde_json::json!({ "stars": 3, "body": text, "title": "a title that is as long as can be, and longer than all others are, I think", "mood": label });
    let rows: Vec<String> = texts(60).map(|text| format!("{}\n", line(text))).collect();
    project.write("films.jsonl", rows.concat());
    let again = new_task(&project, "classification", "films.jsonl", &["--text", "body"]);
    // Never overwritten.
    again.expect(2, &["already exists", "--force"]);
    let Answer { code, out, err } = new_task(&project, "classification", "films.jsonl", &["--text", "body", "--force"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("text: `body` (") && out.contains("label: `mood` ("), "{out}");
    trains(&project);
}

#[test]
fn a_parquet_table() {
    use polars::prelude::{Column, DataFrame, ParquetWriter};
    let project = Project::new();
    let (body, mood): (Vec<String>, Vec<&str>) = texts(60).unzip();
    let columns = vec![Column::new("body".into(), body), Column::new("mood".into(), mood)];
    let mut frame = DataFrame::new(60, columns).expect("a table");
    let file = fs_err::File::create(project.path("films.parquet")).expect("a file");
    ParquetWriter::new(file).finish(&mut frame).expect("Parquet");
    let Answer { code, out, err } = new_task(&project, "classification", "films.parquet", &[]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("format: parquet; columns `body`, `mood`"), "{out}");
}

#[test]
fn a_plain_text_becomes_a_language_model() {
    let project = Project::new();
    let story: Vec<String> =
        (0..400).map(|i| format!("The {i}th day was wet.\nNobody minded it; {i} ducks did not.\n")).collect();
    project.write("story.txt", story.concat());
    let Answer { code, out, err } = new_task(&project, "language-model", "story.txt", &[]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("symbols: characters"), "too short for words: {out}");
    trains(&project);
}

#[test]
fn what_cannot_be_used_leaves_nothing_behind() {
    let project = Project::new();
    let same: Vec<String> = texts(40).map(|(text, _)| format!("\"{}\",good\n", text.replace('"', "'"))).collect();
    project.write("one.csv", same.concat());
    project.write("binary.csv", b"text,label\na film to see again,good\na \xff film to forget,bad\nthis one is fine,good\nthat one is dull,bad\n");
    project.write("story.txt", b"Once upon a time.\n");
    project.write("empty.csv", b"");
    let cases = [
        ("classification", "nowhere.csv", 2, "there is no file nowhere.csv"),
        ("classification", "one.csv", 4, "no column looks like a label (2 to 100 distinct values"),
        ("classification", "binary.csv", 4, "error: binary.csv:3: this is not UTF-8 text"),
        ("classification", "empty.csv", 4, "there are no rows"),
        ("classification", "story.txt", 2, "does not look like a table"),
        ("language-model", "one.csv", 2, "is a table (csv), not plain text"),
    ];
    for (kind, file, code, said) in cases {
        new_task(&project, kind, file, &[]).expect(code, &[said]);
        leaves_nothing(&project, file);
    }
    run(&project, &["new", "task", "../mine", "--kind", "classification", "--from", "one.csv"]).expect(2, &[]);
}

#[test]
fn vectors_of_either_format() {
    let project = Project::new();
    project.write("glove.txt", b"the 0.1 0.2 0.3\nof 0.4 0.5 -0.6\n");
    let Answer { code, out, err } = run(&project, &["new", "vectors", "small", "--from", "glove.txt"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("found: glove-text, 3 numbers a vector"), "{out}");
    let mut binary = b"1 2\nthe ".to_vec();
    binary.extend([0.5_f32, -1.0].iter().flat_map(|number| number.to_le_bytes()));
    project.write("w2v.bin", &binary);
    let Answer { code, out, err } = run(&project, &["new", "vectors", "binary", "--from", "w2v.bin"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("found: word2vec-binary, 2 numbers a vector"), "{out}");
    project.write("none.txt", b"no vectors here\n");
    run(&project, &["new", "vectors", "none", "--from", "none.txt"]).expect(4, &["looks neither like"]);
}

#[test]
fn folders_of_classes_tables_and_texts_are_read() {
    let project = Project::new();
    for (i, (text, label)) in texts(60).enumerate() {
        project.write(format!("films/{label}/{i}.txt"), &text);
        project.write(format!("parted/train/{label}/{i}.txt"), &text);
        project.write(format!("parted/test/{label}/{i}.txt"), &text);
    }
    let read = |from: &str| {
        let Answer { code, out, err } = new_task(&project, "classification", from, &["--force"]);
        assert_eq!(code, Some(0), "{from}: {err}");
        out
    };
    let said = read("films");
    assert!(said.contains("48 for training, 6 for validation, 6 for the test; 2 classes: bad 30, good 30"), "{said}");
    trains(&project);
    let said = read("parted");
    assert!(said.contains("54 for training, 6 for validation, 60 for the test; 2 classes: bad 60, good 60"), "{said}");
    // As a data set of Hugging Face lies on the disk.
    let given = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/unprepared/date.parquet");
    let shard = fs_err::read(given).expect("a file of the repository");
    project.write("hub/README.md", "about");
    for name in ["train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001"] {
        project.write(format!("hub/data/{name}.parquet"), &shard);
    }
    let said = read("hub");
    assert!(said.contains("joined: 3 files (parquet)"), "{said}");
    assert!(said.contains("108 for training, 12 for validation, 60 for the test"), "{said}");
    project.write("stories/b.txt", "And then it stopped raining.\n".repeat(80));
    project.write("stories/a.txt", "It rained all day and all night.\n".repeat(80));
    let Answer { code, out, err } = new_task(&project, "language-model", "stories", &["--force"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("begins: I t \u{2423} r a i n e d"), "{out}");
    let err = new_task(&project, "classification", "stories", &["--force"]).err;
    assert!(err.contains("stories holds texts without labels"), "{err}");
}
