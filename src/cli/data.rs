//! `data`: list, fetch, verify, import.

use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::args::{Global, OutputFormat};
use super::output;
use super::{CliError, Exit};
use sparsegate_data::manifest::DataFile;
use sparsegate_data::{Cache, Cached, DataError, Fetched, Manifest};

mod progress;
mod show;

use progress::Progress;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct DataArgs {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    /// List all data sets with their licences and whether their files are cached
    List(ListArgs),
    /// Show the statistics of a data set: texts, classes, words
    Show(show::ShowArgs),
    /// Download and verify missing files
    Fetch(FetchArgs),
    /// Check the cached files against the sizes and checksums of the manifests
    Verify(VerifyArgs),
    /// Copy files that you already have into the cache
    Import(ImportArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: OutputFormat,
}

#[derive(Debug, Args)]
struct FetchArgs {
    /// Data sets, by the names of their manifests
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// A folder or URL that holds the files under the manifests' paths; replaces the files' own URLs
    #[arg(long, value_name = "DIR|URL", env = sparsegate_data::MIRROR_VARIABLE)]
    mirror: Option<String>,
}

#[derive(Debug, Args)]
struct VerifyArgs {
    /// Data sets, by the names of their manifests [default: all with at least one cached file]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

#[derive(Debug, Args)]
struct ImportArgs {
    /// The data set to which the files belong
    #[arg(value_name = "NAME")]
    name: String,
    /// The files; they are recognised by checksum, not by name
    #[arg(value_name = "FILE", required = true)]
    files: Vec<Utf8PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// An unknown data set or an invalid manifest (2); files missing, altered or unavailable (4).
pub fn execute(global: &Global, args: &DataArgs) -> Result<ExitCode, CliError> {
    match &args.command {
        DataCommand::List(args) => list(global, args.format),
        DataCommand::Show(args) => show::execute(global, args),
        DataCommand::Fetch(args) => fetch(global, args),
        DataCommand::Verify(args) => verify(global, &args.names),
        DataCommand::Import(args) => import(global, args),
    }
}

impl From<DataError> for CliError {
    fn from(error: DataError) -> Self {
        if let DataError::ManifestSyntax(error) = error {
            return error.into();
        }
        let exit = if error.is_users_mistake() { Exit::Usage } else { Exit::Data };
        Self::new(exit, error)
    }
}

/// A data set, as shown by `list`.
#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    about: String,
    licence: String,
    redistribution: bool,
    reader: &'static str,
    /// `generated`, `cached`, `partly` or `missing`, judged by the files' sizes without reading them.
    state: &'static str,
    files: Vec<ListedFile>,
}

#[derive(Debug, Serialize)]
struct ListedFile {
    role: String,
    path: String,
    url: Option<String>,
    bytes: u64,
    cached: bool,
}

fn list(global: &Global, format: OutputFormat) -> Result<ExitCode, CliError> {
    let cache = Cache::new(&global.root);
    // One manifest that does not parse must not hide the others.
    let mut invalid: Option<DataError> = None;
    let mut listed: Vec<Listed> = Vec::new();
    for name in Manifest::names(&global.root)? {
        match Manifest::load(&global.root, &name) {
            Ok(manifest) => listed.push(self::listed(&cache, &manifest)),
            Err(error) => {
                if let Some(earlier) = invalid.replace(error) {
                    output::message!("{earlier}");
                }
            }
        }
    }
    match format {
        OutputFormat::Json => output::print(&output::json(&listed)?)?,
        OutputFormat::Table => output::print(&table(&listed))?,
    }
    if let Some(error) = invalid {
        return Err(error.into());
    }
    if listed.is_empty() && global.verbosity() >= 0 {
        output::message!("no manifests in {}; is --root the project folder?", Manifest::folder(&global.root));
    }
    Ok(Exit::Done.into())
}

fn listed(cache: &Cache, manifest: &Manifest) -> Listed {
    let file = |(role, file): (&str, &DataFile)| ListedFile {
        role: role.to_owned(),
        path: file.path.clone(),
        url: file.url.clone(),
        bytes: file.bytes,
        cached: cache.has(file),
    };
    let files: Vec<ListedFile> = manifest.files_in_order().map(file).collect();
    let cached = files.iter().filter(|file| file.cached).count();
    let state = match cached {
        _ if files.is_empty() => "generated",
        0 => "missing",
        _ if cached == files.len() => "cached",
        _ => "partly",
    };
    Listed {
        name: manifest.name.clone(),
        about: manifest.about.clone(),
        licence: manifest.licence.name.clone(),
        redistribution: manifest.licence.redistribution,
        reader: manifest.reader.key(),
        state,
        files,
    }
}

fn table(listed: &[Listed]) -> String {
    let header = ["name", "reader", "state", "size", "redistributable", "licence"].map(String::from);
    let rows = listed.iter().map(|data| {
        let bytes: u64 = data.files.iter().map(|file| file.bytes).sum();
        let size = if data.files.is_empty() { "-".to_owned() } else { format!("{:.1} MB", bytes as f64 / 1e6) };
        let passed = if data.redistribution { "yes" } else { "no" };
        let reader = data.reader.to_owned();
        [data.name.clone(), reader, data.state.to_owned(), size, passed.to_owned(), data.licence.clone()]
    });
    let rows: Vec<[String; 6]> = std::iter::once(header).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    let line = |row: &[String; 6]| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}  {}\n", cells.join("  "), row[5])
    };
    rows.iter().map(line).collect()
}

fn fetch(global: &Global, args: &FetchArgs) -> Result<ExitCode, CliError> {
    for manifest in manifests(&global.root, &args.names)? {
        let progress = Progress::new(global.verbosity());
        let fetched = sparsegate_data::fetch(&global.root, &manifest, args.mirror.as_deref(), &progress)?;
        say_fetched(global, &manifest, &fetched);
    }
    Ok(Exit::Done.into())
}

fn import(global: &Global, args: &ImportArgs) -> Result<ExitCode, CliError> {
    let manifest = Manifest::load(&global.root, &args.name)?;
    let imported = sparsegate_data::import(&global.root, &manifest, &args.files, &Progress::new(global.verbosity()))?;
    say_fetched(global, &manifest, &imported);
    Ok(Exit::Done.into())
}

fn say_fetched(global: &Global, manifest: &Manifest, fetched: &Fetched) {
    if global.verbosity() < 0 {
        return;
    }
    if manifest.files.is_empty() {
        output::message!("{}: generated data, nothing to fetch", manifest.name);
        return;
    }
    let (new, present) = (fetched.new.len(), fetched.present.len());
    output::message!("{}: {new} new, {present} already cached; all verified", manifest.name);
}

fn verify(global: &Global, names: &[String]) -> Result<ExitCode, CliError> {
    let cache = Cache::new(&global.root);
    let all = names.is_empty();
    let mut manifests = manifests(&global.root, &if all { Manifest::names(&global.root)? } else { names.to_vec() })?;
    if all {
        manifests.retain(|manifest| manifest.files.values().any(|file| cache.path(file).exists()));
    }
    let (mut files, mut wrong) = (0, 0);
    for manifest in &manifests {
        for (_, file) in manifest.files_in_order() {
            files += 1;
            let path = cache.path(file);
            match cache.check(manifest, file)? {
                Cached::Verified => output::print(&format!("ok       {} {path}\n", manifest.name))?,
                Cached::Absent => {
                    wrong += 1;
                    output::print(&format!("missing  {} {path}\n", manifest.name))?;
                    output::message!("{}", DataError::Missing { file: path, dataset: manifest.name.clone() });
                }
                Cached::Wrong(error) => {
                    wrong += 1;
                    output::print(&format!("wrong    {} {path}\n", manifest.name))?;
                    output::message!("{error}");
                }
            }
        }
        if manifest.files.is_empty() {
            output::print(&format!("ok       {} (generated)\n", manifest.name))?;
        }
    }
    if wrong > 0 {
        return Err(CliError::data(format!("{wrong} of {files} files are missing or wrong")));
    }
    if manifests.is_empty() && global.verbosity() >= 0 {
        output::message!("no data set has files in {}", cache.folder());
    }
    Ok(Exit::Done.into())
}

fn manifests(root: &Utf8Path, names: &[String]) -> Result<Vec<Manifest>, DataError> {
    names.iter().map(|name| Manifest::load(root, name)).collect()
}
