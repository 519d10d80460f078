//! From a spec to predicted classes and generated text: `predict` on the test texts is as accurate as training
//! measured.

use sparsegate_data::{Manifest, Parts};
use sparsegate_spec::types::Reading;
use sparsegate_store::runs;
use sparsegate_testing::{Project, manifests};

use crate::files::Printed as _;

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

fn project() -> Project {
    let (texts, words) = (manifests::texts("texts", [640, 64, 200]), manifests::words("words", [3000, 500, 500]));
    let files =
        [("datasets/texts.yaml", &*texts), ("datasets/words.yaml", &*words), ("t.yaml", TEXTS), ("l.yaml", WORDS)];
    Project::with(&files)
}

#[test]
fn predictions_of_the_test_texts_are_as_good_as_training_says() {
    let project = project();
    assert_eq!(project.go(&["run", "t.yaml", "l.yaml"]).code, Some(0));
    let corpus =
        sparsegate_data::load(&project.root, &Manifest::load(&project.root, "texts").unwrap(), Reading::default())
            .unwrap();
    let Parts::Texts { classes, test, .. } = &corpus.parts else { panic!("no texts") };
    let spelled = |text: usize| {
        let words: Vec<&str> = test.text(text).iter().map(|&id| corpus.vocabulary[id as usize].as_str()).collect();
        words.join(" ") + "\n"
    };
    project.write("test.txt", (0..test.len()).map(spelled).collect::<String>());
    for run in runs(&project.root, "t").unwrap() {
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

        // The same predictions as CSV, from the data set itself.
        let answer = project.go(&["predict", &format!("t:sparsity={sparsity}"), "--on", "test"]);
        let on = answer.despite_warnings();
        let mut lines = on.lines();
        let head: String = classes.iter().flat_map(|class| [",probability: ", class]).collect();
        assert_eq!(lines.next(), Some(format!("text,class,predicted{head}").as_str()));
        let mut confusion = vec![vec![0_u64; classes.len()]; classes.len()];
        for (index, (line, known)) in lines.zip(&predicted).enumerate() {
            let cells: Vec<&str> = line.split(',').collect();
            let label = test.label(index) as usize;
            assert_eq!((cells[0], cells[1]), ((index + 1).to_string().as_str(), classes[label].as_str()));
            assert_eq!(known["class"], cells[2], "{line}");
            let probability: f64 = cells[3].parse().unwrap();
            assert_eq!(Some(probability), known["probabilities"][&classes[0]].as_f64());
            confusion[label][classes.iter().position(|class| class == cells[2]).unwrap()] += 1;
        }
        assert_eq!(confusion.iter().flatten().sum::<u64>(), test.len() as u64, "{on}");

        // What is stored by class agrees with them, and with the accuracy that training measured.
        let stored = run.classes().unwrap().expect("a classifier");
        assert_eq!((&stored.classes, &stored.confusion), (classes, &confusion));
        let correct: u64 = (0..classes.len()).map(|class| stored.confusion[class][class]).sum();
        assert!((correct as f64 / test.len() as f64 - measured).abs() < 1e-9);
        if sparsity == "W+Voc" && !collapsed {
            assert_eq!(stored.words.len(), classes.len());
            let strongest = stored.words.iter().flatten().next().expect("a word").word.clone();
            let answer = project.go(&["predict", "t:sparsity=W+Voc", &strongest, "--format", "json"]);
            assert!(answer.lines_despite_warnings()[0]["read"].as_u64() > Some(0), "{strongest} is read");
        }

        // The copied file gives the same output without data set and run.
        let alone = Project::new();
        fs_err::copy(run.compact_path(), alone.path("m.safetensors")).unwrap();
        alone.write("test.txt", project.read("test.txt"));
        assert_eq!(
            alone.go(&["predict", "m.safetensors", "--file", "test.txt", "--format", "json"]).lines_despite_warnings(),
            predicted
        );
    }

    project.go(&["predict", "t:sparsity=W", "--on", "test", "a"]).fails(2, &["--on"]);
    project.go(&["predict", "l", "--on", "test"]).fails(2, &["l is a language model; --on is for classifiers"]);
    assert!(runs(&project.root, "l").unwrap()[0].classes().unwrap().is_none(), "only classifiers have classes");
    // A run of a version without this file is read as before, and damage is named.
    let run = runs(&project.root, "t").unwrap().remove(0);
    let file = run.path().join("classes.json");
    fs_err::write(&file, r#"{"format":1,"classes":["a","b"],"confusion":[[1,0]]}"#).unwrap();
    assert!(run.classes().unwrap_err().to_string().contains("classes.json"));
    fs_err::remove_file(&file).unwrap();
    assert_eq!(run.classes().unwrap(), None);

    project.go(&["predict", "t", "a"]).fails(2, &["`t` matches 2 runs", "(sparsity=W+Voc)", "such as t:"]);
    project.go(&["predict", "t:sparsity=W+N", "a"]).fails(2, &["t:sparsity=W+N: no run has sparsity=W+N", "help: "]);
    project.go(&["predict", "t:sparsty=W", "a"]).fails(2, &["unknown key `sparsty`", "sparsity"]);

    // The experiment's name identifies its only run.
    let made = project.go(&["generate", "l", "--length", "30", "--seed", "4"]);
    assert!(made.despite_warnings().split_whitespace().count() == 30, "{made:?}");
    let run = runs(&project.root, "l").unwrap().remove(0);
    assert_eq!(project.go(&["generate", run.key(), "--length", "30", "--seed", "4"]).despite_warnings(), made.out);
    assert_eq!(
        project.go(&["predict", &run.key()[..8], "aboard a captain", "--top", "3"]).despite_warnings().lines().count(),
        2
    );

    // Pages: of all runs that match, of one, and beside the report.
    let page = |name: &str| project.read(name);
    assert_eq!(project.go(&["explore", "t", "l"]).quiet(), "explore.html\n");
    assert_eq!(page("explore.html").matches("\"group\":").count(), 3);
    project.go(&["explore", "t"]).fails(2, &["explore.html already exists", "--force"]);
    project.go(&["explore", "t:sparsity=W", run.key(), "--out", "one.html", "--title", "a <b>"]).quiet();
    assert!(page("one.html").contains("<h1>a &lt;b&gt;</h1>"));
    assert_eq!(page("one.html").matches("\"group\":").count(), 2);
    assert_eq!(project.go(&["report", "t.yaml"]).code, Some(0));
    assert!(page("reports/t/index.html").contains("href=\"explore.html\""));
    assert_eq!(page("reports/t/explore.html").matches("\"group\":").count(), 2);
    let small = project.go(&["explore", "t", "--budget", "0.001", "--out", "none.html"]);
    small.fails(2, &["and all models of a page have at most 1.0 kB", "--budget"]);

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
    project.go(&["generate", "l"]).fails(4, &["summary.json is damaged (it is missing)", "--force"]);
    fs_err::remove_file(run.path().join("manifest.json")).unwrap();
    project.go(&["generate", "l"]).fails(2, &["is not done, so it has no final parameters; finish its training"]);
}
