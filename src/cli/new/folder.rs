//! `new task` for a folder: of classes, of tables (as data sets of Hugging Face), or of plain texts.

use camino::{Utf8Path, Utf8PathBuf};

use super::task::{Proposal, Sources, propose as propose_files};
use super::{Kind, TaskArgs, classification};
use crate::cli::CliError;
use sparsegate_data::manifest::{Manifest, Reader};
use sparsegate_data::sniff::{self, Format};
use sparsegate_data::{Folder, folder, join_tables, join_texts, pack_classes};

/// Joins the files of the folder below `made` and proposes a manifest for the result.
pub(super) fn propose(args: &TaskArgs, target: &Utf8Path, made: &Utf8Path) -> Result<Proposal, CliError> {
    if args.valid.is_some() || args.test.is_some() {
        let error = CliError::usage("--valid and --test name files beside a file, not beside a folder");
        return Err(error.help("put the parts into subfolders train, valid and test, or name a file with --from"));
    }
    match (args.kind, folder(&args.from)?) {
        (Kind::Classification, Folder::Classes { parts }) => {
            let archive = made.join(format!("{}.tar.gz", args.name));
            pack_classes(&args.from, &parts, &archive)?;
            classification::of_folders(args, target, &archive, &parts)
        }
        (Kind::Classification, Folder::Tables { parts }) => of_tables(args, target, made, &parts),
        (Kind::LanguageModel, Folder::Texts(files)) => {
            let joined = made.join(format!("{}.txt", args.name));
            join_texts(&files, &joined)?;
            propose_files(args, &Sources { train: joined, valid: None, test: None, columns: [None, None] }, target)
        }
        (Kind::Classification, Folder::Texts(_)) => {
            let error = CliError::usage(format!("{} holds texts without labels", args.from));
            Err(error.help("put the texts of each class into a subfolder of its name, or use --kind language-model"))
        }
        (Kind::LanguageModel, Folder::Classes { .. } | Folder::Tables { .. }) => {
            let error = CliError::usage(format!("{} holds labelled texts or tables, not plain text", args.from));
            Err(error.help("use --kind classification, or name a folder of text files"))
        }
    }
}

/// Joins the tables of each part, read by the columns of the first one.
fn of_tables(
    args: &TaskArgs,
    target: &Utf8Path,
    made: &Utf8Path,
    parts: &[Vec<Utf8PathBuf>; 3],
) -> Result<Proposal, CliError> {
    let Some(first) = parts[0].first() else {
        let error = CliError::data(format!("{} has no table for training", args.from));
        return Err(error.help("the names of its files must begin with train, or none with valid or test"));
    };
    let look = sniff::look(first, &args.hints())?;
    let Format::Table(format) = look.format else {
        return Err(CliError::data(format!("{first} is not a table")).help("name the file to read with --from"));
    };
    let wanted = [args.text.clone(), args.label.clone()];
    let (table, _) = classification::choose(args, first, &wanted, format, &look)?;
    let text = table.probe(&args.name);
    let Reader::LabelledTexts(rules) = Manifest::from_text(target, &text)?.reader else {
        return Err(CliError::failed("the manifest of a table has another reader, which is a bug"));
    };
    let mut joined = [None, None, None];
    for ((part, files), joined) in ["train", "valid", "test"].iter().zip(parts).zip(&mut joined) {
        if !files.is_empty() {
            let to = made.join(format!("{}-{part}.jsonl", args.name));
            join_tables(files, &rules, &to)?;
            *joined = Some(to);
        }
    }
    let [train, valid, test] = joined;
    let columns = [Some("text".to_owned()), Some("label".to_owned())];
    let sources = Sources { train: train.unwrap_or_default(), valid, test, columns };
    // What the user says about the tables does not hold for the joined file, which is JSON lines in UTF-8.
    let joined = TaskArgs { header: None, encoding: None, separator: None, escape: None, ..args.clone() };
    let mut proposal = propose_files(&joined, &sources, target)?;
    let count: usize = parts.iter().map(Vec::len).sum();
    proposal
        .found
        .insert(0, format!("joined:  {count} files ({}); columns {} and {}", format.name(), table.text, table.label));
    Ok(proposal)
}
