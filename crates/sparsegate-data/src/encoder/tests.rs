//! The encoder gives texts the same ids as the readers.

use camino::{Utf8Path, Utf8PathBuf};

use super::*;
use crate::corpus::Texts;
use crate::readers::{self, EncodedTexts};
use crate::{planted, planted_texts};

/// A reader after a round trip through JSON, as stored in a compact model's file.
fn reader(text: &str) -> Reader {
    let reader: Reader = sparsegate_spec::yaml::parse("test.yaml".into(), text).unwrap();
    let stored = serde_json::to_string(&reader).unwrap();
    let back: Reader = serde_json::from_str(&stored).unwrap();
    assert_eq!(back, reader);
    back
}

fn encoder(reader: &Reader, reading: Reading, vocabulary: &[String]) -> Encoder {
    let named = |name| vocabulary.iter().position(|word| word == name).map(|id| id as u32);
    let starts = matches!(reader, Reader::LabelledTexts(rules) if rules.start_symbol);
    let words = &mut (0..).zip(vocabulary.iter().map(String::as_str));
    Encoder::new(reader, reading, Known { words, unknown: named(UNKNOWN), start: named(START).filter(|_| starts) })
        .unwrap()
}

fn files(texts: [&str; 3]) -> (tempfile::TempDir, [Utf8PathBuf; 3]) {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["train", "valid", "test"].map(|name| Utf8Path::from_path(folder.path()).unwrap().join(name));
    for (path, text) in paths.iter().zip(texts) {
        fs_err::write(path, text).unwrap();
    }
    (folder, paths)
}

const LINES: [&str; 3] = [" the cat\tsat <unk>\r\n\n É_dog the é\n", "the  cow\nsat", "<eos> a\n"];

#[test]
fn streams_have_the_ids_of_their_files() {
    let (_folder, paths) = files(LINES);
    let ptb: [(&str, &dyn readers::Reading); 2] = [("ptb-words", &PtbWords), ("ptb-characters", &PtbCharacters)];
    let mut cases: Vec<_> =
        ptb.iter().map(|(text, rule)| (reader(text), readers::encode(&paths, *rule).unwrap())).collect();
    for rules in [
        "unit: word",
        "unit: word, lower: true, min_count: 2, line_ends: false",
        r"unit: word, tokens: { split: '[^\w]+' }, vocabulary: 4",
        "unit: word, tokens: keras",
        "unit: character",
        "unit: character, lower: true, line_ends: false",
    ] {
        let reader = reader(&format!("plain-text: {{ {rules} }}"));
        let Reader::PlainText(parsed) = &reader else { panic!("{reader:?}") };
        let encoded = readers::encode_plain(&paths.clone().map(Some), parsed).unwrap();
        cases.push((reader, encoded));
    }
    for (reader, encoded) in &cases {
        let encoder = encoder(reader, Reading::default(), &encoded.vocabulary);
        for (text, stream) in LINES.iter().zip(&encoded.streams) {
            // The readers end the last line of a file even if it has no newline.
            let ended = if text.ends_with('\n') { (*text).to_owned() } else { format!("{text}\n") };
            assert_eq!(&encoder.encode(&ended), stream, "{reader:?} {text:?}");
            let open = encoder.encode(ended.trim_end_matches('\n'));
            assert_eq!(open, stream[..stream.len() - usize::from(encoder.end().is_some())], "{reader:?} {text:?}");
        }
    }
}

#[test]
fn classified_texts_have_the_ids_of_their_rows() {
    let texts = ["Good, good <unk> film", "a <start> <unused 3>", "the worst", "good worst a a film of the year"];
    let csv = |texts: &[&str]| {
        let rows = texts.iter().enumerate().map(|(at, text)| format!("{},\"{text}\"\n", at % 2));
        format!("class,text\n{}", rows.collect::<String>())
    };
    let (_folder, paths) = files([&csv(&texts), &csv(&texts[1..3]), &csv(&["nothing known", "Good a"])]);
    let from = "from: { table: { format: csv, text: text, label: class } }";
    for (rules, shift_ids) in [
        ("tokens: blanks", false),
        ("tokens: blanks, start_symbol: true, length: 3, lower: true", false),
        ("tokens: keras, words: 6, start_symbol: true, min_count: 2", true),
        (r"tokens: { split: '\W+' }, length: 2", false),
        ("tokens: { split: '[a-z ,<>0-9]+' }, empty_texts: unknown, start_symbol: true", false),
    ] {
        let reader = reader(&format!("labelled-texts: {{ {from}, {rules} }}"));
        let Reader::LabelledTexts(parsed) = &reader else { panic!("{reader:?}") };
        let reading = Reading { shift_ids, ..Reading::default() };
        let file = |role: &str| paths.iter().find(|path| path.ends_with(role)).cloned();
        let EncodedTexts { vocabulary, parts, .. } = readers::encode_texts(&file, parsed, reading).unwrap();
        let encoder = encoder(&reader, reading, &vocabulary);
        let hold = |part: &Texts, texts: &[&str]| {
            for (at, text) in texts.iter().enumerate() {
                assert_eq!(encoder.encode(text), part.text(at), "{rules} {text:?}");
            }
        };
        hold(&parts[0], &texts);
        hold(&parts[1], &texts[1..3]);
        hold(&parts[2], &["nothing known", "Good a"]);
    }
}

#[test]
fn generated_texts_have_the_ids_they_were_generated_with() {
    let texts_reader = reader("planted-texts: { seed: 3, train: 40, valid: 1, test: 1 }");
    let Reader::PlantedTexts(parameters) = &texts_reader else { panic!("{texts_reader:?}") };
    let made = planted_texts::texts(parameters);
    let texts_encoder = encoder(&texts_reader, Reading::default(), &made.vocabulary);
    for text in 0..made.parts[0].len() {
        let ids = made.parts[0].text(text);
        let words: Vec<&str> = ids.iter().map(|&id| made.vocabulary[id as usize].as_str()).collect();
        assert_eq!(texts_encoder.encode(&words.join(" ")), ids);
    }
    assert_eq!(texts_encoder.encode("superb zebra")[1..], [Encoder::NO_ID]);
    assert_eq!(texts_encoder.encode(""), [Encoder::NO_ID]);

    for key in ["planted-words", "planted-characters"] {
        let reader = reader(&format!("{key}: {{ seed: 3, train: 500, valid: 1, test: 1 }}"));
        let (made, shown) = match &reader {
            Reader::PlantedWords(parameters) => (planted::words(parameters), " "),
            Reader::PlantedCharacters(parameters) => (planted::characters(parameters), ""),
            _ => panic!("{reader:?}"),
        };
        let encoder = encoder(&reader, Reading::default(), &made.vocabulary);
        let words: Vec<&str> = made.streams[0].iter().map(|&id| made.vocabulary[id as usize].as_str()).collect();
        let text = words.join(shown).replace('_', " ").replace('\n', ". ");
        let text = if shown.is_empty() { text } else { words.join(" ") };
        assert_eq!(encoder.encode(&text), made.streams[0], "{text}");
    }
}

#[test]
fn what_comes_after_an_open_line_is_open() {
    let vocabulary = ["<eos>", "a", "b"].map(str::to_owned);
    let encoder = encoder(&reader("ptb-words"), Reading::default(), &vocabulary);
    assert_eq!(encoder.encode("a b"), [1, 2]);
    assert_eq!(encoder.encode("a\nb\n"), [1, 0, 2, 0]);
    assert_eq!(encoder.encode("a zebra"), [1, Encoder::NO_ID]);
    assert!(encoder.encode("").is_empty());
    assert_eq!(encoder.end(), Some("<eos>"));
}

#[test]
fn vectors_are_no_texts() {
    let reader = reader("glove-text: { size: 3 }");
    let known = Known { words: &mut std::iter::empty(), unknown: None, start: None };
    let why = Encoder::new(&reader, Reading::default(), known).err();
    assert_eq!(why.as_deref(), Some("the reader glove-text reads vectors, not texts"));
}
