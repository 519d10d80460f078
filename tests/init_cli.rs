//! `init`: a folder with everything that is shipped, for an installed program.

use std::process::{Command, Output};

use camino::{Utf8Path, Utf8PathBuf};

fn sparsegate(folder: &Utf8Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sparsegate")).args(arguments).current_dir(folder).output().unwrap()
}

fn temporary() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    (folder, path)
}

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
    let (_keep, folder) = temporary();
    let output = sparsegate(&folder, &["init", "a/b"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let repository = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    shipped(&repository.join("experiments"), repository, true, &mut files);
    shipped(&repository.join("datasets"), repository, false, &mut files);
    assert!(files.len() > 20);
    for file in &files {
        let (written, original) = (folder.join("a/b").join(file), repository.join(file));
        assert_eq!(fs_err::read(written).unwrap(), fs_err::read(original).unwrap(), "{file}");
    }
    let plan = sparsegate(&folder.join("a/b"), &["plan", "experiments/quick.yaml"]);
    assert!(String::from_utf8_lossy(&plan.stdout).contains("5 runs: 0 done, 5 to run"));
    let paper = sparsegate(&folder.join("a/b"), &["plan", "experiments/paper.yaml"]);
    assert!(String::from_utf8_lossy(&paper.stdout).contains("20 runs: 0 done, 20 to run"));
}

#[test]
fn is_idempotent_and_keeps_edited_files() {
    let (_keep, folder) = temporary();
    assert!(sparsegate(&folder, &["init", "."]).status.success());
    let again = sparsegate(&folder, &["init", "."]);
    assert!(String::from_utf8_lossy(&again.stdout).contains(" 0 files written"));

    let edited = folder.join("experiments/quick.yaml");
    fs_err::write(&edited, "name: mine\n").unwrap();
    fs_err::remove_file(folder.join("experiments/parity.yaml")).unwrap();
    let refused = sparsegate(&folder, &["init", "."]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("experiments/quick.yaml"));
    assert_eq!(fs_err::read_to_string(&edited).unwrap(), "name: mine\n");
    assert!(!folder.join("experiments/parity.yaml").exists(), "nothing is written when something is in the way");

    assert!(sparsegate(&folder, &["init", ".", "--force"]).status.success());
    assert!(fs_err::read_to_string(&edited).unwrap().contains("name: quick"));
}

#[test]
fn a_missing_experiment_names_the_command() {
    let (_keep, folder) = temporary();
    let output = sparsegate(&folder, &["run", "experiments/quick.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("sparsegate init"));
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
