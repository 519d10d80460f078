//! What is made of unprepared files: small copies of files that were read wrongly.

use camino::{Utf8Path, Utf8PathBuf};

use super::*;
use crate::manifest::Column;

struct Here(tempfile::TempDir);

impl Here {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> Utf8PathBuf {
        let path = Utf8Path::from_path(self.0.path()).unwrap().join(name);
        fs_err::write(&path, bytes).unwrap();
        path
    }

    fn look(&self, name: &str, bytes: &[u8]) -> Look {
        look(&self.file(name, bytes), &Hints::default()).unwrap()
    }

    fn choose(&self, text: &str, wanted: Wanted<'_>) -> Result<Choice, String> {
        self.choose_in("t.csv", text, wanted)
    }

    fn choose_in(&self, name: &str, text: &str, wanted: Wanted<'_>) -> Result<Choice, String> {
        let file = self.file(name, text.as_bytes());
        let look = look(&file, &Hints::default()).map_err(|error| error.to_string())?;
        let Format::Table(format) = look.format else { return Err("no table".into()) };
        let sample = sample(&file, format, &look).map_err(|error| error.to_string())?;
        choose(&file, &sample, wanted).map_err(|error| error.to_string())
    }

    fn header(&self, text: &str) -> bool {
        self.choose(text, Wanted::default()).unwrap().header
    }
}

fn name(name: &str) -> Column {
    Column::Name(name.into())
}

/// `count` rows made by `row` from a number, a text and one of two labels.
fn rows(head: &str, count: usize, row: impl Fn(usize, &str, &str) -> String) -> String {
    let line = |i: usize| {
        let (word, label) = if i.is_multiple_of(2) { ("lovely", "pos") } else { ("soggy", "neg") };
        row(i, &format!("tea number {i} from the corner shop was {word}"), label) + "\n"
    };
    head.to_owned() + &(0..count).map(line).collect::<String>()
}

#[test]
fn content_tells_where_the_name_does_not() {
    let here = Here::new();
    let format = |bytes: &[u8]| here.look("some.file", bytes).format;
    assert_eq!(format(b"PAR1..."), Format::Table(TableFormat::Parquet));
    assert_eq!(format(b"{\"text\": \"a\"}\n"), Format::Table(TableFormat::Jsonl));
    assert_eq!(format(b"\xef\xbb\xbf{\"text\": \"a\"}\n"), Format::Table(TableFormat::Jsonl));
    assert_eq!(format(b"a\tb\nc\td\n"), Format::Table(TableFormat::Tsv));
    assert_eq!(format(b"sep=;\na;b\n"), Format::Table(TableFormat::Csv));
    assert_eq!(format(b"It was a dark, and stormy, night.\nRain fell.\n"), Format::Text);
    assert_eq!(format(b""), Format::Text);
}

#[test]
fn headers_are_decided_from_the_data() {
    let here = Here::new();
    let plain = |i: usize, text: &str, label: &str| format!("{i},{text},{label}");
    assert!(here.header(&rows(",review,sentiment\n", 40, plain)), "the index of pandas");
    assert!(here.header(&rows("v1,v2,,,\n", 40, |_, text, label| format!("{label},{text},,,"))), "Kaggle");
    assert!(
        here.header(&rows("comment,label,2023\n", 40, |i, text, label| format!("{text},{label},{}", i % 7))),
        "a year"
    );
    assert!(here.header(&rows("label,text,text\n", 40, |i, text, label| format!("{label},{i},{text}"))), "repeated");
    let question = "Please tell us in your own words how you liked the tea you had today,verdict\n";
    assert!(here.header(&rows(question, 40, |_, text, label| format!("{text},{label}"))), "a long question");
    assert!(here.header(&rows(",review,label\n", 40, |i, text, _| format!("{i},{text},{}", i % 2))), "numbers");
    assert!(
        here.header("text,label\na film to see again,good\nthis one is dull,bad\nthat one is fine,good\n"),
        "three rows"
    );
    assert!(!here.header(&rows("pos,Ok lovely\n", 40, |_, text, label| format!("{label},{text}"))), "`pos` is a label");
    assert!(!here.header(&rows("", 40, plain)), "none");
    assert!(!here.header(&rows("", 40, |i, text, _| format!("{},{text}", i % 2))), "none, with numbers");
}

#[test]
fn a_header_can_be_demanded_and_a_lonely_first_label_is_told() {
    let here = Here::new();
    let text = rows("pos,Ok lovely\n", 40, |_, text, label| format!("{label},{text}"));
    let with = here.choose(&text, Wanted { header: Some(true), ..Wanted::default() }).unwrap();
    assert_eq!((with.header, with.label), (true, name("pos")));
    let lonely = rows("mood,text of it\n", 40, |_, text, label| format!("{label},{text}"));
    let without = here.choose(&lonely, Wanted { header: Some(false), ..Wanted::default() }).unwrap();
    assert_eq!((without.header, without.lonely.as_deref()), (false, Some("mood")));
    assert_eq!(here.choose(&text, Wanted::default()).unwrap().lonely, None);
}

#[test]
fn tables_without_names_must_have_their_labels_in_one_column() {
    let here = Here::new();
    let first = here.choose(&rows("", 40, |_, text, label| format!("{label},{text}")), Wanted::default()).unwrap();
    assert_eq!((&first.label, first.header), (&Column::Number(1), false));
    let elsewhere = |text: &str, named: bool| {
        let file = here.file("other.csv", text.as_bytes());
        let look = look(&file, &Hints::default()).unwrap();
        let sample = sample(&file, TableFormat::Csv, &look).unwrap();
        let wanted = Wanted { text: Some("2"), label: Some("1"), header: Some(false) };
        let choice = choose(&file, &sample, wanted).unwrap();
        other_label_column(&first, &file, &sample, &choice, named)
    };
    for named in [false, true] {
        assert_eq!(elsewhere(&rows("", 40, |_, text, label| format!("{text},{label}")), named), Some(2));
        assert_eq!(elsewhere(&rows("", 3, |_, text, label| format!("{text},{label}")), named), Some(2), "few rows");
        assert_eq!(elsewhere(&rows("", 40, |i, _, label| format!("{},t{i},{label}", i % 3)), named), Some(3));
        assert_eq!(elsewhere(&rows("", 40, |_, text, label| format!("{label},{text}")), named), None);
        assert_eq!(elsewhere(&rows("", 3, |_, text, _| format!("pos,{text}")), named), None, "one class");
        // Classes that the first table does not have, above half of those that it has.
        assert_eq!(elsewhere(&rows("", 40, |i, text, _| format!("{},{text}", ["pos", "ok"][i % 2])), named), None);
        assert_eq!(elsewhere(&rows("", 40, |i, text, _| format!("{},{text}", ["ok", "so"][i % 2])), named), None);
        assert_eq!(elsewhere(&rows("", 40, |_, text, _| format!(",{text}")), named), None, "no labels at all");
    }
    // Other classes in another column: only a look at that table tells, and the user may know better.
    let other = rows("", 40, |i, text, _| format!("{text},{}", ["ok", "so"][i % 2]));
    assert_eq!([elsewhere(&other, false), elsewhere(&other, true)], [Some(2), None]);
}

#[test]
fn names_that_repeat_or_are_empty_become_numbers() {
    let here = Here::new();
    let text = rows("label,text,text,\n", 40, |i, text, label| format!("{label},{i},{text},x"));
    let third = here.choose(&text, Wanted { text: Some("3"), ..Wanted::default() }).unwrap();
    assert_eq!((&third.text, &third.label), (&Column::Number(3), &name("label")));
    assert_eq!(third.columns, [name("label"), Column::Number(2), Column::Number(3), Column::Number(4)]);
    let why = here.choose(&text, Wanted { text: Some("text"), ..Wanted::default() }).unwrap_err();
    assert!(
        why.contains("several columns are called `text`; name the one that is meant by its number (2, 3)"),
        "{why}"
    );
    let why = here.choose(&text, Wanted { text: Some("9"), ..Wanted::default() }).unwrap_err();
    assert!(why.contains("there is no column `9`; the columns are `label`, 2, 3, 4"), "{why}");
}

#[test]
fn what_cannot_be_a_label_is_told_with_the_columns() {
    let here = Here::new();
    let why = here.choose("a b c d,1\ne f g h,2\ni j k l,3\nm n o p,4\nq r,5\n", Wanted::default()).unwrap_err();
    assert!(why.contains("t.csv: no column looks like a label") && why.contains("--label"), "{why}");
}

#[test]
fn equal_labels_are_counted_as_one_and_missing_ones_not_at_all() {
    let here = Here::new();
    let labels = ["5", "1", "5.0", "1.0", "NaN"];
    let text = rows("review,stars\n", 50, |i, text, _| format!("{text},{}", labels[i % 5]));
    let choice = here.choose(&text, Wanted::default()).unwrap();
    assert_eq!(choice.classes, [("1".to_owned(), 20), ("5".to_owned(), 20)].into());
}

#[test]
fn separators_and_quotes_are_found() {
    let here = Here::new();
    let separator = |name: &str, text: &str| here.look(name, text.as_bytes()).separator.map(Separator::byte);
    assert_eq!(separator("t.csv", &rows("text,label\n", 9, |_, text, label| format!("{text},{label}"))), None);
    assert_eq!(separator("t.csv", &rows("text;label\n", 9, |_, text, label| format!("{text};{label}"))), Some(b';'));
    assert_eq!(
        separator("t.csv", &rows("", 9, |i, text, _| format!("{text};{},5", i % 2))),
        Some(b';'),
        "decimal commas"
    );
    assert_eq!(
        separator("t.csv", &rows("text|label\n", 9, |_, text, label| format!("{text}, so|{label}"))),
        Some(b'|')
    );
    assert_eq!(separator("t.csv", &rows("sep=;\n", 9, |_, text, label| format!("{text};{label}"))), Some(b';'));
    let quoted = |i: usize, text: &str, label: &str| format!("\"{text}; {i}\",{label}");
    assert_eq!(separator("t.csv", &rows("text,label\n", 9, quoted)), None, "a semicolon in quotes");
    let tsv = |row: &str| here.look("t.tsv", row.repeat(9).as_bytes()).quotes;
    assert_eq!(tsv("\"a\tb\"\tpos\n"), Some(true));
    assert_eq!(tsv("\"a b\"\tpos\n"), Some(true));
    assert_eq!(tsv("it is 12\" wide\tpos\n"), None);
    assert_eq!(tsv("\"so\" he said\tpos\n"), None);
}

#[test]
fn quotes_around_line_ends_are_found_in_a_long_table() {
    let here = Here::new();
    let tsv = |text: &str| here.look("t.tsv", text.as_bytes()).quotes;
    // What is looked at ends inside a value, and so does its last line.
    let row = |label: &str| format!("\"{}\"\t{label}\n", "ab\n".repeat(150));
    let long = (row("pos") + &row("neg")).repeat(100);
    let beginning = &long[..PEEK];
    let beginning = &beginning[..=beginning.rfind('\n').unwrap()];
    assert!(beginning.matches('"').count() % 2 == 1, "cut outside a value");
    assert_eq!(tsv(&long), Some(true));
    assert_eq!(tsv("\"a\nb\"\tpos\n\"c\nd\"\tneg"), Some(true), "no line end after the last row");
    // Quotes that are part of the texts, of which one more opens than closes.
    let plain = "a text as it is\tpos\n".repeat(5_000);
    assert_eq!(tsv(&format!("label\ttext\n\"so it began\tpos\n{plain}")), None);
    assert_eq!(tsv(&format!("\"so it began\tpos\n{plain}")), None, "in the first row");
    assert_eq!(tsv(&"\"so\" he said\tpos\n".repeat(5_000)), None);
    assert_eq!(tsv("text\tlabel\n\"so it began\tpos\n"), None, "a whole text");
}

#[test]
fn encodings_and_line_ends_are_found() {
    let here = Here::new();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let text = rows("text,label\n", 9, |_, text, label| format!("{text},{label}"));
    assert_eq!(here.look("t.csv", &utf16(&text)).encoding.map(Encoding::name).as_deref(), Some("utf-16le"));
    assert_eq!(here.look("t.csv", &utf16(&format!("\u{feff}{text}"))).encoding, None, "the mark tells");
    assert_eq!(here.look("t.txt", b"one line\rand more\r").newlines, Some(Newlines::Cr));
    assert_eq!(here.look("t.txt", b"one line\r\nand more\r").newlines, None);
}

#[test]
fn files_of_other_programs_are_named() {
    let here = Here::new();
    let why = |bytes: &[u8]| look(&here.file("t.csv", bytes), &Hints::default()).unwrap_err().to_string();
    assert!(
        why(b"\xd0\xcf\x11\xe0\xa1\xb1").contains("t.csv: this is an old document of Excel or Word; save it as CSV")
    );
    assert!(why(b"ARROW1\0\0").contains("Feather"));
    assert!(why(b"%PDF-1.4").contains("PDF"));
}

#[test]
fn json_lines_have_the_columns_of_all_objects_and_prefer_outer_ones() {
    let here = Here::new();
    let line = |i: usize, text: &str, label: &str| {
        let more = if i > 3 { format!(",\"late\":\"{label}\"") } else { String::new() };
        format!("{{\"meta\":{{\"kind\":\"{label}\"}},\"text\":\"{text}\",\"mood\":\"{label}\"{more}}}")
    };
    let text = format!("\u{feff}{}", rows("", 40, line));
    let choice = here.choose_in("t.jsonl", &text, Wanted::default()).unwrap();
    assert_eq!((choice.text, choice.label), (name("text"), name("mood")));
    assert_eq!(choice.columns, ["meta.kind", "mood", "text", "late"].map(name));
    let why = here.choose_in("t.jsonl", &text, Wanted { label: Some("meta"), ..Wanted::default() }).unwrap_err();
    assert!(why.contains("there is no column `meta`; the columns are `meta.kind`"), "{why}");
    let choice = here.choose_in("t.jsonl", &text, Wanted { label: Some("meta.kind"), ..Wanted::default() }).unwrap();
    assert_eq!(choice.label, name("meta.kind"));
    let listed = text.replace("{\"kind\":", "[").replace("},", "],");
    let why = here.choose_in("t.jsonl", &listed, Wanted { label: Some("meta"), ..Wanted::default() }).unwrap_err();
    assert!(why.contains("the column `meta` holds lists or other nested values"), "{why}");
    let why = here.choose_in("t.jsonl", "[{\"a\": \"b\"}]\n", Wanted::default()).unwrap_err();
    assert!(why.contains("there is only one column"), "{why}");
}

#[test]
fn of_wide_tables_fewer_rows_are_looked_at() {
    let here = Here::new();
    // Every object has a key of its own.
    let lines: Vec<String> = (0..5_000).map(|i| format!("{{\"text\": \"a b\", \"k{i}\": 1}}\n")).collect();
    let file = here.file("t.jsonl", lines.concat().as_bytes());
    let found = sample(&file, TableFormat::Jsonl, &look(&file, &Hints::default()).unwrap()).unwrap();
    let names = found.names.unwrap();
    assert!(names.iter().any(|name| name == "text"));
    assert_eq!((found.usable.len(), found.inner.len()), (names.len(), names.len()));
    assert!(found.rows.len() > 1_000 && found.rows.len() * names.len() <= 2_000_000, "{} rows", found.rows.len());
    assert!(found.rows.iter().all(|row| row.len() == names.len()));
    assert_eq!([0, 3, 400, 500, 10_000].map(sample::most_rows), [5_000, 5_000, 5_000, 4_000, 200]);
}

#[test]
fn of_vectors_with_long_lines_few_lines_are_looked_at() {
    let here = Here::new();
    let long = format!("{} 0.1 0.2\n", "w".repeat(800_000)).repeat(6);
    let file = here.file("v", (long + &"no numbers here\n".repeat(94)).as_bytes());
    assert_eq!(vectors(&file).unwrap(), VectorFormat::GloveText(2));
}

#[test]
fn formats_of_vectors_are_told_apart() {
    let here = Here::new();
    let found = |bytes: &[u8]| vectors(&here.file("v", bytes));
    assert_eq!(found(b"the 0.1 0.2\nof 0.3 0.4\n").unwrap(), VectorFormat::GloveText(2));
    assert_eq!(found(b". . . 0.1 0.2\nof 0.3 0.4\nin 1 2\n").unwrap(), VectorFormat::GloveText(2));
    assert_eq!(found(b"2003 0.1 0.2\n2004 0.3 0.4\n").unwrap(), VectorFormat::GloveText(2));
    assert_eq!(found(b"2 3\ntea 0.1 0.2 0.3 \nof 1 2 3 \n").unwrap(), VectorFormat::Word2vecText(3));
    assert_eq!(found(b"1 2\nthe \0\0\0?\0\0\x80\xbf").unwrap(), VectorFormat::Word2vecBinary(2));
    assert!(found(b"no vectors here\n").unwrap_err().to_string().contains("looks neither like"));
}
