//! Guesses the format of a file of pretrained vectors.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};

use camino::Utf8Path;

use crate::DataError;
use crate::input;
use crate::manifest::LARGEST_VECTOR;

/// The format of a file of vectors, and their size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VectorFormat {
    /// A word and its numbers a line.
    GloveText(usize),
    /// A line with the number of words and the size, then as in [`VectorFormat::GloveText`].
    Word2vecText(usize),
    /// The same first line, then words with binary numbers.
    Word2vecBinary(usize),
}

/// Largest number of lines looked at.
const LINES: usize = 100;
/// Largest length of a line, bytes.
const LINE: u64 = 1 << 20;
/// Bytes after which no more lines are looked at: 4 MiB.
const BYTES: usize = 4 << 20;

/// Guesses the format and the size from the first lines.
///
/// # Errors
/// A file that cannot be read, or that has neither format.
pub fn vectors(file: &Utf8Path) -> Result<VectorFormat, DataError> {
    let mut reader = BufReader::with_capacity(1 << 16, input::unpacked(file)?);
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut bytes = 0;
    while lines.len() < LINES && bytes < BYTES {
        let mut line = Vec::new();
        if (&mut reader).take(LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        bytes += line.len();
        lines.push(line);
    }
    let unusable = |problem: &str| DataError::Unusable { file: file.to_owned(), problem: problem.to_owned() };
    let first = lines.first().map(Vec::as_slice).unwrap_or_default();
    if let Some(what) = input::foreign(first) {
        return Err(unusable(what));
    }
    if let Some(size) = header(first) {
        // A text whose rows have another size is refused by the reader, with the line.
        let text = lines.get(1).and_then(|line| numbers(line)).is_some_and(|found| found == size || found >= 2);
        return Ok(if text { VectorFormat::Word2vecText(size) } else { VectorFormat::Word2vecBinary(size) });
    }
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    lines
        .iter()
        .filter_map(|line| numbers(line))
        .filter(|size| *size >= 2)
        .for_each(|size| *sizes.entry(size).or_default() += 1);
    // Of the sizes that occur, the most frequent; a line of other text has none.
    let size =
        sizes.iter().max_by_key(|(size, lines)| (**lines, **size)).filter(|(_, found)| 2 * **found >= lines.len());
    size.map(|(size, _)| VectorFormat::GloveText(*size)).ok_or_else(|| {
        unusable(
            "it looks neither like GloVe's or word2vec's text format (a word and its numbers a line) nor like word2vec's \
             binary one (a first line of two numbers)",
        )
    })
}

/// The size in a first line of two numbers, words and size. Larger numbers are something else.
fn header(line: &[u8]) -> Option<usize> {
    let line = str::from_utf8(line).ok()?;
    let mut pieces = line.split_whitespace();
    let (_, size) = (pieces.next()?.parse::<u64>().ok()?, pieces.next()?.parse::<usize>().ok()?);
    (pieces.next().is_none() && (1..=LARGEST_VECTOR).contains(&size)).then_some(size)
}

/// Number of numbers at the end of a line, of which the first piece is part of the word.
fn numbers(line: &[u8]) -> Option<usize> {
    let line = str::from_utf8(line).ok()?;
    let pieces: Vec<&str> = line.split_whitespace().skip(1).collect();
    Some(pieces.iter().rev().take_while(|piece| piece.parse::<f32>().is_ok()).count())
}
