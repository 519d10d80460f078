//! Reads all texts and gives their words provisional numbers.

use rayon::prelude::*;

use super::labels::{Labels, is_missing};
use super::source::{Place, Record, Source};
use crate::manifest::{EmptyTexts, LabelledTexts};
use crate::readers::dictionary::{Chunk, Dictionary};
use crate::readers::words::Words;
use crate::{DataError, Survey};

/// A text as word numbers.
pub(super) struct Text {
    /// Where the text is stored: line, row, or name in an archive.
    pub(super) place: Place,
    /// Index of the label in [`Gathered::labels`].
    pub(super) label: u32,
    /// Provisional numbers of its words, up to the number kept.
    pub(super) words: Vec<u32>,
}

/// All texts of a data set.
pub(super) struct Gathered {
    /// All words, in the order of their provisional numbers.
    pub(super) words: Vec<String>,
    pub(super) counts: Counts,
    /// The manifest's labels, or the labels found, in the order of first occurrence.
    pub(super) labels: Vec<String>,
    /// Training, validation and test texts.
    pub(super) parts: [Vec<Text>; 3],
}

/// Word counts of the training texts.
#[derive(Default)]
pub(super) struct Counts {
    occurrences: Vec<u64>,
    /// Number of texts that contain each word.
    texts: Vec<u32>,
    /// The number of the last text that contained the word, from 1; avoids counting a text twice in `texts`.
    last: Vec<u32>,
    text: u32,
    /// Number of counted texts.
    counted: usize,
    /// Number of texts without words, in all parts.
    empty: usize,
    /// Number of texts without a label that were left out, in all parts.
    unlabelled: usize,
}

impl Counts {
    fn add(&mut self, words: &[u32]) {
        self.text += 1;
        self.counted += 1;
        for word in words.iter().map(|&word| word as usize) {
            self.occurrences[word] += 1;
            if self.last[word] != self.text {
                self.last[word] = self.text;
                self.texts[word] += 1;
            }
        }
    }

    fn grow(&mut self, words: usize) {
        self.occurrences.resize(words, 0);
        self.texts.resize(words, 0);
        self.last.resize(words, 0);
    }

    /// Removes a text from the counts; requires that all of its words were kept.
    pub(super) fn take_back(&mut self, words: &[u32]) {
        self.text += 1;
        self.counted -= 1;
        for word in words.iter().map(|&word| word as usize) {
            self.occurrences[word] -= 1;
            if self.last[word] != self.text {
                self.last[word] = self.text;
                self.texts[word] -= 1;
            }
        }
    }

    /// Number of occurrences of each word.
    pub(super) fn occurrences(&self) -> &[u64] {
        &self.occurrences
    }

    /// Statistics of the counted texts.
    pub(super) fn survey(&self) -> Survey {
        Survey {
            words: self.occurrences.iter().filter(|count| **count > 0).count(),
            words_in_several_texts: self.texts.iter().filter(|texts| **texts > 1).count(),
            mean_words: self.occurrences.iter().sum::<u64>() as f64 / self.counted.max(1) as f64,
            empty_texts: self.empty,
            unlabelled_texts: self.unlabelled,
        }
    }
}

/// Records are collected up to this many bytes before they are split into words in parallel.
const BATCH_BYTES: usize = 8 << 20;
/// Number of texts that one thread takes at a time.
const CHUNK: usize = 128;

/// Reads all texts of `source`.
///
/// # Errors
/// Errors of the source; a label that the manifest does not list; a text without words, if the manifest refuses these.
pub(super) fn gather(source: &dyn Source, rules: &LabelledTexts) -> Result<Gathered, DataError> {
    let words = Words::new(&rules.tokens, rules.lower).map_err(|problem| DataError::InvalidManifest {
        file: source.file(0).to_owned(),
        field: "reader.labelled-texts.tokens".into(),
        problem,
    })?;
    let mut gathering = Gathering::new(source, rules, words);
    source.read(&mut |part, record| gathering.take(part, record))?;
    gathering.finish()
}

struct Gathering<'a> {
    source: &'a dyn Source,
    rules: &'a LabelledTexts,
    rule: Words,
    /// Number of words kept of each text.
    keep: usize,
    waiting: Vec<(usize, u32, Record)>,
    bytes: usize,
    dictionary: Dictionary,
    counts: Counts,
    labels: Labels,
    parts: [Vec<Text>; 3],
}

impl<'a> Gathering<'a> {
    fn new(source: &'a dyn Source, rules: &'a LabelledTexts, rule: Words) -> Self {
        let test_held_out = rules.hold_out.as_ref().is_some_and(|held_out| held_out.test > 0.0);
        // Test texts are held out later and then removed from the counts, which requires all of their words.
        let keep = rules.length.filter(|_| !test_held_out).unwrap_or(usize::MAX);
        let labels = Labels::new(rules.classes.iter().flatten().map(|label| label.0.clone()));
        let (waiting, parts) = (Vec::new(), [const { Vec::new() }; 3]);
        let (dictionary, counts) = (Dictionary::default(), Counts::default());
        Self { source, rules, rule, keep, waiting, bytes: 0, dictionary, counts, labels, parts }
    }

    fn take(&mut self, part: usize, record: Record) -> Result<(), DataError> {
        if self.rules.skip_unlabelled && is_missing(&record.label) && self.labels.find(&record.label).is_none() {
            self.counts.unlabelled += 1;
            return Ok(());
        }
        let label = self.label(part, &record)?;
        // Empty texts take memory too.
        self.bytes += record.text.len() + record.label.len() + size_of::<(usize, u32, Record)>();
        self.waiting.push((part, label, record));
        if self.bytes >= BATCH_BYTES { self.digest() } else { Ok(()) }
    }

    fn label(&mut self, part: usize, record: &Record) -> Result<u32, DataError> {
        let wrong = |problem: String| self.source.wrong(part, &record.place, problem);
        if let Some(known) = self.labels.find(&record.label) {
            return Ok(known);
        }
        if record.label.is_empty() {
            return Err(wrong(format!("the label is empty; remove the row or give it a label, or {LEAVE_OUT}")));
        }
        if is_missing(&record.label) && self.rules.classes.is_none() {
            let problem = format!(
                "the label is `{0}`, which stands for a missing value; remove the row or give it a label, or {LEAVE_OUT}, or \
                 list `{0}` in reader.labelled-texts.classes if it is a class",
                record.label
            );
            return Err(wrong(problem));
        }
        if self.rules.classes.is_some() {
            let problem = format!(
                "the label `{}` is not one of the manifest's classes ({}); correct it, or reader.labelled-texts.classes",
                record.label,
                self.labels.written().join(", ")
            );
            return Err(wrong(problem));
        }
        if self.labels.written().len() == MOST_CLASSES {
            let problem = format!(
                "there are more than {MOST_CLASSES} labels; is it the right column? See reader.labelled-texts.from.{}",
                self.source.label_key()
            );
            return Err(wrong(problem));
        }
        Ok(self.labels.add(&record.label))
    }

    /// Splits the waiting records into words.
    fn digest(&mut self) -> Result<(), DataError> {
        let (rule, refuse) = (&self.rule, self.rules.empty_texts == EmptyTexts::Refuse);
        let waiting = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        let chunks: Vec<(Chunk, Option<usize>)> = waiting
            .par_chunks(CHUNK)
            .map(|records| {
                let mut chunk = Chunk::default();
                let mut empty = None;
                for (at, (_, _, record)) in records.iter().enumerate() {
                    rule.each(&record.text, &mut |word| chunk.push(word));
                    if chunk.end() == 0 {
                        empty = empty.or(Some(at));
                    }
                }
                (chunk, empty)
            })
            .collect();
        for (first, (_, empty)) in (0..).step_by(CHUNK).zip(&chunks) {
            if let (true, Some(at)) = (refuse, empty) {
                let (part, _, record) = &waiting[first + at];
                let problem =
                    "the text has no words; remove it, or write `empty_texts: unknown` in the manifest".to_owned();
                return Err(self.source.wrong(*part, &record.place, problem));
            }
        }
        let mut records = waiting.into_iter();
        for (chunk, _) in chunks {
            let sequences: Vec<Vec<u32>> = chunk.into_sequences(&mut self.dictionary).collect();
            self.counts.grow(self.dictionary.len());
            for (mut words, (part, label, record)) in sequences.into_iter().zip(&mut records) {
                if part == 0 {
                    self.counts.add(&words);
                }
                self.counts.empty += usize::from(words.is_empty());
                words.truncate(self.keep);
                words.shrink_to_fit();
                self.parts[part].push(Text { place: record.place, label, words });
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Gathered, DataError> {
        self.digest()?;
        let Self { dictionary, counts, labels, mut parts, .. } = self;
        // The order of files in an archive depends on how it was packed; sort them so that the ids do not.
        for texts in &mut parts {
            texts.sort_by(|a, b| match (&a.place, &b.place) {
                (Place::Member(a), Place::Member(b)) => a.cmp(b),
                _ => std::cmp::Ordering::Equal,
            });
        }
        Ok(Gathered { words: dictionary.into_words(), counts, labels: labels.into_written(), parts })
    }
}

/// How texts without a label are left out.
const LEAVE_OUT: &str =
    "write `skip_unlabelled: true` in the manifest (--skip-unlabelled of `new task`) to leave such out";
/// Maximum number of classes; more labels than this suggest that the wrong column was named.
const MOST_CLASSES: usize = 1000;

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::super::source::Take;
    use super::*;
    use crate::manifest::Reader;

    /// A source for errors.
    struct Nowhere;

    impl Source for Nowhere {
        fn read(&self, _take: &mut Take<'_>) -> Result<(), DataError> {
            Ok(())
        }

        fn file(&self, _part: usize) -> &Utf8Path {
            Utf8Path::new("nowhere")
        }

        fn label_key(&self) -> &'static str {
            "table.label"
        }
    }

    #[test]
    fn empty_texts_do_not_wait_without_end() {
        let text = "labelled-texts: { from: { table: { format: csv, text: a, label: b } }, tokens: blanks, \
                    empty_texts: unknown }";
        let rules = match sparsegate_spec::yaml::parse("test.yaml".into(), text).unwrap() {
            Reader::LabelledTexts(rules) => rules,
            other => panic!("{other:?}"),
        };
        let words = Words::new(&rules.tokens, rules.lower).unwrap();
        let mut gathering = Gathering::new(&Nowhere, &rules, words);
        for row in 1..=300_000 {
            let record = Record { place: Place::Row(row), text: String::new(), label: "x".into() };
            gathering.take(0, record).unwrap();
        }
        assert!(gathering.waiting.len() < 200_000, "{}", gathering.waiting.len());
        assert_eq!(gathering.finish().unwrap().parts[0].len(), 300_000);
    }
}
