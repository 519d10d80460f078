//! `predict`: what a run's compact model says of texts.

use std::process::ExitCode;

use camino::Utf8PathBuf;
use clap::Args;
use sparsegate_runtime::model::Task;

use super::args::{Format, Global};
use super::compact_file::load;
use super::output::Output;
use super::{CliError, Exit};
use sparsegate_compact::Engine;

mod classes;
mod next;
mod texts;

use classes::Classes;
use next::Next;
use texts::Texts;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct PredictArgs {
    /// The run: its key or the beginning of it, its folder, EXPERIMENT:KEY=VALUE,... where that is one run, or the file of its
    /// compact model
    #[arg(value_name = "RUN")]
    run: String,
    /// Texts; without any, they are read from standard input, one a line
    #[arg(value_name = "TEXT")]
    texts: Vec<String>,
    /// A file of texts, one a line; `-` is standard input
    #[arg(long, value_name = "PATH", conflicts_with = "texts")]
    file: Option<Utf8PathBuf>,
    /// How to print: a table, or a JSON object a line
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,
    /// Say of each word by how much it speaks for the class
    #[arg(long)]
    explain: bool,
    /// How many next words a language model tells, 10 without it
    #[arg(long, value_name = "K")]
    top: Option<usize>,
}

/// What is said of each text.
trait Answer {
    /// The lines above a table.
    fn head(&self, bold: bool) -> String;

    /// What a table, or JSON lines, have of a text, `number` from 1.
    fn answer(&self, engine: &mut Engine<'_>, number: usize, text: &str, format: Format) -> Result<String, CliError>;
}

/// Prints the class of each text, or how it may go on.
///
/// # Errors
/// No such run, options that do not fit it (2); a run without a compact model, damaged files, texts that are none (4).
pub fn execute(global: &Global, args: &PredictArgs) -> Result<ExitCode, CliError> {
    let loaded = load(global, &args.run)?;
    let answer: Box<dyn Answer + '_> = match (loaded.model.task, args.explain, args.top) {
        (Task::Classification, _, Some(_)) => {
            return Err(unfit(&args.run, "classifies texts, and --top is for language models", "remove --top"));
        }
        (Task::LanguageModel, true, _) => {
            let problem = "is a language model, and --explain is for classifiers";
            return Err(unfit(&args.run, problem, "remove --explain"));
        }
        (Task::Classification, explain, _) => Box::new(Classes::new(&loaded, explain)),
        (Task::LanguageModel, _, top) => Box::new(Next::new(&loaded, top.unwrap_or(10))),
    };
    let mut engine =
        Engine::fast(&loaded.model).map_err(|error| CliError::data(format!("{}: {error}", loaded.path)))?;
    let mut texts = Texts::open(&args.texts, args.file.as_deref())?;
    let mut out = Output::lock();
    let mut number = 0;
    while let Some(text) = texts.next_text()? {
        number += 1;
        if number == 1 && args.format == Format::Table && !out.print(&answer.head(global.color_stdout()))? {
            break;
        }
        if !out.print(&answer.answer(&mut engine, number, text, args.format)?)? {
            break;
        }
    }
    Ok(Exit::Done.into())
}

fn unfit(run: &str, problem: &str, help: &str) -> CliError {
    CliError::new(Exit::Usage, format!("{run} {problem}")).help(help)
}
