//! Hand-written fixture files: the ids they yield, and the error messages for invalid files.

use camino::{Utf8Path, Utf8PathBuf};
use flate2::Compression;
use flate2::write::GzEncoder;
use polars::prelude::{Column, DataFrame, ParquetWriter};

use super::{EncodedTexts, encode};
use crate::manifest::{LabelledTexts, Manifest, Reader};
use crate::{DataError, Texts};
use sparsegate_spec::types::Reading;

/// Files by role.
struct Here {
    folder: tempfile::TempDir,
}

impl Here {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let here = Self { folder: tempfile::tempdir().unwrap() };
        for (role, bytes) in files {
            fs_err::write(here.path(role), bytes).unwrap();
        }
        here
    }

    fn path(&self, role: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).unwrap().join(role)
    }

    fn read(&self, rules: &str) -> Result<EncodedTexts, DataError> {
        self.read_as(rules, Reading::default())
    }

    fn read_as(&self, rules: &str, reading: Reading) -> Result<EncodedTexts, DataError> {
        let file = |role: &str| Some(self.path(role)).filter(|path| path.is_file());
        encode(&file, &parse(rules), reading)
    }

    fn why(&self, rules: &str) -> String {
        self.read(rules).err().expect("an error").to_string()
    }
}

/// A reader's parameters from the inside of a manifest.
fn parse(rules: &str) -> LabelledTexts {
    let file = Utf8Path::new("test.yaml");
    let text = format!("labelled-texts: {{ {rules} }}");
    match sparsegate_spec::yaml::parse(file, &text).unwrap() {
        Reader::LabelledTexts(rules) => rules,
        other => panic!("{other:?}"),
    }
}

fn spell(encoded: &EncodedTexts, part: usize) -> Vec<(String, u32)> {
    let words =
        |ids: &[u32]| ids.iter().map(|&id| encoded.vocabulary[id as usize].as_str()).collect::<Vec<_>>().join(" ");
    let texts: &Texts = &encoded.parts[part];
    (0..texts.len()).map(|text| (words(texts.text(text)), texts.label(text))).collect()
}

fn owned(texts: &[(&str, u32)]) -> Vec<(String, u32)> {
    texts.iter().map(|(text, label)| ((*text).to_owned(), *label)).collect()
}

const CSV: &str = "from: { table: { format: csv, text: [title, body], label: class } }, tokens: blanks";
const TRAIN: &[u8] = b"class,title,body\n10,a,\"b, c\"\n9,\"a\nb\",\"\"\"d\"\"\"\n";
const OTHER: &[u8] = b"class,title,body\n9,a,x\n";

fn csv() -> Here {
    Here::new(&[("train", TRAIN), ("valid", OTHER), ("test", OTHER)])
}

#[test]
fn columns_are_joined_and_labels_sorted_as_numbers() {
    let encoded = csv().read(CSV).unwrap();
    assert_eq!(encoded.vocabulary, ["<unk>", "a", "\"d\"", "b", "b,", "c"]);
    assert_eq!(encoded.classes, ["9", "10"]);
    assert_eq!(spell(&encoded, 0), owned(&[("a b, c", 1), ("a b \"d\"", 0)]));
    assert_eq!(spell(&encoded, 1), owned(&[("a <unk>", 0)]));
    let survey = encoded.survey;
    assert_eq!((survey.words, survey.words_in_several_texts, survey.empty_texts), (5, 1, 0));
    assert!((survey.mean_words - 3.0).abs() < 1e-12);
}

#[test]
fn limits_and_the_start_symbol() {
    let encoded = csv().read(&format!("{CSV}, words: 2, length: 3, start_symbol: true")).unwrap();
    assert_eq!(encoded.vocabulary, ["<unk>", "<start>", "a", "\"d\""]);
    assert_eq!(spell(&encoded, 0), owned(&[("<start> a <unk>", 1), ("<start> a <unk>", 0)]));
    let encoded = csv().read(&format!("{CSV}, min_count: 2")).unwrap();
    assert_eq!(encoded.vocabulary, ["<unk>", "a"]);
}

#[test]
fn classes_can_be_listed_and_named() {
    let encoded = csv().read(&format!("{CSV}, classes: [10, 9], class_names: [ten, nine]")).unwrap();
    assert_eq!((encoded.classes, encoded.parts[0].labels()), (vec!["ten".to_owned(), "nine".into()], &[0, 1][..]));
}

#[test]
fn the_other_formats_read_the_same() {
    let expected = csv().read(CSV).unwrap();
    let same = |encoded: EncodedTexts| {
        assert_eq!((&encoded.vocabulary, &encoded.classes), (&expected.vocabulary, &expected.classes));
        assert_eq!(encoded.parts, expected.parts);
    };
    let tsv = |rows: &str| rows.replace('|', "\t").into_bytes();
    let (train, other) = (tsv("10|a|b, c\n9|a b|\"d\"\n"), tsv("9|a|x\n"));
    let here = Here::new(&[("train", &train), ("valid", &other), ("test", &other)]);
    let rules = "from: { table: { format: tsv, header: false, text: [2, 3], label: 1 } }, tokens: blanks";
    same(here.read(rules).unwrap());

    let other = br#"{"class": "9", "title": "a", "body": "x"}"#;
    let train = b"\xef\xbb\xbf{\"title\":\"a\",\"body\":\"b, c\",\"class\":10}\r\n\n{\"class\":9,\"body\":\"\\\"d\\\"\",\"title\":\"a b\"}";
    let here = Here::new(&[("train", train), ("valid", other), ("test", other)]);
    same(here.read(&CSV.replace("csv", "jsonl")).unwrap());

    let here = Here::new(&[]);
    let write = |role: &str, class: &[i64], title: &[&str], body: &[&str]| {
        let column = |name: &str, values: &[&str]| Column::new(name.into(), values);
        let columns = vec![Column::new("class".into(), class), column("title", title), column("body", body)];
        let mut frame = DataFrame::new(class.len(), columns).unwrap();
        ParquetWriter::new(fs_err::File::create(here.path(role)).unwrap()).finish(&mut frame).unwrap();
    };
    write("train", &[10, 9], &["a", "a b"], &["b, c", "\"d\""]);
    write("valid", &[9], &["a"], &["x"]);
    write("test", &[9], &["a"], &["x"]);
    same(here.read(&CSV.replace("csv", "parquet")).unwrap());
    same(here.read("from: { table: { format: parquet, text: [2, 3], label: 1 } }, tokens: blanks").unwrap());
}

#[test]
fn held_out_texts_leave_the_training_part() {
    let rows: Vec<String> = (0..100).map(|row| format!("{},w{row} all\n", row % 2)).collect();
    let rows = rows.concat();
    let rules = "from: { table: { format: csv, header: false, text: 2, label: 1 } }, tokens: blanks, \
                 hold_out: { seed: 1, valid: 0.15, test: 0.1 }, length: 1";
    let here = Here::new(&[("train", rows.as_bytes())]);
    let encoded = here.read(rules).unwrap();
    assert_eq!([75, 15, 10], [0, 1, 2].map(|part| encoded.parts[part].len()));
    // Words of held-out test texts are not counted: 90 words that occur in one text each, and `all`.
    assert_eq!((encoded.vocabulary.len(), encoded.survey.words, encoded.survey.words_in_several_texts), (92, 91, 1));
    assert!(spell(&encoded, 2).iter().all(|(text, _)| text == "<unk>"));
    assert!(spell(&encoded, 1).iter().all(|(text, _)| text.starts_with('w')));
    assert_eq!(here.read(rules).unwrap().parts, encoded.parts);
    assert_ne!(here.read(&rules.replace("seed: 1", "seed: 2")).unwrap().parts, encoded.parts);
    assert!(here.why(&rules.replace("0.15", "0.001")).contains("hold_out leaves no text for `valid`, out of 100"));
}

#[test]
fn stratified_parts_have_all_classes() {
    // 80 of one class, 17 of another, 2 and 1 of two rare ones.
    let label = |row: usize| match row {
        0..80 => "a",
        80..97 => "b",
        97..99 => "c",
        _ => "d",
    };
    let rows: Vec<String> = (0..100).map(|row| format!("{},w{row} all\n", label(row))).collect();
    let rows = rows.concat();
    let rules = "from: { table: { format: csv, header: false, text: 2, label: 1 } }, tokens: blanks, \
                 hold_out: { seed: 3, valid: 0.1, test: 0.1, stratified: true }";
    let here = Here::new(&[("train", rows.as_bytes())]);
    let encoded = here.read(rules).unwrap();
    assert_eq!([80, 10, 10], [0, 1, 2].map(|part| encoded.parts[part].len()));
    let count = |part: usize, class: u32| encoded.parts[part].labels().iter().filter(|label| **label == class).count();
    assert_eq!([0, 1, 2, 3].map(|class| usize::from(count(0, class) > 0)), [1; 4]);
    assert!((7..=9).contains(&count(1, 0)) && (1..=3).contains(&count(1, 1)), "{:?}", encoded.parts[1].labels());
    assert_ne!(here.read(&rules.replace("seed: 3", "seed: 4")).unwrap().parts, encoded.parts);
}

#[test]
fn labels_without_training_texts_are_listed_with_their_counts() {
    let label = |row: usize| if row.is_multiple_of(4) { format!("r{row}") } else { "a".into() };
    let rows: Vec<String> = (0..40).map(|row| format!("{},w{row}\n", label(row))).collect();
    let rows = rows.concat();
    let rules = "from: { table: { format: csv, header: false, text: 2, label: 1 } }, tokens: blanks, \
                 hold_out: { seed: 1, valid: 0.25, test: 0.25 }";
    let why = Here::new(&[("train", rows.as_bytes())]).why(rules);
    assert!(why.contains("no training text has the labels `r") && why.matches("(1 text)").count() > 1, "{why}");
    assert!(why.contains("by `hold_out` (seed 1); write `stratified: true`"), "{why}");
}

#[test]
fn the_oddities_of_the_authors_are_options() {
    let rules = "from: { table: { format: csv, header: false, text: 2, label: 1 } }, tokens: blanks, words: 6, \
                 start_symbol: true, hold_out: { seed: 1, valid: 0.25 }";
    let here = Here::new(&[("train", b"0,lost\n0,a b\n1,a b\n0,a c\n1,a b\n"), ("test", b"0,lost\n1,b c\n")]);
    let plain = here.read(rules).unwrap();
    assert_eq!((plain.parts[0].len() + plain.parts[1].len(), plain.parts[2].len()), (5, 2));
    let odd = here.read_as(rules, Reading { lose_first_row: true, shift_ids: true }).unwrap();
    assert_eq!((odd.parts[0].len() + odd.parts[1].len(), odd.parts[2].len()), (4, 1));
    assert_eq!(odd.vocabulary.len(), 9);
    assert_eq!(odd.parts[2].text(0), [1, 5, 2], "<start>, rank 2, and rank 3 which is 6 and cut");
}

/// A `.tar.gz` of the files.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

const FOLDERS: &str =
    "from: { folders: { train: d/train, test: d/test } }, tokens: keras, hold_out: { seed: 1, valid: 0.5 }";
const FILES: [(&str, &[u8]); 8] = [
    ("d/train/pos/2.txt", b"Good film!"),
    ("d/train/neg/1.txt", b"bad film"),
    ("d/train/pos/1.txt", b"good"),
    ("d/train/neg/2.txt", b"bad, bad"),
    ("d/test/pos/1.txt", b"good<br />film"),
    ("d/test/neg/1.txt", b"bad"),
    ("d/train/urls.txt", b"passed over"),
    ("d/train/neg/.hidden", b"\xff"),
];

#[test]
fn archives_read_the_same_in_whatever_order_they_were_packed() {
    let encoded = Here::new(&[("archive", &archive(&FILES))]).read(FOLDERS).unwrap();
    assert_eq!(encoded.vocabulary, ["<unk>", "bad", "film", "good"]);
    assert_eq!(encoded.classes, ["neg", "pos"]);
    assert_eq!(spell(&encoded, 2), owned(&[("bad", 0), ("good <unk> film", 1)]));
    let mut turned = FILES;
    turned.reverse();
    let again = Here::new(&[("archive", &archive(&turned))]).read(FOLDERS).unwrap();
    assert_eq!((again.vocabulary, again.parts), (encoded.vocabulary, encoded.parts));
}

#[test]
fn a_file_with_its_columns_in_another_order_is_named_with_the_line() {
    let rows = |row: &dyn Fn(usize, &str) -> String| {
        (0..20).map(|i| row(i, if i % 2 == 0 { "pos" } else { "neg" }) + "\n").collect::<String>()
    };
    let right = rows(&|i, label| format!("{label},tea number {i}"));
    let swapped = rows(&|i, label| format!("tea number {i},{label}"));
    let rules = "from: { table: { format: csv, header: false, text: 2, label: 1 } }, tokens: blanks";
    for odd in ["valid", "test"] {
        let of = |part: &str| if part == odd { swapped.as_bytes() } else { right.as_bytes() };
        let why = Here::new(&[("train", of("train")), ("valid", of("valid")), ("test", of("test"))]).why(rules);
        assert!(why.contains(&format!("{odd}:1: no training text has the labels `tea number 0` (1 text)")), "{why}");
        assert!(why.contains("which 20 of the 20 texts of this file have; are its columns in another order"), "{why}");
    }
    // A few unknown labels are labels.
    let few = right.replacen("pos", "mixed", 2);
    let why =
        Here::new(&[("train", right.as_bytes()), ("valid", right.as_bytes()), ("test", few.as_bytes())]).why(rules);
    assert!(why.contains("test:1: no training text has the label `mixed` (2 texts); remove such texts"), "{why}");
}

#[test]
fn with_classes_listed_other_folders_are_passed_over() {
    let mut files = FILES.to_vec();
    files.push(("d/train/unsup/1.txt", b"\xff"));
    let here = Here::new(&[("archive", &archive(&files))]);
    assert!(here.why(FOLDERS).contains("d/train/unsup/1.txt: line 1: this is not UTF-8"), "{}", here.why(FOLDERS));
    assert_eq!(here.read(&format!("{FOLDERS}, classes: [pos, neg]")).unwrap().classes, ["pos", "neg"]);
    let why = here.why(&format!("{FOLDERS}, classes: [pos, neg, mixed]"));
    assert!(why.contains("no training text has the label `mixed`"), "{why}");
}

#[test]
fn broken_archives_say_so() {
    let whole = archive(&FILES);
    let cases: [(&str, &[u8]); 3] =
        [("cut off", &whole[..whole.len() / 2]), ("checksum", &whole[..whole.len() - 6]), ("other", b"no archive")];
    for (name, bytes) in cases {
        let why = Here::new(&[("archive", bytes)]).why(FOLDERS);
        assert!(why.contains("archive: the archive is broken or cut off"), "{name}: {why}");
    }
    let why = Here::new(&[("archive", &whole)]).why(&FOLDERS.replace("d/train", "d/trian"));
    assert!(why.contains("no texts in the class folders of `d/trian/`") && why.contains("from.folders.train"), "{why}");
}

#[test]
fn bad_tables_name_file_place_and_cure() {
    let cases: [(&[u8], &str); 11] = [
        (b"", "train: there are no texts"),
        (b"class,title,body\n", "train: there are no texts"),
        (
            b"label,title,body\n1,a,b\n",
            "train:1: there is no column `class`: the columns are label, title, body; correct",
        ),
        (b"class,title,body\n1,a,b\n2,a\n", "train:3: the row has 2 columns and the first row 3"),
        (b"class,title,body\n1,a,b\n2,a,b,c\n", "train:3: the row has 4 columns"),
        (b"class,title,body\n1,a,b\n2,a,\xff\n", "train:3: this is not UTF-8 text"),
        (
            b"class,title,body\n1,a,b\n2,, \n",
            "train:3: the text has no words; remove it, or write `empty_texts: unknown`",
        ),
        (b"class,title,body\n9,a,b\n9,a,b\n", "train: all texts have the label `9`"),
        (b"class,title,body\n1,a,b\n,a,b\n", "train:3: the label is empty"),
        (b"class,title,body\n1,a,b\n2,a,b\n", "valid:2: no training text has the label `9`"),
        (b"\"class\",\"ti\ntle\",body\n1,a,b\n", "train:1: there is no column `title`"),
    ];
    for (train, expected) in cases {
        let why = Here::new(&[("train", train), ("valid", OTHER), ("test", OTHER)]).why(CSV);
        assert!(why.contains(expected), "{why}\n{expected}");
    }
    let why = csv().why(&format!("{CSV}, classes: [10, 11]"));
    assert!(
        why.contains("train:3: the label `9` is not one of the manifest's classes (10, 11); correct it, or"),
        "{why}"
    );
    let many: Vec<String> = (0..1002).map(|row| format!("{row},a\n")).collect();
    let many = many.concat();
    let rules = "from: { table: { format: csv, header: false, text: 2, label: 1 } }, tokens: blanks, hold_out: { seed: 1, valid: 0.1, test: 0.1 }";
    let why = Here::new(&[("train", many.as_bytes())]).why(rules);
    assert!(why.contains("train:1001: there are more than 1000 labels; is it the right column?"), "{why}");
    let why = Here::new(&[("train", b"1,a\n")]).why(&rules.replace("text: 2", "text: 3"));
    assert!(why.contains("train:1: there is no column 3: it has 2"), "{why}");
}

#[test]
fn empty_texts_can_be_unknown() {
    let train = b"class,title,body\n10,a,b\n9,,\n";
    let here = Here::new(&[("train", train), ("valid", OTHER), ("test", OTHER)]);
    let encoded = here.read(&format!("{CSV}, empty_texts: unknown")).unwrap();
    assert_eq!((spell(&encoded, 0)[1].0.as_str(), encoded.survey.empty_texts), ("<unk>", 1));
}

#[test]
fn bad_json_lines_name_the_line() {
    let rules = CSV.replace("csv", "jsonl");
    let cases: [(&str, &str); 7] = [
        ("[1, 2]", "train:2: this is not a JSON object"),
        ("{\"class\": 1", "train:2: this is not a JSON object"),
        ("{\"class\": 1, \"title\": \"a\"}", "train:2: there is no `body`: the object has class, title; correct"),
        ("{\"class\": 1, \"title\": [3], \"body\": \"a\"}", "train:2: `title` is not a text: [3]"),
        ("{\"class\": 1, \"title\": null, \"body\": null}", "train:2: the text has no words"),
        ("{\"class\": null, \"title\": \"a\", \"body\": \"a\"}", "train:2: the label is empty"),
        ("{\"class\": \"\u{ff}", "train:2: this is not a JSON object"),
    ];
    for (line, expected) in cases {
        let text = format!("{{\"class\": 9, \"title\": \"a\", \"body\": \"x\"}}\n{line}\n");
        let why = Here::new(&[("train", text.as_bytes())]).why(&rules);
        assert!(why.contains(expected), "{why}\n{expected}");
    }
}

#[test]
fn bad_parquet_says_so() {
    let rules = CSV.replace("csv", "parquet");
    let why = Here::new(&[("train", b"PAR1 this is none PAR1")]).why(&rules);
    assert!(why.contains("train: this is not a valid Parquet file"), "{why}");
}

/// Uses sparse files of two gigabytes, which take no space on the disk.
#[test]
fn endless_rows_and_lines_are_refused_without_being_read() {
    let why = |first: &[u8], rules: &str| {
        let here = Here::new(&[("train", first)]);
        let file = fs_err::OpenOptions::new().write(true).open(here.path("train")).unwrap();
        file.set_len(2 << 30).unwrap();
        here.why(rules)
    };
    let lines = why(b"{\"class\": 9, \"title\": \"a\", \"body\": \"x\"}\n", &CSV.replace("csv", "jsonl"));
    assert!(lines.contains("train:2: the line is longer than 64 MiB"), "{lines}");
    let rows = why(TRAIN, CSV);
    assert!(rows.contains("train:5: the row is longer than 64 MiB"), "{rows}");
}

#[test]
fn the_shipped_rules_load() {
    for name in ["imdb", "agnews", "agnews-part"] {
        let manifest = Manifest::load(Utf8Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")), name).unwrap();
        assert!(matches!(manifest.reader, Reader::LabelledTexts(_)));
    }
}
