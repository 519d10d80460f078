//! `init`: a folder with everything that is shipped, for an installed program.

use camino::{Utf8Path, Utf8PathBuf};
use sparsegate_testing::{Answer, Project, command_in};

/// Every YAML and CSV file of a folder of the repository, relative to it.
fn shipped(folder: &Utf8Path, root: &Utf8Path, deep: bool, found: &mut Vec<Utf8PathBuf>) {
    for entry in folder.read_dir_utf8().unwrap() {
        let path = entry.unwrap().into_path();
        if path.is_dir() && deep {
            shipped(&path, root, deep, found);
        } else if matches!(path.extension(), Some("yaml" | "csv")) {
            found.push(path.strip_prefix(root).unwrap().to_owned());
        }
    }
}

#[test]
fn writes_all_that_is_shipped_and_plans_it() {
    let folder = Project::new();
    folder.go(&["init", "a/b"]).expect(0, &[]);
    let repository = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    shipped(&repository.join("experiments"), repository, true, &mut files);
    shipped(&repository.join("datasets"), repository, false, &mut files);
    assert!(files.len() > 20);
    for file in &files {
        let original = fs_err::read(repository.join(file)).unwrap();
        assert_eq!(folder.bytes(Utf8Path::new("a/b").join(file)), original, "{file}");
    }
    for (experiment, runs) in [("quick", 5), ("paper", 20)] {
        let plan = Answer::to(command_in(&folder.path("a/b"), &["plan", &format!("experiments/{experiment}.yaml")]));
        assert!(plan.out.contains(&format!("{runs} runs: 0 done, {runs} to run")), "{plan:#?}");
    }
}

#[test]
fn is_idempotent_and_keeps_edited_files() {
    let folder = Project::new();
    folder.go(&["init", "."]).expect(0, &[]);
    assert!(folder.go(&["init", "."]).done().contains(" 0 files written"));

    folder.write("experiments/quick.yaml", "name: mine\n");
    fs_err::remove_file(folder.path("experiments/parity.yaml")).unwrap();
    folder.go(&["init", "."]).expect(2, &["experiments/quick.yaml"]);
    assert_eq!(folder.read("experiments/quick.yaml"), "name: mine\n");
    assert!(!folder.path("experiments/parity.yaml").exists(), "nothing is written when something is in the way");

    folder.go(&["init", ".", "--force"]).expect(0, &[]);
    assert!(folder.read("experiments/quick.yaml").contains("name: quick"));
}

#[test]
fn a_missing_experiment_names_the_command() {
    Project::new().go(&["run", "experiments/quick.yaml"]).expect(2, &["sparsegate init"]);
}

/// The justfile for the installed program has recipes of the repository's, which differ in what `sparsegate` stands
/// for.
#[test]
fn recipes_are_those_of_the_repository() {
    let repository = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = fs_err::read_to_string(repository.join("justfile")).unwrap();
    let shipped = fs_err::read_to_string(repository.join("src/cli/init/justfile")).unwrap();
    let recipes: Vec<&str> = shipped.split("\n\n").filter(|block| block.contains("[group(")).collect();
    assert!(recipes.len() >= 8);
    for recipe in recipes {
        assert!(ours.contains(recipe.trim_end()), "not in the justfile of the repository:\n{recipe}");
    }
}
