//! `data show`: statistics of a data set.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::OutputFormat;
use crate::cli::args::Global;
use crate::cli::output;
use crate::cli::terminal_text;
use crate::cli::{CliError, Exit};
use sparsegate_data::{Corpus, Manifest, Parts, ReadText, Survey, Texts};
use sparsegate_spec::types::Reading;

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The data set, by the name of its manifest
    #[arg(value_name = "NAME")]
    name: String,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: OutputFormat,
    /// Show one labelled text as it is read, by its number in its part from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    text: Option<u64>,
    /// The part of the text
    #[arg(long, value_name = "PART", default_value = "train", requires = "text")]
    part: PartArg,
}

/// A part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PartArg {
    /// Training.
    Train,
    /// Validation.
    Valid,
    /// Test.
    Test,
}

/// One text, as shown with `--text`.
#[derive(Debug, Serialize)]
struct OneText {
    from: String,
    label: String,
    symbols: Vec<String>,
    ids: Vec<u32>,
}

#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    reader: &'static str,
    /// Number of symbols with an id.
    vocabulary: usize,
    parts: Vec<Part>,
    /// Names of the classes by label number; labelled texts only.
    #[serde(skip_serializing_if = "Option::is_none")]
    classes: Option<Vec<String>>,
    /// Word statistics of the training file, before the manifest's limits; labelled texts only.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<Survey>,
}

#[derive(Debug, Serialize)]
struct Part {
    name: &'static str,
    symbols: usize,
    /// Text statistics; labelled texts only.
    #[serde(skip_serializing_if = "Option::is_none")]
    texts: Option<PartTexts>,
}

#[derive(Debug, Serialize)]
struct PartTexts {
    texts: usize,
    mean_length: f64,
    longest: usize,
    /// Number of texts per class.
    by_class: Vec<usize>,
}

/// Prints the statistics of a data set, read with the default settings of its manifest.
///
/// # Errors
/// The data set cannot be loaded.
pub(super) fn execute(global: &Global, args: &ShowArgs) -> Result<ExitCode, CliError> {
    let manifest = Manifest::load(&global.root, &args.name)?;
    if let Some(number) = args.text {
        return one_text(global, args, &manifest, number);
    }
    let (corpus, words) = sparsegate_data::survey(&global.root, &manifest, Reading::default())?;
    let shown = shown(&manifest, &corpus, words);
    match args.format {
        OutputFormat::Json => output::print(&output::json(&shown)?)?,
        OutputFormat::Table => output::print(&terminal_text::escaped(&table(&shown)))?,
    }
    Ok(Exit::Done.into())
}

/// Prints one text as it is read.
fn one_text(global: &Global, args: &ShowArgs, manifest: &Manifest, number: u64) -> Result<ExitCode, CliError> {
    let part = args.part as usize;
    let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
    let text = sparsegate_data::read_text(&global.root, manifest, part, index)?.map_err(|texts| {
        let error =
            CliError::usage(format!("{} has {texts} texts in this part, so there is no text {number}", manifest.name));
        error.help("see --part train, valid or test")
    })?;
    let ReadText { ids, symbols, class, place } = text;
    let shown = OneText { from: place, label: class, symbols, ids };
    match args.format {
        OutputFormat::Json => output::print(&output::json(&shown)?)?,
        OutputFormat::Table => {
            let ids: Vec<String> = shown.ids.iter().map(ToString::to_string).collect();
            let OneText { from, label, symbols, .. } = &shown;
            output::print(&terminal_text::escaped(&format!(
                "from     {from}\nlabel    {label}\nsymbols  {}\nids      {}\n",
                symbols.join(" "),
                ids.join(" ")
            )))?;
        }
    }
    Ok(Exit::Done.into())
}

fn shown(manifest: &Manifest, corpus: &Corpus, words: Option<Survey>) -> Shown {
    let (parts, classes) = match &corpus.parts {
        Parts::Streams { train, valid, test } => {
            let part = |name, stream: &Vec<u32>| Part { name, symbols: stream.len(), texts: None };
            (vec![part("train", train), part("valid", valid), part("test", test)], None)
        }
        Parts::Texts { classes, train, valid, test } => {
            let part = |name, texts| labelled(name, texts, classes.len());
            (vec![part("train", train), part("valid", valid), part("test", test)], Some(classes.clone()))
        }
    };
    let (name, reader) = (corpus.name.clone(), manifest.reader.key());
    Shown { name, reader, vocabulary: corpus.vocabulary.len(), parts, classes, words }
}

fn labelled(name: &'static str, texts: &Texts, classes: usize) -> Part {
    let lengths = || (0..texts.len()).map(|text| texts.text(text).len());
    let symbols: usize = lengths().sum();
    let mut by_class = vec![0; classes];
    texts.labels().iter().for_each(|&label| by_class[label as usize] += 1);
    let mean_length = symbols as f64 / texts.len().max(1) as f64;
    let longest = lengths().max().unwrap_or(0);
    Part { name, symbols, texts: Some(PartTexts { texts: texts.len(), mean_length, longest, by_class }) }
}

fn table(shown: &Shown) -> String {
    let mut lines = vec![format!("{} ({}): vocabulary {}", shown.name, shown.reader, shown.vocabulary)];
    for Part { name, symbols, texts } in &shown.parts {
        let Some(texts) = texts else {
            lines.push(format!("  {name:5}  {symbols} symbols"));
            continue;
        };
        let counts = shown.classes.iter().flatten().zip(&texts.by_class);
        let classes: Vec<String> = counts.map(|(class, count)| format!("{class} {count}")).collect();
        lines.push(format!(
            "  {name:5}  {} texts ({}), {:.1} symbols on average, at most {}",
            texts.texts,
            classes.join(", "),
            texts.mean_length,
            texts.longest
        ));
    }
    if let Some(words) = &shown.words {
        lines.push(format!(
            "  words of the training texts: {} distinct, {} in more than one text; {:.1} a text",
            words.words, words.words_in_several_texts, words.mean_words
        ));
        if words.empty_texts > 0 {
            lines.push(format!("  texts without a word, read as `<unk>`: {}", words.empty_texts));
        }
    }
    lines.join("\n") + "\n"
}
