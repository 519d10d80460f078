//! Proposes a manifest and an experiment for a table of labelled texts.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::manifest::{File, Labelled, Table, text};
use super::task::{Proposal, Sources, read};
use super::{Answer, TaskArgs, experiment, preview};
use crate::cli::CliError;
use sparsegate_data::manifest::{Encoding, TableFormat, Tokens};
use sparsegate_data::sniff::{self, Choice, Look, Wanted};
use sparsegate_data::{Corpus, Parts, Texts};

/// Largest vocabulary that is proposed.
const WORDS: usize = 20_000;
/// Largest proposed limit on the symbols per text.
const LENGTH: usize = 400;
/// A class with fewer texts than this is small: a tenth of it held out at random may be none.
const SMALL: usize = 50;

/// With fewer training texts than this, sparse levels may trail.
const FEW: usize = 1_000;

/// What is known about labelled texts before they are read.
struct Input {
    /// The YAML of `from:`.
    from: String,
    about: String,
    split: String,
    files: Vec<File>,
    /// Parts that are held out.
    held_out: Vec<&'static str>,
    /// Some texts.
    texts: Vec<String>,
    /// Number of texts of the smallest class.
    smallest: usize,
    /// Lines that describe the files.
    found: Vec<String>,
    warnings: Vec<String>,
    /// What else an error may come from.
    help: Option<&'static str>,
}

/// A table's chosen columns, as a manifest writes them.
pub(super) struct Chosen {
    pub(super) from: String,
}

impl Chosen {
    /// A manifest that reads such tables, with a file that is not looked at.
    pub(super) fn probe(&self, name: &str, skip_unlabelled: bool) -> String {
        format!(
            "name: {name}\nabout: a table\nlicence: {{ name: unknown, redistribution: false, terms: not stated }}\nreader:\n  \
             labelled-texts:\n    from:\n      {}\n    tokens: blanks\n    skip_unlabelled: {skip_unlabelled}\n    hold_out: {{ seed: 0, valid: 0.1, test: 0.1 }}\n\
             files: {{ train: {{ path: probe, bytes: 1, sha256: '{:064}' }} }}\nsplit: none\n",
            self.from, 0
        )
    }
}

/// Chooses the columns of a table.
pub(super) fn choose(
    args: &TaskArgs,
    file: &Utf8Path,
    columns: &[Option<String>; 2],
    format: TableFormat,
    look: &Look,
) -> Result<(Chosen, Choice), CliError> {
    let separated = matches!(format, TableFormat::Csv | TableFormat::Tsv);
    if args.header.is_some() && !separated {
        let error = CliError::usage(format!("--header is for CSV and TSV; {file} is {}", format.name()));
        return Err(error.help("remove --header"));
    }
    let sample = sniff::sample(file, format, look)?;
    let header = args.header.map(|answer| answer == Answer::Yes);
    let wanted = Wanted { text: columns[0].as_deref(), label: columns[1].as_deref(), header };
    let choice = sniff::choose(file, &sample, wanted)?;
    let table = Table {
        format: format.name(),
        header: separated.then_some(choice.header),
        text: &choice.text,
        label: &choice.label,
        look,
    };
    Ok((Chosen { from: table.yaml() }, choice))
}

/// Proposes a manifest and an experiment for tables.
pub(super) fn of_table(
    args: &TaskArgs,
    sources: &Sources,
    target: &Utf8Path,
    format: TableFormat,
    look: &Look,
) -> Result<Proposal, CliError> {
    let (chosen, choice) = choose(args, &sources.train, &sources.columns, format, look)?;
    let held_out = sources.held_out();
    let split = match held_out.as_slice() {
        [] => "validation and test have files of their own",
        [_] => "one part has a file of its own; a tenth for the other is drawn by seed",
        _ => "a tenth each for validation and test, drawn by seed",
    };
    let warning =
        |label| format!("only the first row has the label `{label}`: if it names the columns, give --header yes");
    let help = choice.lonely.is_some().then_some("or give --header yes, if the first row names the columns");
    let input = Input {
        from: chosen.from,
        about: format!("{} by {}, from {}", choice.text, choice.label, args.from.file_name().unwrap_or_default()),
        split: split.to_owned(),
        files: File::parts(&sources.train, sources.valid.as_deref(), sources.test.as_deref())?,
        held_out,
        smallest: choice.classes.values().min().copied().unwrap_or(0),
        found: columns(&choice, format, look),
        warnings: choice.lonely.as_ref().map(warning).into_iter().collect(),
        texts: choice.texts,
        help,
    };
    propose(args, target, input)
}

/// Proposes a manifest and an experiment for an archive of class folders, made from a folder.
pub(super) fn of_folders(
    args: &TaskArgs,
    target: &Utf8Path,
    archive: &Utf8Path,
    parts: &[Option<String>; 3],
) -> Result<Proposal, CliError> {
    let named = ["train", "valid", "test"];
    let folders: Vec<String> = named
        .iter()
        .zip(parts)
        .filter(|(part, folder)| folder.is_some() || **part == "train")
        .map(|(part, _)| format!("{part}: {part}"))
        .collect();
    let held_out: Vec<&str> =
        named.into_iter().zip(parts).skip(1).filter(|(_, folder)| folder.is_none()).map(|(part, _)| part).collect();
    let (texts, smallest) = sniff::class_folders(&args.from, parts, args.encoding)?;
    let input = Input {
        from: format!("folders: {{ {} }}", folders.join(", ")),
        about: format!("texts of the folder {}, a class a subfolder", args.from.file_name().unwrap_or_default()),
        split: "by folder; what has none, a tenth each, drawn by seed".to_owned(),
        files: vec![File::of(archive, "archive")?],
        held_out,
        texts,
        smallest,
        found: vec![format!("format:  folders of texts, packed into {}", archive.file_name().unwrap_or_default())],
        warnings: Vec::new(),
        help: None,
    };
    propose(args, target, input)
}

fn propose(args: &TaskArgs, target: &Utf8Path, input: Input) -> Result<Proposal, CliError> {
    let Input { from, about, split, files, held_out, texts, smallest, mut found, mut warnings, help } = input;
    let guess = sniff::tokens(&texts);
    warnings.extend(sniff::warnings(&texts));
    warnings.extend(guess.reason.clone());
    let manifest = |words, length| {
        let (tokens, stratified, hold_out) = (&guess.tokens, smallest < SMALL, &held_out);
        let skip_unlabelled = args.skip_unlabelled;
        let reader = Labelled { from: &from, tokens, words, length, hold_out, stratified, skip_unlabelled }.reader();
        text(&args.name, &about, &reader, &files, &split)
    };
    let helped = |error: CliError| match help {
        Some(help) => error.help(help),
        None => error,
    };
    let (mut corpus, survey) = read(args, target, &manifest(None, None), &files).map_err(helped)?;
    let [median, most, longest] = preview::lengths(labelled(&corpus)?.1);
    let nearly_all = most.min(LENGTH);
    let symbols = corpus.vocabulary.len();
    let words = (symbols > WORDS).then_some(WORDS);
    let length = (longest > nearly_all).then_some(nearly_all);
    if words.is_some() || length.is_some() {
        (corpus, _) = read(args, target, &manifest(words, length), &files)?;
    }
    let (classes, train, valid, test) = labelled(&corpus)?;
    found.push(format!(
        "texts:   {} for training, {} for validation, {} for the test; {} classes: {}",
        train.len(),
        valid.len(),
        test.len(),
        classes.len(),
        preview::classes(classes, &[train, valid, test])
    ));
    let unlabelled = survey.map_or(0, |survey| survey.unlabelled_texts);
    if unlabelled > 0 {
        found.push(format!("         {unlabelled} without a label are left out"));
    }
    warnings.extend(same_but_for_case(classes));
    let unit = if guess.tokens == Tokens::Characters { "letters: " } else { "words:   " };
    found.push(format!(
        "{unit}{} distinct{}; texts have {median} in the median, {most} in 95 % of them, at most {longest}{}",
        symbols - 1,
        words.map_or_else(String::new, |words| format!(", of which the {words} most frequent are kept")),
        length.map_or_else(String::new, |length| format!(", of which the first {length} are kept")),
    ));
    let evaluated = [valid, test];
    let ids = evaluated.iter().flat_map(|texts| (0..texts.len()).flat_map(|index| texts.text(index)));
    found.push(format!("unknown: {:.1} % of the symbols of validation and test", preview::unknown(&corpus, ids)));
    found.extend(preview::texts(&corpus, train, classes));
    if train.len() < FEW {
        warnings.push(format!(
            "few texts ({}): sparse levels may be some points of accuracy behind dense; pretrained vectors help most \
             (docs/small-data.md)",
            train.len()
        ));
    }
    let task = experiment::classifier(&args.name, &about, train.len());
    let experiment = experiment::experiment(&args.name, &about, "[dense, W, W+Voc, W+N, W+G+N]");
    let manifest = manifest(words, length);
    Ok(Proposal { manifest, task, experiment, files, found, warnings })
}

/// Classes and parts of labelled texts.
fn labelled(corpus: &Corpus) -> Result<(&[String], &Texts, &Texts, &Texts), CliError> {
    match &corpus.parts {
        Parts::Texts { classes, train, valid, test } => Ok((classes, train, valid, test)),
        Parts::Streams { .. } => Err(CliError::failed("the reader of labelled texts gave a stream, which is a bug")),
    }
}

/// Warning about the first two classes whose names differ only in upper and lower case.
fn same_but_for_case(classes: &[String]) -> Option<String> {
    let mut seen: BTreeMap<String, &String> = BTreeMap::new();
    classes.iter().find_map(|class| {
        let other = seen.insert(class.to_lowercase(), class)?;
        Some(format!("the classes `{other}` and `{class}` differ only in upper and lower case; are they one?"))
    })
}

fn columns(choice: &Choice, format: TableFormat, look: &Look) -> Vec<String> {
    let mut how = vec![format.name().to_owned()];
    how.extend(look.separator.map(|separator| format!("separated by `{separator}`")));
    how.extend(look.quotes.filter(|quotes| *quotes).map(|_| "values in quotes".to_owned()));
    how.extend(look.escape.map(|_| "quotes escaped by a backslash".to_owned()));
    how.extend(look.encoding.map(Encoding::name));
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
