//! `new task` for a folder: of classes, of tables (as data sets of Hugging Face), or of plain texts.

use camino::Utf8Path;

use super::task::{Proposal, Sources, propose as propose_files};
use super::{Kind, TaskArgs, classification, tables};
use crate::cli::CliError;
use sparsegate_data::{Folder, TextFiles, folder, join_texts, pack_classes, text_files};

/// Joins the files of the folder below `made` and proposes a manifest for the result.
pub(super) fn propose(args: &TaskArgs, target: &Utf8Path, made: &Utf8Path) -> Result<Proposal, CliError> {
    if args.valid.is_some() || args.test.is_some() {
        let error = CliError::usage("--valid and --test name files beside a file, not beside a folder");
        return Err(error.help("put the parts into subfolders train, valid and test, or name a file with --from"));
    }
    match (args.kind, folder(&args.from)?) {
        (Kind::Classification, Folder::Classes { parts, left_out }) => {
            if let Some(option) = args.table_option() {
                let error =
                    CliError::usage(format!("{option} is for tables, and {} holds folders of texts", args.from));
                return Err(error.help("remove it, or name a table with --from"));
            }
            let archive = made.join(format!("{}.tar.gz", args.name));
            pack_classes(&args.from, &parts, args.encoding, &archive)?;
            let mut proposal = classification::of_folders(args, target, &archive, &parts)?;
            let read: Vec<&str> = parts.iter().flatten().map(String::as_str).collect();
            proposal.warnings.extend(not_read(&left_out, &format!("the parts are in {}", read.join(", "))));
            Ok(proposal)
        }
        (Kind::Classification, Folder::Tables { parts, left_out }) => {
            let mut proposal = tables::joined(args, target, made, &args.from, &parts)?;
            let left_out: Vec<&str> = left_out.iter().filter_map(|file| file.file_name()).collect();
            proposal.warnings.extend(not_read(&left_out, UNNAMED));
            Ok(proposal)
        }
        (Kind::LanguageModel, Folder::Texts(texts)) => of_texts(args, target, made, &texts),
        (Kind::LanguageModel, Folder::Classes { .. }) => of_texts(args, target, made, &text_files(&args.from)?),
        (Kind::Classification, Folder::Texts(_)) => {
            let error = CliError::usage(format!("{} holds texts without labels", args.from));
            Err(error.help("put the texts of each class into a subfolder of its name, or use --kind language-model"))
        }
        (Kind::LanguageModel, Folder::Tables { parts, left_out }) => {
            let table = parts
                .iter()
                .flatten()
                .chain(&left_out)
                .next()
                .map_or("", |table| table.strip_prefix(&args.from).unwrap_or(table).as_str());
            let error = CliError::usage(format!("{} holds tables ({table}), not plain text alone", args.from));
            Err(error.help("use --kind classification, move the tables away, or name a folder of text files"))
        }
    }
}

/// Joins the texts of each part.
fn of_texts(args: &TaskArgs, target: &Utf8Path, made: &Utf8Path, texts: &TextFiles) -> Result<Proposal, CliError> {
    let mut joined = [None, None, None];
    for ((part, files), joined) in ["", "-valid", "-test"].iter().zip(&texts.parts).zip(&mut joined) {
        if !files.is_empty() {
            let to = made.join(format!("{}{part}.txt", args.name));
            join_texts(files, args.encoding, &to)?;
            *joined = Some(to);
        }
    }
    let [train, valid, test] = joined;
    let sources = Sources { train: train.unwrap_or_default(), valid, test, columns: [None, None] };
    // The joined text is in UTF-8.
    let mut proposal = propose_files(&TaskArgs { encoding: None, ..args.clone() }, &sources, target)?;
    let [train, valid, test] = texts.parts.each_ref().map(Vec::len);
    let parts = if valid + test == 0 {
        String::new()
    } else {
        format!(" for training, {valid} for validation, {test} for the test")
    };
    proposal.found.insert(0, format!("joined:  files of texts, {train}{parts}"));
    let left_out: Vec<&str> = texts.left_out.iter().filter_map(|file| file.file_name()).collect();
    proposal.warnings.extend(not_read(&left_out, UNNAMED));
    Ok(proposal)
}

/// Why files are left out.
const UNNAMED: &str = "their names say neither train, valid nor test, as those of others do";

/// Warning about files or folders that belong to no part, if there are some.
fn not_read<T: AsRef<str>>(names: &[T], why: &str) -> Option<String> {
    let list: Vec<&str> = names.iter().take(5).map(AsRef::as_ref).collect();
    let more = if names.len() > list.len() { ", ..." } else { "" };
    (!names.is_empty()).then(|| format!("not read: {}{more}; {why}", list.join(", ")))
}
