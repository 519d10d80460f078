//! Rendering of a spec error with its source line.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity, SourceCode, SourceSpan,
};

use super::output::readable;
use super::terminal_text::escaped;
use sparsegate_spec::{SourcePosition, SpecError};

/// The error as text: `error: file:line:column: message`, the source line and the hint.
pub fn render(error: &SpecError, color: bool) -> String {
    let snippet = Snippet::new(error);
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut body = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_context_lines(1).with_links(false);
    if handler.render_report(&mut body, &snippet).is_err() {
        body = error.hint().map_or_else(String::new, |hint| format!("  help: {}\n", readable(hint)));
    }
    // miette prints a wrapped copy of the message above the source line. It is dropped, since the first line has it
    // in full.
    let below = |line: &&str| line.trim_start().starts_with(['╭', '\x1b']) || line.trim_start().starts_with("help:");
    let rest: String = body.split_inclusive('\n').skip_while(|line| !below(line)).collect();
    format!("error: {}\n{rest}", readable(&error.to_string()))
}

#[derive(Debug)]
struct Snippet {
    message: String,
    help: Option<String>,
    source: Option<(NamedSource<String>, SourceSpan)>,
}

impl Snippet {
    fn new(error: &SpecError) -> Self {
        let source = error.position().zip(error.text()).filter(|(place, text)| can_be_shown(text, *place));
        let source = source.map(|(place, text)| {
            let span = span(text, place);
            (NamedSource::new(error.file().as_str(), text.to_owned()), span)
        });
        Self { message: readable(error.message()), help: error.hint().map(readable), source }
    }
}

/// Whether the line at a position, the one before and the one after can be shown: none is very long, which miette cannot
/// draw, and none has characters that would steer the terminal.
fn can_be_shown(text: &str, place: SourcePosition) -> bool {
    const LONGEST: usize = 1000;
    let mut lines = text.lines().skip(place.line.saturating_sub(2)).take(3);
    lines.all(|line| line.len() <= LONGEST && escaped(line) == *line)
}

/// Byte span of the word at a position, at least one byte long.
fn span(text: &str, place: SourcePosition) -> SourceSpan {
    let before: usize = text.split_inclusive('\n').take(place.line - 1).map(str::len).sum();
    let line = text[before..].lines().next().unwrap_or_default();
    let start: usize = line.chars().take(place.column - 1).map(char::len_utf8).sum();
    let word = line[start..].find([':', ',', ' ', ']', '}']).unwrap_or(line.len() - start);
    SourceSpan::from((before + start, word.max(1).min((text.len() - before - start).max(1))))
}

impl fmt::Display for Snippet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Snippet {}

impl Diagnostic for Snippet {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|(source, _)| source as &dyn SourceCode)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, span) = self.source.as_ref()?;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(Some("here".to_owned()), *span))))
    }
}
