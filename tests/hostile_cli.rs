//! Hostile and absurd input: names and keys without end, deep and wide files, control sequences, names that occur
//! twice. It is refused by name of the limit, quickly, and without a panic.

#![allow(missing_docs, reason = "a test")]

use serde_json::{Value, json};
use sparsegate_runtime::format::File;
use sparsegate_store::{RunDir, runs};
use sparsegate_testing::{Answer, Project, manifests, tables};

const SPEC: &str = "\
name: t
dataset: small
model: { kind: language-model, hidden: 4 }
train: { epochs: 1, batch: 4, sequence: 10, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }
sweep: { product: { sparsity: [W] } }
";

fn project(more: &[(&str, &str)]) -> Project {
    let small = manifests::words("small", [1500, 200, 200]);
    Project::with(&[&[("datasets/small.yaml", small.as_str()), ("t.yaml", SPEC)], more].concat())
}

/// The answer, which is short and has no control characters.
#[track_caller]
fn tame(project: &Project, arguments: &[&str]) -> Answer {
    let answer = project.go(arguments);
    let shown: Vec<&str> = arguments.iter().map(|argument| &argument[..argument.len().min(40)]).collect();
    for text in [&answer.out, &answer.err] {
        assert!(!text.contains("panicked"), "{shown:?}: {text}");
        assert!(text.len() < 10_000, "{shown:?}: {} characters, {}", text.len(), &text[..1000]);
        let steers = |c: char| c.is_control() && c != '\n';
        assert!(!text.contains(steers), "{shown:?}: {text:?}");
    }
    answer
}

#[test]
fn names_without_end_are_refused_and_shortened() {
    let long = "n".repeat(100_000);
    let swapped = |from: &str, to: &str| SPEC.replacen(from, &to.replace('@', &long), 1);
    let files = [
        ("name.yaml", swapped("name: t", "name: @")),
        ("level.yaml", swapped("[W]", "[@]")),
        ("set.yaml", swapped("dataset: small", "dataset: @")),
        ("key.yaml", swapped("train: {", "train: { @: 1,")),
        ("quoted.yaml", swapped("name: t", "name: t\n\"@\": 1")),
    ];
    let listed: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let project = project(&listed);
    for (name, _) in &files {
        let answer = tame(&project, &["plan", name]);
        answer.expect(2, &[name]);
    }
    let long = long.as_str();
    tame(&project, &["predict", long, "a"]).expect(2, &["there is no run"]);
    tame(&project, &["data", "show", long]).expect(2, &["no dataset"]);
    tame(&project, &["plan", "t.yaml", "--only", &format!("{long}=1")]).expect(2, &["unknown key"]);
    tame(&project, &["plan", "t.yaml", "--set", &format!("seed={long}")]).expect(2, &[]);
}

#[test]
fn keys_of_a_megabyte_are_refused() {
    let key = "k".repeat(1_000_000);
    let plain = format!("name: t\n{key}: 1\n");
    let explicit = format!("name: t\n? {key}\n: 1\n");
    let inner = SPEC.replacen("train: {", &format!("train: {{ {key}: 1,"), 1);
    let project = project(&[("a.yaml", &plain), ("b.yaml", &explicit), ("c.yaml", &inner)]);
    for name in ["a.yaml", "b.yaml", "c.yaml"] {
        tame(&project, &["plan", name]).expect(2, &[name]);
    }
}

#[test]
fn deep_and_wide_files_are_refused() {
    let wide = (0..200_000).map(|key| format!("k{key}: 1\n")).collect::<Vec<_>>().concat();
    let inner: Vec<String> = (0..200_000).map(|key| format!("k{key}: 1")).collect();
    let files = [
        ("lists.yaml", format!("name: t\nseed: {}\n", "[".repeat(200_000))),
        ("closed.yaml", format!("name: t\nseed: {}{}\n", "[".repeat(100_000), "]".repeat(100_000))),
        ("maps.yaml", format!("name: t\nseed: {}\n", "{a: ".repeat(50_000))),
        ("wide.yaml", format!("{SPEC}{wide}")),
        ("inner.yaml", SPEC.replacen("train: {", &format!("train: {{ {},", inner.join(", ")), 1)),
    ];
    let listed: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let project = project(&listed);
    for (name, _) in &files {
        tame(&project, &["plan", name]).expect(2, &[name]);
    }
    tame(&project, &["plan", "lists.yaml"]).expect(2, &["lists.yaml:2:", "more than 256 brackets inside each other"]);
    tame(&project, &["plan", "wide.yaml"]).expect(2, &["unknown key `k0`"]);
}

#[test]
fn a_table_of_a_million_columns_is_refused() {
    let names: Vec<String> = (0..1_000_000).map(|column| format!("c{column}")).collect();
    let csv = format!("{}\n{}\n", names.join(","), vec!["x"; names.len()].join(","));
    let pairs: Vec<String> = names.iter().take(100_000).map(|name| format!("\"{name}\":1")).collect();
    let project = Project::with(&[("wide.csv", &csv), ("wide.jsonl", &format!("{{{}}}\n", pairs.join(",")))]);
    for name in ["wide.csv", "wide.jsonl"] {
        let answer = tame(&project, &["new", "task", "wide", "--kind", "classification", "--from", name]).on_one_line();
        assert!(answer.code != Some(0) && answer.err.contains("a table may have 10000"), "{answer:?}");
    }
}

#[test]
fn flipped_bits_of_a_parquet_file_end_in_a_message() {
    use polars::prelude::{Column, DataFrame, ParquetWriter};

    let (texts, labels): (Vec<String>, Vec<&str>) =
        (0..60).map(|row| (format!("tea number {row}"), if row % 2 == 0 { "pos" } else { "neg" })).unzip();
    let columns = vec![Column::new("text".into(), texts), Column::new("label".into(), labels)];
    let mut whole = Vec::new();
    ParquetWriter::new(&mut whole).finish(&mut DataFrame::new_infer_height(columns).unwrap()).unwrap();
    let project = Project::new();
    let mut noticed = 0;
    // Positions all over the file, and more at its end, where the metadata are.
    let spread = (0..12).map(|at| at * whole.len() / 12);
    let end = (1..whole.len().min(400)).step_by(23).map(|back| whole.len() - back);
    for (number, at) in spread.chain(end).enumerate() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (number % 8);
        project.write("flipped.parquet", &flipped);
        let name = format!("flipped{number}");
        let arguments = ["new", "task", &name, "--kind", "classification", "--from", "flipped.parquet"];
        let answer = tame(&project, &arguments);
        assert!(matches!(answer.code, Some(0 | 2 | 4)), "bit of byte {at}: {answer:?}");
        noticed += usize::from(answer.code != Some(0));
    }
    assert!(noticed > 5, "{noticed}");
}

#[test]
fn control_sequences_are_escaped() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2Jword\u{9b}31m";
    let text = tables::rows("text,label\n", 60, |number, text, label| format!("{text} {evil}{number},{label}{evil}"));
    let project =
        project(&[("evil.csv", &text), ("key.yaml", "name: t\n\"a\\e[31mb\": 2\n"), ("raw.yaml", "da\u{1b}ta: 1\n")]);
    let spec = "name: words\nabout: a\nlicence: { name: CC0-1.0, redistribution: true, terms: None. }\n";
    project.write("datasets/raw.yaml", spec.replacen("words", "ra\u{1b}[31mw", 1));
    for arguments in [
        &["new", "task", "evil", "--kind", "classification", "--from", "evil.csv"][..],
        &["data", "show", "evil"],
        &["data", "show", "evil", "--text", "1"],
        &["plan", "key.yaml"],
        &["plan", "raw.yaml"],
        &["plan", "x\u{1b}[31m.yaml"],
        &["predict", "x\u{1b}[31m", "a"],
        &["plan", "t.yaml", "--only", "spars\u{1b}[31m=1"],
        &["data", "list"],
    ] {
        tame(&project, arguments);
    }
    let shown = tame(&project, &["data", "show", "evil"]);
    assert!(shown.code == Some(0) && shown.out.contains("\\u{1b}[2J"), "{shown:?}");
}

#[test]
fn generated_words_do_not_steer_the_terminal() {
    let text = (0..300).map(|line| format!("the \u{1b}[31mcat{} sat\u{7}\n", line % 3)).collect::<Vec<_>>().concat();
    let spec = SPEC.replacen("dataset: small", "dataset: evil", 1).replacen(
        "batch: 4, sequence: 10",
        "batch: 2, sequence: 5",
        1,
    );
    let project = Project::with(&[("evil.txt", &text), ("g.yaml", &spec.replacen("[W]", "[dense]", 1))]);
    project.go(&["new", "task", "evil", "--kind", "language-model", "--from", "evil.txt"]).expect(0, &[]);
    project.go(&["run", "g.yaml"]).expect(0, &[]);
    let answer = tame(&project, &["generate", "t", "--length", "200", "--temperature", "5"]);
    assert!(answer.code == Some(0) && answer.out.contains("\\u{1b}"), "{answer:?}");
}

#[test]
fn two_experiments_of_one_name_are_refused() {
    let project = project(&[("u.yaml", &SPEC.replace("hidden: 4", "hidden: 5"))]);
    for command in ["plan", "run", "status", "report", "check"] {
        let answer = project.go(&[command, "t.yaml", "u.yaml"]).on_one_line();
        answer.expect(2, &["u.yaml:1:7", "`t` is also the name of the experiment in t.yaml"]);
    }
}

#[test]
fn a_generated_data_set_does_not_ask_for_all_memory() {
    let words = manifests::words("words", [4_000_000_000, 200, 200]);
    let texts = manifests::texts("texts", [20, 20, 4_000_000_000]);
    let project = Project::with(&[("datasets/words.yaml", &words), ("datasets/texts.yaml", &texts)]);
    tame(&project, &["data", "show", "words"])
        .expect(2, &["train: 4000000000 symbols; it must be from 1 to 100000000"]);
    tame(&project, &["data", "show", "texts"]).expect(2, &["test: 4000000000 texts; it must be from 1 to 5000000"]);
}

#[test]
fn one_bad_manifest_does_not_hide_the_others() {
    let project = project(&[("datasets/bad.yaml", "name: bad\nnonsense: ]\n")]);
    let answer = project.go(&["data", "list"]);
    assert!(answer.out.contains("small") && answer.err.contains("bad.yaml"), "{answer:?}");
}

/// Replaces the details of a run's compact model, and its manifest: what somebody may publish on purpose.
fn forge(project: &Project, run: &RunDir, change: impl Fn(&mut Value)) {
    let mut file = File::read(&run.compact().unwrap().unwrap()).unwrap();
    let mut details = serde_json::from_str(&file.details).unwrap();
    change(&mut details);
    file.details = details.to_string();
    fs_err::write(run.compact_path(), file.write().unwrap()).unwrap();
    sign(project, run);
}

/// Makes the manifest of a run fit its files.
fn sign(project: &Project, run: &RunDir) {
    fs_err::remove_file(run.path().join("manifest.json")).unwrap();
    project.go(&["verify", "--adopt", run.key()]).expect(0, &[]);
}

/// What the import of a run from an archive answers in an empty project.
fn imported(project: &Project, run: &RunDir) -> (Project, Answer) {
    let (other, archive) = (Project::new(), project.path("forged.tar"));
    let _ = fs_err::remove_file(&archive);
    project.go(&["runs", "export", run.key(), "--to", archive.as_str()]).expect(0, &[]);
    let answer = tame(&other, &["runs", "import", archive.as_str()]);
    (other, answer)
}

#[test]
fn words_without_end_are_refused_by_entry() {
    let project = project(&[]);
    project.go(&["run", "t.yaml"]).expect(0, &[]);
    let run = runs(&project.root, "t").unwrap().remove(0);
    let whole = fs_err::read(run.compact_path()).unwrap();
    let refused = |change: &dyn Fn(&mut Value), parts: &[&str]| {
        fs_err::write(run.compact_path(), &whole).unwrap();
        forge(&project, &run, change);
        let path = run.compact_path();
        for command in [&["predict", path.as_str(), "w1"][..], &["generate", run.key(), "--length", "3"]] {
            let answer = tame(&project, command);
            answer.expect(4, &[&["/compact.safetensors: its metadata entry `details`"], parts].concat());
        }
    };
    let long = "w".repeat(70_000);
    refused(&|details| details["words"][3] = long.as_str().into(), &["`words[3]` has 70000 bytes"]);
    let (other, answer) = imported(&project, &run);
    let file = format!("forged.tar/runs/{}/compact.safetensors is damaged (`words[3]` has 70000 bytes", run.key());
    answer.expect(4, &[&file, "an entry may have 65536"]);
    assert!(runs(&other.root, "t").unwrap().is_empty() && !other.path("runs").join(run.key()).exists());

    let more = |details: &mut Value| {
        let words = details["words"].as_array_mut().unwrap();
        words.extend((0..500_000).map(Value::from).map(|number| Value::from(number.to_string())));
    };
    refused(&more, &["does not fit the model: 500"]);
    refused(&|details| details["classes"] = [long.as_str()].into(), &["`classes[0]` has 70000 bytes"]);
    let name = "an endless name ".repeat(50_000);
    refused(&|details| details["run"]["metric"] = name.as_str().into(), &["has an unknown metric"]);
    refused(&|details| details["reader"] = name.as_str().into(), &["is damaged: "]);
    // A word of the largest length is read.
    fs_err::write(run.compact_path(), &whole).unwrap();
    forge(&project, &run, |details| details["words"][3] = long[..1 << 16].into());
    project.go(&["predict", run.key(), "w1"]).expect(0, &[]);
    imported(&project, &run).1.expect(0, &["0 known already, 0 left"]);
}

#[test]
fn words_of_an_archive_do_not_steer_the_terminal() {
    let project = project(&[]);
    project.go(&["run", "t.yaml"]).expect(0, &[]);
    let run = runs(&project.root, "t").unwrap().remove(0);
    forge(&project, &run, |details| {
        for word in details["words"].as_array_mut().unwrap() {
            *word = format!("{}\u{1b}]0;owned\u{7}\u{9b}2J\u{7f}", word.as_str().unwrap()).into();
        }
    });
    let (other, answer) = imported(&project, &run);
    answer.expect(0, &["0 known already, 0 left"]);
    for arguments in [
        &["predict", run.key(), "w1 w2"][..],
        &["predict", run.key(), "w1 w2", "--format", "json"],
        &["generate", run.key(), "--length", "20", "--temperature", "3"],
        &["runs", "show", run.key()],
    ] {
        let answer = tame(&other, arguments);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        assert!(arguments[0] == "runs" || answer.out.contains("owned"), "{answer:?}");
    }
}

#[test]
fn classes_of_an_archive_have_limits() {
    const TEXTS: &str = "\
name: c
dataset: texts
model: { kind: classification, hidden: 4, embedding: { size: 4, vectors: none } }
train: { epochs: 1, batch: 10, optimizer: { adam: { lr: 2e-2 } } }
sweep: { product: { sparsity: [W+Voc] } }
";
    let texts = manifests::texts("texts", [60, 20, 20]);
    let project = Project::with(&[("datasets/texts.yaml", texts.as_str()), ("c.yaml", TEXTS)]);
    project.go(&["run", "c.yaml"]).expect(0, &[]);
    let run = runs(&project.root, "c").unwrap().remove(0);
    let path = run.path().join("classes.json");
    let whole: Value = serde_json::from_slice(&fs_err::read(&path).unwrap()).unwrap();
    let long = "w".repeat(70_000);
    let word = |word: &str| json!({ "word": word, "effect": 1.0 });
    let refused = |change: &dyn Fn(&mut Value), problem: &str| {
        let mut classes = whole.clone();
        change(&mut classes);
        fs_err::write(&path, classes.to_string()).unwrap();
        sign(&project, &run);
        let file = format!("forged.tar/runs/{}/classes.json is damaged ({problem}", run.key());
        imported(&project, &run).1.expect(4, &[&file]);
        // A file of this project is refused as well.
        let error = run.classes().unwrap_err().to_string();
        assert!(error.contains(&format!("classes.json is damaged ({problem}")), "{}", error.len());
    };
    refused(&|classes| classes["classes"][1] = long.as_str().into(), "`classes[1]` has 70000 bytes");
    refused(&|classes| classes["words"] = json!([[word("a"), word(&long)], []]), "`words[0][1]` has 70000 bytes");
    let many = vec![word("a"); 2000];
    refused(&|classes| classes["words"] = json!([[], many]), "`words[1]` has 2000 entries");
}
