use std::collections::BTreeMap;

use super::*;
use crate::cache::sha256;
use crate::manifest::{DataFile, Licence, WordVectors};

const WORDS: [&str; 4] = ["The", "paris", "Paris", "absent"];

/// Reads `bytes` as a file of two-dimensional vectors.
fn load(reader: fn(WordVectors) -> Reader, bytes: &[u8]) -> Result<Vectors, DataError> {
    let root = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(root.path()).unwrap();
    let path = root.join("datasets/cache/v/some.vectors");
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(&path, bytes).unwrap();
    let file = DataFile {
        path: "v/some.vectors".into(),
        url: None,
        bytes: bytes.len() as u64,
        sha256: sha256(&path).unwrap(),
        copies: Vec::new(),
    };
    let manifest = Manifest {
        name: "some".into(),
        about: String::new(),
        homepage: None,
        licence: Licence { name: String::new(), redistribution: true, terms: String::new() },
        reader: reader(WordVectors { size: 2 }),
        files: BTreeMap::from([("vectors".into(), file)]),
        split: String::new(),
    };
    load_vectors(root, &manifest, &WORDS.map(str::to_owned))
}

fn why(reader: fn(WordVectors) -> Reader, bytes: &[u8]) -> String {
    let error = load(reader, bytes).unwrap_err();
    assert!(!error.is_users_mistake(), "{error}");
    error.to_string()
}

fn binary(header: &str, entries: &[(&[u8], &[f32])], end: &[u8]) -> Vec<u8> {
    let mut bytes = header.as_bytes().to_vec();
    for (word, vector) in entries {
        bytes.extend([word, &b" "[..]].concat());
        bytes.extend(vector.iter().flat_map(|value| value.to_le_bytes()));
        bytes.extend(end);
    }
    bytes
}

/// `The` is found by its lower-case form; `paris` and `Paris` each get their own row; of two rows the first is used.
fn check(vectors: &Vectors) {
    let rows: Vec<Option<&[f32]>> = vectors.rows.iter().map(Option::as_deref).collect();
    assert_eq!(rows, [Some(&[1.0, -2.0][..]), Some(&[3.0, 4.0][..]), Some(&[0.5, 0.25][..]), None]);
    assert_eq!((vectors.size, vectors.initialized()), (2, 3));
}

#[test]
fn words_are_found_as_they_are_and_then_in_lower_case() {
    let text = "the 1 -2\nother 9 9\nParis 0.5 2.5e-1\n. . 7 7\nparis 3 4\nthe 8 8\n";
    check(&load(Reader::GloveText, text.as_bytes()).unwrap());
    check(&load(Reader::GloveText, text.replace('\n', "\r\n").trim_end().as_bytes()).unwrap());
    check(&load(Reader::GloveText, text.replace("paris 3 ", "paris   3  ").as_bytes()).unwrap());
    let entries: [(&[u8], &[f32]); 5] = [
        (b"the", &[1.0, -2.0]),
        (b"other", &[f32::NAN, 9.0]),
        (b"Paris", &[0.5, 0.25]),
        (b"paris", &[3.0, 4.0]),
        (b"the", &[8.0, 8.0]),
    ];
    check(&load(Reader::Word2vecBinary, &binary("5 2\n", &entries, b"\n")).unwrap());
    check(&load(Reader::Word2vecBinary, &binary("5 2\n", &entries, b"")).unwrap());
}

#[test]
fn mistakes_in_text_name_the_line() {
    for (text, message) in [
        ("the 1 2\na 1\n", ":2: the line has 1 numbers where the manifest says 2"),
        ("the 1 2 3\n", ":1: the line has 3 numbers where the manifest says 2"),
        ("3 2\nthe 1 2\n", ":1: the line has 1 numbers"),
        ("other 1 2\nthe 1 2x\n", ":2: `2x` in the vector of `the` is not a finite number"),
        ("the nan 2\n", ":1: `nan`"),
        ("the 1 2\n\n", ":2: the line has no numbers"),
        ("the\t1\t2\n", ":1: the numbers are separated by tabs where this format has blanks"),
    ] {
        let error = why(Reader::GloveText, text.as_bytes());
        assert!(error.contains("some.vectors:") && error.contains(message), "{error}");
    }
    assert!(why(Reader::GloveText, b"the 1 2\ncaf\xe9 1 2\n").contains(":2: not UTF-8 from byte 3"));
    let long = "x".repeat(1 << 20);
    assert!(why(Reader::GloveText, long.as_bytes()).contains(":1: the line is longer than 4224 bytes"));
}

#[test]
fn the_text_format_of_word2vec_has_a_first_line() {
    let rows = "the 1 -2 \nother 9 9 \nParis 0.5 2.5e-1 \n. . 7 7 \nparis 3 4 \n";
    check(&load(Reader::Word2vecText, format!("5 2\n{rows}").as_bytes()).unwrap());
    for (first, message) in [
        ("5 3\n", ":1: the first line says that vectors have 3 numbers where the manifest says 2"),
        ("6 2\n", "the first line announces 6 words, and 5 follow"),
        ("", ":1: the first line is not two numbers, words and size; without such a line the reader is glove-text"),
    ] {
        let error = why(Reader::Word2vecText, format!("{first}{rows}").as_bytes());
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn mistakes_in_binary_files_name_entry_and_byte() {
    let two: [(&[u8], &[f32]); 2] = [(b"the", &[1.0, 2.0]), (b"paris", &[3.0, 4.0])];
    let whole = binary("2 2\n", &two, b"\n");
    for (bytes, message) in [
        (binary("2 3\n", &two, b"\n"), "entry 0, byte 0: the header says that vectors have 3 numbers"),
        (binary("", &two, b"\n"), "entry 0, byte 0: "),
        (binary("1 2\n", &two, b"\n"), "entry 1, byte 17: more bytes follow the 1 entries"),
        (binary("3 2\n", &two, b"\n"), "entry 3, byte 32: the file ends inside this entry, of 3"),
        (whole[..whole.len() - 3].to_vec(), "entry 2, byte 17: the file ends inside this entry, of 2"),
        (
            binary("1 2\n", &[(b"\xff\xfe", &[1.0, 2.0])], b""),
            "entry 1, byte 4: the word `\u{fffd}\u{fffd}` is not UTF-8",
        ),
        (binary("1 2\n", &[(b"the", &[1.0, f32::INFINITY])], b""), "entry 1, byte 4: the vector of `the`"),
        (binary("1 2\n", &[(&[b'x'; 5000], &[1.0, 2.0])], b""), "entry 1, byte 4: no end of a word within 4096 bytes"),
        (Vec::new(), "entry 0, byte 0: the file ends inside its header"),
    ] {
        let error = why(Reader::Word2vecBinary, &bytes);
        assert!(error.contains("some.vectors: ") && error.contains(message), "{error}\n{message}");
    }
}

#[test]
fn a_size_that_no_vector_has_is_refused_before_the_file_is_read() {
    for reader in [Reader::GloveText, Reader::Word2vecText, Reader::Word2vecBinary] {
        let error = check_vectors(Utf8Path::new("none"), &reader(WordVectors { size: usize::MAX })).unwrap_err();
        let expected = format!("none: vectors of {} numbers are too large to be read", usize::MAX);
        assert!(error.to_string().contains(&expected), "{error}");
    }
}
