//! Limits of the words and classes in the files of a run. Such files may come from somebody else, in a bundle.

use sparsegate_runtime::model::MAX_SIZE;

/// Longest word or name of a class that is read, bytes of UTF-8.
pub const LONGEST_ENTRY: usize = 1 << 16;

/// Checks the list of words or classes with the name `list`: it has at most as many entries as a compact model may have
/// symbols, each of at most [`LONGEST_ENTRY`] bytes. Control characters are allowed, as in the words of a data set;
/// whoever shows a word escapes them.
///
/// # Errors
/// What is wrong, with the first such entry.
pub fn check_entries<'a>(list: &str, entries: impl IntoIterator<Item = &'a String>) -> Result<(), String> {
    for (at, entry) in entries.into_iter().enumerate() {
        if at == MAX_SIZE {
            return Err(format!("`{list}` has more than {MAX_SIZE} entries"));
        }
        if entry.len() > LONGEST_ENTRY {
            return Err(format!("`{list}[{at}]` has {} bytes; an entry may have {LONGEST_ENTRY}", entry.len()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_entry_beyond_a_limit_is_named() {
        let word = |bytes: usize| "w".repeat(bytes);
        check_entries("words", &[word(0), word(LONGEST_ENTRY), "\u{1b}[31m".to_owned()]).unwrap();
        let error = check_entries("words", &[word(1), word(LONGEST_ENTRY + 1), word(70_000)]).unwrap_err();
        assert_eq!(error, "`words[1]` has 65537 bytes; an entry may have 65536");
        let one = word(1);
        check_entries("classes", std::iter::repeat_n(&one, MAX_SIZE)).unwrap();
        let error = check_entries("classes", std::iter::repeat(&one)).unwrap_err();
        assert_eq!(error, "`classes` has more than 16777216 entries");
    }
}
