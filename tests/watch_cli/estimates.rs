//! `plan` estimates time and space.

use crate::project;
use crate::terminal::Terminal;

#[test]
fn times_come_from_stored_runs_of_this_machine() {
    let project = project("dense, W, W+G+N", 2);
    let plan = project.go(&["plan", "t.yaml"]);
    assert!(
        plan.out.contains("of disk; the time is not known") && plan.out.contains("plan t.yaml --measure"),
        "{plan:?}"
    );
    project.go(&["run", "t.yaml", "--only", "sparsity=W"]).expect(0, &[]);

    let plan = project.go(&["plan", "t.yaml"]);
    assert!(plan.out.contains("on this machine"), "{plan:?}");
    assert!(plan.out.contains("at once (from 1 stored run); about "), "{plan:?}");
    assert!(plan.out.contains("?: from runs of another sparsity level"), "{plan:?}");
    let json = |arguments: &[&str]| -> serde_json::Value {
        let answer = project.go(arguments);
        answer.expect(0, &[]);
        serde_json::from_str(&answer.out).unwrap()
    };
    let estimates =
        |more: &[&str]| json(&[&["plan", "t.yaml", "--format", "json"], more].concat())[0]["estimates"].clone();
    let two = estimates(&[]);
    assert!(two[1].is_null(), "the run that is done: {two}");
    assert_eq!(two[0]["source"], "stored-runs-of-other-levels");
    // Twice the epochs take twice the time.
    let [short, long] = [2, 4].map(|epochs| {
        let set = format!("train.epochs={epochs}");
        let found = estimates(&["--set", &set, "--only", "sparsity=W+G+N"]);
        found[0]["seconds"].as_f64().unwrap()
    });
    assert!((long / short - 2.0).abs() < 1e-9, "{short} {long}");
    // A run of more epochs goes on from the stored one, so that only the others are left.
    let on = estimates(&["--set", "train.epochs=4", "--only", "sparsity=W"]);
    assert_eq!(on[0]["source"], "stored-runs", "{on}");

    // The size from the number of parameters is near the size of the stored folder.
    let folder = project.root.join("runs");
    let key = json(&["plan", "t.yaml", "--format", "json"])[0]["runs"][1]["key"].as_str().unwrap().to_owned();
    let size = |path: camino::Utf8PathBuf| path.metadata().map_or(0, |found| found.len());
    let run = folder.join(key);
    let stored = size(run.join("model.safetensors")) + size(run.join("checkpoint/state.safetensors"));
    let other = super::project("W", 2).go(&["plan", "t.yaml", "--format", "json"]).out;
    let other: serde_json::Value = serde_json::from_str(&other).unwrap();
    let estimated = other[0]["estimates"][0]["bytes"].as_u64().unwrap();
    let ratio = estimated as f64 / stored as f64;
    assert!((0.7..1.1).contains(&ratio), "{estimated} for {stored}");
}

#[test]
fn a_few_steps_are_measured_when_asked() {
    let project = project("dense, W", 100);
    let plan = project.go(&["plan", "t.yaml", "--measure"]);
    plan.expect(0, &["measuring dense, lstm, on small", "measuring W, lstm, on small"]);
    assert!(plan.out.contains("(from a few measured steps)"), "{plan:?}");
    assert!(!project.path("runs").exists(), "nothing is stored");
}

#[test]
fn a_plan_in_a_narrow_terminal_has_fewer_columns_and_names_the_others() {
    let project = project("dense, W", 2);
    project.go(&["run", "t.yaml", "--only", "sparsity=W"]).expect(0, &[]);
    let plan = |more: &str| {
        let arguments = format!("plan t.yaml {more}");
        let (code, shown) = Terminal::start(&project, &arguments).end(&project);
        assert_eq!(code, "0", "{shown}");
        fs_err::remove_file(project.path("code")).unwrap();
        let lines: Vec<String> =
            shown.lines().filter(|line| line.starts_with("  ")).map(|line| line.trim_end().to_owned()).collect();
        // Why a run is stale is never cut, and may take a second line.
        let mut fit = lines.iter().filter(|line| !line.contains(" stale "));
        assert!(fit.all(|line| line.chars().count() <= 80), "{lines:#?}");
        // Elsewhere, all columns.
        let whole = project.go(&arguments.split_whitespace().collect::<Vec<_>>()).out;
        let head = whole.lines().find(|line| line.contains(" state ")).expect("a head").to_owned();
        let heads: Vec<&str> = head.split_whitespace().collect();
        assert_eq!(heads[heads.len() - 5..], ["key", "state", "time", "disk", "why"], "{whole}");
        assert!(head.starts_with("  sparsity ") && !whole.contains("too narrow"), "{whole}");
        lines
    };
    let fits = plan("");
    assert!(fits.iter().all(|line| !line.contains("too narrow")), "{fits:#?}");
    assert!(fits.iter().any(|line| line.contains("  key ") && line.contains("  disk ")), "{fits:#?}");
    let sets = "--set model.cell=[lstm,gru] --set model.hidden=[12,24] --set seed=[0,1] \
                --set train.optimizer.adam.lr=[2e-3,4e-3]";
    let few = plan(sets);
    let named = |line: &String| line.starts_with("  (too narrow for: ") && line.ends_with("disk)");
    assert!(few.iter().any(named) && few.iter().any(|line| line.contains("  time ")), "{few:#?}");
    let fewer = plan(&format!("{sets} --set train.batch=[8,16] --set train.clip_norm=[1,10]"));
    assert!(fewer.iter().any(|line| line == "  (too narrow for: key, disk)"), "{fewer:#?}");
    assert!(fewer.iter().any(|line| line.contains("  time ") && line.ends_with("  why")), "{fewer:#?}");
}
