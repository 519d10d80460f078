//! The results that the repository has, `experiments/paper/results` and `experiments/paper-small`, as a user takes them
//! in.

#![allow(missing_docs, reason = "a test")]

use camino::Utf8Path;
use sparsegate_store::{Store, Verified};
use sparsegate_testing::{Answer, Project};

fn copy(from: &Utf8Path, to: &Utf8Path) {
    fs_err::create_dir_all(to).unwrap();
    for entry in from.read_dir_utf8().unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(entry.path(), &to);
        } else {
            fs_err::copy(entry.path(), &to).unwrap();
        }
    }
}

/// A project with the experiments and manifests of the repository.
fn project() -> Project {
    let repository = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = Project::new();
    copy(&repository.join("experiments"), &project.path("experiments"));
    fs_err::create_dir_all(project.path("datasets")).unwrap();
    for entry in repository.join("datasets").read_dir_utf8().unwrap().map(Result::unwrap) {
        if entry.path().extension() == Some("yaml") {
            fs_err::copy(entry.path(), project.path("datasets").join(entry.file_name())).unwrap();
        }
    }
    project
}

/// Runs a command that has to succeed, and returns its output.
fn good(project: &Project, arguments: &[&str]) -> String {
    let Answer { code, out, err } = project.go(arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {out}{err}");
    out
}

/// The runs are whole, belong to the plan of `two-cores.yaml`, and are reported and checked without data or training.
#[test]
fn the_results_of_the_repository_can_be_imported_and_reported() {
    let project = project();
    let good = |arguments: &[&str]| good(&project, arguments);
    let imported = good(&["runs", "import", "experiments/paper/results"]);
    let runs = Store::open(&project.root).unwrap().with_prefix("");
    assert!(!runs.is_empty() && imported.lines().count() == runs.len(), "{imported}");
    for run in &runs {
        assert!(matches!(run.verify().unwrap(), Verified::ByManifest | Verified::Unfinished), "{}", run.path());
    }
    let plan = good(&["plan", "experiments/paper/two-cores.yaml"]);
    for run in &runs {
        let line = plan.lines().find(|line| line.contains(run.key())).expect("a run of the plan");
        assert!(line.contains("done") || line.contains("interrupted"), "{line}");
    }
    good(&["report", "experiments/paper/two-cores.yaml"]);
    // The two claims about accuracy are off, as docs/reproduction.md says.
    let checked = project.go(&["check", "experiments/paper/two-cores.yaml"]);
    assert_eq!(checked.code, Some(3), "{}", checked.err);
    assert!(checked.out.contains("6 reproduced, 0 within noise, 2 off, 0 not measured"), "{}", checked.out);
    let answer = good(&["predict", "9c409d0feb541af5", "a wonderful film with a great cast", "a boring waste of time"]);
    assert!(answer.lines().nth(1).is_some_and(|line| line.contains("pos")), "{answer}");
    assert!(answer.lines().nth(2).is_some_and(|line| line.contains("neg")), "{answer}");
    assert!(project.read("reports/two-cores/results.csv").lines().count() > runs.len());
}

/// The runs belong to the plan, each three seeds of a point, and their claims have the verdicts of docs/reproduction.md.
#[test]
fn the_small_networks_of_the_repository_are_judged_over_seeds() {
    let project = project();
    for seed in ["seed-0", "seed-1", "seed-2"] {
        good(&project, &["runs", "import", &format!("experiments/paper-small/{seed}.tar.zst")]);
    }
    let stored = Store::open(&project.root).unwrap().with_prefix("").len();
    let plan = good(&project, &["plan", "experiments/paper-small.yaml"]);
    assert_eq!(plan.lines().filter(|line| line.contains("  done")).count(), stored, "{plan}");
    let checked = project.go(&["check", "experiments/paper-small.yaml"]);
    assert_eq!(checked.code, Some(3), "{}", checked.err);
    let verdicts = checked.out.lines().next().expect("verdicts").trim_start_matches("paper-small: ").to_owned();
    let page = fs_err::read_to_string(Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reproduction.md")).unwrap();
    assert!(page.contains(&format!("({verdicts})")), "{verdicts}");
}
