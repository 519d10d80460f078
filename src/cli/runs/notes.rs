//! `runs note` and `runs tag`: what a person wants to remember of a run.

use std::process::ExitCode;

use clap::Args;

use crate::cli::args::Global;
use crate::cli::output;
use crate::cli::{CliError, Exit};
use sparsegate_store::{LockedRun, Notes, RunDir, find_run, find_runs};

/// Longest note in bytes, and longest tag.
const NOTE_LIMIT: usize = 1 << 16;
const TAG_LIMIT: usize = 100;

/// Arguments of `runs note`.
#[derive(Debug, Args)]
pub struct NoteArgs {
    /// The run: its key or a prefix of it, its folder, or EXPERIMENT:KEY=VALUE,... if that matches one run
    #[arg(value_name = "RUN")]
    run: String,
    /// The note, which replaces an earlier one; an empty text removes it [default: print the note]
    #[arg(value_name = "TEXT")]
    text: Option<String>,
}

/// Arguments of `runs tag`.
#[derive(Debug, Args)]
pub struct TagArgs {
    /// The runs: a key or a prefix of it, a folder, or EXPERIMENT:KEY=VALUE,... for those that match
    #[arg(value_name = "RUN")]
    run: String,
    /// Tags to add
    #[arg(value_name = "TAG")]
    tags: Vec<String>,
    /// Tags to remove; may be repeated
    #[arg(long, value_name = "TAG")]
    remove: Vec<String>,
}

/// Sets or prints the note of a run.
///
/// # Errors
/// No such run, several, or a note that is too long (2); the run is being trained (1).
pub fn note(global: &Global, args: &NoteArgs) -> Result<ExitCode, CliError> {
    let dir = find_run(&global.root, &args.run).map_err(sparsegate_compact::FindModelError::from)?;
    match &args.text {
        None => {
            let Notes { note, .. } = dir.notes()?;
            if !note.is_empty() {
                output::print(&(crate::cli::terminal_text::printable(&note) + "\n"))?;
            }
        }
        Some(text) if text.len() > NOTE_LIMIT => {
            return Err(CliError::usage(format!("the note has {} bytes", text.len()))
                .help(format!("{NOTE_LIMIT} are the most; keep longer texts in a file")));
        }
        Some(text) => drop(write(&dir, |notes| notes.note.clone_from(text))?),
    }
    Ok(Exit::Done.into())
}

/// Adds and removes tags, and prints the tags of each run.
///
/// # Errors
/// No such run, or something that cannot be a tag (2); a run is being trained (1).
pub fn tag(global: &Global, args: &TagArgs) -> Result<ExitCode, CliError> {
    if let Some(bad) = args.tags.iter().find(|tag| !is_tag(tag)) {
        return Err(CliError::usage(format!("{bad:?} cannot be a tag"))
            .help(format!("use up to {TAG_LIMIT} letters, digits, `-`, `_`, `.` and `/`")));
    }
    for dir in find_runs(&global.root, &args.run).map_err(sparsegate_compact::FindModelError::from)? {
        let notes = if args.tags.is_empty() && args.remove.is_empty() {
            dir.notes()?
        } else {
            write(&dir, |notes| {
                notes.tags.retain(|tag| !args.remove.contains(tag));
                notes.tags.extend(args.tags.iter().cloned());
            })?
        };
        let tags: Vec<&str> = notes.tags.iter().map(String::as_str).collect();
        output::print(&format!("{}  {}\n", dir.key(), tags.join(" ")))?;
    }
    Ok(Exit::Done.into())
}

fn is_tag(tag: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-_./".contains(c);
    !tag.is_empty() && tag.len() <= TAG_LIMIT && tag.chars().all(plain) && !tag.starts_with('-')
}

/// Changes what is noted of a run. The lock keeps two commands from losing each other's change.
fn write(dir: &RunDir, change: impl FnOnce(&mut Notes)) -> Result<Notes, CliError> {
    let lock: LockedRun = dir.lock()?;
    let mut notes = dir.notes()?;
    change(&mut notes);
    lock.write_notes(&notes)?;
    Ok(notes)
}
