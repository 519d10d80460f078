//! `sparsegate data`, as a person types it.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use sha2::{Digest, Sha256};

const TEXTS: [(&str, &str); 3] =
    [("train", " the cat sat \n the dog ran \n"), ("valid", " a cat \n"), ("test", " a dog \n")];

/// A project folder with one data set, `tiny`, and a mirror of its files.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut manifest = String::from(
            "name: tiny\nabout: Three lines\nlicence: { name: CC0-1.0, redistribution: true, terms: None. }\n\
             reader: ptb-words\nsplit: by file\nfiles:\n",
        );
        for (role, text) in TEXTS {
            let sum: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
            manifest += &format!(
                "  {role}: {{ path: tiny/{role}.txt, url: 'http://127.0.0.1:9/{role}.txt', bytes: {}, sha256: '{sum}' }}\n",
                text.len()
            );
        }
        let project = Self { folder };
        project.write("datasets/tiny.yaml", &manifest);
        for (role, text) in TEXTS {
            project.write(&format!("mirror/tiny/{role}.txt"), text);
        }
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sparsegate"));
        command.current_dir(self.folder.path()).env_remove("SPARSEGATE_MIRROR").env_remove("SPARSEGATE_CACHE");
        command.arg("data").args(args);
        command
    }

    /// Exit code, stdout, stderr.
    fn data(&self, args: &[&str]) -> (i32, String, String) {
        outcome(&mut self.command(args))
    }
}

fn outcome(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), one_line(&text(output.stderr)))
}

/// Without the wrapping and the margins of rendered errors.
fn one_line(text: &str) -> String {
    text.split_whitespace().filter(|part| !["│", "|"].contains(part)).collect::<Vec<_>>().join(" ")
}

fn is_file(path: &Path) -> bool {
    path.is_file()
}

#[test]
fn fetch_from_a_mirror_then_list_and_verify() {
    let project = Project::new();
    let (code, stdout, _) = project.data(&["list"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("tiny") && stdout.contains("missing") && stdout.contains("CC0-1.0"), "{stdout}");

    let (code, stdout, stderr) = project.data(&["fetch", "tiny", "--mirror", "mirror"]);
    assert_eq!((code, stdout.as_str()), (0, ""));
    assert!(stderr.contains("tiny: 3 new, 0 already here; all verified"), "{stderr}");
    assert!(is_file(&project.path("datasets/cache/tiny/train.txt")));

    let (code, _, stderr) = project.data(&["fetch", "tiny"]);
    assert_eq!(code, 0);
    assert!(stderr.contains("0 new, 3 already here"), "{stderr}");

    let (code, stdout, _) = project.data(&["list", "--format", "json"]);
    assert_eq!(code, 0);
    let listed: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&listed[0]["name"], &listed[0]["state"]), (&"tiny".into(), &"cached".into()));
    assert_eq!(listed[0]["files"][0]["role"], "train");

    let (code, stdout, _) = project.data(&["verify"]);
    assert_eq!((code, stdout.matches("ok ").count()), (0, 3));
}

#[test]
fn the_environment_names_mirror_and_cache() {
    let project = Project::new();
    let mut command = project.command(&["fetch", "tiny", "-q"]);
    let (code, stdout, stderr) =
        outcome(command.env("SPARSEGATE_MIRROR", "mirror").env("SPARSEGATE_CACHE", "elsewhere"));
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, "", ""));
    assert!(is_file(&project.path("elsewhere/tiny/test.txt")) && !project.path("datasets/cache").exists());
}

#[test]
fn altered_truncated_and_missing_files_are_4() {
    let project = Project::new();
    project.data(&["fetch", "tiny", "--mirror", "mirror"]);
    project.write("datasets/cache/tiny/train.txt", &TEXTS[0].1.replace("cat", "cow"));
    project.write("datasets/cache/tiny/valid.txt", "a");
    fs_err::remove_file(project.path("datasets/cache/tiny/test.txt")).unwrap();
    let (code, stdout, stderr) = project.data(&["verify", "tiny"]);
    assert_eq!(code, 4);
    assert_eq!((stdout.matches("wrong ").count(), stdout.matches("missing ").count()), (2, 1), "{stdout}");
    assert!(stderr.contains("was altered: its sha256 is"), "{stderr}");
    assert!(stderr.contains("has 1 bytes where the manifest of tiny says 8"), "{stderr}");
    assert!(stderr.contains("sparsegate data fetch tiny") && stderr.contains("SPARSEGATE_MIRROR"), "{stderr}");

    assert_eq!(project.data(&["fetch", "tiny", "--mirror", "mirror"]).0, 0);
    assert_eq!(project.data(&["verify", "tiny"]).0, 0);
}

#[test]
fn offline_and_a_mirror_without_the_file_are_4() {
    let project = Project::new();
    let (code, _, stderr) = project.data(&["fetch", "tiny"]);
    assert_eq!(code, 4);
    assert!(stderr.contains("http://127.0.0.1:9/train.txt") && stderr.contains("--mirror"), "{stderr}");
    let (code, _, stderr) = project.data(&["fetch", "tiny", "--mirror", "nowhere"]);
    assert_eq!(code, 4);
    assert!(stderr.contains("the mirror has no nowhere/tiny/train.txt"), "{stderr}");
}

#[test]
fn an_unwritable_cache_is_4() {
    let project = Project::new();
    // A file where the folder should be: refused for every user, root included.
    project.write("blocked", "");
    let mut command = project.command(&["fetch", "tiny", "--mirror", "mirror"]);
    let (code, _, stderr) = outcome(command.env("SPARSEGATE_CACHE", "blocked"));
    assert_eq!(code, 4);
    assert!(stderr.contains("blocked"), "{stderr}");
}

#[test]
fn import_knows_a_file_by_its_checksum() {
    let project = Project::new();
    fs_err::rename(project.path("mirror/tiny/train.txt"), project.path("my words")).unwrap();
    let (code, _, stderr) = project.data(&["import", "tiny", "my words"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(is_file(&project.path("datasets/cache/tiny/train.txt")));

    project.write("valid.txt", "a cow\n");
    let (code, _, stderr) = project.data(&["import", "tiny", "valid.txt"]);
    assert_eq!(code, 4);
    assert!(stderr.contains("valid.txt has 6 bytes where the manifest of tiny says 8"), "{stderr}");

    project.write("other", "a cow\n");
    let (code, _, stderr) = project.data(&["import", "tiny", "mirror/tiny/test.txt", "other"]);
    assert_eq!(code, 4);
    assert!(stderr.contains("other is none of the files of tiny"), "{stderr}");
    assert!(!project.path("datasets/cache/tiny/test.txt").exists(), "nothing is imported unless all is good");
}

#[test]
fn mistakes_of_the_command_line_are_2() {
    let project = Project::new();
    let (code, _, stderr) = project.data(&["fetch", "tinny"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("no dataset `tinny`") && stderr.contains("there are tiny"), "{stderr}");
    assert_eq!(project.data(&["fetch"]).0, 2);
    assert_eq!(project.data(&["verify", "tinny"]).0, 2);
    project.write("datasets/bad.yaml", "name: bad\n");
    assert_eq!(project.data(&["list"]).0, 2);
}
