//! Invalid specs, with typical user errors: exit code 2, a message with the position, and a hint.

use sparsegate_testing::{Answer, Project};

const GOOD: &str = "\
name: t
dataset: planted-words
model:
  kind: language-model
  hidden: 4
train:
  epochs: 1
  batch: 2
  sequence: 3
  carry_state: true
  optimizer: { adam: { lr: 2e-3 } }
sweep:
  product:
    sparsity: [dense, W+G+N]
    seed: [0, 1]
";

/// The answer of `plan` to a spec, with the data sets of the repository.
fn plan(spec: &[u8], more: &[&str]) -> Answer {
    let project = Project::new();
    project.write("x.yaml", spec);
    project.go(&[&["plan", "x.yaml", "--root", env!("CARGO_MANIFEST_DIR")], more].concat())
}

#[track_caller]
fn refused(spec: &[u8], more: &[&str], said: &[&str]) {
    // The rendered error wraps long lines.
    let answer = plan(spec, more).on_one_line();
    answer.fails(2, said);
    assert!(!answer.err.contains('\u{1b}'), "no colour into a pipe");
}

#[test]
fn the_good_spec_is_planned() {
    let Answer { code, out, err } = plan(GOOD.as_bytes(), &[]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("4 runs: 0 done, 4 to run (4 new)"), "{out}");
}

#[test]
fn mistakes_in_the_file_have_a_place_and_a_cure() {
    let cases: &[(&str, &str, &str, &str)] = &[
        ("hidden: 4", "hiden: 4", "x.yaml:5:3: unknown key `hiden` in `model`", "did you mean `hidden`?"),
        ("name: t", "nmae: t", "x.yaml:1:1: unknown key `nmae`", "did you mean `name`?"),
        ("name: t", "name: a/b", "x.yaml:1:7: `name`: `a/b` cannot be the name of a folder", "use letters"),
        ("  hidden: 4\n", "", "`model`", "add `hidden: ...`"),
        ("hidden: 4", "hidden: 0", "x.yaml:5:11: `model.hidden`: 0 is too small", "write 1 or more"),
        ("hidden: 4", "hidden: -4", "x.yaml:5:11: `model.hidden`", "a whole number, not negative"),
        ("epochs: 1", "epochs: many", "x.yaml:7:11: `train.epochs`", "found the text `many`"),
        ("sequence: 3", "sequence: 0", "x.yaml:9:13: `train.sequence`: 0 is too small", "write 1 or more"),
        ("carry_state: true", "carry_state: 1", "x.yaml:10:16: `train.carry_state`", "write `true` or `false`"),
        ("lr: 2e-3", "lr: -2e-3", "x.yaml:11:28: `train.optimizer.adam.lr`: -0.002 is out of range", "above 0"),
        ("adam:", "adm:", "unknown value `adm` for `train.optimizer`", "did you mean `adam`?"),
        ("{ adam: { lr: 2e-3 } }", "adam", "x.yaml:11:14: `train.optimizer`: `adam` needs values", "{ adam: { ... } }"),
        ("kind: language-model", "kind: languge-model", "x.yaml:4:9: unknown value", "did you mean `language-model`?"),
        ("W+G+N", "w+g+n", "x.yaml:14:23: `sparsity`: unknown level `w+g+n`", "did you mean `W+G+N`?"),
        ("W+G+N", "dense", "x.yaml:14:23:", "`dense` is listed twice"),
        ("seed: [0, 1]", "seeds: [0, 1]", "x.yaml:15:5: `sweep.product.seeds`", "did you mean `seed`?"),
        ("seed: [0, 1]", "hidden: [0, 1]", "x.yaml:15:14: `model.hidden`: 0 is too small", "write 1 or more"),
        ("seed: [0, 1]", "to: [0, 1]", "x.yaml:15:5:", "write one of these in full: `train.schedule.linear.to`"),
        ("seed: [0, 1]", "seed: 0", "x.yaml:15:11:", "expected a list, found the number 0"),
        ("seed: [0, 1]", "seed: []", "x.yaml:15:11:", "an empty list of values"),
        ("seed: [0, 1]", "train.epochs: [1, 0]", "x.yaml:15:23: `train.epochs`: 0 is too small", "write 1 or more"),
        ("  product:", "  prodct:", "x.yaml:13:3: unknown key `prodct` in `sweep`", "did you mean `product`?"),
        ("name: t\n", "name: t\nname: u\n", "x.yaml:2:1: the key `name` appears twice", "keep one of the two"),
        ("  hidden: 4", "\thidden: 4", "x.yaml:5:1: a tab", "indent with spaces"),
        ("name: t\n", "name: t\nsource: { arxiv: 1812.05692 }\n", "x.yaml:2:18: `source.arxiv`", "put it in quotes"),
    ];
    for (right, wrong, place, hint) in cases {
        assert!(GOOD.contains(right), "{right}");
        refused(GOOD.replacen(right, wrong, 1).as_bytes(), &[], &[place, hint]);
    }
}

#[test]
fn what_a_kind_of_model_has_no_use_for() {
    let cases = [
        ("  hidden: 4\n", "  hidden: 4\n  cell: lsmt\n", "x.yaml:6:9: unknown value `lsmt`", "did you mean `lstm`?"),
        ("  sequence: 3\n", "", "`train`: the key `sequence` is missing", "add `sequence: 35`"),
        ("  carry_state: true\n", "", "`train`: the key `carry_state` is missing", "add `carry_state: true`"),
        (
            "  hidden: 4\n",
            "  hidden: 4\n  embedding: { size: 3, vectors: none }\n",
            "x.yaml:6:3: `model.embedding`: a language model does not use it",
            "write `model.kind: classification`",
        ),
        (
            "sparsity: [dense, W+G+N]",
            "sparsity: [dense, { name: I, inputs: log-uniform }]",
            "`sparsity.inputs`: a language model does not use it",
            "`vocabulary` has a factor",
        ),
    ];
    for (right, wrong, place, hint) in cases {
        refused(GOOD.replacen(right, wrong, 1).as_bytes(), &[], &[place, hint]);
    }
    let classifier = "\
name: t
dataset: planted-texts
model: { kind: classification, hidden: 4, embedding: { size: 3, vectors: none } }
train: { epochs: 1, batch: 2, optimizer: { adam: { lr: 2e-3 } } }
sparsity: W
";
    assert_eq!(plan(classifier.as_bytes(), &[]).code, Some(0));
    let cases = [
        (", embedding: { size: 3, vectors: none }", "", "`model`: the key `embedding` is missing", "add `embedding:"),
        (", vectors: none", "", "the key `vectors` is missing in `model.embedding`", "add `vectors: ...`"),
        ("size: 3", "size: 0", "`model.embedding.size`: 0 is too small", "write 1 or more"),
        ("batch: 2,", "batch: 2, sequence: 9,", "`train.sequence`: a classifier does not use it", "remove it"),
        ("batch: 2,", "batch: 2, carry_state: true,", "`train.carry_state`: a classifier does not use it", "remove it"),
        ("hidden: 4,", "hidden: 4, output_noise: weights,", "`model.output_noise`: a classifier", "remove it"),
        (
            "sparsity: W",
            "sparsity: { name: m, magnitude: { share: 1 } }",
            "`sparsity.magnitude.share`: 1 is",
            "below 1",
        ),
        (
            "sparsity: W",
            "sparsity: { name: m, magnitude: { share: 0.9, begin: 0.8 } }",
            "pruning begins at 0.8 and ends at 0.7",
            "make `end` larger than `begin`",
        ),
        (
            "sparsity: W",
            "sparsity: { name: m, weights: log-uniform, group_lasso: { strength: 1e-4 } }",
            "`sparsity.group_lasso`: a baseline cannot be combined with a log-uniform prior",
            "define two levels",
        ),
    ];
    for (right, wrong, place, hint) in cases {
        assert!(classifier.contains(right), "{right}");
        refused(classifier.replacen(right, wrong, 1).as_bytes(), &[], &[place, hint]);
    }
}

#[test]
fn mistakes_at_the_end_of_the_file_too() {
    let cases = [
        ("  exclude: [{ seed: 7 }]\n", "x.yaml:16:21:", "no run of the sweep has `7`"),
        ("  where: { sparsity: [W+N] }\n", "x.yaml:16:", "did you mean `W+G+N`?"),
        ("  include: [{ sparsity: dense, seed: 1 }]\n", "x.yaml:16:", "has the run sparsity=dense, seed=1 twice"),
        ("expect: [{ where: { sparsity: W } }]\n", "x.yaml:16:10:", "contains no claim"),
        (
            "expect: [{ claims: [{ metric: gate.kept, value: 1, tolerance: 3% }] }]\n",
            "x.yaml:16:31:",
            "did you mean `gates.kept`?",
        ),
        (
            "expect: [{ claims: [{ metric: gates.kept, value: 1, tolerance: much }] }]\n",
            "x.yaml:16:64:",
            "such as `3%`",
        ),
        (
            "expect: [{ where: { sparsity: W }, claims: [{ metric: gates.kept, value: 1, tolerance: 3% }] }]\n",
            "x.yaml:16:31:",
            "no run of the experiment has `W`",
        ),
    ];
    for (more, place, said) in cases {
        refused(format!("{GOOD}{more}").as_bytes(), &[], &[place, said]);
    }
}

#[test]
fn files_that_are_no_specs() {
    refused(b"", &[], &["x.yaml: the file is empty"]);
    refused(b"# only a comment\n", &[], &["x.yaml: the file is empty"]);
    refused(b"name: \xff\n", &[], &["x.yaml:1:7: the file is not UTF-8", "save it as UTF-8"]);
    refused(b"- a\n- b\n", &[], &["x.yaml:1:1: expected a mapping"]);
    refused(b"name: [\n", &[], &["not valid YAML"]);
    refused(b"name: a\n---\nname: b\n", &[], &["more than one document"]);
    Project::new().go(&["plan", "no.yaml"]).expect(2, &["no.yaml: no such file"]);
}

#[test]
fn overrides_and_filters_are_checked() {
    let good = GOOD.as_bytes();
    refused(good, &["--set", "train.epoch=2"], &["unknown key `train.epoch`", "did you mean `train.epochs`?"]);
    refused(good, &["--set", "train.epochs"], &["not key=value"]);
    refused(good, &["--set", "train.epochs=0"], &["--set train.epochs=0: `train.epochs`: 0 is too small"]);
    refused(good, &["--set", "sparsity=W+Z"], &["--set sparsity=W+Z", "did you mean `W+N`?"]);
    refused(good, &["--only", "sparsity=W"], &["no run has sparsity=W", "`dense`, `W+G+N`"]);
    refused(good, &["--only", "sparcity=W"], &["unknown key `sparcity`", "did you mean `sparsity`?"]);
}

#[test]
fn overrides_win_over_the_sweep_and_filters_choose() {
    let Answer { code, out, err } = plan(GOOD.as_bytes(), &["--set", "seed=5"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("2 runs:"), "{out}");
    assert!(err.contains("replaces the values of the sweep for seed"), "{err}");
    let only = plan(GOOD.as_bytes(), &["--only", "sparsity=W+G+N,seed=0", "--only", "sparsity=dense"]);
    assert!(only.out.contains("3 runs:"), "{}", only.out);
}

#[test]
fn json_has_the_runs_and_the_reasons() {
    let answer = plan(GOOD.as_bytes(), &["--format", "json", "--only", "seed=1"]);
    let json: serde_json::Value = serde_json::from_str(&answer.out).expect("JSON");
    assert_eq!(json[0]["runs"].as_array().map(Vec::len), Some(2));
    assert_eq!(json[0]["runs"][0]["status"]["state"], "new");
    assert_eq!(json[0]["runs"][0]["status"]["why"], "never run");
    assert_eq!(json[0]["runs"][0]["spec"]["model"]["cell"], "lstm", "defaults are filled in");
}

#[test]
fn completions_and_help() {
    let folder = Project::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(folder.go(&["completions", shell]).out.contains("sparsegate"));
    }
    let help = folder.go(&["--help"]).out;
    assert!(help.contains("Exit codes:") && help.contains("Examples:"), "{help}");
    folder.go(&["plam"]).expect(2, &[]);
}

#[test]
fn oddities_of_labelled_texts_are_refused_for_a_language_model() {
    let spec = GOOD.replace("model:", "reading: { shift_ids: true }\nmodel:");
    refused(spec.as_bytes(), &[], &["reading", "a language model does not use it", "remove it"]);
    let spec = GOOD.replace("model:", "reading: { shift_id: true }\nmodel:");
    refused(spec.as_bytes(), &[], &["shift_id", "shift_ids"]);
    let plain = GOOD.replace("model:", "reading: { shift_ids: false }\nmodel:");
    assert_eq!(plan(plain.as_bytes(), &[]).out, plan(GOOD.as_bytes(), &[]).out, "the keys of runs stay the same");
}
