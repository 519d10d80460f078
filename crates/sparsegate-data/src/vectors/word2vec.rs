//! Reads the binary format of word2vec: a line with the number of entries and the dimension, then for each entry the
//! word, a space and its numbers as little-endian 32-bit floats. Some programs write a line end after each entry.

use std::io::{BufRead, BufReader, ErrorKind, Read};

use camino::Utf8Path;

use super::Wanted;
use crate::DataError;
use crate::input;

/// Maximum length of a word and of the header, bytes.
const WORD: usize = 4096;

/// Reads a file of vectors of dimension `size` and stores the vectors of the wanted words.
///
/// # Errors
/// An invalid header, a header that contradicts the manifest or the file, a truncated entry, a word that is too long or
/// not UTF-8, a wanted vector with a value that is not finite.
pub(super) fn read(file: &Utf8Path, size: usize, wanted: &mut Wanted) -> Result<(), DataError> {
    let mut input = Input { reader: BufReader::with_capacity(1 << 16, input::unpacked(file)?), byte: 0 };
    let (mut entry, mut begin) = (0, 0);
    let all_rows = wanted.all;
    let mut all = || -> Result<(), Problem> {
        let entries = header(&mut input, size)?;
        let mut bytes = vec![0; 4 * size];
        for number in 1..=entries {
            input.skip_line_ends()?;
            (entry, begin) = (number, input.byte);
            let word = input.until(b' ', "a word").map_err(|problem| problem.of(entries))?;
            let word = String::from_utf8(word).map_err(|error| {
                let shown = String::from_utf8_lossy(error.as_bytes()).into_owned();
                Problem::wrong(format!("the word `{shown}` is not UTF-8; convert the file and correct its checksum"))
            })?;
            input.exactly(&mut bytes).map_err(|problem| problem.of(entries))?;
            let place = wanted.place(&word);
            if place.is_some() || all_rows {
                let vector: Vec<f32> = bytes
                    .chunks_exact(4)
                    .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
                    .collect();
                if vector.iter().any(|value| !value.is_finite()) {
                    let problem =
                        format!("the vector of `{word}` has a value that is not a finite number; is its size {size}?");
                    return Err(Problem::wrong(problem));
                }
                if let Some(place) = place {
                    *place = Some(vector);
                }
            }
        }
        input.skip_line_ends()?;
        (entry, begin) = (entries, input.byte);
        if input.reader.fill_buf()?.is_empty() {
            return Ok(());
        }
        let problem = format!("more bytes follow the {entries} entries that the header announces; the file is damaged");
        Err(Problem::wrong(problem))
    };
    let outcome = all();
    outcome.map_err(|problem| match problem {
        Problem::Io(error) => error.into(),
        Problem::Wrong(problem) => DataError::MalformedEntry { file: file.to_owned(), entry, byte: begin, problem },
        Problem::Ends => DataError::MalformedEntry {
            file: file.to_owned(),
            entry,
            byte: begin,
            problem: "the file ends inside its header; it is truncated".into(),
        },
    })
}

/// An error while reading the header or an entry.
enum Problem {
    Io(std::io::Error),
    Wrong(String),
    /// The file ends too early.
    Ends,
}

impl Problem {
    fn wrong(problem: impl Into<String>) -> Self {
        Self::Wrong(problem.into())
    }

    /// Turns an early end of the file into a message with the number of announced entries.
    fn of(self, entries: u64) -> Self {
        match self {
            Self::Ends => Self::Wrong(format!(
                "the file ends inside this entry, of {entries} that the header announces; it is truncated"
            )),
            other => other,
        }
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == ErrorKind::UnexpectedEof { Self::Ends } else { Self::Io(error) }
    }
}

/// Reads the header and returns the number of entries.
fn header(input: &mut Input, size: usize) -> Result<u64, Problem> {
    let line = String::from_utf8_lossy(&input.until(b'\n', "a header")?).into_owned();
    let numbers: Vec<Option<u64>> = line.split_whitespace().map(|piece| piece.parse().ok()).collect();
    match numbers[..] {
        [Some(entries), Some(found)] if found == size as u64 => Ok(entries),
        [Some(_), Some(found)] => Err(Problem::wrong(format!(
            "the header says that vectors have {found} numbers where the manifest says {size}; write `size: {found}` in the \
             manifest"
        ))),
        _ => Err(Problem::wrong(
            "the file does not begin with a line of two numbers, entries and size; is it in word2vec's binary format?",
        )),
    }
}

/// The file and the number of bytes read so far.
struct Input {
    reader: BufReader<Box<dyn Read>>,
    byte: u64,
}

impl Input {
    /// The bytes before the next `end`, which is consumed as well.
    fn until(&mut self, end: u8, what: &str) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        let read = self.reader.by_ref().take(WORD as u64).read_until(end, &mut bytes)?;
        self.byte += read as u64;
        if bytes.pop() == Some(end) {
            return Ok(bytes);
        }
        if read < WORD {
            return Err(Problem::Ends);
        }
        Err(Problem::wrong(format!("no end of {what} within {WORD} bytes; is the size of the vectors right?")))
    }

    fn exactly(&mut self, bytes: &mut [u8]) -> Result<(), Problem> {
        self.reader.read_exact(bytes)?;
        self.byte += bytes.len() as u64;
        Ok(())
    }

    fn skip_line_ends(&mut self) -> Result<(), Problem> {
        while self.reader.fill_buf()?.first() == Some(&b'\n') {
            self.reader.consume(1);
            self.byte += 1;
        }
        Ok(())
    }
}
