//! `sparsegate new` and files as people have them: each is read as it was meant, or refused with the true cause. The
//! rows of the table in `docs/data.md` name these tests. All texts in `tests/unprepared/` are invented.

use std::io::Write as _;

use camino::Utf8Path;
use sparsegate_testing::tables::{SIXTY, commas, new_task, read, refused, rows};
use sparsegate_testing::{Answer, Project};

/// Copies a file of `tests/unprepared/` into the project.
fn given(project: &Project, name: &str) {
    let from = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/unprepared").join(name);
    project.write(name, fs_err::read(from).expect("a file of the repository"));
}

/// The manifest that `new task` wrote.
fn manifest(project: &Project) -> String {
    project.read("datasets/mine.yaml")
}

/// Makes a row from a number, a text and a label.
type Row = fn(usize, &str, &str) -> String;

#[test]
fn headers_as_people_write_them() {
    let project = Project::new();
    let heads: [(&str, Row); 4] = [
        (",review,sentiment\n", |i, text, label| format!("{i},{text},{label}")),
        ("v1,v2,,,\n", |_, text, label| format!("{label},{text},,,")),
        ("comment,label,2023\n", |i, text, label| format!("{text},{label},{i}")),
        ("Please tell us in your own words how you liked the tea you had today,verdict\n", commas),
    ];
    for (head, row) in heads {
        project.write("t.csv", rows(head, 60, row));
        let said = read(&project, "t.csv", &[]);
        assert!(said.contains("the first row names the columns") && said.contains(SIXTY), "{head}: {said}");
    }
    project.write("t.csv", rows("pos,Ok lovely\n", 59, |_, text, label| format!("{label},{text}")));
    let said = read(&project, "t.csv", &[]);
    assert!(said.contains("without a header") && said.contains("2 classes: neg 29, pos 31"), "{said}");
    let said = read(&project, "t.csv", &["--header", "yes"]);
    assert!(said.contains("2 classes: neg 29, pos 30"), "{said}");
    project.write("t.csv", rows("mood,what was said about it\n", 60, |_, text, label| format!("{label},{text}")));
    let said = new_task(&project, "classification", "t.csv", &["--header", "no", "--force"]).err;
    assert!(
        said.contains("only the first row has the label `mood`: if it names the columns, give --header yes"),
        "{said}"
    );
    project.write("t.jsonl", "{\"a\": 1}\n");
    assert_eq!(new_task(&project, "classification", "t.jsonl", &["--header", "yes", "--force"]).code, Some(2));
}

#[test]
fn columns_whose_names_repeat_go_by_number() {
    let project = Project::new();
    project.write("t.csv", rows("label,text,text\n", 60, |i, text, label| format!("{label},no {i},{text}")));
    read(&project, "t.csv", &["--text", "3"]);
    assert!(manifest(&project).contains("text: 3, label: \"label\""), "{}", manifest(&project));
    let err = new_task(&project, "classification", "t.csv", &["--text", "text", "--force"]).err;
    assert!(
        err.contains("several columns are called `text`; name the one that is meant by its number (2, 3)"),
        "{err}"
    );
    // A manifest that names such a column is refused as well, by the reader.
    let path = project.path("datasets/mine.yaml");
    fs_err::write(&path, manifest(&project).replace("text: 3", "text: \"text\"")).expect("a manifest");
    let Answer { code, err, .. } = project.go(&["data", "show", "mine"]).on_one_line();
    assert_eq!(code, Some(4));
    assert!(err.contains("t.csv:1: several columns are called `text` (numbers 2, 3); write the number"), "{err}");
}

#[test]
fn quotes_that_are_not_closed_are_refused_where_they_open() {
    let project = Project::new();
    given(&project, "open-quotes.csv");
    let err = refused(&project, "open-quotes.csv", &[]);
    assert!(
        err.contains("open-quotes.csv:12: a quote is opened on this line, and after the closing one, on line 13"),
        "{err}"
    );
    project.write("t.csv", rows("text,label\n", 20, commas) + "\"never closed,pos\n" + &rows("", 9, commas));
    let err = refused(&project, "t.csv", &[]);
    assert!(err.contains("t.csv:22: a quote is opened on this line, and the file ends before it is closed"), "{err}");
}

#[test]
fn quotes_escaped_by_a_backslash_are_an_option() {
    let project = Project::new();
    let row = |i: usize, text: &str, label: &str| {
        if i.is_multiple_of(3) { format!("\"{text}, 12\\\"\",{label}") } else { format!("\"{text}\",{label}") }
    };
    project.write("t.csv", rows("text,label\n", 60, row));
    let err = refused(&project, "t.csv", &[]);
    assert!(
        err.contains("t.csv:2: ") && err.contains("--escape backslash") && err.contains("`escape: backslash`"),
        "{err}"
    );
    let said = read(&project, "t.csv", &["--escape", "backslash"]);
    assert!(said.contains(SIXTY), "{said}");
    assert!(manifest(&project).contains("escape: backslash"), "{}", manifest(&project));
}

#[test]
fn parquet_of_every_type_is_read() {
    let project = Project::new();
    for name in ["category", "date", "decimal", "duration", "half", "map", "struct", "int8"] {
        let file = format!("{name}.parquet");
        given(&project, &file);
        let said = read(&project, &file, &[]);
        let classes = if name == "int8" { "2 classes: 0 30, 1 30" } else { SIXTY };
        assert!(said.contains(classes), "{name}: {said}");
    }
    let err = new_task(&project, "classification", "struct.parquet", &["--label", "meta", "--force"]).err;
    assert!(err.contains("struct.parquet: the column `meta` holds lists or other nested values"), "{err}");
    let whole = fs_err::read(project.path("date.parquet")).expect("a file");
    project.write("cut.parquet", &whole[..whole.len() / 2]);
    let err = new_task(&project, "classification", "cut.parquet", &["--force"]).err;
    assert!(err.contains("cut.parquet: this is not a valid Parquet file"), "{err}");
}

#[test]
fn a_broken_file_replaces_nothing() {
    let project = Project::new();
    project.write("t.csv", rows("text,label\n", 60, commas));
    read(&project, "t.csv", &[]);
    let kept = |name: &str| fs_err::read(project.path(name)).expect("a file");
    let files = ["datasets/mine.yaml", "experiments/mine.yaml", "datasets/cache/mine/t.csv"];
    let before = files.map(kept);
    project.write("t.csv", rows("text,label\n", 60, commas) + "one more column,pos,here\n");
    let Answer { code, err, .. } = new_task(&project, "classification", "t.csv", &["--force"]);
    assert_eq!(code, Some(4), "{err}");
    assert!(err.contains("t.csv:62: the row has 3 columns"), "{err}");
    assert_eq!(files.map(kept), before);
    assert_eq!(project.go(&["data", "verify", "mine"]).on_one_line().code, Some(0));
    // What to do about an altered file that has no address.
    project.write("datasets/cache/mine/t.csv", "text,label\n");
    let err = project.go(&["data", "show", "mine"]).on_one_line().err;
    assert!(err.contains("sparsegate data import mine FILE") && !err.contains("data fetch"), "{err}");
}

#[test]
fn labels_that_are_the_same_to_people_are_one_class() {
    let project = Project::new();
    let star = |i: usize| ["5", "1", "5.0", "1.0"][i % 4];
    project.write("t.csv", rows("review,stars\n", 60, |i, text, _| format!("{text},{}", star(i))));
    assert!(read(&project, "t.csv", &[]).contains("2 classes: 1 30, 5 30"));
    project.write("t.jsonl", rows("", 60, |i, text, _| format!("{{\"review\": \"{text}\", \"stars\": {}}}", star(i))));
    assert!(read(&project, "t.jsonl", &[]).contains("2 classes: 1 30, 5 30"));
    let yes = |i: usize| ["s\u{ed}", "no", "si\u{301}", "no"][i % 4];
    project.write("t.csv", rows("text,label\n", 60, |i, text, _| format!("{text},{}", yes(i))));
    assert!(read(&project, "t.csv", &[]).contains("2 classes: no 30, s\u{ed} 30"));
    project.write("t.csv", rows("text,label\nno one knows,NaN\n", 60, commas));
    let err = new_task(&project, "classification", "t.csv", &["--force"]).err;
    assert!(err.contains("t.csv:2: the label is `NaN`, which stands for a missing value"), "{err}");
}

#[test]
fn separators_and_packings_are_recognised() {
    let project = Project::new();
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
        project.write(name, bytes);
        let said = read(&project, name, &[]);
        assert!(said.contains(expected) && said.contains(SIXTY), "{name}: {said}");
        assert_eq!(project.go(&["data", "show", "mine"]).on_one_line().code, Some(0), "{name}");
    }
    project.write("latin.csv", &latin);
    let err = new_task(&project, "classification", "latin.csv", &["--force"]).err;
    assert!(err.contains("latin.csv:2: this is not UTF-8 text") && err.contains("`encoding: windows-1252`"), "{err}");
    let said = read(&project, "latin.csv", &["--encoding", "latin1"]);
    assert!(said.contains("csv, windows-1252") && said.contains("caf\u{e9}"), "{said}");
    project.write("book.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on");
    assert!(
        new_task(&project, "classification", "book.csv", &["--force"])
            .err
            .contains("an old document of Excel or Word; save it as CSV")
    );
}

#[test]
fn texts_without_blanks_get_symbols() {
    let project = Project::new();
    given(&project, "chinese.csv");
    let said = read(&project, "chinese.csv", &[]);
    assert!(said.contains("they are read as Unicode words") && said.contains("10 in the median"), "{said}");
    given(&project, "emoji.csv");
    let said = read(&project, "emoji.csv", &[]);
    assert!(said.contains("they are read as characters") && said.contains("2 in the median"), "{said}");
    project.write("t.csv", rows("text,label\n", 60, |i, text, label| format!("{text} <unk> {i},{label}")));
    assert!(read(&project, "t.csv", &[]).contains("`<unk>` stands in 60 of the first 60 texts"));
}

#[test]
fn rare_labels_are_held_out_class_by_class() {
    let project = Project::new();
    let label = |i: usize, label: &str| if i % 20 == 7 { format!("rare{}", i / 20) } else { label.to_owned() };
    project.write("t.csv", rows("text,label\n", 120, |i, text, usual| format!("{text},{}", label(i, usual))));
    let said = read(&project, "t.csv", &[]);
    assert!(said.contains("8 classes"), "{said}");
    assert!(manifest(&project).contains("stratified: true"), "{}", manifest(&project));
    // Without it, every label that lost all its texts is listed.
    let path = project.path("datasets/mine.yaml");
    let halves = "hold_out: { seed: 0, valid: 0.45, test: 0.45 }";
    let text = manifest(&project).replace("hold_out: { seed: 0, valid: 0.1, test: 0.1, stratified: true }", halves);
    fs_err::write(&path, text).expect("a manifest");
    let err = project.go(&["data", "show", "mine"]).on_one_line().err;
    assert!(err.contains("were held out") && err.contains("`stratified: true`") && err.contains("seed 0"), "{err}");
}

#[test]
fn parts_may_have_files_of_their_own() {
    let project = Project::new();
    project.write("t.csv", rows("text,label\n", 60, commas));
    project.write("u.csv", rows("text,label\n", 20, commas));
    let said = read(&project, "t.csv", &["--test", "u.csv"]);
    assert!(said.contains("54 for training, 6 for validation, 20 for the test"), "{said}");
    assert!(project.path("datasets/cache/mine/u.csv").is_file());
    let Answer { code, err, .. } = new_task(&project, "classification", "t.csv", &["--test", "t.csv", "--force"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("have the same contents"), "{err}");
}

#[test]
fn vectors_are_read_whole_before_they_are_taken() {
    let project = Project::new();
    let cases = [
        ("fasttext.vec", Ok("word2vec-text, 8 numbers a vector")),
        ("conflict.txt", Err("conflict.txt:1: the line has no numbers")),
        ("short.txt", Err("short.txt:21: the line has 7 numbers")),
        ("glove-spaces.txt", Err("glove-spaces.txt:23: the line has 9 numbers")),
    ];
    for (name, expected) in cases {
        given(&project, name);
        let Answer { code, out, err } = project.go(&["new", "vectors", "v", "--from", name, "--force"]).on_one_line();
        match expected {
            Ok(said) => assert!(code == Some(0) && out.contains(said), "{name}: {out} {err}"),
            Err(said) => assert!(code == Some(4) && err.contains(said), "{name}: {out} {err}"),
        }
    }
}

#[test]
fn one_bad_manifest_does_not_hide_the_others() {
    let project = Project::new();
    project.write("t.csv", rows("text,label\n", 60, commas));
    read(&project, "t.csv", &[]);
    let text = manifest(&project).replace("name: mine", "name: marked");
    project.write("datasets/marked.yaml", format!("\u{feff}{text}"));
    assert_eq!(project.go(&["data", "list"]).on_one_line().code, Some(0), "a byte order mark is no mistake");
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    project.write("datasets/wide.yaml", utf16);
    let Answer { code, out, err } = project.go(&["data", "list"]).on_one_line();
    assert_eq!(code, Some(2));
    assert!(
        out.contains("mine") && out.contains("marked") && err.contains("wide.yaml: the file is UTF-16"),
        "{out} {err}"
    );
}

#[test]
fn the_next_command_names_the_root_and_is_quoted() {
    let project = Project::new();
    project.write("t.csv", rows("text,label\n", 60, commas));
    let said = read(&project, "t.csv", &["--root", "my tea"]);
    let expected = "next: sparsegate run 'my tea/experiments/mine.yaml' --report --root 'my tea'";
    assert!(said.contains(expected), "{said}");
}

#[test]
fn one_text_is_shown_as_it_is_read() {
    let project = Project::new();
    project.write("t.csv", rows("text,label\n", 60, commas));
    read(&project, "t.csv", &[]);
    let Answer { code, out, err } =
        project.go(&["data", "show", "mine", "--text", "2", "--part", "test"]).on_one_line();
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("t.csv:") && out.contains("symbols tea number") && out.contains("ids "), "{out}");
    let json = project.go(&["data", "show", "mine", "--text", "1", "--format", "json"]).on_one_line().out;
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
    let Answer { code, err, .. } = project.go(&["data", "show", "mine", "--text", "99"]).on_one_line();
    assert_eq!(code, Some(2));
    assert!(err.contains("mine has 48 texts in this part, so there is no text 99"), "{err}");
}
