//! Checks the quotes of a table while it is read.
//!
//! The csv crate accepts any text: after a closing quote it reads on as if the quote had not been there, so a quote
//! that is never closed silently merges rows. Here such text is found, with the place where the quote was opened.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

/// A reader that passes bytes on and follows the quotes in them.
pub(super) struct Checked<R> {
    inner: R,
    state: Rc<RefCell<Quotes>>,
}

impl<R: Read> Checked<R> {
    pub(super) fn new(inner: R, separator: u8, escape: Option<u8>) -> (Self, Rc<RefCell<Quotes>>) {
        let state = Rc::new(RefCell::new(Quotes::new(separator, escape)));
        (Self { inner, state: Rc::clone(&state) }, state)
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let mut state = self.state.borrow_mut();
        if read == 0 && !buffer.is_empty() {
            state.end();
        }
        state.follow(&buffer[..read]);
        Ok(read)
    }
}

/// A quote that is not closed as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadQuote {
    /// The line on which the quote was opened, from 1.
    pub(super) opened: usize,
    /// Number of bytes before the character that must not follow a closing quote; all bytes at the end of the file.
    pub(super) byte: u64,
    /// That character's line and its byte; `None` if the file ends inside the quotes.
    pub(super) follower: Option<(usize, u8)>,
    /// The first line with `\"` inside quotes, if there is one.
    pub(super) backslash: Option<usize>,
}

/// Where in a row the last byte was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Begin,
    Plain,
    Quoted,
    /// Inside quotes, after the escape character.
    Escaped,
    /// After a quote inside quotes, which closes the value or is the first of two.
    Closing,
}

/// The state of the quotes at a place of a table.
pub(super) struct Quotes {
    separator: u8,
    escape: Option<u8>,
    at: At,
    line: usize,
    byte: u64,
    opened: usize,
    last: u8,
    backslash: Option<usize>,
    bad: Option<BadQuote>,
}

impl Quotes {
    fn new(separator: u8, escape: Option<u8>) -> Self {
        let (at, bad, backslash) = (At::Begin, None, None);
        Self { separator, escape, at, line: 1, byte: 0, opened: 0, last: 0, backslash, bad }
    }

    /// The first bad quote of the bytes read so far.
    pub(super) fn bad(&self) -> Option<&BadQuote> {
        self.bad.as_ref()
    }

    /// The line on which the quotes around the last byte were opened, if it is inside quotes.
    pub(super) fn open(&self) -> Option<usize> {
        matches!(self.at, At::Quoted | At::Escaped).then_some(self.opened)
    }

    fn end(&mut self) {
        if self.bad.is_none() && self.open().is_some() {
            self.fail(None);
        }
    }

    fn fail(&mut self, follower: Option<(usize, u8)>) {
        let Self { opened, byte, backslash, .. } = *self;
        self.bad = Some(BadQuote { opened, byte, follower, backslash });
    }

    fn follow(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.bad.is_some() {
                return;
            }
            self.step(byte);
            self.byte += 1;
            self.line += usize::from(byte == b'\n');
            self.last = byte;
        }
    }

    fn step(&mut self, byte: u8) {
        let ends = byte == self.separator || byte == b'\n' || byte == b'\r';
        self.at = match self.at {
            At::Begin | At::Plain | At::Closing if ends => At::Begin,
            At::Begin if byte == b'"' => {
                self.opened = self.line;
                At::Quoted
            }
            At::Begin | At::Plain => At::Plain,
            At::Quoted if self.escape == Some(byte) => At::Escaped,
            At::Quoted if byte == b'"' => {
                if self.last == b'\\' {
                    self.backslash.get_or_insert(self.line);
                }
                At::Closing
            }
            At::Quoted | At::Escaped => At::Quoted,
            At::Closing if byte == b'"' => At::Quoted,
            At::Closing => {
                self.fail(Some((self.line, byte)));
                At::Plain
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(text: &str, escape: Option<u8>) -> Option<BadQuote> {
        let mut quotes = Quotes::new(b',', escape);
        // In two pieces, since a buffer may end anywhere.
        let (first, second) = text.as_bytes().split_at(text.len() / 2);
        quotes.follow(first);
        quotes.follow(second);
        quotes.end();
        quotes.bad().cloned()
    }

    #[test]
    fn proper_quotes_pass() {
        for text in
            ["", "a,b\n", "\"a\",\"b\"\r\n\"c\"", "\"a \"\"b\"\" c\",\"\"\n", "it's 12\" wide,b\n", "\"a\nb\",c"]
        {
            assert_eq!(bad(text, None), None, "{text}");
        }
        assert_eq!(bad("\"12\\\"\",b\n", Some(b'\\')), None);
        assert_eq!(bad("\"C:\\\",b\n", None), None, "a text may end in a backslash");
    }

    #[test]
    fn the_line_of_the_opening_quote_is_known() {
        let merged = "a,b\n\"open,b\na,b\n\"again,b\n";
        let found = bad(merged, None).unwrap();
        assert_eq!((found.opened, found.follower, found.backslash), (2, Some((4, b'a')), None));
        assert_eq!(found.byte, 17);
        assert_eq!(bad("a\n\"open\nb", None).unwrap().follower, None);
        assert_eq!(bad("\"12\\\"\",b\n\"a\",b\n", None).unwrap().backslash, Some(1));
        assert_eq!(bad("\"a\" ,b\n", None).unwrap().follower, Some((1, b' ')));
    }
}
