//! `init`: writes the shipped experiments, tasks and manifests into a folder, for a program that was installed without
//! its repository.

use std::process::ExitCode;

use camino::Utf8PathBuf;
use clap::Args;
use sparsegate_store::write_atomic;

use super::CliError;
use super::args::Global;
use super::new::shell;
use super::output;

// `SHIPPED`: path and content of each file of experiments/ and datasets/, listed by the build script.
include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// Recipes that call the installed program. The repository's own justfile calls cargo.
const JUSTFILE: (&str, &str) = ("justfile", include_str!("init/justfile"));

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Folder to write into; created if there is none
    #[arg(value_name = "DIR")]
    dir: Utf8PathBuf,
    /// Replace files that differ from the shipped ones
    #[arg(long)]
    force: bool,
}

/// Writes the files and says what to do next. Files with the shipped content are left alone.
///
/// # Errors
/// Files that exist with other content, unless `--force` is given; nothing is written then (2). A file that cannot be
/// read or written (1).
pub fn execute(_global: &Global, args: &InitArgs) -> Result<ExitCode, CliError> {
    let mut to_write = Vec::new();
    let mut different = Vec::new();
    for (path, content) in SHIPPED.iter().chain([&JUSTFILE]) {
        let file = args.dir.join(path);
        if !file.exists() {
            to_write.push((file, *content));
        } else if fs_err::read(&file).map_err(CliError::failed)? != content.as_bytes() {
            different.push(*path);
            to_write.push((file, *content));
        }
    }
    if !different.is_empty() && !args.force {
        let count = different.len();
        let some: Vec<&str> = different.iter().take(5).copied().collect();
        let more = if count > some.len() { ", ..." } else { "" };
        return Err(CliError::usage(format!(
            "{} already has {count} of the files with other content: {}{more}",
            args.dir,
            some.join(", ")
        ))
        .help("name another folder, or replace them with --force"));
    }
    for (file, content) in &to_write {
        if let Some(folder) = file.parent() {
            fs_err::create_dir_all(folder).map_err(CliError::failed)?;
        }
        write_atomic(file, content.as_bytes()).map_err(CliError::failed)?;
    }
    output::print(&format!(
        "{}: {} files written, {} up to date\n",
        args.dir,
        to_write.len(),
        SHIPPED.len() + 1 - to_write.len()
    ))?;
    output::message!("next: cd {} && sparsegate run experiments/quick.yaml --report", shell(args.dir.as_str()));
    Ok(ExitCode::SUCCESS)
}
