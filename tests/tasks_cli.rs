//! Experiments that sweep over tasks, as a user types them: keys, parts, and careless specs.

use std::collections::BTreeMap;

use camino::Utf8Path;
use sparsegate_testing::{Answer, Project, command_in};

const WORDS: &str = "\
task: words
about: Words
dataset: planted-words-small
model: { kind: language-model, hidden: 4 }
train: { epochs: 1, batch: 16, sequence: 20, carry_state: true, max_steps: 2, optimizer: { adam: { lr: 2e-3 } } }
";

const TEXTS: &str = "\
task: texts
dataset: planted-texts-small
model: { kind: classification, hidden: 3, embedding: { size: 4, vectors: none } }
train: { epochs: 1, batch: 64, max_steps: 2, optimizer: { adam: { lr: 2e-3 } } }
";

const BOTH: &str = "\
name: both
sweep:
  product:
    task: [words, texts]
    sparsity: [dense, W+N]
    seed: [0]
";

struct Folder(Project);

impl Folder {
    /// A project with the shipped data sets and two tasks.
    fn new() -> Self {
        let project = Self(Project::new());
        for name in ["planted-words", "planted-words-small", "planted-texts-small"] {
            let shipped = repository().join(format!("datasets/{name}.yaml"));
            project.write(&format!("datasets/{name}.yaml"), &fs_err::read_to_string(shipped).unwrap());
        }
        project.write("experiments/tasks/words.yaml", WORDS);
        project.write("experiments/tasks/texts.yaml", TEXTS);
        project
    }

    fn write(&self, path: &str, text: &str) {
        self.0.write(path, text);
    }

    fn spec(&self, text: &str, arguments: &[&str]) -> Answer {
        self.write("experiments/x.yaml", text);
        let (command, more) = arguments.split_first().unwrap();
        self.0.go(&[&[*command, "experiments/x.yaml"], more].concat())
    }

    /// Planned runs: key by `TASK LEVEL SEED`.
    fn planned(&self, text: &str, more: &[&str]) -> BTreeMap<String, String> {
        let Answer { code, out, err } = self.spec(text, &[&["plan", "--format", "json"], more].concat());
        assert_eq!(code, Some(0), "{err}");
        keys(&out)
    }
}

fn repository() -> &'static Utf8Path {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn in_repository(arguments: &[&str]) -> Answer {
    Answer::to(command_in(repository(), arguments))
}

fn keys(json: &str) -> BTreeMap<String, String> {
    let plan: serde_json::Value = serde_json::from_str(json).unwrap();
    let runs = plan.as_array().unwrap().iter().flat_map(|one| one["runs"].as_array().unwrap());
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let key = |run: &serde_json::Value| {
        let spec = &run["spec"];
        let task = if spec["task"].is_null() { &spec["experiment"] } else { &spec["task"] };
        let cell = text(&spec["model"]["cell"]);
        let seed = &spec["seed"];
        (format!("{} {cell} {} {seed}", text(task), text(&spec["sparsity"]["name"])), text(&run["key"]))
    };
    runs.map(key).collect()
}

#[test]
fn the_paper_has_the_runs_of_its_four_older_files() {
    let paper = keys(&in_repository(&["plan", "experiments/paper.yaml", "--format", "json"]).out);
    assert_eq!(paper.len(), 20);
    let files = ["imdb", "agnews", "char-ptb", "word-ptb"].map(|task| format!("experiments/paper/{task}.yaml"));
    let arguments: Vec<&str> =
        ["plan", "--format", "json"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let older = keys(&in_repository(&arguments).out);
    for (run, key) in &paper {
        assert_eq!(older.get(run), Some(key), "{run}");
    }
    let published = fs_err::read_to_string(repository().join("experiments/paper/authors/final.csv")).unwrap();
    let published: Vec<String> = published
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>())
        .map(|row| format!("{} lstm {} 0", row[0], row[1]))
        .collect();
    assert_eq!(published.len(), 18);
    assert!(published.iter().all(|run| paper.contains_key(run)), "{paper:?}");

    let one = ["plan", "experiments/paper.yaml", "task=imdb", "sparsity=W+G+N", "--format", "json"];
    let one = keys(&in_repository(&one).out);
    assert_eq!(
        one.into_iter().collect::<Vec<_>>(),
        [("imdb lstm W+G+N 0".to_owned(), older["imdb lstm W+G+N 0"].clone())]
    );
}

/// The claims of `paper.yaml` are those of the older files, which are compared with the authors' figures elsewhere.
#[test]
fn the_paper_has_the_claims_of_its_four_older_files() {
    let load = |file: &str| sparsegate_spec::load(&repository().join(file), &[], &[]).unwrap().expect;
    let mut older = Vec::new();
    for task in ["imdb", "agnews", "char-ptb", "word-ptb"] {
        for mut entry in load(&format!("experiments/paper/{task}.yaml")) {
            let sides = entry.claim.iter_mut().flat_map(|order| &mut order.less).map(|side| &mut side.r#where);
            for filter in entry.r#where.iter_mut().chain(sides) {
                filter.remove("cell");
                filter.insert("task".to_owned(), task.into());
            }
            older.push(entry);
        }
    }
    assert_eq!(load("experiments/paper.yaml"), older);
}

/// An override of a key that only one task has is an error for the other task, unless a filter leaves that one out.
#[test]
fn an_override_need_only_suit_the_chosen_tasks() {
    let folder = Folder::new();
    let set = ["--set", "model.embedding.vectors=none"];
    let chosen = folder.planned(BOTH, &[&set[..], &["--only", "task=texts,sparsity=dense"]].concat());
    assert_eq!(chosen.into_keys().collect::<Vec<_>>(), ["texts lstm dense 0"]);
    // What the file sets for the tasks that are left out is left out with them.
    let settings = BOTH.to_owned() + "tasks: { words: { hidden: 5 } }\n";
    for set in ["train.epochs=2", "task=texts"] {
        let chosen = folder.planned(&settings, &["--set", set, "--only", "task=texts,sparsity=dense"]);
        assert_eq!(chosen.into_keys().collect::<Vec<_>>(), ["texts lstm dense 0"], "{set}");
    }
    let Answer { code, err, .. } = folder.spec(BOTH, &[&["plan"], &set[..]].concat());
    assert!(code == Some(2) && err.contains("task `words`"), "{err}");
}

#[test]
fn a_task_means_what_writing_it_out_means() {
    let project = Folder::new();
    let swept = project.planned(BOTH, &[]);
    assert_eq!(
        swept.keys().map(String::as_str).collect::<Vec<_>>(),
        ["texts lstm W+N 0", "texts lstm dense 0", "words lstm W+N 0", "words lstm dense 0"]
    );
    for (name, task) in [("words", WORDS), ("texts", TEXTS)] {
        let written = task.replace("task:", "name:") + "sweep: { product: { sparsity: [dense, W+N] } }\n";
        for (run, key) in project.planned(&written, &[]) {
            assert_eq!(swept[&run], key, "{name}");
        }
    }
    // What an experiment sets for all tasks, for one of them, in the sweep and on the command line.
    let base = BOTH.to_owned() + "train: { epochs: 2 }\ntasks: { texts: { hidden: 5 } }\n";
    let json = project.spec(&base, &["plan", "--format", "json", "--set", "seed=[1, 2]"]);
    let plan: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let runs = plan[0]["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 8, "{}", json.err);
    for run in runs {
        let spec = &run["spec"];
        assert_eq!(spec["train"]["epochs"], 2);
        assert_eq!(spec["model"]["hidden"], if spec["task"] == "texts" { 5 } else { 4 });
        assert!(spec["seed"] == 1 || spec["seed"] == 2);
    }
    let datasets = "name: x\nsweep: { product: { dataset: [planted-words, planted-words-small], sparsity: [W] } }\n";
    let planned = project.spec(&(datasets.to_owned() + &WORDS[WORDS.find("model").unwrap()..]), &["plan"]);
    assert_eq!(planned.code, Some(0), "{}", planned.err);
    assert!(planned.out.starts_with("x on planted-words, planted-words-small\n  dataset"), "{}", planned.out);
}

#[test]
fn careless_specs_have_a_place_and_a_hint() {
    let project = Folder::new();
    project.write("experiments/tasks/again.yaml", &WORDS.replace("words\nabout", "texts\nabout"));
    let refused = |spec: &str, more: &[&str], said: &[&str]| {
        let Answer { code, out, err } = project.spec(spec, &[&["plan"], more].concat());
        assert_eq!((code, out.as_str()), (Some(2), ""), "{spec}\n{err}");
        let words = err.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        for said in said {
            assert!(words.contains(said), "`{said}` is not in:\n{err}");
        }
    };
    refused(BOTH, &[], &["x.yaml:4:19:", "two files define the task `texts`", "`again`"]);
    fs_err::remove_file(project.0.root.join("experiments/tasks/again.yaml")).unwrap();

    let with = |from: &str, to: &str| {
        assert!(BOTH.contains(from));
        BOTH.replacen(from, to, 1)
    };
    refused(&with("texts", "text"), &[], &["x.yaml:4:19:", "there is no task `text`", "did you mean `texts`?"]);
    refused(&with("seed: [0]", "dataset: [a]"), &[], &["x.yaml:6:5:", "`dataset` is fixed by the task `words`"]);
    refused(&with("seed: [0]", "kind: [a]"), &[], &["x.yaml:6:5:", "`model.kind` is fixed by the task `words`"]);
    refused(&with("seed: [0]", "seeds: [0]"), &[], &["x.yaml:6:5:", "did you mean `seed`?"]);
    let only = with("[words, texts]", "[words]");
    let size = only.replace("seed: [0]", "model.embedding.size: [2]");
    refused(&size, &[], &["x.yaml:6:5:", "no run of the task `words` has this key", "none of the experiment's tasks"]);
    let length = with("seed: [0]", "sequence: [5]");
    refused(&length, &[], &["x.yaml:6:5:", "no run of the task `texts` has this key", "with `words` alone"]);
    let level = with("W+N", "{ name: x, inputs: log-uniform }");
    refused(&level, &[], &["x.yaml:5:", "`sparsity.inputs`", "(task `words`)"]);
    refused(&with("W+N", "W+NN"), &[], &["x.yaml:5:23:", "unknown level `W+NN`", "did you mean `W+N`?"]);
    refused(&(BOTH.to_owned() + "tasks: { text: { hidden: 3 } }\n"), &[], &["x.yaml:7:10:", "did you mean `texts`?"]);
    refused(
        &(BOTH.to_owned() + "tasks: { texts: { seed: 3 } }\n"),
        &[],
        &["x.yaml:7:19:", "the sweep assigns this key"],
    );
    refused(&(BOTH.to_owned() + "  where:\n"), &[], &["x.yaml:7:3:", "an empty filter"]);
    refused(&(BOTH.to_owned() + "  where: {}\n"), &[], &["x.yaml:7:", "an empty filter"]);
    let claim = "expect:\n  - where: {}\n    claims: [{ metric: compression, value: 1, tolerance: 1 }]\n";
    refused(&(BOTH.to_owned() + claim), &[], &["x.yaml:8:5:", "an empty filter"]);
    refused(BOTH, &["--set", "seed=[]"], &["--set seed=[]: an empty list"]);
    refused(BOTH, &["--set", "task=word"], &["there is no task `word`", "did you mean `words`?"]);
    refused("name: x\nsparsity: W\n", &[], &["the key `dataset` is missing", "`task: NAME`"]);
    project.write("experiments/tasks/words.yaml", &WORDS.replace("hidden", "hiden"));
    refused(BOTH, &[], &["tasks/words.yaml:4:", "unknown key `hiden`", "did you mean `hidden`?"]);
    project.write("experiments/tasks/words.yaml", &WORDS.replace("task: words", "task: wards"));
    refused(BOTH, &[], &["tasks/words.yaml:1:", "names another task, `wards`"]);
    let task = project.0.go(&["plan", "experiments/tasks/texts.yaml"]);
    assert!(task.code == Some(2) && task.err.contains("this file is a task"), "{}", task.err);
}

/// Trains all runs for two steps and writes one page, whose figures never mix the tasks.
#[test]
fn tasks_are_trained_and_reported_in_parts() {
    let project = Folder::new();
    let run = project.spec(BOTH, &["run", "--report"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    for row in ["words, dense", "words, W+N", "texts, dense", "texts, W+N"] {
        assert!(run.out.contains(row), "{row} in {}", run.out);
    }
    let planned = project.spec(BOTH, &["plan"]);
    assert!(planned.out.contains("both on planted-words-small, planted-texts-small"), "{}", planned.out);
    assert!(planned.out.contains("4 runs: 4 done"), "{}", planned.out);
    let report = project.0.root.join("reports/both");
    let csv = fs_err::read_to_string(report.join("results.csv")).unwrap();
    assert!(csv.lines().next().unwrap().ends_with(",task"), "{csv}");
    assert!(report.join("curves-words.svg").is_file() && report.join("curves-texts.svg").is_file());
    assert!(!report.join("curves.svg").exists());
    let table = fs_err::read_to_string(report.join("table.md")).unwrap();
    let part = |from: &str| table.split(from).nth(1).unwrap().split("\n## ").next().unwrap().to_owned();
    assert!(part("## words: Results").contains("valid perplexity"), "{table}");
    assert!(part("## texts: Results").contains("valid accuracy"), "{table}");
    assert!(!part("## texts: Results").contains("perplexity"));
    let status = project.spec(BOTH, &["status"]);
    assert!(status.out.lines().nth(1).unwrap().contains("task"), "{}", status.out);
}
