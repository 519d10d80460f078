//! Texts from every kind of input, explanations, and invalid input.

use crate::files::{AFTER, Printed as _, classifier, damaged, folder_with, is_empty_but, language_model, with_details};
use serde_json::{Value, json};
use sparsegate_testing::Answer;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn near(value: &Value, wanted: f64) {
    assert!((number(value) - wanted).abs() < 1e-5, "{value} is not {wanted}");
}

/// Logit of [`classifier`] for words with these weights.
fn logit(weights: &[f64]) -> f64 {
    2.0 * weights.iter().fold(0.0, |state: f64, weight| (0.5 * state + weight).tanh()) - 0.25
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[test]
fn a_file_alone_classifies() {
    let folder = folder_with("m.safetensors", &classifier());
    let texts = ["A Good, bad film", "not bad", "", "nothing known", "a b c d e f good"];
    let arguments = [&["predict", "m.safetensors"][..], &texts, &["--format", "json"]].concat();
    let lines = folder.go(&arguments).lines();
    let weights: [&[f64]; 5] = [&[0.0, 1.0, -1.0, 0.0], &[0.25, -1.0], &[0.0], &[0.0; 2], &[0.0; 6]];
    let counts = [(4, 2), (2, 2), (1, 0), (2, 0), (6, 0)];
    assert_eq!(lines.len(), 5);
    for (at, ((line, weights), (symbols, read))) in lines.iter().zip(weights).zip(counts).enumerate() {
        let second = sigmoid(logit(weights));
        assert_eq!(line["text"], at + 1);
        assert_eq!((&line["symbols"], &line["read"]), (&json!(symbols), &json!(read)));
        near(&line["probabilities"]["positive"], second);
        near(&line["probabilities"]["negative"], 1.0 - second);
        assert_eq!(line["class"], if second >= 0.5 { "positive" } else { "negative" });
    }
    assert!(is_empty_but(&folder.root, "m.safetensors"), "nothing is written");
}

#[test]
fn texts_come_from_arguments_lines_and_files_alike() {
    let folder = folder_with("m.safetensors", &classifier());
    let text = "\u{feff}good film\r\n\nnot bad";
    folder.write("texts.txt", text.as_bytes());
    let by_arguments = folder.go(&["predict", "m.safetensors", "good film", "", "not bad"]);
    let table = by_arguments.quiet();
    assert_eq!(table, folder.feed(&["predict", "m.safetensors"], text.as_bytes()).quiet());
    assert_eq!(table, folder.feed(&["predict", "m.safetensors", "--file", "-"], text.as_bytes()).quiet());
    assert_eq!(table, folder.go(&["predict", "m.safetensors", "--file", "texts.txt"]).quiet());
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], " text  class     negative  positive     read");
    assert_eq!(
        lines[1],
        "    1  negative    0.5057    0.4943      1/2  good film".replace("negative    0.5057    0.4943", &shown())
    );
    assert_eq!(lines.len(), 4);
    assert_eq!(folder.feed(&["predict", "m.safetensors"], b"").quiet(), "");
}

/// Class and probabilities of `good film`, as in the printed table.
fn shown() -> String {
    let second = sigmoid(logit(&[1.0, 0.0]));
    format!("positive    {:.4}    {second:.4}", 1.0 - second)
}

#[test]
fn explanations_are_changes_of_the_log_odds() {
    let folder = folder_with("m.safetensors", &classifier());
    let text = "a good not good bad film";
    let arguments = ["predict", "m.safetensors", text, "--explain", "--format", "json"];
    let line = &folder.go(&arguments).lines()[0];
    let whole = logit(&[0.0, 1.0, 0.25, 1.0, -1.0, 0.0]);
    assert!(whole < 0.0);
    assert_eq!(line["class"], "negative");
    let mut wanted = [
        ("good", 2, -whole + logit(&[0.0, 0.0, 0.25, 0.0, -1.0, 0.0])),
        ("not", 1, -whole + logit(&[0.0, 1.0, 0.0, 1.0, -1.0, 0.0])),
        ("bad", 1, -whole + logit(&[0.0, 1.0, 0.25, 1.0, 0.0, 0.0])),
    ];
    wanted.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
    let words = line["words"].as_array().unwrap();
    assert_eq!(words.len(), 3);
    for (word, (name, times, effect)) in words.iter().zip(wanted) {
        assert_eq!((&word["word"], &word["times"]), (&json!(name), &json!(times)));
        near(&word["effect"], effect);
    }
    assert!(number(&words[0]["effect"]) > 0.0, "`bad` speaks for the class");
    assert_eq!(line["not_read"], json!(["a", "film"]));
    let table = folder.go(&arguments[..4]);
    let lines: Vec<&str> = table.quiet().lines().collect();
    assert_eq!(lines.len(), 6, "{lines:?}");
    assert!(lines[2].trim_start().starts_with('+') && lines[2].ends_with("  bad"), "{lines:?}");
    assert!(lines.iter().any(|line| line.trim_start().starts_with('-') && line.ends_with("good  (2 times)")));
    assert_eq!(lines[5], "       not read  a film");
}

#[test]
fn a_language_model_tells_the_next_words_and_the_perplexity() {
    let folder = folder_with("m.safetensors", &language_model());
    let arguments = ["predict", "m.safetensors", "the sat", "the dog sat\nthe", "", "--top", "2", "--format", "json"];
    let lines = folder.go(&arguments).lines();
    let nats = |from: usize, to: usize| {
        let logits = AFTER[from].map(f64::from);
        logits.iter().map(|logit| logit.exp()).sum::<f64>().ln() - logits[to]
    };
    assert_eq!((&lines[0]["symbols"], &lines[0]["predicted"]), (&json!(2), &json!(2)));
    near(&lines[0]["perplexity"], ((nats(0, 1) + nats(1, 3)) / 2.0).exp());
    let next = lines[0]["next"].as_array().unwrap();
    assert_eq!((next.len(), &next[0]["symbol"], &next[1]["symbol"]), (2, &json!("<eos>"), &json!("the")));
    near(&next[0]["probability"], (-nats(3, 0)).exp());
    // `dog` is not in the vocabulary: it is a step without input and is not predicted; all four words are equally
    // likely after it.
    assert_eq!((&lines[1]["symbols"], &lines[1]["predicted"]), (&json!(5), &json!(4)));
    near(&lines[1]["perplexity"], ((nats(0, 1) + 4_f64.ln() + nats(3, 0) + nats(0, 1)) / 4.0).exp());
    assert_eq!(lines[1]["next"][0]["symbol"], "cat");
    assert_eq!((&lines[2]["symbols"], &lines[2]["next"][0]["symbol"]), (&json!(0), &json!("the")));
    assert_eq!(lines[2].get("perplexity"), None);
    let table = folder.go(&["predict", "m.safetensors", "the cat"]);
    let lines: Vec<&str> = table.quiet().lines().collect();
    assert_eq!(lines[0], " text  symbols  perplexity  next");
    assert!(lines[1].starts_with("    1        2 ") && lines[1].contains("  sat 0.9"), "{lines:?}");
}

#[test]
fn characters_are_measured_in_bits() {
    let reader = json!({ "plain-text": { "unit": "character", "line_ends": false } });
    let file = with_details(&language_model(), "reader", reader);
    let file = with_details(&file, "words", json!(["<unk>", "t", "\n", "\u{1b}"]));
    let mut run: Value = serde_json::from_str::<Value>(&file.details).unwrap()["run"].clone();
    run["metric"] = json!("bits_per_char");
    let file = with_details(&with_details(&file, "run", run), "unknown", json!(0));
    let folder = folder_with("m.safetensors", &file);
    let line = &folder.go(&["predict", "m.safetensors", "tx", "--format", "json"]).lines()[0];
    assert_eq!((&line["symbols"], &line["predicted"]), (&json!(2), &json!(1)), "the first one has nothing before it");
    let logits = AFTER[1].map(f64::from);
    near(&line["bits_per_char"], logits.iter().map(|logit| logit.exp()).sum::<f64>().log2());
    let table = folder.go(&["predict", "m.safetensors", "t"]);
    assert!(table.quiet().contains("\\n 0.8") && table.out.contains("\\u{1b} 0.1"), "{table:?}");
}

#[test]
fn careless_command_lines_are_told() {
    let folder = folder_with("m.safetensors", &classifier());
    folder.write("lm.safetensors", language_model().write().unwrap());
    let go = |arguments: &[&str]| folder.go(&[&["predict"], arguments].concat());
    go(&["nosuch"]).fails(2, &["there is no run `nosuch`", "help: "]);
    go(&["nosuch.safetensors", "a"]).fails(2, &["there is no run `nosuch.safetensors`"]);
    go(&["t:sparsity=W", "a"]).fails(2, &["there is no run `t:sparsity=W`"]);
    go(&["m.safetensors", "--file", "nosuch.txt"]).fails(4, &["nosuch.txt", "help: --file takes a file of texts"]);
    go(&["m.safetensors", "a", "--file", "x"]).fails(2, &["cannot be used with"]);
    go(&["m.safetensors", "a", "--top", "3"]).fails(2, &["m.safetensors is a classifier", "help: remove --top"]);
    go(&["lm.safetensors", "a", "--explain"]).fails(2, &["is a language model", "help: remove --explain"]);
    assert_eq!(go(&["m.safetensors", "--file", "."]).code, Some(4));
}

#[test]
fn what_is_no_text_is_told_with_its_line() {
    let folder = folder_with("m.safetensors", &classifier());
    let bad = folder.feed(&["predict", "m.safetensors"], b"good\n\nb\xffd\n");
    assert_eq!((bad.code, bad.out.lines().count()), (Some(4), 3), "{bad:?}");
    assert!(bad.err.contains("standard input:3: this is not UTF-8 text"), "{bad:?}");
    folder.write("bad.txt", b"\xff");
    folder.go(&["predict", "m.safetensors", "--file", "bad.txt"]).fails(4, &["bad.txt:1: this is not UTF-8 text"]);
    fs_err::File::create(folder.path("huge.txt")).unwrap().set_len((64 << 20) + 1).unwrap();
    let huge = folder.go(&["predict", "m.safetensors", "--file", "huge.txt"]);
    huge.fails(4, &["huge.txt:1: the line is longer than 64 MiB"]);
}

#[test]
fn damaged_files_are_told_with_what_is_wrong_in_them() {
    let (folder, said) = damaged(&classifier());
    assert_eq!(folder.go(&["predict", "whole.safetensors", "good"]).code, Some(0));
    for (name, what) in said {
        let help = "help: name a run, its folder, or a compact.safetensors; for a finished run, `sparsegate export RUN --format compact` rebuilds a damaged file";
        folder.go(&["predict", name, "good"]).fails(4, &[&format!("error: {name}: "), what, help]);
    }
    let infinite = folder.go(&["predict", "infinite.safetensors", "good"]);
    assert_eq!(infinite.code, Some(4));
    assert!(infinite.err.contains("infinite.safetensors: the model's outputs are not finite"), "{infinite:?}");
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_error() {
    let folder = folder_with("m.safetensors", &classifier());
    folder.write("many.txt", "good bad\n".repeat(20_000).as_bytes());
    let mut child = folder.start(&["predict", "m.safetensors", "--file", "many.txt"]);
    drop(child.stdout.take());
    assert_eq!(Answer::of(child).quiet(), "");
}
