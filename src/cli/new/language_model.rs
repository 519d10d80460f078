//! Proposes a manifest and an experiment for a plain text.

use camino::Utf8Path;

use super::manifest::{File, plain, text};
use super::task::{Proposal, Sources, read};
use super::{TaskArgs, experiment, preview};
use crate::cli::CliError;
use sparsegate_data::sniff::{self, Look};
use sparsegate_data::{Corpus, Parts};

/// Largest vocabularies that are proposed, of words and of characters.
const VOCABULARY: [usize; 2] = [10_000, 500];
/// Fewest occurrences of a word in the vocabulary: without rarer words `<unk>` would never occur in training.
const MIN_COUNT: u64 = 3;
/// Fewest training words for a word-level model.
const ENOUGH: usize = 50_000;
/// Largest ratio of distinct words to words for a word-level model.
const REPEAT: f64 = 0.2;

/// Proposes a word-level model if the text has enough repeated words, otherwise a character-level one.
pub(super) fn propose(
    args: &TaskArgs,
    sources: &Sources,
    target: &Utf8Path,
    look: &Look,
) -> Result<Proposal, CliError> {
    if let Some(option) = args.table_option() {
        let error = CliError::usage(format!("{option} is for tables of labelled texts"));
        return Err(error.help("remove it, or use --kind classification"));
    }
    let files = File::parts(&sources.train, sources.valid.as_deref(), sources.test.as_deref())?;
    let parts = sources.held_out();
    let about = format!("the text of {}", args.from.file_name().unwrap_or_default());
    let split = match parts.as_slice() {
        [] => "validation and test have files of their own",
        [_] => "one part has a file of its own; the other is cut off the end of the training text",
        _ => "the last tenth of the text: one half for validation, one for the test",
    };
    let manifest = |words, min_count, vocabulary| {
        text(&args.name, &about, &plain(words, min_count, vocabulary, look, &parts), &files, split)
    };
    let (by_word, _) = read(args, target, &manifest(true, None, None), &files).map_err(|error| {
        let short = files.iter().any(|file| file.bytes < 1000);
        if short { error.help("a language model needs some thousand symbols at least") } else { error }
    })?;
    let count = streams(&by_word)[0].len();
    let words = count >= ENOUGH && (by_word.vocabulary.len() as f64) < REPEAT * count as f64;
    let min_count = words.then_some(MIN_COUNT);
    let (mut corpus, _) = read(args, target, &manifest(words, min_count, None), &files)?;
    let symbols = corpus.vocabulary.len();
    let most = VOCABULARY[usize::from(!words)];
    let vocabulary = (symbols > most).then_some(most);
    if vocabulary.is_some() {
        (corpus, _) = read(args, target, &manifest(words, min_count, vocabulary), &files)?;
    }
    let [train, valid, test] = streams(&corpus);
    let unit = if words { "words" } else { "characters" };
    let found = vec![
        format!("format:  plain text; {count} words"),
        format!(
            "symbols: {unit}; {} for training, {} for validation, {} for the test",
            train.len(),
            valid.len(),
            test.len()
        ),
        format!(
            "         {symbols} distinct{}{}",
            min_count.map_or_else(String::new, |count| format!(" that occur at least {count} times")),
            vocabulary.map_or_else(String::new, |most| format!(", of which the {most} most frequent are kept"))
        ),
        format!(
            "unknown: {:.1} % of the symbols of validation and test",
            preview::unknown(&corpus, valid.iter().chain(test))
        ),
        preview::stream(&corpus, train),
    ];
    let shortest = valid.len().min(test.len());
    if shortest < 4 {
        let error = CliError::data(format!("{} is too short: {} {unit} for training", args.from, train.len()));
        return Err(error.help("a language model needs some thousand symbols at least"));
    }
    let task = experiment::language_model(&args.name, &about, train.len(), shortest, words);
    let experiment = experiment::experiment(&args.name, &about, "[dense, W, W+N, W+G+N]");
    let warnings = sniff::warnings(&sniff::lines(&sources.train, look)?);
    Ok(Proposal { manifest: manifest(words, min_count, vocabulary), task, experiment, files, found, warnings })
}

fn streams(corpus: &Corpus) -> [&[u32]; 3] {
    match &corpus.parts {
        Parts::Streams { train, valid, test } => [train, valid, test],
        Parts::Texts { .. } => [&[]; 3],
    }
}
