//! Manifests of small data sets.

use sha2::{Digest as _, Sha256};

/// Training, validation and test part of [`small_words`].
const SMALL: [usize; 3] = [4000, 1000, 1000];

/// Texts of the synthetic language, with these numbers of words for training, validation and test.
pub fn words(name: &str, parts: [usize; 3]) -> String {
    generated(name, "planted-words", parts)
}

/// Labelled synthetic texts, with these numbers of texts for training, validation and test.
pub fn texts(name: &str, parts: [usize; 3]) -> String {
    generated(name, "planted-texts", parts)
}

/// The data set `small`: enough words of the synthetic language for a few epochs of a second.
pub fn small_words() -> String {
    words("small", SMALL)
}

/// The entry of a file with these bytes under `files` of a manifest; `path` is its path in the cache.
pub fn file(path: &str, bytes: &[u8]) -> String {
    let sha256: Vec<String> = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{{ path: {path}, bytes: {}, sha256: '{}' }}", bytes.len(), sha256.concat())
}

fn generated(name: &str, reader: &str, [train, valid, test]: [usize; 3]) -> String {
    format!(
        "name: {name}\nabout: Generated for a test\n\
         licence: {{ name: MIT OR Apache-2.0, redistribution: true, terms: generated }}\n\
         reader: {{ {reader}: {{ seed: 1, train: {train}, valid: {valid}, test: {test} }} }}\n\
         split: three independent draws\n"
    )
}
