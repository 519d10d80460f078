//! `sparsegate new` and files as people have them: each is read as it was meant, or refused with the true cause. The
//! rows of the table in `docs/data.md` name these tests. All texts in `tests/unprepared/` are invented.

use std::io::Write as _;

use camino::{Utf8Path, Utf8PathBuf};
use sparsegate_testing::tables::{SIXTY, commas, rows};
use sparsegate_testing::{Answer, Project};

/// A project for `new task`, empty at first.
struct Folder(Project);

impl Folder {
    fn new() -> Self {
        Self(Project::new())
    }

    fn path(&self, path: &str) -> Utf8PathBuf {
        self.0.path(path)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        self.0.write(name, content);
    }

    /// Copies a file of `tests/unprepared/` into the project.
    fn given(&self, name: &str) {
        let from = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/unprepared").join(name);
        self.file(name, fs_err::read(from).expect("a file of the repository"));
    }

    fn run(&self, args: &[&str]) -> Answer {
        self.0.go(args).on_one_line()
    }

    fn task(&self, file: &str, more: &[&str]) -> Answer {
        self.run(&[&["new", "task", "mine", "--kind", "classification", "--from", file], more].concat())
    }

    /// What `new task` prints for a file that is read.
    fn read(&self, file: &str, more: &[&str]) -> String {
        let Answer { code, out, err } = self.task(file, &[more, &["--force"]].concat());
        assert_eq!(code, Some(0), "{file}: {err}");
        format!("{out} {err}")
    }

    /// What `new task` says of a file that is refused, after checking that nothing is left behind.
    fn refused(&self, file: &str, more: &[&str]) -> String {
        let Answer { code, out, err } = self.task(file, more);
        assert_eq!(code, Some(4), "{file}: {out} {err}");
        for left in ["datasets/mine.yaml", "experiments/mine.yaml", "datasets/cache/mine"] {
            assert!(!self.path(left).exists(), "{file}: {left}");
        }
        err
    }

    fn manifest(&self) -> String {
        fs_err::read_to_string(self.path("datasets/mine.yaml")).expect("a manifest")
    }
}

/// Makes a row from a number, a text and a label.
type Row = fn(usize, &str, &str) -> String;

#[test]
fn headers_as_people_write_them() {
    let project = Folder::new();
    let heads: [(&str, Row); 4] = [
        (",review,sentiment\n", |i, text, label| format!("{i},{text},{label}")),
        ("v1,v2,,,\n", |_, text, label| format!("{label},{text},,,")),
        ("comment,label,2023\n", |i, text, label| format!("{text},{label},{i}")),
        ("Please tell us in your own words how you liked the tea you had today,verdict\n", commas),
    ];
    for (head, row) in heads {
        project.file("t.csv", rows(head, 60, row));
        let said = project.read("t.csv", &[]);
        assert!(said.contains("the first row names the columns") && said.contains(SIXTY), "{head}: {said}");
    }
    project.file("t.csv", rows("pos,Ok lovely\n", 59, |_, text, label| format!("{label},{text}")));
    let said = project.read("t.csv", &[]);
    assert!(said.contains("without a header") && said.contains("2 classes: neg 29, pos 31"), "{said}");
    let said = project.read("t.csv", &["--header", "yes"]);
    assert!(said.contains("2 classes: neg 29, pos 30"), "{said}");
    project.file("t.csv", rows("mood,what was said about it\n", 60, |_, text, label| format!("{label},{text}")));
    let said = project.task("t.csv", &["--header", "no", "--force"]).err;
    assert!(
        said.contains("only the first row has the label `mood`: if it names the columns, give --header yes"),
        "{said}"
    );
    project.file("t.jsonl", "{\"a\": 1}\n");
    assert_eq!(project.task("t.jsonl", &["--header", "yes", "--force"]).code, Some(2));
}

#[test]
fn columns_whose_names_repeat_go_by_number() {
    let project = Folder::new();
    project.file("t.csv", rows("label,text,text\n", 60, |i, text, label| format!("{label},no {i},{text}")));
    project.read("t.csv", &["--text", "3"]);
    assert!(project.manifest().contains("text: 3, label: \"label\""), "{}", project.manifest());
    let err = project.task("t.csv", &["--text", "text", "--force"]).err;
    assert!(
        err.contains("several columns are called `text`; name the one that is meant by its number (2, 3)"),
        "{err}"
    );
    // A manifest that names such a column is refused as well, by the reader.
    let path = project.path("datasets/mine.yaml");
    fs_err::write(&path, project.manifest().replace("text: 3", "text: \"text\"")).expect("a manifest");
    let Answer { code, err, .. } = project.run(&["data", "show", "mine"]);
    assert_eq!(code, Some(4));
    assert!(err.contains("t.csv:1: several columns are called `text` (numbers 2, 3); write the number"), "{err}");
}

#[test]
fn quotes_that_are_not_closed_are_refused_where_they_open() {
    let project = Folder::new();
    project.given("open-quotes.csv");
    let err = project.refused("open-quotes.csv", &[]);
    assert!(
        err.contains("open-quotes.csv:12: a quote is opened on this line, and after the closing one, on line 13"),
        "{err}"
    );
    project.file("t.csv", rows("text,label\n", 20, commas) + "\"never closed,pos\n" + &rows("", 9, commas));
    let err = project.refused("t.csv", &[]);
    assert!(err.contains("t.csv:22: a quote is opened on this line, and the file ends before it is closed"), "{err}");
}

#[test]
fn quotes_escaped_by_a_backslash_are_an_option() {
    let project = Folder::new();
    let row = |i: usize, text: &str, label: &str| {
        if i.is_multiple_of(3) { format!("\"{text}, 12\\\"\",{label}") } else { format!("\"{text}\",{label}") }
    };
    project.file("t.csv", rows("text,label\n", 60, row));
    let err = project.refused("t.csv", &[]);
    assert!(
        err.contains("t.csv:2: ") && err.contains("--escape backslash") && err.contains("`escape: backslash`"),
        "{err}"
    );
    let said = project.read("t.csv", &["--escape", "backslash"]);
    assert!(said.contains(SIXTY), "{said}");
    assert!(project.manifest().contains("escape: backslash"), "{}", project.manifest());
}

#[test]
fn parquet_of_every_type_is_read() {
    let project = Folder::new();
    for name in ["category", "date", "decimal", "duration", "half", "map", "struct", "int8"] {
        let file = format!("{name}.parquet");
        project.given(&file);
        let said = project.read(&file, &[]);
        let classes = if name == "int8" { "2 classes: 0 30, 1 30" } else { SIXTY };
        assert!(said.contains(classes), "{name}: {said}");
    }
    let err = project.task("struct.parquet", &["--label", "meta", "--force"]).err;
    assert!(err.contains("struct.parquet: the column `meta` holds lists or other nested values"), "{err}");
    let whole = fs_err::read(project.path("date.parquet")).expect("a file");
    project.file("cut.parquet", &whole[..whole.len() / 2]);
    let err = project.task("cut.parquet", &["--force"]).err;
    assert!(err.contains("cut.parquet: this is not a valid Parquet file"), "{err}");
}

#[test]
fn a_broken_file_replaces_nothing() {
    let project = Folder::new();
    project.file("t.csv", rows("text,label\n", 60, commas));
    project.read("t.csv", &[]);
    let kept = |name: &str| fs_err::read(project.path(name)).expect("a file");
    let files = ["datasets/mine.yaml", "experiments/mine.yaml", "datasets/cache/mine/t.csv"];
    let before = files.map(kept);
    project.file("t.csv", rows("text,label\n", 60, commas) + "one more column,pos,here\n");
    let Answer { code, err, .. } = project.task("t.csv", &["--force"]);
    assert_eq!(code, Some(4), "{err}");
    assert!(err.contains("t.csv:62: the row has 3 columns"), "{err}");
    assert_eq!(files.map(kept), before);
    assert_eq!(project.run(&["data", "verify", "mine"]).code, Some(0));
    // What to do about an altered file that has no address.
    project.file("datasets/cache/mine/t.csv", "text,label\n");
    let err = project.run(&["data", "show", "mine"]).err;
    assert!(err.contains("sparsegate data import mine FILE") && !err.contains("data fetch"), "{err}");
}

#[test]
fn labels_that_are_the_same_to_people_are_one_class() {
    let project = Folder::new();
    let star = |i: usize| ["5", "1", "5.0", "1.0"][i % 4];
    project.file("t.csv", rows("review,stars\n", 60, |i, text, _| format!("{text},{}", star(i))));
    assert!(project.read("t.csv", &[]).contains("2 classes: 1 30, 5 30"));
    project.file("t.jsonl", rows("", 60, |i, text, _| format!("{{\"review\": \"{text}\", \"stars\": {}}}", star(i))));
    assert!(project.read("t.jsonl", &[]).contains("2 classes: 1 30, 5 30"));
    let yes = |i: usize| ["s\u{ed}", "no", "si\u{301}", "no"][i % 4];
    project.file("t.csv", rows("text,label\n", 60, |i, text, _| format!("{text},{}", yes(i))));
    assert!(project.read("t.csv", &[]).contains("2 classes: no 30, s\u{ed} 30"));
    project.file("t.csv", rows("text,label\nno one knows,NaN\n", 60, commas));
    let err = project.task("t.csv", &["--force"]).err;
    assert!(err.contains("t.csv:2: the label is `NaN`, which stands for a missing value"), "{err}");
}

#[test]
fn separators_and_packings_are_recognised() {
    let project = Folder::new();
    let semicolons = rows("text;label;price\n", 60, |i, text, label| format!("{text};{label};{i},50"));
    let tsv = rows("text\tlabel\n", 60, |_, text, label| format!("\"{text},\t\"\"so\"\"\"\t{label}"));
    let plain = rows("text,label\n", 60, commas);
    let lines = rows("", 60, |_, text, label| format!("{{\"text\": \"{text}\", \"label\": \"{label}\"}}"));
    let gzip = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).expect("written");
        encoder.finish().expect("gzip")
    };
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let latin: Vec<u8> = plain.replace("corner", "caf\u{e9}").chars().map(|c| c as u8).collect();
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("semicolons.csv", semicolons.clone().into(), "separated by `;`"),
        ("excel.csv", format!("sep=;\n{semicolons}").into(), "separated by `;`"),
        ("quoted.tsv", tsv.into(), "tsv, values in quotes"),
        ("packed.csv.gz", gzip(&plain), "csv, the first row"),
        ("packed.jsonl.gz", gzip(&lines), "format: jsonl"),
        ("bom.jsonl", format!("\u{feff}{lines}").into(), "format: jsonl"),
        ("bom16.csv", utf16(&format!("\u{feff}{plain}")), "csv, the first row"),
        ("plain16.csv", utf16(&plain), "csv, utf-16le"),
        ("old-mac.csv", plain.replace('\n', "\r").into(), "lines end in carriage returns"),
    ];
    for (name, bytes, expected) in cases {
        project.file(name, bytes);
        let said = project.read(name, &[]);
        assert!(said.contains(expected) && said.contains(SIXTY), "{name}: {said}");
        assert_eq!(project.run(&["data", "show", "mine"]).code, Some(0), "{name}");
    }
    project.file("latin.csv", &latin);
    let err = project.task("latin.csv", &["--force"]).err;
    assert!(err.contains("latin.csv:2: this is not UTF-8 text") && err.contains("`encoding: windows-1252`"), "{err}");
    let said = project.read("latin.csv", &["--encoding", "latin1"]);
    assert!(said.contains("csv, windows-1252") && said.contains("caf\u{e9}"), "{said}");
    project.file("book.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on");
    assert!(project.task("book.csv", &["--force"]).err.contains("an old document of Excel or Word; save it as CSV"));
}

#[test]
fn texts_without_blanks_get_symbols() {
    let project = Folder::new();
    project.given("chinese.csv");
    let said = project.read("chinese.csv", &[]);
    assert!(said.contains("they are read as Unicode words") && said.contains("10 in the median"), "{said}");
    project.given("emoji.csv");
    let said = project.read("emoji.csv", &[]);
    assert!(said.contains("they are read as characters") && said.contains("2 in the median"), "{said}");
    project.file("t.csv", rows("text,label\n", 60, |i, text, label| format!("{text} <unk> {i},{label}")));
    assert!(project.read("t.csv", &[]).contains("`<unk>` stands in 60 of the first 60 texts"));
}

#[test]
fn rare_labels_are_held_out_class_by_class() {
    let project = Folder::new();
    let label = |i: usize, label: &str| if i % 20 == 7 { format!("rare{}", i / 20) } else { label.to_owned() };
    project.file("t.csv", rows("text,label\n", 120, |i, text, usual| format!("{text},{}", label(i, usual))));
    let said = project.read("t.csv", &[]);
    assert!(said.contains("8 classes"), "{said}");
    assert!(project.manifest().contains("stratified: true"), "{}", project.manifest());
    // Without it, every label that lost all its texts is listed.
    let path = project.path("datasets/mine.yaml");
    let halves = "hold_out: { seed: 0, valid: 0.45, test: 0.45 }";
    let text = project.manifest().replace("hold_out: { seed: 0, valid: 0.1, test: 0.1, stratified: true }", halves);
    fs_err::write(&path, text).expect("a manifest");
    let err = project.run(&["data", "show", "mine"]).err;
    assert!(err.contains("were held out") && err.contains("`stratified: true`") && err.contains("seed 0"), "{err}");
}

#[test]
fn parts_may_have_files_of_their_own() {
    let project = Folder::new();
    project.file("t.csv", rows("text,label\n", 60, commas));
    project.file("u.csv", rows("text,label\n", 20, commas));
    let said = project.read("t.csv", &["--test", "u.csv"]);
    assert!(said.contains("54 for training, 6 for validation, 20 for the test"), "{said}");
    assert!(project.path("datasets/cache/mine/u.csv").is_file());
    let Answer { code, err, .. } = project.task("t.csv", &["--test", "t.csv", "--force"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("have the same contents"), "{err}");
}

#[test]
fn vectors_are_read_whole_before_they_are_taken() {
    let project = Folder::new();
    let cases = [
        ("fasttext.vec", Ok("word2vec-text, 8 numbers a vector")),
        ("conflict.txt", Err("conflict.txt:1: the line has no numbers")),
        ("short.txt", Err("short.txt:21: the line has 7 numbers")),
        ("glove-spaces.txt", Err("glove-spaces.txt:23: the line has 9 numbers")),
    ];
    for (name, expected) in cases {
        project.given(name);
        let Answer { code, out, err } = project.run(&["new", "vectors", "v", "--from", name, "--force"]);
        match expected {
            Ok(said) => assert!(code == Some(0) && out.contains(said), "{name}: {out} {err}"),
            Err(said) => assert!(code == Some(4) && err.contains(said), "{name}: {out} {err}"),
        }
    }
}

#[test]
fn one_bad_manifest_does_not_hide_the_others() {
    let project = Folder::new();
    project.file("t.csv", rows("text,label\n", 60, commas));
    project.read("t.csv", &[]);
    let text = project.manifest().replace("name: mine", "name: marked");
    project.file("datasets/marked.yaml", format!("\u{feff}{text}"));
    assert_eq!(project.run(&["data", "list"]).code, Some(0), "a byte order mark is no mistake");
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    project.file("datasets/wide.yaml", utf16);
    let Answer { code, out, err } = project.run(&["data", "list"]);
    assert_eq!(code, Some(2));
    assert!(
        out.contains("mine") && out.contains("marked") && err.contains("wide.yaml: the file is UTF-16"),
        "{out} {err}"
    );
}

#[test]
fn the_next_command_names_the_root_and_is_quoted() {
    let project = Folder::new();
    project.file("t.csv", rows("text,label\n", 60, commas));
    let said = project.read("t.csv", &["--root", "my tea"]);
    let expected = "next: sparsegate run 'my tea/experiments/mine.yaml' --report --root 'my tea'";
    assert!(said.contains(expected), "{said}");
}

#[test]
fn one_text_is_shown_as_it_is_read() {
    let project = Folder::new();
    project.file("t.csv", rows("text,label\n", 60, commas));
    project.read("t.csv", &[]);
    let Answer { code, out, err } = project.run(&["data", "show", "mine", "--text", "2", "--part", "test"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("t.csv:") && out.contains("symbols tea number") && out.contains("ids "), "{out}");
    let json = project.run(&["data", "show", "mine", "--text", "1", "--format", "json"]).out;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let line: usize = json["from"]
        .as_str()
        .and_then(|from| from.rsplit(':').next())
        .and_then(|line| line.parse().ok())
        .expect("a line");
    let text = fs_err::read_to_string(project.path("t.csv")).expect("a file");
    let read: Vec<&str> =
        json["symbols"].as_array().expect("symbols").iter().filter_map(|symbol| symbol.as_str()).collect();
    assert_eq!(
        text.lines().nth(line - 1),
        Some(format!("{},{}", read.join(" "), json["label"].as_str().expect("a label")).as_str())
    );
    let Answer { code, err, .. } = project.run(&["data", "show", "mine", "--text", "99"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("mine has 48 texts in this part, so there is no text 99"), "{err}");
}
