//! Proposes a manifest and an experiment for a table of labelled texts.

use camino::Utf8Path;

use super::manifest::{File, Labelled, Table, text};
use super::task::{Proposal, held_out, read};
use super::{Answer, TaskArgs, experiment, preview};
use crate::cli::CliError;
use sparsegate_data::manifest::{TableFormat, Tokens};
use sparsegate_data::sniff::{self, Choice, Look, Wanted};
use sparsegate_data::{Corpus, Parts, Texts};

/// Largest vocabulary that is proposed.
const WORDS: usize = 20_000;
/// Largest proposed limit on the symbols per text.
const LENGTH: usize = 400;
/// A class with fewer texts than this is small: a tenth of it held out at random may be none.
const SMALL: usize = 50;

pub(super) fn propose(
    args: &TaskArgs,
    target: &Utf8Path,
    format: TableFormat,
    look: Look,
) -> Result<Proposal, CliError> {
    let separated = matches!(format, TableFormat::Csv | TableFormat::Tsv);
    if args.header.is_some() && !separated {
        let error = CliError::usage(format!("--header is for CSV and TSV; {} is {}", args.from, format.name()));
        return Err(error.help("remove --header"));
    }
    let sample = sniff::sample(&args.from, format, &look)?;
    let header = args.header.map(|answer| answer == Answer::Yes);
    let wanted = Wanted { text: args.text.as_deref(), label: args.label.as_deref(), header };
    let choice = sniff::choose(&args.from, &sample, wanted)?;
    let guess = sniff::tokens(&choice.texts);
    let mut warnings = sniff::warnings(&choice.texts);
    warnings.extend(guess.reason.clone());
    let lonely = choice
        .lonely
        .as_ref()
        .map(|label| format!("only the first row has the label `{label}`: if it names the columns, give --header yes"));
    warnings.extend(lonely);
    let files = File::parts(&args.from, args.valid.as_deref(), args.test.as_deref())?;
    let parts = held_out(args);
    let about = format!("{} by {}, from {}", choice.text, choice.label, args.from.file_name().unwrap_or_default());
    let split = match parts.as_slice() {
        [] => "validation and test have files of their own",
        [_] => "one part has a file of its own; a tenth for the other is drawn by seed",
        _ => "a tenth each for validation and test, drawn by seed",
    };
    let smallest = choice.classes.values().min().copied().unwrap_or(0);
    let table = Table {
        format: format.name(),
        header: separated.then_some(choice.header),
        text: &choice.text,
        label: &choice.label,
        look: &look,
    };
    let manifest = |words, length| {
        let (tokens, stratified) = (&guess.tokens, smallest < SMALL);
        let reader = Labelled { table, tokens, words, length, hold_out: &parts, stratified }.reader();
        text(&args.name, &about, &reader, &files, split)
    };

    let mut corpus = read(target, &manifest(None, None), &files).map_err(|error| {
        if choice.lonely.is_some() {
            error.help("or give --header yes, if the first row names the columns")
        } else {
            error
        }
    })?;
    let [_, nearly_all, longest] = preview::lengths(labelled(&corpus)?.1);
    let nearly_all = nearly_all.min(LENGTH);
    let symbols = corpus.vocabulary.len();
    let words = (symbols > WORDS).then_some(WORDS);
    let length = (longest > nearly_all).then_some(nearly_all);
    let [median, most, _] = preview::lengths(labelled(&corpus)?.1);
    if words.is_some() || length.is_some() {
        corpus = read(target, &manifest(words, length), &files)?;
    }
    let (classes, train, valid, test) = labelled(&corpus)?;
    let mut found = columns(&choice, format, &look);
    found.push(format!(
        "texts:   {} for training, {} for validation, {} for the test; {} classes: {}",
        train.len(),
        valid.len(),
        test.len(),
        classes.len(),
        preview::classes(classes, &[train, valid, test])
    ));
    let unit = if guess.tokens == Tokens::Characters { "characters" } else { "words" };
    found.push(format!(
        "{unit}:{} {} distinct{}; texts have {median} in the median, {most} in 95 % of them, at most {longest}{}",
        " ".repeat(8usize.saturating_sub(unit.len() + 1)),
        symbols - 1,
        words.map_or_else(String::new, |words| format!(", of which the {words} most frequent are kept")),
        length.map_or_else(String::new, |length| format!(", of which the first {length} are kept")),
    ));
    let evaluated = [valid, test];
    let ids = evaluated.iter().flat_map(|texts| (0..texts.len()).flat_map(|index| texts.text(index)));
    found.push(format!("unknown: {:.1} % of the symbols of validation and test", preview::unknown(&corpus, ids)));
    found.extend(preview::texts(&corpus, train, classes));
    let experiment = experiment::classifier(&args.name, &about, train.len());
    Ok(Proposal { manifest: manifest(words, length), experiment, files, found, warnings })
}

/// Classes and parts of labelled texts.
fn labelled(corpus: &Corpus) -> Result<(&[String], &Texts, &Texts, &Texts), CliError> {
    match &corpus.parts {
        Parts::Texts { classes, train, valid, test } => Ok((classes, train, valid, test)),
        Parts::Streams { .. } => Err(CliError::failed("the reader of labelled texts gave a stream, which is a bug")),
    }
}

fn columns(choice: &Choice, format: TableFormat, look: &Look) -> Vec<String> {
    let mut how = vec![format.name().to_owned()];
    how.extend(look.separator.map(|separator| format!("separated by `{separator}`")));
    how.extend(look.quotes.filter(|quotes| *quotes).map(|_| "values in quotes".to_owned()));
    how.extend(look.escape.map(|_| "quotes escaped by a backslash".to_owned()));
    how.extend(look.encoding.map(|encoding| encoding.name()));
    how.extend(look.newlines.map(|_| "lines end in carriage returns".to_owned()));
    if matches!(format, TableFormat::Csv | TableFormat::Tsv) {
        how.push(if choice.header { "the first row names the columns" } else { "without a header" }.to_owned());
    }
    let list: Vec<String> = choice.columns.iter().map(ToString::to_string).collect();
    vec![
        format!("format:  {}; columns {}", how.join(", "), list.join(", ")),
        format!("text:    {} (change it with --text)", choice.text),
        format!("label:   {} (change it with --label)", choice.label),
    ]
}
