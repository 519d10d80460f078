//! `predict`: classifies or continues texts with a run's compact model.

use std::process::ExitCode;

use camino::Utf8PathBuf;
use clap::Args;
use sparsegate_runtime::model::Task;

use super::args::{Global, OutputFormat};
use super::note_constant_answer;
use super::output::Output;
use super::{CliError, Exit};
use sparsegate_compact::{CompactModel, Session, find_model};

mod classes;
mod next;
mod on_part;
mod texts;

use classes::ClassPredictions;
use next::NextSymbols;
use on_part::DataPart;
use texts::InputTexts;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct PredictArgs {
    /// The run: its key or a prefix of it, its folder, EXPERIMENT:KEY=VALUE,... if that matches one run, or the file of
    /// its compact model
    #[arg(value_name = "RUN")]
    run: String,
    /// Texts [default: read from standard input, one per line]
    #[arg(value_name = "TEXT")]
    texts: Vec<String>,
    /// A file of texts, one per line; `-` is standard input
    #[arg(long, value_name = "PATH", conflicts_with = "texts")]
    file: Option<Utf8PathBuf>,
    /// Classify the texts of this part of the model's data set, and print the predictions as CSV
    #[arg(long, value_enum, value_name = "PART", conflicts_with_all = ["texts", "file", "format", "explain", "top"])]
    on: Option<DataPart>,
    /// Output format: a table, or one JSON object per line
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: OutputFormat,
    /// Show how much each word contributes to the predicted class
    #[arg(long)]
    explain: bool,
    /// Round the weights to 8-bit integers first
    #[arg(long)]
    int8: bool,
    /// Number of next words to show for a language model [default: 10]
    #[arg(long, value_name = "K")]
    top: Option<usize>,
}

/// Formats the prediction for each text.
trait PredictionFormat {
    /// The header of a table.
    fn head(&self, bold: bool) -> String;

    /// The lines for one text; `number` counts texts from 1.
    fn answer(
        &self,
        session: &mut Session<'_>,
        number: usize,
        text: &str,
        format: OutputFormat,
    ) -> Result<String, CliError>;
}

/// Prints the class of each text or, with a language model, its most probable next words.
///
/// # Errors
/// No such run, or options that do not apply to it (2); a run without a compact model, damaged files, or input that is
/// not text (4).
pub fn execute(global: &Global, args: &PredictArgs) -> Result<ExitCode, CliError> {
    let loaded = find_model(&global.root, &args.run)?.with_int8(args.int8).load()?;
    if let Some(part) = args.on {
        if loaded.model.task == Task::LanguageModel {
            return Err(unfit(&args.run, "is a language model; --on is for classifiers", "remove --on"));
        }
        note_constant_answer(global, &loaded.model, Some(&loaded.details));
        let mut session = session_of(&loaded)?;
        on_part::print(global, &loaded, &mut session, part)?;
        return Ok(Exit::Done.into());
    }
    let answer: Box<dyn PredictionFormat + '_> = match (loaded.model.task, args.explain, args.top) {
        (Task::Classification, _, Some(_)) => {
            return Err(unfit(&args.run, "is a classifier; --top is for language models", "remove --top"));
        }
        (Task::LanguageModel, true, _) => {
            let problem = "is a language model; --explain is for classifiers";
            return Err(unfit(&args.run, problem, "remove --explain"));
        }
        (Task::Classification, explain, _) => Box::new(ClassPredictions::new(&loaded, explain)),
        (Task::LanguageModel, _, top) => Box::new(NextSymbols::new(&loaded, top.unwrap_or(10))),
    };
    note_constant_answer(global, &loaded.model, Some(&loaded.details));
    let mut session = session_of(&loaded)?;
    let mut texts = InputTexts::open(&args.texts, args.file.as_deref())?;
    let mut out = Output::lock();
    let mut number = 0;
    while let Some(text) = texts.next_text()? {
        number += 1;
        if number == 1 && args.format == OutputFormat::Table && !out.print(&answer.head(global.color_stdout()))? {
            break;
        }
        if !out.print(&answer.answer(&mut session, number, text, args.format)?)? {
            break;
        }
    }
    Ok(Exit::Done.into())
}

fn session_of(loaded: &CompactModel) -> Result<Session<'_>, CliError> {
    Session::fast(&loaded.model).map_err(|error| CliError::data(format!("{}: {error}", loaded.path)))
}

fn unfit(run: &str, problem: &str, help: &str) -> CliError {
    CliError::new(Exit::Usage, format!("{run} {problem}")).help(help)
}
