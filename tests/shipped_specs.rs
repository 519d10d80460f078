//! Every shipped YAML file is valid for the JSON Schema that the program prints, and every experiment loads.

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use sparsegate_spec::types::PublishedOrdering;
use sparsegate_testing::{Answer, command_in};

fn root() -> &'static Utf8Path {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn yaml_files(folder: &Utf8Path, found: &mut Vec<Utf8PathBuf>) {
    for entry in folder.read_dir_utf8().expect("a shipped folder") {
        let path = entry.expect("an entry").into_path();
        if path.is_dir() && !matches!(path.file_name(), Some("cache" | "tasks")) {
            yaml_files(&path, found);
        } else if path.extension() == Some("yaml") {
            found.push(path);
        }
    }
}

fn check(folder: &str, kind: &str) {
    let printed = Answer::to(command_in(root(), &["schema", kind]));
    printed.expect(0, &[]);
    let schema: Value = serde_json::from_str(&printed.out).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let mut files = Vec::new();
    yaml_files(&root().join(folder), &mut files);
    assert!(files.len() >= 3, "{folder} has files");
    for file in files {
        let text = fs_err::read_to_string(&file).expect("a readable file");
        let document: Value = serde_yaml::from_str(&text).expect("YAML");
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{file}: {errors:?}");
        if let Value::Object(mut map) = document {
            map.insert("nmae".into(), Value::Null);
            assert!(!validator.is_valid(&Value::Object(map)), "the schema refuses unknown keys");
        }
    }
}

#[test]
fn experiments_agree_with_the_schema() {
    check("experiments", "experiment");
}

#[test]
fn tasks_agree_with_the_schema() {
    check("experiments/tasks", "task");
}

#[test]
fn datasets_agree_with_the_schema() {
    check("datasets", "dataset");
}

#[test]
fn every_experiment_loads_and_names_a_shipped_dataset() {
    let mut files = Vec::new();
    yaml_files(&root().join("experiments"), &mut files);
    for file in files {
        let experiment = sparsegate_spec::load(&file, &[], &[]).expect("a valid experiment");
        assert!(!experiment.runs.is_empty());
        for dataset in experiment.datasets() {
            assert!(root().join(format!("datasets/{dataset}.yaml")).is_file(), "{file}");
        }
        let sources = experiment.tasks.iter().map(|task| &task.source).chain([&experiment.source]);
        for authors in sources.flatten().filter_map(|source| source.authors.as_ref()) {
            assert!(authors.final_values.is_file() && authors.curves.is_file(), "{file}: found from any folder");
        }
    }
}

#[test]
fn the_authors_orderings_hold_in_the_authors_figures() {
    let read =
        |name: &str| fs_err::read_to_string(root().join("experiments/paper/authors").join(name)).expect("the figures");
    // Both have the same columns.
    let (text, curves) = (read("final.csv"), read("curves.csv"));
    let header: Vec<&str> = text.lines().next().expect("a header").split(',').collect();
    let column = |name: &str| header.iter().position(|column| *column == name).expect("the column");
    let value = |task: &str, level: &str, metric: &str| -> f64 {
        let name = match metric {
            "gates.kept" => "gates",
            "vocabulary.kept" => "vocabulary",
            "neurons.kept" => "hidden_units",
            "compression" => "compression",
            metric if metric.starts_with("test.") => "test_metric",
            metric if metric.starts_with("valid.") => "valid_metric",
            other => panic!("no column for {other}"),
        };
        let number = |row: &[&str], column: usize| row[column].parse::<f64>().expect("a number");
        // Of a dense language model the authors quote the best epoch by validation, of any other run the last one.
        let is_quoted_at_its_best = level == "dense";
        let text = if is_quoted_at_its_best { &curves } else { &text };
        let rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let valid = column("valid_metric");
        let row = rows
            .filter(|row| row[0] == task && row[1] == level)
            .min_by(|a, b| number(a, valid).total_cmp(&number(b, valid)))
            .expect("the run");
        number(&row, column(name))
    };
    for task in ["word-ptb", "char-ptb", "imdb", "agnews"] {
        let file = root().join(format!("experiments/paper/{task}.yaml"));
        let experiment = sparsegate_spec::load(&file, &[], &[]).expect("a valid experiment");
        for expectation in &experiment.expect {
            if let Some(order) = &expectation.claim {
                let [less, more] = &order.less;
                let of = |metric: &sparsegate_spec::types::MetricRef| {
                    value(task, metric.r#where["sparsity"].as_str().expect("a level"), &metric.metric)
                };
                let contradicted = order.authors == Some(PublishedOrdering::Contradicted);
                assert_eq!(of(less) < of(more), !contradicted, "{task}: {order:?}");
            }
            for claim in &expectation.claims {
                let wanted = expectation.r#where.as_ref().expect("a filter");
                let published = value(task, wanted["sparsity"].as_str().expect("a level"), &claim.metric);
                assert!((claim.value - published).abs() < 1e-9, "{task}: {claim:?} is not {published}");
            }
        }
    }
}
