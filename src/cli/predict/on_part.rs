//! Predictions for the validation or test texts of the model's own data set, as CSV.

use clap::ValueEnum;

use crate::cli::args::Global;
use crate::cli::error::non_finite_error;
use crate::cli::output::Output;
use crate::cli::terminal_text::escaped;
use crate::cli::{CliError, Exit};
use sparsegate_compact::{CompactModel, Session, classify};
use sparsegate_data::{Corpus, Manifest, Parts, Texts};

/// A part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DataPart {
    /// The validation texts.
    Valid,
    /// The test texts.
    Test,
}

/// Prints `text,class,predicted,probability: CLASS,...`: a header, then a line for each text in the order of the data
/// set, numbered from 1.
///
/// # Errors
/// The data set is not the one that the model was trained on, or its files are missing or damaged (4); an output that
/// is not finite (4).
pub(super) fn print(
    global: &Global,
    loaded: &CompactModel,
    session: &mut Session<'_>,
    part: DataPart,
) -> Result<(), CliError> {
    let corpus = corpus(global, loaded)?;
    let texts = texts(&corpus, loaded, part)?;
    let classes = &loaded.details.classes;
    let mut out = Output::lock();
    let heads = ["text", "class", "predicted"].map(str::to_owned).into_iter();
    let head = heads.chain(classes.iter().map(|class| format!("probability: {class}")));
    if !out.print(&line(head))? {
        return Ok(());
    }
    for index in 0..texts.len() {
        let found = classify(session, texts.text(index)).map_err(non_finite_error(loaded))?;
        let names =
            [(index + 1).to_string(), classes[texts.label(index) as usize].clone(), classes[found.class].clone()];
        let cells = names.into_iter().chain(found.probabilities.iter().map(f64::to_string));
        if !out.print(&line(cells))? {
            break;
        }
    }
    Ok(())
}

/// The model's data set.
fn corpus(global: &Global, loaded: &CompactModel) -> Result<Corpus, CliError> {
    let manifest = Manifest::load(&global.root, &loaded.details.run.dataset).map_err(CliError::data)?;
    sparsegate_data::load(&global.root, &manifest, loaded.details.reading).map_err(CliError::data)
}

fn texts<'a>(corpus: &'a Corpus, loaded: &CompactModel, part: DataPart) -> Result<&'a Texts, CliError> {
    let other = |what: &str| {
        let problem = format!("the data set `{}` has changed since {} was made: {what}", corpus.name, loaded.path);
        CliError::new(Exit::Data, problem).help("train the run again with `sparsegate run`, or restore the data set")
    };
    let Parts::Texts { classes, valid, test, .. } = &corpus.parts else { return Err(other("it has no texts now")) };
    if *classes != loaded.details.classes {
        return Err(other("it has other classes"));
    }
    if corpus.vocabulary.len() != loaded.model.symbols.total as usize {
        return Err(other("it has another vocabulary"));
    }
    Ok(if part == DataPart::Valid { valid } else { test })
}

/// Cells as a line of CSV.
fn line(cells: impl Iterator<Item = String>) -> String {
    cells.map(|text| cell(&text)).collect::<Vec<_>>().join(",") + "\n"
}

/// A cell of CSV. Text that a spreadsheet would evaluate as a formula gets an apostrophe before it, and what would steer
/// a terminal is escaped.
fn cell(text: &str) -> String {
    let text = &escaped(text);
    let formula = text.len() > 1 && text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn names_of_classes_stay_one_cell_of_text() {
        let names = ["sport", "a, b", "say \"x\"", "=1+1", "-0.5", "\u{9b}2J"].map(cell);
        assert_eq!(names, ["sport", "\"a, b\"", "\"say \"\"x\"\"\"", "'=1+1", "-0.5", "\\u{9b}2J"]);
    }
}
