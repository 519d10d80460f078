//! Reads arbitrary bytes as a data set: the result is an error, or texts whose ids are below the size of the
//! vocabulary.
//!
//! The first byte chooses the reader. Parquet is left out: its library may panic, which the reader turns into an
//! error, and a fuzzer stops at.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use sparsegate_data::{Manifest, Parts, read_files};

const READERS: [&str; 8] = [
    "labelled-texts: { from: { table: { format: csv, text: 1, label: 2 } }, tokens: blanks, hold_out: { seed: 1, valid: 0.2, test: 0.2 } }",
    "labelled-texts: { from: { table: { format: csv, header: false, text: [1, 3], label: 2, separator: ';' } }, tokens: characters, hold_out: { seed: 1, valid: 0.2, test: 0.2, stratified: true } }",
    "labelled-texts: { from: { table: { format: csv, text: 2, label: 1, escape: backslash } }, tokens: unicode-words, empty_texts: unknown, hold_out: { seed: 1, valid: 0.2, test: 0.2 } }",
    "labelled-texts: { from: { table: { format: tsv, header: false, text: 1, label: 2 } }, tokens: keras, length: 3, hold_out: { seed: 1, valid: 0.2, test: 0.2 } }",
    "labelled-texts: { from: { table: { format: tsv, text: 1, label: 2, quotes: true, newlines: cr } }, tokens: blanks, words: 5, hold_out: { seed: 1, valid: 0.2, test: 0.2 } }",
    "labelled-texts: { from: { table: { format: jsonl, text: text, label: label } }, tokens: { split: '\\W+' }, lower: true, hold_out: { seed: 1, valid: 0.2, test: 0.2 } }",
    "plain-text: { unit: word, shares: { valid: 0.2, test: 0.2 } }",
    "plain-text: { unit: character, encoding: utf-16le, vocabulary: 20, shares: { valid: 0.2, test: 0.2 } }",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, bytes)) = bytes.split_first() else { return };
    let reader = READERS[usize::from(first) % READERS.len()];
    let sum = "0".repeat(64);
    let text = format!(
        "name: fuzzed\nabout: none\nlicence: {{ name: none, redistribution: false, terms: none }}\nreader: {{ {reader} }}\n\
         files: {{ train: {{ path: a, bytes: 1, sha256: '{sum}' }} }}\nsplit: by seed\n"
    );
    let manifest = Manifest::from_text("fuzzed.yaml".into(), &text).expect("the manifest is valid");
    let folder = tempfile::tempdir().expect("a folder");
    let file = camino::Utf8PathBuf::from_path_buf(folder.path().join("a")).expect("UTF-8");
    std::fs::write(&file, bytes).expect("written");
    let Ok((corpus, _)) = read_files(&manifest, &BTreeMap::from([("train", file)])) else { return };
    let known = |id: &u32| (*id as usize) < corpus.vocabulary.len();
    match &corpus.parts {
        Parts::Streams { train, valid, test } => assert!([train, valid, test].into_iter().flatten().all(known)),
        Parts::Texts { classes, train, valid, test } => {
            for texts in [train, valid, test] {
                assert!((0..texts.len()).all(|text| !texts.text(text).is_empty() && texts.text(text).iter().all(known)));
                assert!(texts.labels().iter().all(|label| (*label as usize) < classes.len()));
            }
        }
    }
});
