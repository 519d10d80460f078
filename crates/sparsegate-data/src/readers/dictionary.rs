//! Provisional word numbers, assigned in the order in which words are first seen.

use std::collections::HashMap;

/// All words seen so far, with their provisional numbers.
#[derive(Default)]
pub(super) struct Dictionary {
    numbers: HashMap<String, u32>,
}

impl Dictionary {
    /// Adds the words of a chunk and returns the number of each.
    fn merge(&mut self, words: Vec<String>) -> Vec<u32> {
        let mut number = |word| {
            let next = self.numbers.len() as u32;
            *self.numbers.entry(word).or_insert(next)
        };
        words.into_iter().map(&mut number).collect()
    }

    /// Number of distinct words.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The words in the order of their numbers.
    pub(super) fn into_words(self) -> Vec<String> {
        let mut words = vec![String::new(); self.numbers.len()];
        for (word, number) in self.numbers {
            words[number as usize] = word;
        }
        words
    }
}

/// Some sequences of words with chunk-local word numbers, so that threads can build chunks in parallel.
#[derive(Default)]
pub(super) struct Chunk {
    numbers: HashMap<String, u32>,
    words: Vec<String>,
    numbered: Vec<u32>,
    ends: Vec<usize>,
}

impl Chunk {
    /// Adds a word to the current sequence.
    pub(super) fn push(&mut self, word: &str) {
        let number = if let Some(&number) = self.numbers.get(word) {
            number
        } else {
            let next = self.words.len() as u32;
            self.numbers.insert(word.to_owned(), next);
            self.words.push(word.to_owned());
            next
        };
        self.numbered.push(number);
    }

    /// Ends the current sequence and returns its length.
    pub(super) fn end(&mut self) -> usize {
        let start = self.ends.last().copied().unwrap_or(0);
        self.ends.push(self.numbered.len());
        self.numbered.len() - start
    }

    /// Adds the words to `dictionary` and yields the sequences in its numbers.
    pub(super) fn into_sequences(self, dictionary: &mut Dictionary) -> impl Iterator<Item = Vec<u32>> {
        let Self { words, numbered, ends, .. } = self;
        let numbers = dictionary.merge(words);
        let mut start = 0;
        ends.into_iter().map(move |end| {
            let sequence = numbered[start..end].iter().map(|&word| numbers[word as usize]).collect();
            start = end;
            sequence
        })
    }
}
