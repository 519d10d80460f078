//! Tables that are written in different ways: each is read by its own rules, and all are joined into JSON lines.

use camino::{Utf8Path, Utf8PathBuf};

use super::classification::{self, Chosen};
use super::task::{Proposal, Sources, propose};
use super::{Kind, TaskArgs};
use crate::cli::CliError;
use sparsegate_data::join_tables;
use sparsegate_data::manifest::{Column, LabelledTexts, Manifest, Reader};
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
        let alike = written(&own) == written(&look)
            && classification::choose(args, other, &wanted, format, &look)
                .is_ok_and(|(_, choice)| choice.header == first.header && same_columns(&first, &choice));
        if !alike {
            let list = |file: &Option<Utf8PathBuf>| file.iter().cloned().collect();
            return Ok(Some([vec![sources.train.clone()], list(&sources.valid), list(&sources.test)]));
        }
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
    let (_, leading) = chosen(args, first, &[args.text.clone(), args.label.clone()])?;
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
) -> Result<((Chosen, &'static str), Choice), CliError> {
    let look = sniff::look(file, &args.hints())?;
    let Format::Table(format) = look.format else {
        return Err(CliError::data(format!("{file} is not a table")).help("name the file to read with --from"));
    };
    let (chosen, choice) = classification::choose(args, file, columns, format, &look)?;
    Ok(((chosen, format.name()), choice))
}

/// The rules that read a table, and its format, by the columns of the first one.
fn rules(
    args: &TaskArgs,
    target: &Utf8Path,
    file: &Utf8Path,
    first: &Utf8Path,
    leading: &Choice,
) -> Result<(LabelledTexts, &'static str), CliError> {
    let ((chosen, format), choice) = chosen(args, file, &names(leading)).map_err(|error| {
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
    let Reader::LabelledTexts(rules) =
        Manifest::from_text(target, &chosen.probe(&args.name, args.skip_unlabelled))?.reader
    else {
        return Err(CliError::failed("the manifest of a table has another reader, which is a bug"));
    };
    Ok((rules, format))
}
