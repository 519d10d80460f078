//! A task with too few data: the variational levels prune everything, and every command says so.

use sparsegate_testing::Project;

/// A table of labelled sentences, and an experiment with the full KL weight from the first step on: on so few texts it
/// prunes everything.
fn project() -> Project {
    let project = Project::with(&[("films.csv", &sentences(400))]);
    project.go(&["new", "task", "films", "--kind", "classification", "--from", "films.csv"]).expect(0, &[]);
    project.write("experiments/films.yaml", FILMS);
    project
}

const FILMS: &str = "\
name: films
about: films
dataset: films
model: { kind: classification, cell: lstm, hidden: 32, embedding: { size: 32, vectors: none }, init: glorot }
train: { epochs: 8, batch: 8, optimizer: { adam: { lr: 2e-3 } }, clip_norm: 1 }
sweep: { product: { sparsity: [dense, W], seed: [0] } }
";

/// Sentences of rare words, four of seven of which are good; one word in each tells.
fn sentences(count: usize) -> String {
    let row = |i: usize| {
        let good = i % 7 < 4;
        let (word, label) = if good { ("fine", "good") } else { ("dull", "bad") };
        let rare: Vec<String> = (0..6).map(|j| format!("word{}", (i * 31 + j * 57) % 389)).collect();
        format!("{} {word} {},{label}\n", rare[..3].join(" "), rare[3..].join(" "))
    };
    "text,label\n".to_owned() + &(0..count).map(row).collect::<String>()
}

/// The line of a text that starts with `first`, with single spaces.
fn line(text: &str, first: &str) -> String {
    let spaced = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    spaced.into_iter().find(|line| line.starts_with(first)).unwrap_or_else(|| panic!("{first} in\n{text}"))
}

#[test]
fn a_collapse_is_seen_and_said() {
    let project = project();
    let films = |command: &str, more: &[&str]| project.go(&[&[command, "experiments/films.yaml"], more].concat());
    let trained = films("run", &["--offline", "--progress", "counter", "--jobs", "1"]);
    assert_eq!(trained.code, Some(0), "{}", trained.err);
    assert!(trained.err.contains("warning: W collapsed, seen after epoch "), "{}", trained.err);
    assert!(trained.err.contains("hint: the KL term dominates: lower train.kl.weight"), "{}", trained.err);
    assert!(!trained.err.contains("dense collapsed") && !trained.err.contains("000.0x"), "{}", trained.err);
    let row = line(&trained.out, "W ");
    assert!(row.contains("done, collapsed 8 0.") && row.contains(" - "), "{row}");
    assert!(line(&trained.out, "dense ").contains(" 1.0x"), "{}", trained.out);
    assert!(line(&trained.out, "baseline: majority class good").contains("good 0.5"), "{}", trained.out);
    assert!(trained.out.starts_with("films on films\n") && trained.out.contains("valid accuracy"), "{}", trained.out);

    let json = films("run", &["--format", "json"]).out;
    let rows: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&rows[1]["state"], &rows[1]["collapse"]), (&"done".into(), &"nothing-left".into()), "{json}");
    assert!(rows[1]["compression"].is_null() && rows[0]["collapse"].is_null(), "{json}");

    let status = films("status", &[]).out;
    assert!(status.contains("done, collapsed") && !status.contains("000.0x"), "{status}");
    let check = films("check", &[]);
    assert_eq!(check.code, Some(0), "without claims nothing fails");
    assert!(check.out.contains("W collapsed: nothing is left of the network"), "{}", check.out);

    let run = "films:sparsity=W";
    let says = "nothing is left of this network, so that it predicts the class `good` whatever it reads";
    let predict = project.go(&["predict", run, "a fine film", "a dull film"]);
    assert_eq!((predict.code, predict.err.matches(says).count()), (Some(0), 1), "{}", predict.err);
    let export = project.go(&["export", run, "--format", "onnx"]);
    assert!(export.code == Some(0) && export.err.contains(says), "{}", export.err);
    let bench = project.go(&["bench", run, "--samples", "1", "--batch", "1", "--threads", "1"]);
    assert!(bench.code == Some(0) && bench.err.contains(says), "{}", bench.err);
    assert!(bench.out.contains("(none are left)"), "{}", bench.out);
    let healthy = project.go(&["predict", "films:sparsity=dense", "a fine film"]);
    assert_eq!((healthy.code, healthy.err.as_str()), (Some(0), ""));
}
