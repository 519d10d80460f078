//! Reads plain text as one stream.

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::dictionary::{Chunk, Dictionary};
use super::limits::Lines;
use super::numbering::Scheme;
use super::words::Words;
use super::{END_OF_LINE, Encoded};
use crate::DataError;
use crate::input::TextFormat;
use crate::manifest::{PlainText, Shares, SymbolUnit, Tokens};

/// Lines are collected up to this many bytes before they are split into symbols in parallel.
const BATCH_BYTES: usize = 8 << 20;
/// Number of lines that one thread takes at a time.
const CHUNK: usize = 256;

/// Reads the training file and the files of the other parts, if given, and numbers the symbols.
///
/// # Errors
/// A file that cannot be read, is not UTF-8 or has no symbols; shares that leave a part without symbols.
pub(crate) fn encode(files: &[Option<Utf8PathBuf>; 3], rules: &PlainText) -> Result<Encoded, DataError> {
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

/// Moves the end of the training stream to the validation and test streams.
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
    let rule = PlainLines::new(rules).map_err(|problem| DataError::Unusable { file: file.to_owned(), problem })?;
    let format = TextFormat { encoding: rules.encoding, newlines: rules.newlines };
    let mut lines = Lines::open_as(file, &format)?;
    let mut waiting: Vec<String> = Vec::new();
    let mut bytes = 0;
    let mut stream = Vec::new();
    let mut digest = |waiting: &mut Vec<String>, stream: &mut Vec<u32>| {
        let chunk = |lines: &[String]| {
            let mut chunk = Chunk::default();
            for line in lines {
                rule.line(line, &mut |symbol| chunk.push(symbol));
                rule.end().iter().for_each(|end| chunk.push(end));
            }
            chunk.end();
            chunk
        };
        let chunks: Vec<Chunk> = waiting.par_chunks(CHUNK).map(chunk).collect();
        for chunk in chunks {
            stream.extend(chunk.into_sequences(dictionary).flatten());
        }
        waiting.clear();
    };
    while let Some((_, line)) = lines.next_line()? {
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

/// How the lines of a plain text are split into symbols.
pub(crate) enum PlainLines {
    Words { words: Words, line_ends: bool },
    Characters { lower: bool, line_ends: bool },
}

impl PlainLines {
    /// The rules of a manifest that has been checked.
    ///
    /// # Errors
    /// An invalid regular expression.
    pub(crate) fn new(rules: &PlainText) -> Result<Self, String> {
        let PlainText { lower, line_ends, .. } = *rules;
        Ok(match rules.unit {
            SymbolUnit::Word => {
                let tokens = rules.tokens.as_ref().unwrap_or(&Tokens::Blanks);
                Self::Words { words: Words::new(tokens, lower)?, line_ends }
            }
            SymbolUnit::Character => Self::Characters { lower, line_ends },
        })
    }

    /// Calls `symbol` for each symbol of a line, in order, without the line-end symbol.
    pub(crate) fn line(&self, line: &str, symbol: &mut dyn FnMut(&str)) {
        match self {
            Self::Words { words, .. } => words.each(line, symbol),
            Self::Characters { lower, .. } => {
                let mut letter = [0; 4];
                let mut push = |c: char| symbol(c.encode_utf8(&mut letter));
                if *lower {
                    line.chars().flat_map(char::to_lowercase).for_each(&mut push);
                } else {
                    line.chars().for_each(&mut push);
                }
            }
        }
    }

    /// The symbol at the end of each line; `None` if line ends are not symbols.
    pub(crate) fn end(&self) -> Option<&'static str> {
        match self {
            Self::Words { line_ends, .. } => line_ends.then_some(END_OF_LINE),
            Self::Characters { line_ends, .. } => line_ends.then_some("\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Reader;

    fn read(files: [Option<&str>; 3], rules: &str) -> Result<Encoded, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["train", "valid", "test"].map(|name| Utf8Path::from_path(folder.path()).unwrap().join(name));
        let mut given = [const { None }; 3];
        for ((path, text), given) in paths.iter().zip(files).zip(&mut given) {
            if let Some(text) = text {
                fs_err::write(path, text).unwrap();
                *given = Some(path.clone());
            }
        }
        match sparsegate_spec::yaml::parse("test.yaml".into(), &format!("plain-text: {{ {rules} }}")).unwrap() {
            Reader::PlainText(rules) => encode(&given, &rules),
            other => panic!("{other:?}"),
        }
    }

    fn spell(encoded: &Encoded, part: usize) -> Vec<&str> {
        encoded.streams[part].iter().map(|&id| encoded.vocabulary[id as usize].as_str()).collect()
    }

    #[test]
    fn words_of_the_other_parts_are_unknown_unless_they_are_in_training() {
        let files = [Some("\u{feff}the Cat\r\nthe dog\n"), Some("the cow\n"), Some("a Cat")];
        let encoded = read(files, "unit: word").unwrap();
        assert_eq!(encoded.vocabulary, ["<unk>", "<eos>", "the", "Cat", "dog"]);
        assert_eq!(spell(&encoded, 0), ["the", "Cat", "<eos>", "the", "dog", "<eos>"]);
        assert_eq!(spell(&encoded, 1), ["the", "<unk>", "<eos>"]);
        assert_eq!(spell(&encoded, 2), ["<unk>", "Cat", "<eos>"]);
        let encoded = read(files, "unit: word, lower: true, line_ends: false, min_count: 2").unwrap();
        assert_eq!(spell(&encoded, 0), ["the", "<unk>", "the", "<unk>"]);
        let encoded = read(files, r"unit: word, tokens: { split: 'a|\s' }, vocabulary: 2").unwrap();
        assert_eq!(encoded.vocabulary, ["<unk>", "<eos>", "the"]);
    }

    #[test]
    fn characters_keep_blanks_and_line_ends() {
        let encoded = read([Some(" É\u{1F980} \nx"), Some("é"), Some("z")], "unit: character, lower: true").unwrap();
        assert_eq!(spell(&encoded, 0).concat(), " é\u{1F980} \nx\n");
        assert_eq!(spell(&encoded, 1).concat(), "é\n");
        assert_eq!(spell(&encoded, 2).concat(), "<unk>\n");
    }

    #[test]
    fn shares_are_cut_off_the_end() {
        let rules = "unit: word, line_ends: false, shares: { valid: 0.2, test: 0.1 }";
        let encoded = read([Some("a b a b a b a c d e"), None, None], rules).unwrap();
        assert_eq!(encoded.vocabulary, ["<unk>", "a", "b"]);
        assert_eq!(encoded.streams, [vec![1, 2, 1, 2, 1, 2, 1], vec![0, 0], vec![0]]);
        let why = read([Some("a b"), None, None], rules).err().unwrap().to_string();
        assert!(why.contains("shares leave no symbol of 2 for"), "{why}");
    }

    #[test]
    fn what_is_no_text_is_an_error() {
        let why = read([Some("a\n"), Some(""), Some("a")], "unit: word").err().unwrap().to_string();
        assert!(why.contains("valid:1: there is no text"), "{why}");
    }
}
