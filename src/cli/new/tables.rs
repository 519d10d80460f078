//! Tables that are written in different ways: each is read by its own rules, and all are joined into JSON lines.

use camino::{Utf8Path, Utf8PathBuf};

use super::classification::{self, Chosen};
use super::task::{Proposal, Sources, propose};
use super::{Kind, TaskArgs};
use crate::cli::CliError;
use sparsegate_data::join_tables;
use sparsegate_data::manifest::{Column, LabelledTexts, Manifest, Reader, TableFormat};
use sparsegate_data::sniff::{self, Choice, Format};

/// The files of the parts, if one of them cannot be read by the rules of the training file.
pub(super) fn unlike(args: &TaskArgs, sources: &Sources) -> Result<Option<[Vec<Utf8PathBuf>; 3]>, CliError> {
    let others: Vec<&Utf8PathBuf> = sources.valid.iter().chain(&sources.test).collect();
    let look = sniff::look(&sources.train, &args.hints())?;
    let (Kind::Classification, Format::Table(format), false) = (args.kind, look.format, others.is_empty()) else {
        return Ok(None);
    };
    let (_, first) = classification::choose(args, &sources.train, &sources.columns, format, &look)?;
    let wanted = names(&first);
    for other in others {
        let own = sniff::look(other, &args.hints())?;
        let written = |look: &sniff::Look| (look.format, look.encoding, look.newlines);
        let choice = if written(&own) == written(&look) {
            classification::choose(args, other, &wanted, format, &look).ok().map(|(_, choice)| choice)
        } else {
            None
        };
        let is_alike = |choice: &Choice| choice.header == first.header && same_columns(&first, choice);
        let Some(choice) = choice.filter(is_alike) else {
            let list = |file: &Option<Utf8PathBuf>| file.iter().cloned().collect();
            return Ok(Some([vec![sources.train.clone()], list(&sources.valid), list(&sources.test)]));
        };
        same_label_column(args, (&sources.train, &first), (other, &choice), format, &look)?;
    }
    Ok(None)
}

/// The chosen columns as the user would name them.
fn names(choice: &Choice) -> [Option<String>; 2] {
    let name = |column: &Column| match column {
        Column::Name(name) => name.clone(),
        Column::Number(number) => number.to_string(),
    };
    [Some(name(&choice.text)), Some(name(&choice.label))]
}

/// Whether the columns that go by number are the same: tables have equally many columns, with the same names if any.
fn same_columns(first: &Choice, other: &Choice) -> bool {
    let numbered = [&first.text, &first.label].iter().any(|column| matches!(column, Column::Number(_)));
    !numbered || first.columns == other.columns
}

/// Refuses a table that seems to have its labels in another column than the first one, if columns go by number: it would
/// be read with texts as labels.
fn same_label_column(
    args: &TaskArgs,
    (first, leading): (&Utf8Path, &Choice),
    (file, choice): (&Utf8Path, &Choice),
    format: TableFormat,
    look: &sniff::Look,
) -> Result<(), CliError> {
    let sample = sniff::sample(file, format, look)?;
    let Some(column) = sniff::other_label_column(leading, file, &sample, choice, args.label.is_some()) else {
        return Ok(());
    };
    let error = CliError::data(format!(
        "the labels seem to be in column {} of {first} and in column {column} of {file}, and no names of columns say so",
        leading.label
    ));
    Err(error.help("bring the columns of all tables into one order, or write a first row with their names into each"))
}

/// Joins the tables of each part below `root`, each read by its own rules and all by the columns of the first one, and
/// proposes a manifest for the result.
pub(super) fn joined(
    args: &TaskArgs,
    target: &Utf8Path,
    made: &Utf8Path,
    root: &Utf8Path,
    parts: &[Vec<Utf8PathBuf>; 3],
) -> Result<Proposal, CliError> {
    let Some(first) = parts[0].first() else {
        let error = CliError::data(format!("{} has no table for training", args.from));
        return Err(error.help("the names of its files must say train, or none valid or test"));
    };
    let look = sniff::look(first, &args.hints())?;
    let (_, leading) = chosen(args, first, &[args.text.clone(), args.label.clone()], &look)?;
    let mut files = [None, None, None];
    let mut formats: Vec<&str> = Vec::new();
    for ((part, tables), joined) in ["train", "valid", "test"].iter().zip(parts).zip(&mut files) {
        let mut read = Vec::new();
        for table in tables {
            let (rules, format) = rules(args, target, table, first, &leading)?;
            if !formats.contains(&format) {
                formats.push(format);
            }
            read.push((table.clone(), rules));
        }
        if !read.is_empty() {
            let to = made.join(format!("{}-{part}.jsonl", args.name));
            join_tables(root, &read, &to)?;
            *joined = Some(to);
        }
    }
    let [train, valid, test] = files;
    let columns = [Some("text".to_owned()), Some("label".to_owned())];
    let sources = Sources { train: train.unwrap_or_default(), valid, test, columns };
    // What the user says about the tables does not hold for the joined file, which is JSON lines in UTF-8.
    let joined = TaskArgs { header: None, encoding: None, separator: None, escape: None, ..args.clone() };
    let mut proposal = propose(&joined, &sources, target)?;
    let count: usize = parts.iter().map(Vec::len).sum();
    proposal.found.insert(
        0,
        format!("joined:  {count} files ({}); columns {} and {}", formats.join(", "), leading.text, leading.label),
    );
    Ok(proposal)
}

/// The format and the columns of a table.
fn chosen(
    args: &TaskArgs,
    file: &Utf8Path,
    columns: &[Option<String>; 2],
    look: &sniff::Look,
) -> Result<((Chosen, TableFormat), Choice), CliError> {
    let Format::Table(format) = look.format else {
        return Err(CliError::data(format!("{file} is not a table")).help("name the file to read with --from"));
    };
    let (chosen, choice) = classification::choose(args, file, columns, format, look)?;
    Ok(((chosen, format), choice))
}

/// The rules that read a table, and its format, by the columns of the first one.
fn rules(
    args: &TaskArgs,
    target: &Utf8Path,
    file: &Utf8Path,
    first: &Utf8Path,
    leading: &Choice,
) -> Result<(LabelledTexts, &'static str), CliError> {
    let look = sniff::look(file, &args.hints())?;
    let ((chosen, format), choice) = chosen(args, file, &names(leading), &look).map_err(|error| {
        error.help(format!(
            "the tables must have the columns of the first one, {first}: {} and {}; correct {file}, or move it away",
            leading.text, leading.label
        ))
    })?;
    if choice.header != leading.header && !same_columns(leading, &choice) {
        let [with, without] = if choice.header { [file, first] } else { [first, file] };
        let error =
            CliError::data(format!("the first row of {with} seems to name the columns, and that of {without} not"));
        return Err(error.help("write the names into each of them, or say --header yes or --header no for all"));
    }
    if !same_columns(leading, &choice) {
        let list = |choice: &Choice| choice.columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let error = CliError::data(format!(
            "{first} and {file} have different columns: {}, and {}",
            list(leading),
            list(&choice)
        ));
        return Err(error.help("give the columns of the text and the label the same names in all tables"));
    }
    same_label_column(args, (first, leading), (file, &choice), format, &look)?;
    let Reader::LabelledTexts(rules) =
        Manifest::from_text(target, &chosen.probe(&args.name, args.skip_unlabelled))?.reader
    else {
        return Err(CliError::failed("the manifest of a table has another reader, which is a bug"));
    };
    Ok((rules, format.name()))
}
