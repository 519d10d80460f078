use std::io::{Read as _, Write as _};

use camino::{Utf8Path, Utf8PathBuf};

use super::*;

struct Here(tempfile::TempDir);

impl Here {
    fn file(&self, name: &str, bytes: &[u8]) -> Utf8PathBuf {
        let path = Utf8Path::from_path(self.0.path()).unwrap().join(name);
        fs_err::write(&path, bytes).unwrap();
        path
    }
}

fn read(file: &Utf8Path, format: &TextFormat) -> Result<String, String> {
    let mut bytes = Vec::new();
    let mut opened = text(file, format).map_err(|error| error.to_string())?;
    opened.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(String::from_utf8(bytes).unwrap())
}

const TEXT: &str = "text;label\r\nein süßer Tee \u{1F375};gut\r\n";

fn utf16(text: &str, big: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn encoded(label: &str) -> TextFormat {
    TextFormat { encoding: Some(Encoding::from_label(label).unwrap()), newlines: None }
}

#[test]
fn every_packing_and_encoding_yields_the_same_text() {
    let here = Here(tempfile::tempdir().unwrap());
    let plain = TextFormat::default();
    let twice = [gzip(&TEXT.as_bytes()[..20]), gzip(&TEXT.as_bytes()[20..])].concat();
    let cases: [(&str, Vec<u8>, TextFormat); 10] = [
        ("plain", TEXT.into(), plain.clone()),
        ("bom", format!("\u{feff}{TEXT}").into(), plain.clone()),
        ("utf16le with bom", utf16(&format!("\u{feff}{TEXT}"), false), plain.clone()),
        ("utf16be with bom", utf16(&format!("\u{feff}{TEXT}"), true), plain.clone()),
        ("utf16le", utf16(TEXT, false), encoded("utf-16le")),
        ("utf16be", utf16(TEXT, true), encoded("utf-16be")),
        ("gzip in two members", twice, plain.clone()),
        ("zstd", zstd::encode_all(TEXT.as_bytes(), 1).unwrap(), plain.clone()),
        ("zip", zip(&[("in/t.csv", TEXT.as_bytes()), ("__MACOSX/in/._t.csv", b"x")]), plain.clone()),
        ("gzip of utf16", gzip(&utf16(&format!("\u{feff}{TEXT}"), false)), plain),
    ];
    for (name, bytes, format) in cases {
        assert_eq!(read(&here.file("t", &bytes), &format).as_deref(), Ok(TEXT), "{name}");
    }
    let latin = here.file("t", b"ein s\xfc\xdfer Tee");
    assert_eq!(read(&latin, &encoded("latin1")).as_deref(), Ok("ein süßer Tee"));
    let old = TextFormat { encoding: None, newlines: Some(Newlines::Cr) };
    assert_eq!(read(&here.file("t", b"a\rb\r"), &old).as_deref(), Ok("a\nb\n"));
}

#[test]
fn long_text_is_decoded_across_the_buffers() {
    let here = Here(tempfile::tempdir().unwrap());
    let long = "ab\u{1F375}ü".repeat(20_000);
    assert_eq!(read(&here.file("t", &utf16(&long, false)), &encoded("utf-16le")).unwrap(), long);
}

#[test]
fn what_cannot_be_read_is_named() {
    let here = Here(tempfile::tempdir().unwrap());
    let cut = gzip(TEXT.repeat(100).as_bytes());
    let cases: [(&[u8], TextFormat, &str); 6] = [
        (&cut[..cut.len() - 9], TextFormat::default(), "damaged or cut off"),
        (&zip(&[("a", b"1"), ("b", b"2")]), TextFormat::default(), "the archive holds 2 files (a, b); unpack it"),
        (&zip(&[]), TextFormat::default(), "the archive holds no file"),
        (&zip(&[("[Content_Types].xml", b"")]), TextFormat::default(), "this is a document of Excel or Word"),
        (b"PK\x03\x04 no archive", TextFormat::default(), "damaged or cut off"),
        (b"\x00\xd8a\x00", encoded("utf-16le"), "t: this is not UTF-16LE text"),
    ];
    for (bytes, format, expected) in cases {
        let why = read(&here.file("t", bytes), &format).unwrap_err();
        assert!(why.contains(expected), "{why}\n{expected}");
    }
}

#[test]
fn utf16_is_told_by_its_nuls() {
    assert_eq!(utf16_without_bom(&utf16("text,label\n", false)), Some("utf-16le"));
    assert_eq!(utf16_without_bom(&utf16("text,label\n", true)), Some("utf-16be"));
    assert_eq!(utf16_without_bom(b"text,label\nplain text, and more\n"), None);
}

#[test]
fn words_that_begin_as_files_of_other_programs_are_text() {
    for text in ["ORCID;Pr\u{e9}nom\n1;\u{c8}ve\n", "RDX \u{2013} a word\tlabel\r\n", "BZh \u{5473}"] {
        assert_eq!(foreign(text.as_bytes()), None, "{text}");
    }
    assert_eq!(foreign(b"ORCID;Pr\xe9nom\n"), None, "another encoding");
    assert!(foreign(b"ORC\x0a\x03\x11 and more").is_some_and(|what| what.contains("ORC file")));
    assert!(foreign(b"RDX3\nX\n\0\0\0\x03").is_some_and(|what| what.contains("a file of R")));
}

/// All bytes are read, and none is kept.
fn drain(file: &Utf8Path) -> Result<u64, String> {
    let mut opened = text(file, &TextFormat::default()).map_err(|error| error.to_string())?;
    std::io::copy(&mut opened, &mut std::io::sink()).map_err(|error| error.to_string())
}

const TOO_MUCH: &str = "t: it unpacks to more than 2,000 times its size; if this is right, unpack it yourself";

#[test]
fn a_small_file_that_unpacks_to_an_endless_one_is_refused() {
    let here = Here(tempfile::tempdir().unwrap());
    let endless = zstd::encode_all(std::io::repeat(b'a').take(512 << 20), 1).unwrap();
    let why = drain(&here.file("t", &endless)).unwrap_err();
    assert!(why.contains(TOO_MUCH), "{} bytes: {why}", endless.len());
    // Several members, each of which packs one line over and over as tightly as gzip does.
    let line = "2026-01-01 00:00:00 the same line of a log\n";
    let member = line.repeat((16 << 20) / line.len());
    let log = gzip(member.as_bytes()).repeat(18);
    assert!(log.len() < (18 * member.len()) / 50, "{} bytes", log.len());
    assert_eq!(drain(&here.file("t", &log)), Ok(18 * member.len() as u64));
}

#[test]
fn archives_that_state_a_wrong_size_are_refused() {
    let here = Here(tempfile::tempdir().unwrap());
    let stating = |size: u32| {
        let mut archive = zip(&[("t.csv", TEXT.as_bytes())]);
        let entry = memchr::memmem::find(&archive, b"PK\x01\x02").unwrap();
        archive[entry + 24..entry + 28].copy_from_slice(&size.to_le_bytes());
        drain(&here.file("t", &archive))
    };
    assert_eq!(stating(TEXT.len() as u32), Ok(TEXT.len() as u64));
    let less = stating(3).unwrap_err();
    assert!(less.contains("t: the compressed file is damaged or cut off: it unpacks to more than"), "{less}");
    let more = stating(4_000_000_000).unwrap_err();
    assert!(more.contains(TOO_MUCH), "{more}");
}
