//! Any text as one stream.

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::Encoded;
use super::dictionary::{Chunk, Dictionary};
use super::limits::Lines;
use super::numbering::Scheme;
use super::words::Words;
use crate::data::DataError;
use crate::data::manifest::{PlainText, Shares, SymbolUnit, Tokens};

/// Stands at the end of each line of words.
const END_OF_LINE: &str = "<eos>";
/// Lines are put into symbols many at a time, until they have so many bytes.
const BATCH_BYTES: usize = 8 << 20;
/// Lines that one thread takes at a time.
const CHUNK: usize = 256;

/// Reads the training file and those of the other parts that are there, and numbers the symbols.
///
/// # Errors
/// A file that cannot be read, is not UTF-8 or has no symbols; shares that leave a part without any.
pub(in crate::data) fn encode(files: &[Option<Utf8PathBuf>; 3], rules: &PlainText) -> Result<Encoded, DataError> {
    let mut dictionary = Dictionary::default();
    let mut streams = [const { Vec::new() }; 3];
    for (file, stream) in files.iter().zip(&mut streams) {
        if let Some(file) = file {
            *stream = read(file, rules, &mut dictionary)?;
            if stream.is_empty() {
                return Err(DataError::Malformed { file: file.clone(), line: 1, problem: "there is no text".into() });
            }
        }
    }
    if let Some(shares) = &rules.shares {
        let file = files[0].as_deref().unwrap_or(Utf8Path::new(""));
        cut(&mut streams, shares).map_err(|problem| DataError::Unusable { file: file.to_owned(), problem })?;
    }
    let mut counts = vec![0; dictionary.len()];
    streams[0].iter().for_each(|&symbol: &u32| counts[symbol as usize] += 1);
    let scheme = Scheme::plain(false, rules.vocabulary, rules.min_count);
    let (vocabulary, ids) = scheme.number(dictionary.into_words(), &counts);
    for symbol in streams.iter_mut().flatten() {
        *symbol = ids[*symbol as usize];
    }
    Ok(Encoded { vocabulary, streams })
}

/// Moves the end of the training stream to the others.
fn cut(streams: &mut [Vec<u32>; 3], shares: &Shares) -> Result<(), String> {
    let all = streams[0].len();
    let count = |share: f64| (share * all as f64).round() as usize;
    let (valid, test) = (count(shares.valid), count(shares.test));
    let train = all.saturating_sub(valid + test);
    for (key, share, count) in [("valid", shares.valid, valid), ("test", shares.test, test), ("train", 1.0, train)] {
        if share > 0.0 && count == 0 {
            return Err(format!("shares leave no symbol of {all} for `{key}`; change them in the manifest"));
        }
    }
    for (part, share, from) in [(2, shares.test, train + valid), (1, shares.valid, train)] {
        if share > 0.0 {
            streams[part] = streams[0].split_off(from);
        }
    }
    Ok(())
}

fn read(file: &Utf8Path, rules: &PlainText, dictionary: &mut Dictionary) -> Result<Vec<u32>, DataError> {
    let tokens = rules.tokens.as_ref().unwrap_or(&Tokens::Blanks);
    let words =
        Words::new(tokens, rules.lower).map_err(|problem| DataError::Unusable { file: file.to_owned(), problem })?;
    let mut lines = Lines::open(file)?;
    let mut waiting: Vec<String> = Vec::new();
    let mut bytes = 0;
    let mut stream = Vec::new();
    let mut digest = |waiting: &mut Vec<String>, stream: &mut Vec<u32>| {
        let chunk = |lines: &[String]| {
            let mut chunk = Chunk::default();
            lines.iter().for_each(|line| symbols(line, rules, &words, &mut chunk));
            chunk.end();
            chunk
        };
        let chunks: Vec<Chunk> = waiting.par_chunks(CHUNK).map(chunk).collect();
        chunks.into_iter().for_each(|chunk| stream.extend(chunk.into_sequences(dictionary).flatten()));
        waiting.clear();
    };
    while let Some((_, line)) = lines.next()? {
        bytes += line.len() + size_of::<String>();
        waiting.push(line.to_owned());
        if bytes >= BATCH_BYTES {
            digest(&mut waiting, &mut stream);
            bytes = 0;
        }
    }
    digest(&mut waiting, &mut stream);
    Ok(stream)
}

fn symbols(line: &str, rules: &PlainText, words: &Words, chunk: &mut Chunk) {
    match rules.unit {
        SymbolUnit::Word => {
            words.each(line, &mut |word| chunk.push(word));
            if rules.line_ends {
                chunk.push(END_OF_LINE);
            }
        }
        SymbolUnit::Character => {
            let mut letter = [0; 4];
            let mut push = |c: char| chunk.push(c.encode_utf8(&mut letter));
            if rules.lower {
                line.chars().flat_map(char::to_lowercase).for_each(&mut push)
            } else {
                line.chars().for_each(&mut push)
            }
            if rules.line_ends {
                push('\n');
            }
        }
    }
}
