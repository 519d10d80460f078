//! Reads the text format of `GloVe`: on each line a word and its numbers, separated by spaces; no header.
//!
//! A word may contain spaces itself (the published files have such rows), so the numbers are counted from the end.

use std::io::{BufRead as _, BufReader, Read as _};

use camino::Utf8Path;

use super::Wanted;
use crate::DataError;

/// Maximum length of a word, bytes.
const WORD: usize = 4096;
/// Maximum length of a number with the space before it, bytes.
const NUMBER: usize = 64;

/// Reads a file of vectors of dimension `size` and stores the vectors of the wanted words. Rows of other words are only
/// checked for the number of values.
///
/// # Errors
/// A line with too few or too many numbers, a line that is too long or not UTF-8, a value that is not a finite number.
pub(super) fn read(file: &Utf8Path, size: usize, wanted: &mut Wanted) -> Result<(), DataError> {
    let limit = WORD + size * NUMBER;
    let mut reader = BufReader::with_capacity(1 << 16, fs_err::File::open(file)?);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if reader.by_ref().take(limit as u64).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let read = if line.len() == limit && !line.ends_with(b"\n") {
            Err(format!("the line is longer than {limit} bytes; is this a file of GloVe vectors of size {size}?"))
        } else {
            row(&line, size, wanted)
        };
        read.map_err(|problem| DataError::Malformed { file: file.to_owned(), line: number, problem })?;
    }
    Ok(())
}

/// Reads one line, with or without its line end.
fn row(line: &[u8], size: usize, wanted: &mut Wanted) -> Result<(), String> {
    let text = std::str::from_utf8(line).map_err(|error| {
        format!("not UTF-8 from byte {} of the line on; convert the file and correct its checksum", error.valid_up_to())
    })?;
    let text = text.trim_end_matches(['\n', '\r', ' ']);
    let first = text.rmatch_indices(' ').nth(size - 1).map(|(at, _)| at).filter(|at| *at > 0);
    let Some(at) = first else {
        let found = text.matches(' ').count();
        return Err(numbers(found, size));
    };
    let (word, rest) = text.split_at(at);
    // A word may contain a space, but if its last piece is a number, the line has too many numbers.
    if word.rsplit_once(' ').is_some_and(|(_, last)| last.parse::<f32>().is_ok()) {
        let found = text.split(' ').rev().take_while(|piece| piece.parse::<f32>().is_ok()).count();
        return Err(numbers(found, size));
    }
    let Some(place) = wanted.place(word) else { return Ok(()) };
    let mut vector = Vec::with_capacity(size);
    for piece in rest[1..].split(' ') {
        let value = piece.parse().ok().filter(|value: &f32| value.is_finite());
        vector.push(value.ok_or_else(|| format!("`{piece}` in the vector of `{word}` is not a finite number"))?);
    }
    *place = Some(vector);
    Ok(())
}

fn numbers(found: usize, size: usize) -> String {
    format!(
        "the line has {found} numbers where the manifest says {size}; if that is so in all lines, write `size: {found}` \
         in the manifest, else the file is damaged"
    )
}
