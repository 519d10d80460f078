//! `sparsegate new task`: files of other programs, and files and folders whose parts are not written alike. Each is
//! read as it was meant, or refused with the true cause. The rows of the table in `docs/data.md` name these tests.

use std::io::Write as _;

use sparsegate_testing::tables::{SIXTY, commas, new_task, read, refused, rows};
use sparsegate_testing::{Answer, Project};

fn json(_: usize, text: &str, label: &str) -> String {
    serde_json::json!({ "text": text, "label": label }).to_string()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("gzip")
}

#[test]
fn files_of_other_programs_are_refused_by_name_with_what_to_do() {
    let project = Project::new();
    let mut tar = vec![0; 1024];
    tar[257..262].copy_from_slice(b"ustar");
    let cases: [(&str, &[u8], &str); 22] = [
        ("t.feather", b"ARROW1\0\0", "an Arrow (Feather) file; write it as Parquet"),
        ("t.orc", b"ORC\x0a\x0b", "an ORC file; write it as Parquet"),
        ("t.avro", b"Obj\x01\x04\x14avro.codec", "an Avro file; write it as Parquet or JSON lines"),
        ("t.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old document of Excel or Word; save it as CSV"),
        ("t.db", b"SQLite format 3\0 and so on", "a SQLite database; export the table as CSV"),
        ("t.pdf", b"%PDF-1.7\n", "a PDF document; write its text into a file"),
        ("t.h5", b"\x89HDF\r\n\x1a\n", "an HDF5 file; write it as Parquet or CSV"),
        ("t.npy", b"\x93NUMPY\x01\0v\0", "a NumPy array; write it as CSV"),
        ("two.pkl", b"\x80\x02}q\0", "a pickle of Python; write it as Parquet or CSV"),
        ("four.pkl", b"\x80\x04\x95\0", "a pickle of Python; write it as Parquet or CSV"),
        ("five.pkl", b"\x80\x05\x95\0", "a pickle of Python; write it as Parquet or CSV"),
        ("t.rds", &gzip(b"X\n\0\0\0\x03\0\x04\x03\0"), "a file of R; write it as CSV"),
        ("t.csv.bz2", b"BZh91AY&SY\x01\x02", "compressed with bzip2; unpack it"),
        ("t.csv.xz", b"\xfd7zXZ\0\0\x04", "compressed with xz; unpack it"),
        ("t.csv.lz4", b"\x04\x22\x4d\x18\x40", "compressed with LZ4; unpack it"),
        ("t.7z", b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it"),
        ("t.tar", &tar, "a tar archive; unpack it and name the file or folder to read"),
        ("t.tgz", &gzip(&tar), "a tar archive; unpack it and name the file or folder to read"),
        ("wide.csv", b"\xff\xfe\0\0t\0\0\0", "UTF-32 text; convert it to UTF-8"),
        ("photo.csv", b"\x89PNG\r\n\x1a\n", "an image, not text"),
        ("page.csv", b"\n<!DOCTYPE html>\n<html>", "a web page, not the file that it may be about"),
        (
            "big.parquet",
            b"version https://git-lfs.github.com/spec/v1\noid",
            "a pointer of Git LFS in place of the file",
        ),
    ];
    for (name, bytes, said) in cases {
        project.write(name, bytes);
        let err = refused(&project, name, &[]);
        assert!(err.contains(&format!("{name}: this is {said}")), "{name}: {err}");
    }
    // Words that begin like such a file.
    project.write("t.csv", rows("ORCHARD,label\n", 60, commas));
    assert!(read(&project, "t.csv", &[]).contains(SIXTY));
}

#[test]
fn json_is_read_as_an_array_and_with_values_inside() {
    let project = Project::new();
    let objects: Vec<String> = rows("", 60, json).lines().map(str::to_owned).collect();
    for text in
        [format!("[{}]", objects.join(",")), format!("[\n  {}\n]\n", objects.join(",\n  ").replace(':', " :\n"))]
    {
        project.write("t.json", text);
        let said = read(&project, "t.json", &[]);
        assert!(said.contains("format: jsonl; columns") && said.contains(SIXTY), "{said}");
    }
    let Answer { out, .. } = project.go(&["data", "show", "mine", "--text", "1"]).on_one_line();
    assert!(out.contains("t.json: row "), "{out}");
    project.write(
        "in.jsonl",
        rows("", 60, |_, text, label| serde_json::json!({ "data": { "text": text }, "label": label }).to_string()),
    );
    let said = read(&project, "in.jsonl", &[]);
    assert!(said.contains("text: `data.text`") && said.contains(SIXTY), "{said}");
    // Lines of JSON under the name of a table with commas are no table with commas.
    project.write("t.csv", rows("", 60, json));
    assert!(read(&project, "t.csv", &[]).contains("format: jsonl"));
    let project = Project::new();
    for (text, said) in [
        (format!("[{},]", objects.join(",")), "a comma stands before the end of the array"),
        ("[[\"fine\", \"pos\"]]".to_owned(), "the array holds `[\"fine\",\"pos\"]` where an object"),
        (
            format!("{{\"rows\": [{}]}}", objects.join(",")),
            "its `rows` holds many values; write one object a line, as `jq",
        ),
        ("{\"text\": {\"0\": \"a\", \"1\": \"b\"}, \"n\": [1]}".to_owned(), "the file is one JSON object"),
        ("{\n\"text\": \"a\",\n\"label\": 1\n}\n".to_owned(), "t.json:1: this is not a JSON object: EOF while parsing"),
        (
            format!("{}\n{{\"text\": NaN}}", objects[0]),
            "t.json:2: this is not a JSON object: expected value (column 10)",
        ),
    ] {
        project.write("t.json", &text);
        let err = refused(&project, "t.json", &[]);
        assert!(err.contains(said), "{err}\n{said}");
    }
}

#[test]
fn first_rows_unlike_the_others_are_named() {
    let project = Project::new();
    for (text, said) in [
        ("text,label\n".to_owned(), "there is only one row, `text, label`"),
        (rows("text,label\n", 20, |_, text, _| format!("{text},pos")), "all texts have the label `pos`"),
        (rows("Survey of 2020\n\ntext,label\n", 20, commas), "t.csv:1: the first row has 1 columns and most others 2"),
        (
            rows("text,label\n", 20, |i, text, label| format!("{i},{text},{label}")),
            "t.csv:1: the first row has 2 columns and most others 3; write an empty name for a column without one",
        ),
        (
            rows("text,label,\n", 20, commas),
            "t.csv:1: the first row has 3 columns and most others 2; is a separator at",
        ),
    ] {
        project.write("t.csv", text);
        let err = refused(&project, "t.csv", &[]);
        assert!(err.contains(said), "{err}\n{said}");
    }
    project.write(
        "t.csv",
        rows("text,label\n", 60, |i, text, label| format!("{text},{}", if i % 4 == 0 { "Pos" } else { label })),
    );
    assert!(read(&project, "t.csv", &[]).contains("the classes `Pos` and `pos` differ only in upper and lower case"));
    // Pandas numbers columns without names, and classes may have longer names than the texts.
    project.write("t.csv", rows(",0,1\n", 60, |i, text, label| format!("{i},{text},{label}")));
    assert!(read(&project, "t.csv", &[]).contains(SIXTY));
    project.write("t.csv", rows("text,label\n", 60, |i, _, label| format!("t {i},the long name of the class {label}")));
    assert!(read(&project, "t.csv", &[]).contains("text: `text`"));
    project.write("t.jsonl", rows("", 60, json));
    let err = new_task(&project, "classification", "t.jsonl", &["--text", "1", "--force"]).err;
    assert!(
        err.contains("there is no column `1`; the columns are `label`, `text`"),
        "names in objects have no order: {err}"
    );
    // Tables under each other's names, and a single line feed at the end of lines that end in carriage returns.
    project.write("t.tsv", rows("text;label\n", 60, |_, text, label| format!("{text};{label}")));
    assert!(read(&project, "t.tsv", &[]).contains("csv, separated by `;`"));
    project.write("t.jsonl", rows("", 60, json).replace('\n', "\r") + "\n");
    let said = read(&project, "t.jsonl", &[]);
    assert!(said.contains("lines end in carriage returns") && said.contains(SIXTY), "{said}");
}

#[test]
fn parts_that_are_written_differently_are_read_each_by_its_own_rules() {
    let project = Project::new();
    project.write("t.csv", rows("text,label\n", 60, commas));
    let more = |i: usize, text: &str, label: &str| commas(i, &format!("{text} again"), label);
    let test = "54 for training, 6 for validation, 20 for the test; 2 classes: neg 40, pos 40";
    project.write("swapped.csv", rows("id,label,text\n", 20, |i, text, label| format!("{i},{label},{text} again")));
    let said = read(&project, "t.csv", &["--test", "swapped.csv"]);
    assert!(!said.contains("joined:") && said.contains(test), "one set of rules reads both: {said}");
    project.write("u.tsv", rows("label\ttext\n", 20, |_, text, label| format!("{label}\t{text} again")));
    project.write("u.jsonl", rows("", 20, |i, text, label| json(i, &format!("{text} again"), label)));
    project.write("semicolons.csv", rows("text;label\n", 20, |_, text, label| format!("{text} again;{label}")));
    project.write("wide.csv", utf16(&rows("text,label\n", 20, more)));
    project.write("old.csv", rows("text,label\n", 20, more).replace('\n', "\r"));
    for other in ["u.tsv", "u.jsonl", "semicolons.csv", "wide.csv", "old.csv"] {
        let said = read(&project, "t.csv", &["--test", other]);
        assert!(said.contains("joined: 2 files (csv") && said.contains(test), "{other}: {said}");
    }
    let project = Project::new();
    project.write("t.csv", rows("text,label\n", 60, commas));
    project.write("bare.csv", rows("", 20, more));
    let err = refused(&project, "t.csv", &["--test", "bare.csv"]);
    assert!(err.contains("bare.csv: there is no column `label`") && err.contains("the first one, t.csv"), "{err}");
    let err = refused(&project, "bare.csv", &["--test", "t.csv"]);
    assert!(err.contains("the first row of t.csv seems to name the columns, and that of bare.csv not"), "{err}");
    // A column that goes by number must not lose the first row of a file without names.
    let twice = |i: usize, text: &str, label: &str| format!("no {i},{text},{label},{i}");
    project.write("twice.csv", rows("text,text,label,label\n", 60, twice));
    project.write("bare4.csv", rows("", 20, |i, text, label| twice(i, &format!("{text} again"), label)));
    let said = read(&project, "twice.csv", &["--text", "2", "--label", "3", "--test", "bare4.csv"]);
    assert!(said.contains("joined: 2 files (csv); columns 2 and 3") && said.contains(test), "{said}");
}

#[test]
fn tables_without_a_header_must_have_one_order_of_columns() {
    let project = Project::new();
    let label_first = |_: usize, text: &str, label: &str| format!("{label},{text}");
    let again = |i: usize, text: &str, label: &str| commas(i, &format!("{text} again"), label);
    project.write("t.csv", rows("", 60, label_first));
    project.write("swapped.csv", rows("", 20, again));
    project.write("few.csv", rows("", 3, again));
    project.write("swapped.tsv", rows("", 20, again).replace(',', "\t"));
    project.write("semicolons.csv", rows("", 20, again).replace(',', ";"));
    let said = |first: &str, other: &str| {
        format!(
            "the labels seem to be in column 1 of {first} and in column 2 of {other}, and no names of columns say so"
        )
    };
    for option in ["--valid", "--test"] {
        for other in ["swapped.csv", "few.csv", "swapped.tsv", "semicolons.csv"] {
            for more in [&[][..], &["--text", "2", "--label", "1"], &["--header", "no"]] {
                let err = refused(&project, "t.csv", &[&[option, other], more].concat());
                assert!(err.contains(&said("t.csv", other)), "{option} {other} {more:?}: {err}");
                assert!(
                    err.contains("help: bring the columns of all tables into one order, or write a first row"),
                    "{err}"
                );
            }
        }
    }
    // Tables of a folder, two of one part or one a part, and a third column.
    for [first, other] in [["train_1.csv", "train_2.csv"], ["train.csv", "test.csv"], ["a.csv", "b.csv"]] {
        let folder = Project::new();
        folder.write(format!("all/{first}"), rows("", 60, label_first));
        folder.write(format!("all/{other}"), rows("", 20, again));
        let err = refused(&folder, "all", &[]);
        assert!(err.contains(&said(&format!("all/{first}"), &format!("all/{other}"))), "{err}");
        folder.write(format!("all/{first}"), rows("", 60, |i, text, label| format!("{label},{},{text}", i % 5)));
        folder.write(format!("all/{other}"), rows("", 20, |i, text, label| format!("{},{label},{text} again", i % 5)));
        let err = refused(&folder, "all", &[]);
        assert!(err.contains(&said(&format!("all/{first}"), &format!("all/{other}"))), "{err}");
    }
    // The same order is read, also with one class or few rows, and so is any order with names.
    project.write("again.csv", rows("", 20, |i, text, label| label_first(i, &format!("{text} again"), label)));
    project.write("one.csv", rows("", 20, |i, text, _| label_first(i, &format!("{text} again"), "neg")));
    project.write("two.csv", rows("", 2, |i, text, label| label_first(i, &format!("{text} again"), label)));
    for (other, count) in [("again.csv", 20), ("one.csv", 20), ("two.csv", 2)] {
        let said = read(&project, "t.csv", &["--test", other]);
        assert!(said.contains(&format!("{count} for the test; 2 classes: neg")), "{other}: {said}");
    }
}

#[test]
fn tables_of_a_folder_are_told_apart() {
    let project = Project::new();
    let again = |i: usize, text: &str, label: &str| format!("{label};{i};{text} again");
    project.write("a/my_train.csv", rows("text,label\n", 60, commas));
    project.write("a/my_test.csv", rows("label;id;text\n", 20, again));
    project.write("a/sample_submission.csv", "id,target\n1,0\n");
    project.write("a/train_empty.csv", "");
    let said = read(&project, "a", &[]);
    assert!(said.contains("54 for training, 6 for validation, 20 for the test"), "{said}");
    assert!(said.contains("not read: sample_submission.csv; their names say neither train"), "{said}");
    // Files of one name in two folders are told apart by where each row stood.
    project.write("b/x/data.csv", rows("text,label\n", 30, commas));
    project.write("b/y/data.jsonl", rows("", 30, json));
    let said = read(&project, "b", &[]);
    assert!(said.contains("joined: 2 files (csv, jsonl)") && said.contains(SIXTY), "{said}");
    let joined = fs_err::read_to_string(project.path("datasets/cache/mine/mine-train.jsonl")).expect("a file");
    assert!(
        joined.contains("\"from\":\"x/data.csv:2\"") && joined.contains("\"from\":\"y/data.jsonl:30\""),
        "{joined}"
    );
    let project = Project::new();
    project.write("c/a.csv", rows("text,label\n", 30, commas));
    project.write("c/b.csv", rows("review,stars\n", 30, commas));
    let err = refused(&project, "c", &[]);
    assert!(
        err.contains("c/b.csv: there is no column `label`") && err.contains("correct c/b.csv, or move it away"),
        "{err}"
    );
}

#[test]
fn folders_of_texts_are_decoded_and_their_parts_are_kept() {
    let project = Project::new();
    let write = |folder: &str, encode: &dyn Fn(&str) -> Vec<u8>| {
        for i in 0..60 {
            let class = if i % 2 == 0 { "pos" } else { "neg" };
            let text = format!("number {i} was a caf\u{e9}, {class}\n");
            project.write(format!("{folder}/{class}/{i}.txt"), encode(&text));
        }
    };
    write("wide", &|text| utf16(&format!("\u{feff}{text}")));
    write("latin", &|text| text.chars().map(|c| c as u8).collect());
    write("packed", &|text| gzip(text.as_bytes()));
    let err = refused(&project, "latin", &[]);
    assert!(err.contains("latin/neg/1.txt:1: this is not UTF-8 text") && err.contains("--encoding"), "{err}");
    assert_eq!(new_task(&project, "classification", "latin", &["--header", "yes", "--force"]).code, Some(2));
    for (folder, more) in [("wide", &[][..]), ("latin", &["--encoding", "latin1"]), ("packed", &[])] {
        let said = read(&project, folder, more);
        assert!(said.contains(SIXTY) && said.contains("was a caf\u{e9}"), "{folder}: {said}");
    }
    let text = |word: &str| format!("It rained all {word} and all night.\n").repeat(80);
    for (part, word) in [("test", "Sunday"), ("train", "Monday"), ("valid", "Tuesday")] {
        project.write(format!("wiki/wiki.{part}.tokens"), text(word));
    }
    let Answer { code, out, err } = new_task(&project, "language-model", "wiki", &["--force"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("joined: files of texts, 1 for training, 1 for validation, 1 for the test"), "{out}");
    let train = fs_err::read_to_string(project.path("datasets/cache/mine/mine.txt")).expect("a file");
    assert!(train.contains("Monday") && !train.contains("Sunday"), "{train}");
    project.write("book/one/a.txt", utf16(&text("day")));
    project.write("book/two/b.txt", text("week").replace('\n', "\r"));
    let Answer { code, err, .. } = new_task(&project, "language-model", "book", &["--force"]);
    assert_eq!(code, Some(0), "{err}");
    let train = fs_err::read_to_string(project.path("datasets/cache/mine/mine.txt")).expect("a file");
    assert_eq!(train, text("day") + &text("week"));
    // Prose may begin like JSON, or have tabs.
    project.write("prose.txt", format!("{{\"quoted\"}} words\n{}", text("day")).replace("It", "\tIt"));
    let Answer { code, err, .. } = new_task(&project, "language-model", "prose.txt", &["--force"]);
    assert_eq!(code, Some(0), "{err}");
}

#[test]
fn texts_without_a_label_can_be_left_out() {
    let project = Project::new();
    let rated = |i: usize, label: &str| if i % 10 == 3 { None } else { Some(label.to_owned()) };
    let csv = |i: usize, text: &str, label: &str| format!("{text},{}", rated(i, label).unwrap_or("NaN".into()));
    let json = |i: usize, text: &str, label: &str| match rated(i, label) {
        None if i == 3 => serde_json::json!({ "text": text }).to_string(),
        label => serde_json::json!({ "text": text, "label": label }).to_string(),
    };
    project.write("t.csv", rows("text,label\n", 60, csv));
    project.write("t.jsonl", rows("", 60, json));
    let lines: Vec<String> = rows("", 60, json).lines().skip(4).map(str::to_owned).collect();
    project.write("t.json", format!("[{}]", lines.join(",")));
    for (file, said) in [
        ("t.csv", "t.csv:5: the label is `NaN`, which stands for a missing value"),
        ("t.jsonl", "t.jsonl:4: there is no `label`"),
        (
            "t.json",
            "t.json: row 10: the label is empty; remove the row or give it a label, or write `skip_unlabelled: true`",
        ),
    ] {
        let err = refused(&project, file, &[]);
        assert!(err.contains(said), "{err}\n{said}");
    }
    for (file, out, classes) in
        [("t.csv", 6, "neg 24, pos 30"), ("t.jsonl", 6, "neg 24, pos 30"), ("t.json", 5, "neg 23, pos 28")]
    {
        let said = read(&project, file, &["--skip-unlabelled"]);
        assert!(said.contains(&format!("2 classes: {classes} {out} without a label are left out")), "{said}");
    }
    project.write("u.jsonl", rows("", 20, |i, text, label| json(i, &format!("{text} again"), label)));
    let said = read(&project, "t.csv", &["--skip-unlabelled", "--test", "u.jsonl"]);
    assert!(said.contains("18 for the test") && said.contains("8 without a label are left out"), "{said}");
}
