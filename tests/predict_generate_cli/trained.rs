//! From a spec to predicted classes and generated text: `predict` on the test texts is as accurate as training
//! measured.

use sparsegate_data::{Manifest, Parts};
use sparsegate_spec::types::Reading;
use sparsegate_store::runs;

use crate::files::Folder;

const TEXTS: &str = "\
name: t
dataset: texts
model: { kind: classification, cell: gru, hidden: 6, embedding: { size: 4, vectors: none }, gate_activation: sigmoid }
train: { epochs: 2, batch: 32, optimizer: { adam: { lr: 2e-2 } } }
sweep: { product: { sparsity: [W, W+Voc] } }
";

const WORDS: &str = "\
name: l
dataset: words
model: { kind: language-model, hidden: 6 }
train: { epochs: 1, batch: 8, sequence: 10, carry_state: true, optimizer: { adam: { lr: 1e-2 } } }
sweep: { product: { sparsity: [W+G+N] } }
";

fn manifest(name: &str, reader: &str) -> String {
    format!(
        "name: {name}\nabout: Embedded\nlicence: {{ name: MIT OR Apache-2.0, redistribution: true, terms: generated }}\n\
         reader: {{ {reader} }}\nsplit: three independent draws\n"
    )
}

fn project() -> Folder {
    let folder = Folder::new();
    fs_err::create_dir(folder.path.join("datasets")).unwrap();
    let texts = manifest("texts", "planted-texts: { seed: 1, train: 640, valid: 64, test: 200 }");
    let words = manifest("words", "planted-words: { seed: 1, train: 3000, valid: 500, test: 500 }");
    folder.write("datasets/texts.yaml", texts.as_bytes());
    folder.write("datasets/words.yaml", words.as_bytes());
    folder.write("t.yaml", TEXTS.as_bytes());
    folder.write("l.yaml", WORDS.as_bytes());
    folder
}

#[test]
fn predictions_of_the_test_texts_are_as_good_as_training_says() {
    let project = project();
    assert_eq!(project.go(&["run", "t.yaml", "l.yaml"]).code, Some(0));
    let corpus =
        sparsegate_data::load(&project.path, &Manifest::load(&project.path, "texts").unwrap(), Reading::default())
            .unwrap();
    let Parts::Texts { classes, test, .. } = &corpus.parts else { panic!("no texts") };
    let spelled = |text: usize| {
        let words: Vec<&str> = test.text(text).iter().map(|&id| corpus.vocabulary[id as usize].as_str()).collect();
        words.join(" ") + "\n"
    };
    project.write("test.txt", (0..test.len()).map(spelled).collect::<String>().as_bytes());
    for run in runs(&project.path, "t").unwrap() {
        let sparsity = run.record().unwrap().unwrap().spec.sparsity.name;
        let answer =
            project.go(&["predict", &format!("t:sparsity={sparsity}"), "--file", "test.txt", "--format", "json"]);
        let predicted = answer.lines_despite_warnings();
        let collapsed = run.summary().unwrap().unwrap().collapsed().is_some();
        assert_eq!(answer.err.starts_with("warning: "), collapsed, "{sparsity}: {}", answer.err);
        let right =
            predicted.iter().zip(test.labels()).filter(|(line, label)| line["class"] == classes[**label as usize]);
        let accuracy = right.count() as f64 / test.len() as f64;
        let measured = run.summary().unwrap().unwrap().last.unwrap().test;
        assert!((accuracy - measured).abs() < 1e-9, "{sparsity}: {accuracy}, and training measured {measured}");

        // The copied file gives the same output without data set and run.
        let alone = Folder::new();
        fs_err::copy(run.compact_path(), alone.path.join("m.safetensors")).unwrap();
        alone.write("test.txt", &fs_err::read(project.path.join("test.txt")).unwrap());
        assert_eq!(
            alone.go(&["predict", "m.safetensors", "--file", "test.txt", "--format", "json"]).lines_despite_warnings(),
            predicted
        );
    }

    project.go(&["predict", "t", "a"]).fails(2, &["`t` matches 2 runs", "(sparsity=W+Voc)", "such as t:"]);
    project.go(&["predict", "t:sparsity=W+N", "a"]).fails(2, &["t:sparsity=W+N: no run has sparsity=W+N", "help: "]);
    project.go(&["predict", "t:sparsty=W", "a"]).fails(2, &["unknown key `sparsty`", "sparsity"]);

    // The experiment's name identifies its only run.
    let made = project.go(&["generate", "l", "--length", "30", "--seed", "4"]);
    assert!(made.despite_warnings().split_whitespace().count() == 30, "{made:?}");
    let run = runs(&project.path, "l").unwrap().remove(0);
    assert_eq!(project.go(&["generate", run.key(), "--length", "30", "--seed", "4"]).despite_warnings(), made.out);
    assert_eq!(
        project.go(&["predict", &run.key()[..8], "aboard a captain", "--top", "3"]).despite_warnings().lines().count(),
        2
    );

    // With 8-bit weights, from the run or from a file that has them.
    let out = ["--int8", "--format", "compact", "--out", "l-int8.safetensors"];
    assert_eq!(project.go(&[&["export", "l"][..], &out].concat()).code, Some(0));
    for command in [&["generate", "l", "--length", "30", "--seed", "4"][..], &["predict", "l", "aboard a captain"]] {
        let rounded = project.go(&[command, &["--int8"]].concat());
        let of_file: Vec<&str> =
            command.iter().map(|word| if *word == "l" { "l-int8.safetensors" } else { *word }).collect();
        assert_eq!(project.go(&of_file).despite_warnings(), rounded.despite_warnings());
    }
    let json = |option: &[&str]| {
        let command = ["predict", "l", "aboard a captain", "--format", "json"];
        project.go(&[&command[..], option].concat()).despite_warnings().to_owned()
    };
    assert_ne!(json(&[]), json(&["--int8"]));

    // A missing file is written again, but not that of an unfinished run.
    let whole = fs_err::read(run.compact_path()).unwrap();
    fs_err::remove_file(run.compact_path()).unwrap();
    project.go(&["predict", "l", "a"]).despite_warnings();
    assert_eq!(fs_err::read(run.compact_path()).unwrap(), whole);
    fs_err::remove_file(run.compact_path()).unwrap();
    fs_err::remove_file(run.path().join("summary.json")).unwrap();
    project.go(&["generate", "l"]).fails(2, &["is not done, so it has no final parameters; finish its training"]);
}
