//! `new task`: writes a data set manifest and an experiment for a file of texts.

use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};

use super::manifest::{File, Table, labelled, plain, text};
use super::{Cached, Kind, TaskArgs, check, experiment, write};
use crate::cli::args::Global;
use crate::cli::output;
use crate::cli::{CliError, Exit};
use sparsegate_data::manifest::{Manifest, TableFormat};
use sparsegate_data::sniff::{self, Choice, Format};
use sparsegate_data::{Corpus, DataError, Parts, Texts};
use sparsegate_spec::types::Reading;

/// Largest vocabulary that is proposed.
const WORDS: usize = 20_000;
/// Largest proposed limit on the symbols per text.
const LENGTH: usize = 400;

/// The contents of the two files to write, and lines that describe the data.
struct Proposal {
    manifest: String,
    experiment: String,
    found: Vec<String>,
}

pub(super) fn execute(global: &Global, args: &TaskArgs) -> Result<ExitCode, CliError> {
    let name = &args.name;
    let manifest = Manifest::folder(&global.root).join(format!("{name}.yaml"));
    let spec = global.root.join("experiments").join(format!("{name}.yaml"));
    check(name, &args.from, &[&manifest, &spec], args.force)?;
    let format = sniff::format(&args.from)?;
    let (proposal, cached) = match (args.kind, format) {
        (Kind::Classification, Format::Table(format)) => classification(global, args, &manifest, format)?,
        (Kind::LanguageModel, Format::Text) => language_model(global, args, &manifest)?,
        (Kind::Classification, Format::Text) => {
            let error = CliError::usage(format!("{} does not look like a table of texts with labels", args.from));
            return Err(error.help("give it the ending .csv, .tsv, .jsonl or .parquet, or use --kind language-model"));
        }
        (Kind::LanguageModel, Format::Table(format)) => {
            let error = CliError::usage(format!("{} is a table ({}), not plain text", args.from, format.name()));
            return Err(error.help("use --kind classification, or write the texts into a .txt file"));
        }
    };
    write(&manifest, &proposal.manifest)?;
    write(&spec, &proposal.experiment)?;
    cached.keep();
    let found = proposal.found.join("\n");
    output::print(&format!("{found}\nwritten: {manifest}, {spec}\nnext:    sparsegate run {spec} --report\n"))?;
    Ok(Exit::Done.into())
}

/// Imports the file into the cache and reads it with a manifest given as text.
fn read(global: &Global, file: &Utf8Path, text: &str, from: &Utf8PathBuf) -> Result<(Corpus, Cached), CliError> {
    let manifest = Manifest::from_text(file, text)?;
    let cached = Cached::import(global, &manifest, from)?;
    // On an error the cached copy is removed, so the message has to name the user's own file.
    let own = |error: DataError| CliError::data(error.to_string().replace(cached.path.as_str(), from.as_str()));
    let corpus = sparsegate_data::load(&global.root, &manifest, Reading::default()).map_err(own)?;
    Ok((corpus, cached))
}

fn classification(
    global: &Global,
    args: &TaskArgs,
    target: &Utf8Path,
    format: TableFormat,
) -> Result<(Proposal, Cached), CliError> {
    let sample = sniff::sample(&args.from, format)?;
    let choice = sniff::choose(&args.from, &sample, args.text.as_deref(), args.label.as_deref())?;
    let table = Table {
        format: format.name(),
        header_key: matches!(format, TableFormat::Csv | TableFormat::Tsv),
        header: choice.header,
        text: &choice.text,
        label: &choice.label,
    };
    let file = File::of(&args.from, "train")?;
    let about = format!("{} by {}, from {}", choice.text, choice.label, args.from.file_name().unwrap_or_default());
    let split = "a tenth each for validation and test, drawn by seed";
    let manifest = |words, length| text(&args.name, &about, &labelled(&table, words, length), &file, split);

    let (corpus, cached) = read(global, target, &manifest(None, None), &args.from)?;
    let Parts::Texts { classes, train, valid, test } = &corpus.parts else { unreachable!("the reader gives texts") };
    let mut lengths: Vec<usize> = (0..train.len()).map(|index| train.text(index).len()).collect();
    lengths.sort_unstable();
    let nearly_all = lengths[(lengths.len() - 1) * 19 / 20].min(LENGTH);
    let longest = lengths.last().copied().unwrap_or_default();
    let words = (corpus.vocabulary.len() > WORDS).then_some(WORDS);
    let length = (longest > nearly_all).then_some(nearly_all);
    let mut found = columns(&choice, format);
    found.push(format!(
        "texts:   {} for training, {} for validation, {} for the test; {} classes: {}",
        train.len(),
        valid.len(),
        test.len(),
        classes.len(),
        share(classes, train)
    ));
    found.push(format!(
        "words:   {} distinct{}; texts have up to {longest}{}",
        corpus.vocabulary.len() - 1,
        words.map_or_else(String::new, |words| format!(", of which the {words} most frequent are kept")),
        length.map_or_else(String::new, |length| format!(", of which the first {length} are kept")),
    ));
    let experiment = experiment::classifier(&args.name, &about, train.len());
    Ok((Proposal { manifest: manifest(words, length), experiment, found }, cached))
}

fn columns(choice: &Choice, format: TableFormat) -> Vec<String> {
    let header = match format {
        TableFormat::Csv | TableFormat::Tsv if choice.header => ", the first row names the columns",
        TableFormat::Csv | TableFormat::Tsv => ", without a header",
        TableFormat::Jsonl | TableFormat::Parquet => "",
    };
    let list: Vec<String> = choice.columns.iter().map(ToString::to_string).collect();
    vec![
        format!("format:  {}{header}; columns {}", format.name(), list.join(", ")),
        format!("text:    {} (change it with --text)", choice.text),
        format!("label:   {} (change it with --label)", choice.label),
    ]
}

/// The classes with their fractions of the texts.
fn share(classes: &[String], texts: &Texts) -> String {
    let mut counts = vec![0usize; classes.len()];
    texts.labels().iter().for_each(|&label| counts[label as usize] += 1);
    let shown = 10;
    let mut list: Vec<String> = classes
        .iter()
        .zip(counts)
        .take(shown)
        .map(|(class, count)| format!("{class} {:.0} %", 100.0 * count as f64 / texts.len() as f64))
        .collect();
    if classes.len() > shown {
        list.push(format!("and {} more", classes.len() - shown));
    }
    list.join(", ")
}

/// Proposes a word-level model if the text has enough repeated words, otherwise a character-level one.
fn language_model(global: &Global, args: &TaskArgs, target: &Utf8Path) -> Result<(Proposal, Cached), CliError> {
    /// Fewest training words for a word-level model.
    const ENOUGH: usize = 50_000;
    /// Largest ratio of distinct words to words for a word-level model.
    const REPEAT: f64 = 0.2;
    let file = File::of(&args.from, "train")?;
    let about = format!("the text of {}", args.from.file_name().unwrap_or_default());
    let split = "the last tenth of the text: one half for validation, one for the test";
    let manifest = |words, vocabulary| text(&args.name, &about, &plain(words, vocabulary), &file, split);
    let (by_word, cached) = read(global, target, &manifest(true, None), &args.from)?;
    let streams = |corpus: &Corpus| match &corpus.parts {
        Parts::Streams { train, valid, test } => [train.len(), valid.len(), test.len()],
        Parts::Texts { .. } => [0; 3],
    };
    let [count, ..] = streams(&by_word);
    let words = count >= ENOUGH && (by_word.vocabulary.len() as f64) < REPEAT * count as f64;
    let corpus = if words {
        by_word
    } else {
        let by_character = Manifest::from_text(target, &manifest(false, None))?;
        sparsegate_data::load(&global.root, &by_character, Reading::default())?
    };
    let [train, valid, test] = streams(&corpus);
    let most = if words { WORDS / 2 } else { 500 };
    let vocabulary = (corpus.vocabulary.len() > most).then_some(most);
    let unit = if words { "words" } else { "characters" };
    let found = vec![
        format!("format:  plain text; {count} words"),
        format!("symbols: {unit}; {train} for training, {valid} for validation, {test} for the test"),
        format!(
            "         {} distinct{}",
            corpus.vocabulary.len(),
            vocabulary.map_or_else(String::new, |most| format!(", of which the {most} most frequent are kept"))
        ),
    ];
    if valid.min(test) < 4 {
        let error = CliError::data(format!("{} is too short: {train} {unit} for training", args.from));
        return Err(error.help("a language model needs some thousand symbols at least"));
    }
    let experiment = experiment::language_model(&args.name, &about, train, valid.min(test), words);
    Ok((Proposal { manifest: manifest(words, vocabulary), experiment, found }, cached))
}
