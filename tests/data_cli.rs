//! `sparsegate data` on the command line.

use camino::Utf8PathBuf;
use sparsegate_testing::{Answer, Project, manifests};

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
fn tiny() -> Project {
    let project = Project::with(&[("datasets/tiny.yaml", MANIFEST)]);
    for (role, text) in TEXTS {
        project.write(format!("mirror/tiny/{role}.txt"), text);
    }
    project
}

/// The answer of `sparsegate data`, with standard error on one line.
fn data(project: &Project, arguments: &[&str]) -> Answer {
    one_line(project.go(&[&["data"], arguments].concat()))
}

/// As [`data`], with variables of the environment.
fn data_with(project: &Project, variables: &[(&str, &str)], arguments: &[&str]) -> Answer {
    let mut command = project.command(&[&["data"], arguments].concat());
    command.envs(variables.iter().copied());
    one_line(Answer::to(command))
}

/// The answer with standard error on one line.
fn one_line(answer: Answer) -> Answer {
    Answer { out: answer.out.clone(), ..answer.on_one_line() }
}

#[test]
fn fetch_from_a_mirror_then_list_and_verify() {
    let project = tiny();
    let Answer { code, out, .. } = data(&project, &["list"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("tiny") && out.contains("missing") && out.contains("CC0-1.0"), "{out}");

    let fetched = data(&project, &["fetch", "tiny", "--mirror", "mirror"]);
    fetched.expect(0, &["tiny: 3 new, 0 already cached; all verified"]);
    assert_eq!(fetched.out, "");
    assert!(project.path("datasets/cache/tiny/train.txt").is_file());

    data(&project, &["fetch", "tiny"]).expect(0, &["0 new, 3 already cached"]);

    let Answer { code, out, .. } = data(&project, &["list", "--format", "json"]);
    assert_eq!(code, Some(0));
    let listed: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&listed[0]["name"], &listed[0]["state"]), (&"tiny".into(), &"cached".into()));
    assert_eq!(listed[0]["files"][0]["role"], "train");

    let Answer { code, out, .. } = data(&project, &["verify"]);
    assert_eq!((code, out.matches("ok ").count()), (Some(0), 3));
}

#[test]
fn the_environment_names_mirror_and_cache() {
    let project = tiny();
    let variables = [("SPARSEGATE_MIRROR", "mirror"), ("SPARSEGATE_CACHE", "elsewhere")];
    assert_eq!(data_with(&project, &variables, &["fetch", "tiny", "-q"]).quiet(), "");
    assert!(project.path("elsewhere/tiny/test.txt").is_file() && !project.path("datasets/cache").exists());
}

#[test]
fn altered_truncated_and_missing_files_are_4() {
    let project = tiny();
    data(&project, &["fetch", "tiny", "--mirror", "mirror"]);
    project.write("datasets/cache/tiny/train.txt", TEXTS[0].1.replace("cat", "cow"));
    project.write("datasets/cache/tiny/valid.txt", "a");
    fs_err::remove_file(project.path("datasets/cache/tiny/test.txt")).unwrap();
    let verified = data(&project, &["verify", "tiny"]);
    verified.expect(4, &["was altered: its sha256 is", "has 1 bytes where the manifest of tiny says 8"]);
    verified.expect(4, &["sparsegate data fetch tiny", "SPARSEGATE_MIRROR"]);
    let out = verified.out;
    assert_eq!((out.matches("wrong ").count(), out.matches("missing ").count()), (2, 1), "{out}");

    data(&project, &["fetch", "tiny", "--mirror", "mirror"]).expect(0, &[]);
    data(&project, &["verify", "tiny"]).expect(0, &[]);
}

#[test]
fn offline_and_a_mirror_without_the_file_are_4() {
    let project = tiny();
    data(&project, &["fetch", "tiny"]).expect(4, &["http://127.0.0.1:9/train.txt", "--mirror"]);
    let nowhere = data(&project, &["fetch", "tiny", "--mirror", "nowhere"]);
    nowhere.expect(4, &["the mirror has no nowhere/tiny/train.txt"]);
}

#[test]
fn an_unwritable_cache_is_4() {
    let project = tiny();
    // A file in place of the cache folder is an error for every user, including root.
    project.write("blocked", "");
    let fetched = data_with(&project, &[("SPARSEGATE_CACHE", "blocked")], &["fetch", "tiny", "--mirror", "mirror"]);
    fetched.expect(4, &["blocked"]);
}

#[test]
fn import_knows_a_file_by_its_checksum() {
    let project = tiny();
    fs_err::rename(project.path("mirror/tiny/train.txt"), project.path("my words")).unwrap();
    data(&project, &["import", "tiny", "my words"]).expect(0, &[]);
    assert!(project.path("datasets/cache/tiny/train.txt").is_file());

    project.write("valid.txt", "a cow\n");
    let imported = data(&project, &["import", "tiny", "valid.txt"]);
    imported.expect(4, &["valid.txt has 6 bytes where the manifest of tiny says 8"]);

    project.write("other", "a cow\n");
    let imported = data(&project, &["import", "tiny", "mirror/tiny/test.txt", "other"]);
    imported.expect(4, &["other is not one of the files of tiny"]);
    assert!(!project.path("datasets/cache/tiny/test.txt").exists(), "nothing is imported unless all is good");
}

#[test]
fn mistakes_of_the_command_line_are_2() {
    let project = tiny();
    data(&project, &["fetch", "tinny"]).expect(2, &["no dataset `tinny`", "there are tiny"]);
    data(&project, &["fetch"]).expect(2, &[]);
    data(&project, &["verify", "tinny"]).expect(2, &[]);
    project.write("datasets/bad.yaml", "name: bad\n");
    data(&project, &["list"]).expect(2, &[]);
}

/// Manifest of a table of labelled texts; `{file}` is replaced by the entry of the file.
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
  train: {file}
";

const REVIEWS: &str = "stars,text\n5,so good\n1,bad\n5,good good\n1,so bad\n5,good\n1,bad bad\n5,so\n1,worse\n";

/// A project with the data set `reviews` in the cache; in its manifest, `from` is replaced by `to`.
fn labelled(table: &[u8], from: &str, to: &str) -> Project {
    assert!(LABELLED.contains(from));
    let manifest = LABELLED.replace(from, to).replace("{file}", &manifests::file("reviews.csv", table));
    let project = Project::with(&[("datasets/reviews.yaml", &manifest)]);
    project.write("datasets/cache/reviews.csv", table);
    project
}

/// The files of encoded data sets.
fn encoded(project: &Project) -> Vec<Utf8PathBuf> {
    let entries = project.path("datasets/cache/encoded").read_dir_utf8().into_iter().flatten();
    entries.map(|entry| entry.unwrap().into_path()).collect()
}

#[test]
fn labelled_texts_are_shown_and_kept() {
    let project = labelled(REVIEWS.as_bytes(), "none", "none");
    let Answer { code, out, err } = data(&project, &["show", "reviews"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("reviews (labelled-texts): vocabulary"), "{out}");
    assert!(out.contains("train  4 texts (1 ") && out.contains("in more than one text"), "{out}");
    let kept = encoded(&project);
    assert_eq!(kept.len(), 1);

    let Answer { out: first, .. } = data(&project, &["show", "reviews", "--format", "json"]);
    let shown: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(shown["classes"], serde_json::json!(["1", "5"]));
    assert_eq!(shown["parts"][2]["texts"]["texts"], 2);

    // A damaged encoding is written again without a message.
    fs_err::write(&kept[0], "sparsegate ids\n, and what was left when the disk was full").unwrap();
    assert_eq!(data(&project, &["show", "reviews", "--format", "json"]).quiet(), first);
    assert!(fs_err::read(&kept[0]).unwrap().len() > 100);
}

#[test]
fn a_file_without_an_address_is_imported() {
    let project = labelled(REVIEWS.as_bytes(), "none", "none");
    fs_err::rename(project.path("datasets/cache/reviews.csv"), project.path("mine.csv")).unwrap();
    data(&project, &["fetch", "reviews"]).expect(4, &["has no public address", "data import reviews"]);
    data(&project, &["import", "reviews", "mine.csv"]).expect(0, &[]);
    data(&project, &["show", "reviews"]).expect(0, &[]);
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
        let project = labelled(&table, from, to);
        data(&project, &["show", "reviews"]).fails(4, &[expected]);
        assert!(encoded(&project).is_empty(), "{expected}");
    }
    let folders = "folders: { train: a, test: b }";
    let table = "table: { format: csv, text: text, label: stars }";
    let project = labelled(b"no archive", table, &folders.replace(", test: b", ""));
    let manifest = project.read("datasets/reviews.yaml");
    project.write("datasets/reviews.yaml", manifest.replace("train: { path", "archive: { path"));
    data(&project, &["show", "reviews"]).expect(4, &["reviews.csv: the archive is broken or cut off"]);
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
        let project = labelled(REVIEWS.as_bytes(), from, to);
        data(&project, &["show", "reviews"]).expect(2, &[expected, "reviews.yaml"]);
    }
}

#[test]
fn a_mistake_in_a_manifest_is_shown_with_its_line_by_every_command() {
    let project = tiny();
    let spec = "name: t\ndataset: tiny\nsparsity: W\nmodel: { kind: language-model, hidden: 4 }\n\
                train: { epochs: 1, batch: 1, sequence: 2, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }\n";
    project.write("t.yaml", spec);
    project.write("datasets/tiny.yaml", MANIFEST.replace("licence:", "license:"));
    for command in ["plan", "run", "status", "report", "check"] {
        let answer = project.go(&[command, "t.yaml"]).on_one_line();
        answer.expect(2, &["datasets/tiny.yaml:3:1", "license: { name: CC0-1.0", "help:"]);
    }
    let unknown = spec.replace("dataset: tiny", "dataset: tniy");
    project.write("t.yaml", unknown);
    for command in ["plan", "run", "status", "report", "check"] {
        project.go(&[command, "t.yaml"]).on_one_line().expect(2, &["no dataset `tniy`"]);
    }
}
