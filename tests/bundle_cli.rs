//! `runs export` and `import`, `runs note` and `runs tag`.

#![allow(missing_docs, reason = "a test")]

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use sparsegate_store::{RunDir, Verified, runs};
use sparsegate_testing::{Answer, Project, manifests};

const SPEC: &str = "\
name: t
dataset: small
model: { kind: language-model, hidden: 4 }
train: { epochs: 2, batch: 4, sequence: 10, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }
sweep: { product: { sparsity: [dense, W] } }
expect:
  - claim: { less: [{ metric: valid.perplexity, where: { sparsity: dense } }, { metric: valid.perplexity, where: { sparsity: W } }] }
";

/// A project with the finished runs of the experiment.
fn trained() -> Project {
    let manifest = manifests::words("small", [2000, 200, 200]);
    let project = Project::with(&[("datasets/small.yaml", manifest.as_str()), ("experiments/t.yaml", SPEC)]);
    good(&project, &["run", "experiments/t.yaml"]);
    project
}

fn good(project: &Project, arguments: &[&str]) -> String {
    let Answer { code, out, err } = project.go(arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {out}{err}");
    out
}

fn of_level(project: &Project, level: &str) -> RunDir {
    let name = |run: &RunDir| run.record().unwrap().unwrap().spec.sparsity.name;
    runs(&project.root, "t").unwrap().into_iter().find(|run| name(run) == level).unwrap()
}

/// The files below a folder with their contents.
fn files(folder: &Utf8Path) -> BTreeMap<Utf8PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in folder.read_dir_utf8().unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(
                files(entry.path())
                    .into_iter()
                    .map(|(name, bytes)| (Utf8Path::new(entry.file_name()).join(name), bytes)),
            );
        } else {
            found.insert(entry.file_name().into(), fs_err::read(entry.path()).unwrap());
        }
    }
    found
}

#[test]
fn an_imported_bundle_gives_the_same_report_and_verdicts_without_training() {
    let (project, again) = (trained(), trained());
    let times = |project: &Project| fs_err::read(of_level(project, "W").times_path()).unwrap();
    let times_again = times(&again);
    assert_ne!(times(&project), times_again);
    good(&project, &["report", "experiments/t.yaml"]);
    let (checked, table) = (project.go(&["check", "experiments/t.yaml"]), project.read("reports/t/results.csv"));
    for name in ["b.tar", "b.tar.zst", "folder"] {
        let bundle = project.path(name).to_string();
        good(&project, &["runs", "export", "experiments/t.yaml", "--to", &bundle]);
        let other = Project::new();
        let out = good(&other, &["runs", "import", &bundle]);
        assert_eq!(out.lines().count(), 4, "two runs, the experiment and the manifest: {out}");
        assert_eq!(files(&other.path("experiments")), files(&project.path("experiments")));
        let plan = good(&other, &["plan", "experiments/t.yaml"]);
        assert!(plan.contains("done") && !plan.contains("new"), "{plan}");
        good(&other, &["report", "experiments/t.yaml"]);
        assert_eq!(other.read("reports/t/results.csv"), table);
        let check = other.go(&["check", "experiments/t.yaml"]);
        assert_eq!((check.code, &check.out), (checked.code, &checked.out));
        for level in ["dense", "W"] {
            let (here, there) = (of_level(&other, level), of_level(&project, level));
            assert_eq!(here.verify().unwrap(), Verified::ByManifest);
            assert!(here.is_without_weights().unwrap() && !there.is_without_weights().unwrap());
            for file in
                ["run.json", "metrics.jsonl", "times.jsonl", "structure.json", "compact.safetensors", "manifest.json"]
            {
                assert_eq!(
                    fs_err::read(here.path().join(file)).unwrap(),
                    fs_err::read(there.path().join(file)).unwrap()
                );
            }
        }
        let text = ["generate", "t:sparsity=W", "--length", "5", "--seed", "1"];
        assert_eq!(good(&other, &text), good(&project, &text), "the compact model is in the bundle");
        // A second import, and ones into the project that the runs came from and into one that trained them, too. Other
        // times are no other results.
        for target in [&other, &project, &again] {
            let import = target.go(&["runs", "import", &bundle]);
            import.expect(0, &["0 imported, 4 known already, 0 left"]);
        }
        assert_eq!(times(&again), times_again);
        assert!(
            !project
                .path("runs")
                .read_dir_utf8()
                .unwrap()
                .any(|entry| entry.unwrap().file_name().starts_with(".import"))
        );
    }
}

#[test]
fn weights_go_along_when_asked_for_and_what_needs_them_says_so() {
    let project = trained();
    let [all, few] = ["all.tar.zst", "few.tar"].map(|name| project.path(name).to_string());
    good(&project, &["runs", "export", "t:sparsity=W", "--weights", "--checkpoints", "--to", &all]);
    good(&project, &["runs", "export", "t:sparsity=W", "--to", &few]);
    let whole = Project::with(&[("datasets/small.yaml", &project.read("datasets/small.yaml"))]);
    good(&whole, &["runs", "import", &all]);
    let names = |project: &Project| {
        let found = files(of_level(project, "W").path());
        // Neither belongs to the results.
        found.into_keys().filter(|name| !["lock", "log.txt"].contains(&name.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(names(&whole), names(&project));

    let part =
        Project::with(&[("datasets/small.yaml", &project.read("datasets/small.yaml")), ("experiments/t.yaml", SPEC)]);
    good(&part, &["runs", "import", &few]);
    let again = part.go(&["runs", "import", &all]).says(1, &["without its parameters; delete it to import them"]);
    assert!(again.err.contains("0 imported, 0 known already, 1 left"), "{again:#?}");
    let run = of_level(&part, "W");
    fs_err::remove_file(run.compact_path()).unwrap();
    let answer = part.go(&["generate", run.key()]);
    assert!(answer.code != Some(0) && answer.err.contains("left out when the run was exported"), "{}", answer.err);
    // Training it anew gives the same parameters.
    good(&part, &["run", "experiments/t.yaml", "--only", "sparsity=W", "--force"]);
    let read = |project: &Project| fs_err::read(of_level(project, "W").model_path()).unwrap();
    assert_eq!(read(&part), read(&project));
    // Without the note that they were left out, missing parameters are damage.
    let run = of_level(&whole, "W");
    fs_err::remove_file(run.model_path()).unwrap();
    assert!(run.verify().unwrap_err().to_string().contains("model.safetensors is damaged (it is missing)"));
}

/// Its files would change between their checksums and their copies.
#[test]
fn a_run_that_is_trained_is_not_exported() {
    let project = trained();
    let run = of_level(&project, "W");
    let lock = run.lock().unwrap();
    lock.remove_summary().unwrap();
    let bundle = project.path("b.tar").to_string();
    project.go(&["runs", "export", "t", "--to", &bundle]).expect(1, &["is in use by process"]);
    assert!(!project.path("b.tar").exists());
    drop(lock);
    good(&project, &["runs", "export", "t", "--to", &bundle]);
    good(&Project::new(), &["runs", "import", &bundle]);
}

#[test]
fn more_epochs_go_on_from_an_imported_checkpoint() {
    let (whole, project, other) = (trained(), trained(), Project::new());
    let one = ["run", "experiments/t.yaml", "--only", "sparsity=W", "--set", "train.epochs=1"];
    good(&project, &one);
    let is_short = |run: &RunDir| run.record().unwrap().unwrap().spec.train.epochs == 1;
    let key = runs(&project.root, "t").unwrap().into_iter().find(is_short).unwrap().key().to_owned();
    let bundle = project.path("b.tar").to_string();
    good(&project, &["runs", "export", &key, "--checkpoints", "--to", &bundle]);
    for name in ["datasets/small.yaml", "experiments/t.yaml"] {
        other.write(name, project.read(name));
    }
    good(&other, &["runs", "import", &bundle]);
    let plan = good(&other, &["plan", "experiments/t.yaml", "--only", "sparsity=W"]);
    assert!(plan.contains("continue"), "{plan}");
    good(&other, &["run", "experiments/t.yaml", "--only", "sparsity=W"]);
    let of = |project: &Project| {
        let dirs = runs(&project.root, "t").unwrap();
        let is_it = |run: &&RunDir| of_level(&whole, "W").key() == run.key();
        fs_err::read(dirs.iter().find(is_it).unwrap().metrics_path()).unwrap()
    };
    assert_eq!(of(&other), of(&whole));
}

#[test]
fn nothing_is_overwritten_and_damage_is_named() {
    let project = trained();
    let folder = project.path("bundle");
    good(&project, &["runs", "export", "experiments/t.yaml", "--to", folder.as_str()]);
    let answer = project.go(&["runs", "export", "t:sparsity=W", "--to", folder.as_str()]);
    assert!(answer.code == Some(2) && answer.err.contains("exists already"), "{}", answer.err);

    // A run with other results, and an experiment of another content.
    let other = Project::new();
    good(&other, &["runs", "import", folder.as_str()]);
    let run = of_level(&other, "W");
    let metrics = other.read(run.metrics_path().strip_prefix(&other.root).unwrap());
    fs_err::write(run.metrics_path(), metrics.replacen("\"valid\":", "\"valid\":1", 1)).unwrap();
    other.write("experiments/t.yaml", "name: mine\n");
    let answer = other.go(&["runs", "import", folder.as_str()]);
    assert_eq!(answer.code, Some(1), "{}", answer.err);
    assert!(
        answer.out.contains("has other results of the same run") && answer.out.contains("has another content"),
        "{}",
        answer.out
    );
    assert_eq!(other.read("experiments/t.yaml"), "name: mine\n");

    let fresh = Project::new();
    for name in files(&folder).keys() {
        let path = folder.join(name);
        let content = fs_err::read(&path).unwrap();
        let mut flipped = content.clone();
        let at = flipped.len() / 2;
        flipped[at] ^= 1;
        fs_err::write(&path, &flipped).unwrap();
        let answer = fresh.go(&["runs", "import", folder.as_str()]);
        assert_eq!(answer.code, Some(4), "{name}: {}{}", answer.out, answer.err);
        assert!(
            answer.err.contains("is damaged") && answer.err.contains(name.file_name().unwrap()),
            "{name}: {}",
            answer.err
        );
        fs_err::remove_file(&path).unwrap();
        let answer = fresh.go(&["runs", "import", folder.as_str()]);
        assert!(matches!(answer.code, Some(2 | 4 | 1)), "{name}: {}", answer.err);
        fs_err::write(&path, &content).unwrap();
        fs_err::remove_dir_all(fresh.path("runs")).unwrap();
    }
    good(&fresh, &["runs", "import", folder.as_str()]);

    let archive = project.path("b.tar");
    good(&project, &["runs", "export", "t:sparsity=W", "--to", archive.as_str()]);
    let whole = fs_err::read(&archive).unwrap();
    for length in [0, 100, 5000, whole.len() / 2] {
        fs_err::write(&archive, &whole[..length]).unwrap();
        let answer = Project::new().go(&["runs", "import", archive.as_str()]);
        assert!(matches!(answer.code, Some(2 | 4)), "{length}: {:?} {}", answer.code, answer.err);
    }
    for name in ["nothing", "experiments/t.yaml", "runs"] {
        let answer = project.go(&["runs", "import", project.path(name).as_str()]);
        assert!(answer.code == Some(2) && answer.err.contains("is not a bundle"), "{name}: {}", answer.err);
    }
}

/// An archive with a valid description followed by these entries.
fn archive_with(description: &[u8], entries: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let first = [("bundle.json", tar::EntryType::Regular, description)];
    for (name, kind, content) in first.iter().chain(entries) {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        if *kind == tar::EntryType::Symlink {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, *content).unwrap();
    }
    archive.into_inner().unwrap()
}

#[test]
fn an_archive_writes_only_what_its_description_lists() {
    let project = trained();
    let folder = project.path("bundle");
    good(&project, &["runs", "export", "t:sparsity=W", "--to", folder.as_str()]);
    let description = fs_err::read(folder.join("bundle.json")).unwrap();
    let listed = format!("runs/{}/run.json", of_level(&project, "W").key());
    let (regular, link) = (tar::EntryType::Regular, tar::EntryType::Symlink);
    let cases: [(&str, tar::EntryType, &[u8]); 5] = [
        ("../outside", regular, b"x"),
        ("/tmp/sparsegate-outside", regular, b"x"),
        ("runs/0123456789abcdef/run.json", regular, b"x"),
        (&listed, link, b""),
        (&listed, regular, b"longer or shorter than it was"),
    ];
    for case in cases {
        let target = Project::new();
        target.write("b.tar", archive_with(&description, &[case]));
        let answer = target.go(&["runs", "import", target.path("b.tar").as_str()]);
        assert_eq!(answer.code, Some(4), "{case:?}: {}", answer.err);
        assert!(runs(&target.root, "t").unwrap().is_empty() && !target.path("outside").exists());
        assert!(!Utf8Path::new("/tmp/sparsegate-outside").exists());
    }
}

#[test]
fn metadata_describe_every_file_of_the_bundle() {
    let project = trained();
    let folder = project.path("bundle");
    let more = ["--ro-crate", "--author", "Noether, Emmy", "--title", "Small runs", "--to", folder.as_str()];
    good(&project, &[&["runs", "export", "experiments/t.yaml"], &more[..]].concat());
    let found: Value = serde_json::from_str(&project.read("bundle/ro-crate-metadata.json")).unwrap();
    let graph = found["@graph"].as_array().unwrap();
    let is_described = |id: &str| graph.iter().any(|entity| entity["@id"] == id);
    for name in files(&folder).keys().filter(|name| *name != "ro-crate-metadata.json") {
        assert!(is_described(name.as_str()), "{name}");
    }
    assert_eq!(graph.iter().filter(|entity| entity["@type"] == "CreateAction").count(), 2);
    assert!(project.read("bundle/CITATION.cff").contains("title: \"Small runs\""));
    let answer = project.go(&["runs", "export", "t:sparsity=W", "--ro-crate", "--to", "x"]);
    assert!(answer.code == Some(2) && answer.err.contains("--author"), "{}", answer.err);
}

#[test]
fn notes_and_tags_stay_with_the_run() {
    let project = trained();
    let run = of_level(&project, "W");
    good(&project, &["runs", "note", run.key(), "the one of figure 2"]);
    assert_eq!(good(&project, &["runs", "note", run.key()]), "the one of figure 2\n");
    good(&project, &["runs", "tag", "t", "paper", "figure-2"]);
    let out = good(&project, &["runs", "tag", "t:sparsity=dense", "--remove", "figure-2"]);
    assert!(out.trim_end().ends_with("  paper"), "{out}");
    let list = |tag: &str| {
        let text = good(&project, &["runs", "list", "--tag", tag, "--format", "json"]);
        serde_json::from_str::<Value>(&text).unwrap().as_array().unwrap().clone()
    };
    assert_eq!((list("paper").len(), list("figure-2").len(), list("x").len()), (2, 1, 0));
    assert_eq!(list("figure-2")[0]["note"], "the one of figure 2");
    assert!(good(&project, &["runs", "list"]).contains("figure-2 paper"));
    assert!(good(&project, &["runs", "show", run.key()]).contains("the one of figure 2"));
    assert_eq!(run.verify().unwrap(), Verified::ByManifest, "they are no results");
    // They outlive a training, and a journey.
    good(&project, &["run", "experiments/t.yaml", "--force"]);
    assert_eq!(good(&project, &["runs", "note", run.key()]), "the one of figure 2\n");
    let bundle = project.path("b.tar.zst").to_string();
    good(&project, &["runs", "export", run.key(), "--to", &bundle]);
    let other = Project::new();
    good(&other, &["runs", "import", &bundle]);
    assert_eq!(of_level(&other, "W").notes().unwrap(), run.notes().unwrap());
    good(&project, &["runs", "note", run.key(), ""]);
    assert_eq!(good(&project, &["runs", "note", run.key()]), "");
    for (arguments, part) in [(["runs", "tag", "t", "a b"], "cannot be a tag"), (["runs", "tag", "u", "a"], "u")] {
        let answer = project.go(&arguments);
        assert!(answer.code == Some(2) && answer.err.contains(part), "{}", answer.err);
    }
    // A damaged note hides no run.
    fs_err::write(run.path().join("notes.json"), "{").unwrap();
    let answer = project.go(&["runs", "list"]);
    answer.expect(0, &["notes.json is damaged", "only the run's note and tags are lost"]);
    assert_eq!(answer.out.lines().count(), 3, "{answer:#?}");
    fs_err::remove_file(run.path().join("notes.json")).unwrap();
    let long = "x".repeat((1 << 16) + 1);
    assert_eq!(project.go(&["runs", "note", run.key(), &long]).code, Some(2));
}
