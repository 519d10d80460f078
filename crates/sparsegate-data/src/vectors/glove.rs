//! Reads the text format of `GloVe`: on each line a word and its numbers, separated by spaces. The same format of
//! word2vec and fastText has a first line with the number of words and the size.
//!
//! A word may contain spaces itself (the published files have such rows), so the numbers are counted from the end.

use std::io::{BufRead as _, BufReader, Read as _};

use camino::Utf8Path;

use super::Wanted;
use crate::DataError;
use crate::input;

/// Maximum length of a word, bytes.
const WORD: usize = 4096;
/// Maximum length of a number with the space before it, bytes.
const NUMBER: usize = 64;

/// Reads a file of vectors of dimension `size` and stores the vectors of the wanted words. Rows of other words are only
/// checked for the number of values.
///
/// # Errors
/// A line with too few or too many numbers, a line that is too long or not UTF-8, a value that is not a finite number.
pub(super) fn read(file: &Utf8Path, size: usize, header: bool, wanted: &mut Wanted) -> Result<(), DataError> {
    let limit = WORD + size * NUMBER;
    let mut reader = BufReader::with_capacity(1 << 16, input::unpacked(file)?);
    let mut announced = None;
    let mut rows: u64 = 0;
    let mut line = Vec::new();
    for number in 1.. {
        let malformed = |problem: String| DataError::Malformed { file: file.to_owned(), line: number, problem };
        line.clear();
        if reader.by_ref().take(limit as u64).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let read = if line.len() == limit && !line.ends_with(b"\n") {
            Err(format!("the line is longer than {limit} bytes; is this a file of GloVe vectors of size {size}?"))
        } else if header && number == 1 {
            announced = Some(first_line(&line, size).map_err(malformed)?);
            continue;
        } else {
            row(&line, size, wanted)
        };
        read.map_err(malformed)?;
        rows += 1;
    }
    match announced {
        Some(announced) if announced != rows => Err(DataError::Unusable {
            file: file.to_owned(),
            problem: format!("the first line announces {announced} words, and {rows} follow; get an intact copy"),
        }),
        _ => Ok(()),
    }
}

/// The number of words in the first line of word2vec's text format.
fn first_line(line: &[u8], size: usize) -> Result<u64, String> {
    let text = String::from_utf8_lossy(line);
    let numbers: Vec<Option<u64>> = text.split_whitespace().map(|piece| piece.parse().ok()).collect();
    match numbers[..] {
        [Some(words), Some(found)] if found == size as u64 => Ok(words),
        [Some(_), Some(found)] => Err(format!(
            "the first line says that vectors have {found} numbers where the manifest says {size}; write `size: {found}` in \
             the manifest"
        )),
        _ => {
            Err("the first line is not two numbers, words and size; without such a line the reader is glove-text"
                .into())
        }
    }
}

/// Reads one line, with or without its line end.
fn row(line: &[u8], size: usize, wanted: &mut Wanted) -> Result<(), String> {
    let text = std::str::from_utf8(line).map_err(|error| {
        format!("not UTF-8 from byte {} of the line on; convert the file and correct its checksum", error.valid_up_to())
    })?;
    let text = text.trim_end_matches(['\n', '\r', ' ']);
    let Some(at) = before_numbers(text, size).filter(|at| *at > 0) else {
        if text.matches('\t').count() >= size {
            let problem =
                "the numbers are separated by tabs where this format has blanks; `tr '\\t' ' '` replaces them";
            return Err(problem.to_owned());
        }
        return Err(numbers(trailing(text), size));
    };
    let (word, rest) = text.split_at(at);
    // Files in columns have several blanks after a word, which are not part of it, unless there is nothing else.
    let word = Some(word.trim_end_matches(' ')).filter(|word| !word.is_empty()).unwrap_or(word);
    // A word may contain a space, but if its last piece is a number, the line has too many numbers.
    if word.rsplit_once(' ').is_some_and(|(_, last)| last.parse::<f32>().is_ok()) {
        return Err(numbers(trailing(text), size));
    }
    let all = wanted.all;
    let place = wanted.place(word);
    if place.is_none() && !all {
        return Ok(());
    }
    let mut vector = Vec::with_capacity(size);
    for piece in rest.split(' ').filter(|piece| !piece.is_empty()) {
        let value = piece.parse().ok().filter(|value: &f32| value.is_finite());
        vector.push(value.ok_or_else(|| format!("`{piece}` in the vector of `{word}` is not a finite number"))?);
    }
    if let Some(place) = place {
        *place = Some(vector);
    }
    Ok(())
}

/// Where the blank before the last `size` pieces of a line is; blanks may repeat.
fn before_numbers(text: &str, size: usize) -> Option<usize> {
    let (mut at, mut left) = (text.len(), text);
    for _ in 0..size {
        at = left.rfind(' ')?;
        left = left[..at].trim_end_matches(' ');
    }
    Some(at)
}

/// How many numbers stand at the end of a line, after its word.
fn trailing(text: &str) -> usize {
    text.split(' ').skip(1).collect::<Vec<_>>().iter().rev().take_while(|piece| piece.parse::<f32>().is_ok()).count()
}

fn numbers(found: usize, size: usize) -> String {
    if found == 0 {
        return format!("the line has no numbers where the manifest says {size}; is it part of the file? Remove it");
    }
    let more = if found > size { ", or its word ends in a number and the line must be removed" } else { "" };
    format!(
        "the line has {found} numbers where the manifest says {size}; if that is so in all lines, write `size: {found}` \
         in the manifest, else the file is damaged{more}"
    )
}
