//! Parses YAML text into types and reports the position of errors.

use camino::Utf8Path;
use serde::de::DeserializeOwned;

use super::de::from_node;
use super::diagnostic::Diagnostic;
use super::error::{SourcePosition, SpecError};
use super::keys;
use super::locate::locate;
use super::node::Node;

/// Largest depth of brackets. The parser's time grows with the square of their depth.
const DEEPEST: usize = 256;

/// Parses `text`, the content of `file`, as a `T`.
///
/// An enum with values is a mapping with the variant as its only key, `optimizer: { adam: { lr: 2e-3 } }`.
///
/// # Errors
/// The first error, with line, column and, for an unknown key or value, the nearest known one.
pub fn parse<T: DeserializeOwned>(file: &Utf8Path, text: &str) -> Result<T, SpecError> {
    let node = tree(file, text)?;
    from_node(&node).map_err(|diagnostic| placed(file, text, &diagnostic))
}

/// Reads the text of `file`.
///
/// # Errors
/// A file that cannot be read, or that is not UTF-8 (with line and column).
///
/// A byte order mark is removed, and lone carriage returns, the line ends of old files of the Mac, become line feeds.
pub fn read(file: &Utf8Path) -> Result<String, SpecError> {
    let bytes = fs_err::read(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => SpecError::new(file, "no such file")
            .help("check the path, which is relative to the working directory or --root; `sparsegate init DIR` writes the shipped experiments"),
        _ => SpecError::new(file, format!("cannot be read: {error}")).help("name a YAML file that you may read"),
    })?;
    let utf16 = matches!(bytes.as_slice(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..]);
    if utf16 {
        return Err(SpecError::new(file, "the file is UTF-16").help("save it as UTF-8"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
        let line = valid.matches('\n').count() + 1;
        let column = valid.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        SpecError::new(file, "the file is not UTF-8")
            .at(Some(SourcePosition { line, column }), &valid)
            .help("save it as UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(if text.contains('\n') { text.to_owned() } else { text.replace('\r', "\n") })
}

/// Parses the document as a tree.
///
/// # Errors
/// Text that is not one YAML document, is empty, or has a key twice.
pub fn tree(file: &Utf8Path, text: &str) -> Result<Node, SpecError> {
    if let Some(place) = too_deep(text) {
        return Err(SpecError::new(file, format!("more than {DEEPEST} brackets inside each other"))
            .at(Some(place), text)
            .help("close a bracket before this place"));
    }
    match serde_yaml::from_str::<Node>(text) {
        Ok(Node::Null) => Err(SpecError::new(file, "the file is empty").help("see docs/specs.md for the keys")),
        Ok(node) => Ok(node),
        Err(error) => Err(syntax(file, text, &error)),
    }
}

/// The place of the first bracket that is inside [`DEEPEST`] others. Brackets in quotes count, too.
fn too_deep(text: &str) -> Option<SourcePosition> {
    let mut depth = 0_usize;
    let (at, _) = text.bytes().enumerate().find(|(_, byte)| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })?;
    let before = text.get(..at)?;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some(SourcePosition { line: before.matches('\n').count() + 1, column })
}

/// Adds the position in the text to an error.
pub fn placed(file: &Utf8Path, text: &str, diagnostic: &Diagnostic) -> SpecError {
    let error = SpecError::new(file, diagnostic.message()).at(locate(text, &diagnostic.path(), diagnostic.part), text);
    match diagnostic.help(keys::full_name) {
        Some(help) => error.help(help),
        None => error,
    }
}

fn syntax(file: &Utf8Path, text: &str, error: &serde_yaml::Error) -> SpecError {
    let place = error.location().map(|at| SourcePosition { line: at.line(), column: at.column() });
    let full = error.to_string();
    let message = full.split(" at line ").next().unwrap_or(&full).to_owned();
    let line = place.and_then(|place| text.lines().nth(place.line - 1)).unwrap_or_default();
    let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
    if let (Some(tab), Some(place)) = (indent.find('\t'), place) {
        let place = SourcePosition { line: place.line, column: tab + 1 };
        return SpecError::new(file, "a tab in the indentation, which YAML forbids")
            .at(Some(place), text)
            .help("indent with spaces");
    }
    let help = if message.ends_with("appears twice") {
        "keep one of the two"
    } else if message.contains("more than one document") {
        "keep one document a file: no second `---`"
    } else if message.contains("mapping values are not allowed") {
        "check the indentation, and put text that contains `: ` in quotes"
    } else {
        "the file is not valid YAML; check brackets, quotes and indentation just before this place"
    };
    SpecError::new(file, message).at(place, text).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_bytes(bytes: &[u8]) -> Result<String, SpecError> {
        let folder = tempfile::tempdir().unwrap();
        let file = Utf8Path::from_path(folder.path()).unwrap().join("a.yaml");
        fs_err::write(&file, bytes).unwrap();
        read(&file)
    }

    #[test]
    fn deep_brackets_are_refused_with_their_place() {
        let file = Utf8Path::new("a.yaml");
        for (open, close) in [("[", "]"), ("{a: ", "}")] {
            let nested = |depth: usize| format!("a: 1\nb: {}1{}\n", open.repeat(depth), close.repeat(depth));
            let error = tree(file, &nested(100_000)).unwrap_err().to_string();
            assert!(error.contains("a.yaml:2:") && error.contains("256 brackets"), "{error}");
            assert!(tree(file, &nested(50)).is_ok());
        }
    }

    #[test]
    fn many_keys_are_read_and_a_second_one_is_found_among_them() {
        let keys = (0..100_000).map(|key| format!("k{key}: 1\n")).collect::<Vec<_>>().concat();
        assert!(matches!(tree("a.yaml".into(), &keys), Ok(Node::Map(entries)) if entries.len() == 100_000));
        let error = tree("a.yaml".into(), &(keys + "k7: 2\n")).unwrap_err().to_string();
        assert!(error.contains("`k7` appears twice"), "{error}");
    }

    #[test]
    fn marks_and_old_line_ends_are_read_and_utf16_is_named() {
        assert_eq!(read_bytes(b"\xef\xbb\xbfname: a\nseed: 1\n").unwrap(), "name: a\nseed: 1\n");
        assert_eq!(read_bytes(b"name: a\rseed: 1\r").unwrap(), "name: a\nseed: 1\n");
        assert_eq!(read_bytes(b"name: a\r\nseed: 1\r\n").unwrap(), "name: a\r\nseed: 1\r\n");
        for bytes in [b"\xff\xfen\0a\0".as_slice(), b"n\0a\0", b"\0n\0a"] {
            let why = read_bytes(bytes).unwrap_err().to_string();
            assert!(why.contains("the file is UTF-16"), "{why}");
        }
    }
}
