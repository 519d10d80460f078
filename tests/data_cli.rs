//! `sparsegate data` on the command line.

use std::path::{Path, PathBuf};

use assert_cmd::Command;

const TEXTS: [(&str, &str); 3] =
    [("train", " the cat sat \n the dog ran \n"), ("valid", " a cat \n"), ("test", " a dog \n")];

/// The checksums were computed by `sha256sum`.
const MANIFEST: &str = "\
name: tiny
about: Three lines
licence: { name: CC0-1.0, redistribution: true, terms: None. }
reader: ptb-words
split: by file
files:
  train:
    path: tiny/train.txt
    url: http://127.0.0.1:9/train.txt
    bytes: 28
    sha256: '5e62b552fd7ab8fd1269ef8187e0f677038a346da6b94b26d72c63e0348bdd12'
  valid:
    path: tiny/valid.txt
    url: http://127.0.0.1:9/valid.txt
    bytes: 8
    sha256: '99cc830a471d45329221043c2f00ae0e6c3fd5734a1ce450c50a536dc7efe948'
  test:
    path: tiny/test.txt
    url: http://127.0.0.1:9/test.txt
    bytes: 8
    sha256: 'f0b1ec2c4ededa8e08f6a3106ba8d02e0d1c857cd8706bfdafa8c745baf95f1c'
";

/// A project folder with one data set, `tiny`, and a mirror of its files.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Self { folder };
        project.write("datasets/tiny.yaml", MANIFEST);
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

/// The text without the line breaks and margins of rendered errors.
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
    assert!(stderr.contains("tiny: 3 new, 0 already cached; all verified"), "{stderr}");
    assert!(is_file(&project.path("datasets/cache/tiny/train.txt")));

    let (code, _, stderr) = project.data(&["fetch", "tiny"]);
    assert_eq!(code, 0);
    assert!(stderr.contains("0 new, 3 already cached"), "{stderr}");

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
    // A file in place of the cache folder is an error for every user, including root.
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
    assert!(stderr.contains("other is not one of the files of tiny"), "{stderr}");
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

/// Manifest of a table of labelled texts; `{bytes}` and `{sha256}` are replaced by those of the file.
const LABELLED: &str = "\
name: reviews
about: A few reviews
licence: { name: none, redistribution: false, terms: None. }
reader:
  labelled-texts:
    from: { table: { format: csv, text: text, label: stars } }
    tokens: blanks
    hold_out: { seed: 1, valid: 0.25, test: 0.25 }
split: by seed
files:
  train: { path: reviews.csv, bytes: {bytes}, sha256: '{sha256}' }
";

const REVIEWS: &str = "stars,text\n5,so good\n1,bad\n5,good good\n1,so bad\n5,good\n1,bad bad\n5,so\n1,worse\n";

impl Project {
    /// A project with the data set `reviews` in the cache; in its manifest, `from` is replaced by `to`.
    fn labelled(table: &[u8], from: &str, to: &str) -> Self {
        use sha2::Digest;
        let sum: Vec<String> = sha2::Sha256::digest(table).iter().map(|byte| format!("{byte:02x}")).collect();
        let sum = sum.concat();
        let project = Self { folder: tempfile::tempdir().unwrap() };
        assert!(LABELLED.contains(from));
        let manifest =
            LABELLED.replace(from, to).replace("{bytes}", &table.len().to_string()).replace("{sha256}", &sum);
        project.write("datasets/reviews.yaml", &manifest);
        fs_err::create_dir_all(project.path("datasets/cache")).unwrap();
        fs_err::write(project.path("datasets/cache/reviews.csv"), table).unwrap();
        project
    }

    fn encoded(&self) -> Vec<PathBuf> {
        let entries = fs_err::read_dir(self.path("datasets/cache/encoded")).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

#[test]
fn labelled_texts_are_shown_and_kept() {
    let project = Project::labelled(REVIEWS.as_bytes(), "none", "none");
    let (code, stdout, stderr) = project.data(&["show", "reviews"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("reviews (labelled-texts): vocabulary"), "{stdout}");
    assert!(stdout.contains("train  4 texts (1 ") && stdout.contains("in more than one text"), "{stdout}");
    let kept = project.encoded();
    assert_eq!(kept.len(), 1);

    let (_, first, _) = project.data(&["show", "reviews", "--format", "json"]);
    let shown: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(shown["classes"], serde_json::json!(["1", "5"]));
    assert_eq!(shown["parts"][2]["texts"]["texts"], 2);

    // A damaged encoding is written again without a message.
    fs_err::write(&kept[0], "sparsegate ids\n, and what was left when the disk was full").unwrap();
    let (code, again, stderr) = project.data(&["show", "reviews", "--format", "json"]);
    assert_eq!((code, again.as_str(), stderr.as_str()), (0, first.as_str(), ""));
    assert!(fs_err::read(&kept[0]).unwrap().len() > 100);
}

#[test]
fn a_file_without_an_address_is_imported() {
    let project = Project::labelled(REVIEWS.as_bytes(), "none", "none");
    fs_err::rename(project.path("datasets/cache/reviews.csv"), project.path("mine.csv")).unwrap();
    let (code, _, stderr) = project.data(&["fetch", "reviews"]);
    assert_eq!(code, 4);
    assert!(stderr.contains("has no public address") && stderr.contains("data import reviews"), "{stderr}");
    assert_eq!(project.data(&["import", "reviews", "mine.csv"]).0, 0);
    assert_eq!(project.data(&["show", "reviews"]).0, 0);
}

#[test]
fn bad_labelled_texts_are_4_and_leave_nothing_in_the_cache() {
    let with = |row: &[u8]| [REVIEWS.as_bytes(), row].concat();
    let same = ("none", "none");
    let cases: [(Vec<u8>, (&str, &str), &str); 8] = [
        (with(b"5,\xff\n"), same, "reviews.csv:10: this is not UTF-8 text"),
        (with(b"5\n"), same, "reviews.csv:10: the row has 1 columns"),
        (with(b"5,\n"), same, "reviews.csv:10: the text has no words"),
        (b"stars,text\n".to_vec(), same, "reviews.csv: there are no texts"),
        (REVIEWS.replace("\n5", "\n1").into(), same, "all texts have the label `1`"),
        (
            REVIEWS.into(),
            ("label: stars", "label: start"),
            "reviews.csv:1: there is no column `start`: the columns are stars",
        ),
        (REVIEWS.into(), ("tokens:", "classes: [1, 4]\n    tokens:"), "reviews.csv:2: the label `5` is not one of"),
        (REVIEWS.into(), ("csv, text", "jsonl, text"), "reviews.csv:1: this is not a JSON object"),
    ];
    for (table, (from, to), expected) in cases {
        let project = Project::labelled(&table, from, to);
        let (code, stdout, stderr) = project.data(&["show", "reviews"]);
        assert_eq!((code, stdout.as_str()), (4, ""), "{expected}");
        assert!(stderr.contains(expected), "{stderr}\n{expected}");
        assert!(project.encoded().is_empty(), "{expected}");
    }
    let folders = "folders: { train: a, test: b }";
    let table = "table: { format: csv, text: text, label: stars }";
    let project = Project::labelled(b"no archive", table, &folders.replace(", test: b", ""));
    let manifest = fs_err::read_to_string(project.path("datasets/reviews.yaml")).unwrap();
    project.write("datasets/reviews.yaml", &manifest.replace("train: { path", "archive: { path"));
    let (code, _, stderr) = project.data(&["show", "reviews"]);
    assert_eq!(code, 4);
    assert!(stderr.contains("reviews.csv: the archive is broken or cut off"), "{stderr}");
}

#[test]
fn manifests_that_cannot_work_are_2() {
    let cases = [
        ("label: stars", "label: text", "from.table.text: column `text` is the label"),
        ("label: stars", "label: 0", "from.table.label: columns are counted from 1"),
        ("text: text", "header: false, text: text", "the table has no header, so there is no column `text`"),
        ("csv, text: text", "jsonl, text: 2", "the keys of a JSON object have no order"),
        ("tokens: blanks", "tokens: { split: '(' }", "tokens.split: `(` is not a regular expression"),
        ("tokens: blanks", "tokens: blanks\n    words: 0", "words: 0 is too small"),
        ("tokens: blanks", "tokens: blanks\n    classes: [1]", "classes: a classifier needs at least two classes"),
        ("tokens: blanks", "tokens: blanks\n    class_names: [a, b]", "list the labels in `classes`"),
        ("valid: 0.25", "valid: 0.75", "hold_out: the shares leave nothing to train on"),
        ("valid: 0.25", "valid: 0", "files: the reader labelled-texts needs a file `valid`"),
        ("tokens: blanks", "tokens: blanks\n    lengths: 3", "lengths"),
    ];
    for (from, to, expected) in cases {
        let (code, _, stderr) = Project::labelled(REVIEWS.as_bytes(), from, to).data(&["show", "reviews"]);
        assert_eq!(code, 2, "{expected}: {stderr}");
        assert!(stderr.contains(expected) && stderr.contains("reviews.yaml"), "{stderr}\n{expected}");
    }
}

#[test]
fn a_mistake_in_a_manifest_is_shown_with_its_line_by_every_command() {
    let project = Project::new();
    let spec = "name: t\ndataset: tiny\nsparsity: W\nmodel: { kind: language-model, hidden: 4 }\n\
                train: { epochs: 1, batch: 1, sequence: 2, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }\n";
    project.write("t.yaml", spec);
    project.write("datasets/tiny.yaml", &MANIFEST.replace("licence:", "license:"));
    for command in ["plan", "run", "status", "report", "check"] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_sparsegate"));
        let (code, _, err) = outcome(program.current_dir(project.folder.path()).args([command, "t.yaml"]));
        assert_eq!(code, 2, "{command}: {err}");
        for part in ["datasets/tiny.yaml:3:1", "license: { name: CC0-1.0", "help:"] {
            assert!(err.contains(part), "{command}: `{part}` is not in {err}");
        }
    }
    let unknown = spec.replace("dataset: tiny", "dataset: tniy");
    project.write("t.yaml", &unknown);
    for command in ["plan", "run", "status", "report", "check"] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_sparsegate"));
        let (code, _, err) = outcome(program.current_dir(project.folder.path()).args([command, "t.yaml"]));
        assert_eq!(code, 2, "{command}: {err}");
        assert!(err.contains("no dataset `tniy`"), "{command}: {err}");
    }
}
