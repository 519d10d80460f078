//! Tells the parts of a data set by the names of files and folders.

use camino::{Utf8Path, Utf8PathBuf};

/// Words that name the training, validation and test part.
const WORDS: [&[&str]; 3] = [
    &["train", "training", "trainset"],
    &["valid", "validation", "val", "dev", "devset", "validset"],
    &["test", "testing", "testset"],
];

/// The part that the words of a name tell, as in `train-00000-of-00002.parquet`, `my_train.csv` or `wiki.test.tokens`;
/// `None` for a name that tells no part, or several.
pub(super) fn part(name: &str) -> Option<usize> {
    let mut spaced = String::with_capacity(name.len());
    let mut last = ' ';
    for letter in name.chars() {
        // `filmsTest` is two words.
        if last.is_lowercase() && letter.is_uppercase() {
            spaced.push(' ');
        }
        spaced.push(letter);
        last = letter;
    }
    let lower = spaced.to_lowercase();
    let told: Vec<usize> = (0..WORDS.len())
        .filter(|&part| lower.split(|c: char| !c.is_alphabetic()).any(|word| WORDS[part].contains(&word)))
        .collect();
    match told[..] {
        [part] => Some(part),
        _ => None,
    }
}

/// The part that a path below `folder` tells: the file's name, or the nearest folder that tells one.
pub(super) fn part_of(folder: &Utf8Path, file: &Utf8Path) -> Option<usize> {
    let inside = file.strip_prefix(folder).unwrap_or(file);
    inside.components().rev().find_map(|component| part(component.as_str()))
}

/// Files by part, and those that belong to none.
#[derive(Debug, Default)]
pub(super) struct ByPart {
    pub(super) parts: [Vec<Utf8PathBuf>; 3],
    pub(super) left_out: Vec<Utf8PathBuf>,
}

/// Sorts files into parts. Those that tell no part are for training, unless others are.
pub(super) fn by_part(folder: &Utf8Path, files: Vec<Utf8PathBuf>) -> ByPart {
    let mut sorted = ByPart::default();
    let mut rest = Vec::new();
    for file in files {
        match part_of(folder, &file) {
            Some(part) => sorted.parts[part].push(file),
            None => rest.push(file),
        }
    }
    if sorted.parts[0].is_empty() {
        sorted.parts[0] = rest;
    } else {
        sorted.left_out = rest;
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_name_tell_its_part() {
        for (name, expected) in [
            ("train-00000-of-00002.parquet", Some(0)),
            ("my_train.csv", Some(0)),
            ("filmsTest.csv", Some(2)),
            ("wiki.valid.tokens", Some(1)),
            ("DEV.jsonl", Some(1)),
            ("twitter-2013test-A.tsv", Some(2)),
            ("testimonials.csv", None),
            ("restrained.csv", None),
            ("train-test.csv", None),
            ("data.csv", None),
        ] {
            assert_eq!(part(name), expected, "{name}");
        }
    }

    #[test]
    fn files_without_a_part_are_for_training_unless_others_are() {
        let sorted = |names: &[&str]| {
            let ByPart { parts, left_out } =
                by_part("d".into(), names.iter().map(|name| Utf8PathBuf::from(format!("d/{name}"))).collect());
            (parts.map(|files| files.len()), left_out.len())
        };
        assert_eq!(sorted(&["data.csv", "test.csv"]), ([1, 0, 1], 0));
        assert_eq!(sorted(&["train.csv", "test.csv", "sample_submission.csv"]), ([1, 0, 1], 1));
        assert_eq!(sorted(&["train/data.csv", "test/data.csv"]), ([1, 0, 1], 0));
        assert_eq!(sorted(&["a.csv", "b.csv"]), ([2, 0, 0], 0));
    }
}
