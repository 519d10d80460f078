//! Objects of one JSON array, read one at a time.

use std::io::{self, BufRead, BufReader, Read};

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize as _;
use serde_json::Value;

use super::objects::{Object, shorten, without_place};
use crate::DataError;
use crate::readers::limits::{Allowance, Bounded, too_long};

/// The objects of an array, which may be spread over lines as it likes.
pub(super) struct Array {
    file: Utf8PathBuf,
    reader: Counted<BufReader<Bounded<Box<dyn Read>>>>,
    allowance: Allowance,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Begin,
    /// After an object.
    Between,
    Ended,
}

impl Array {
    /// The objects of `text`, which begins with `[` after white space; `file` stands for it in errors.
    pub(super) fn new(file: &Utf8Path, text: Box<dyn Read>) -> Self {
        let (bounded, allowance) = Bounded::new(text);
        let reader = Counted { inner: BufReader::with_capacity(1 << 16, bounded), line: 1, bytes: 0 };
        Self { file: file.to_owned(), reader, allowance, state: State::Begin }
    }

    /// Number of bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.reader.bytes
    }

    /// The next object with the line on which it begins, from 1.
    ///
    /// # Errors
    /// A read error, an object that is too long, anything that is not an array of objects.
    pub(super) fn next_object(&mut self) -> Result<Option<(usize, Object)>, DataError> {
        self.allowance.renew();
        self.next().map_err(|problem| match problem {
            Problem::Io(_) if self.allowance.is_spent() => self.malformed(too_long("the object")),
            Problem::Io(error) => error.into(),
            Problem::Wrong(problem) => self.malformed(problem),
        })
    }

    fn malformed(&self, problem: String) -> DataError {
        DataError::Malformed { file: self.file.clone(), line: self.reader.line, problem }
    }

    fn next(&mut self) -> Result<Option<(usize, Object)>, Problem> {
        let mut next = self.reader.peek()?;
        match (self.state, next) {
            (State::Ended, None) => return Ok(None),
            (State::Ended, Some(_)) => {
                return Err(Problem::Wrong("text follows the end of the array; remove it, or put it inside".into()));
            }
            (State::Begin, Some(b'[')) => {
                self.reader.skip(1);
                next = self.reader.peek()?;
            }
            (State::Between, Some(b',')) => {
                self.reader.skip(1);
                next = self.reader.peek()?;
                if next == Some(b']') {
                    return Err(Problem::Wrong("a comma stands before the end of the array; remove it".into()));
                }
            }
            (State::Between, Some(byte)) if byte != b']' => {
                let byte = char::from(byte).escape_default();
                return Err(Problem::Wrong(format!("a comma or the end of the array is missing before `{byte}`")));
            }
            _ => {}
        }
        if next == Some(b']') {
            self.reader.skip(1);
            self.state = State::Ended;
            return self.next();
        }
        if next.is_none() {
            return Err(Problem::Wrong("the file ends inside the array; get an intact copy".into()));
        }
        let line = self.reader.line;
        self.state = State::Between;
        match Value::deserialize(&mut serde_json::Deserializer::from_reader(&mut self.reader)) {
            Ok(Value::Object(object)) => Ok(Some((line, object))),
            Ok(other) => Err(Problem::Wrong(format!(
                "the array holds `{}` where an object with named values is needed, such as {{\"text\": ..., \"label\": ...}}",
                shorten(&other)
            ))),
            Err(error) if error.is_io() => Err(Problem::Io(error.into())),
            Err(error) => Err(Problem::Wrong(format!("this is not valid JSON: {}; correct it", without_place(&error)))),
        }
    }
}

enum Problem {
    Io(io::Error),
    Wrong(String),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A reader that counts the lines and bytes that were taken from it.
struct Counted<R> {
    inner: R,
    line: usize,
    bytes: u64,
}

impl<R: BufRead> Counted<R> {
    /// The next byte that is not white space, which stays; `None` at the end.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let buffer = self.inner.fill_buf()?;
            let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let (next, ended) = (buffer.get(blank).copied(), buffer.is_empty());
            self.skip(blank);
            if next.is_some() || ended {
                return Ok(next);
            }
        }
    }

    /// Takes bytes that are in the buffer.
    fn skip(&mut self, count: usize) {
        let taken = self.inner.fill_buf().map_or(&[][..], |buffer| &buffer[..count]);
        self.line += memchr::memchr_iter(b'\n', taken).count();
        self.bytes += taken.len() as u64;
        self.inner.consume(count);
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.line += memchr::memchr_iter(b'\n', &buffer[..read]).count();
        self.bytes += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(usize, String)>, String> {
        let mut array = Array::new("t.json".into(), Box::new(io::Cursor::new(text.to_owned())));
        let mut found = Vec::new();
        while let Some((line, object)) = array.next_object().map_err(|error| error.to_string())? {
            found.push((line, Value::Object(object).to_string()));
        }
        Ok(found)
    }

    #[test]
    fn objects_are_read_with_the_lines_on_which_they_begin() {
        let found = read("\n[{\"a\": \"x\\ny]\"},\n  {\n  \"b\": [1, {}]\n  } , {}\n]\n").unwrap();
        assert_eq!(
            found,
            [(2, r#"{"a":"x\ny]"}"#.to_owned()), (3, r#"{"b":[1,{}]}"#.to_owned()), (5, "{}".to_owned())]
        );
        assert_eq!(read(" [ ] "), Ok(Vec::new()));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, expected) in [
            ("[\n[1, 2]]", "t.json:2: the array holds `[1,2]` where an object"),
            ("[{}\n{}]", "t.json:2: a comma or the end of the array is missing before `{`"),
            ("[{},\n]", "t.json:2: a comma stands before the end"),
            ("[{},\n", "t.json:2: the file ends inside the array"),
            ("[{\"a\":\nx}]", "t.json:2: this is not valid JSON: expected value; correct it"),
            ("[{}]\n{}", "t.json:2: text follows the end of the array"),
            ("[{\"a\": 1", "this is not valid JSON: EOF while parsing an object"),
        ] {
            let why = read(text).unwrap_err();
            assert!(why.contains(expected), "{why}\n{expected}");
        }
    }
}
