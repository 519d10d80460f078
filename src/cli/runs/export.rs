//! `runs export`: stored runs as one file or folder.

use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use crate::cli::args::{self, Global};
use crate::cli::output;
use crate::cli::{CliError, Exit};
use sparsegate_pipeline::sweep::Sweep;
use sparsegate_store::bundle::{self, Citation, ExportOptions, ExtraFile};
use sparsegate_store::plan::Status;
use sparsegate_store::{RunDir, StoredRun, Timestamp, find_runs};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Experiment files, for their finished runs, and runs, each by its key or a prefix of it, its folder, or
    /// EXPERIMENT:KEY=VALUE,... for those that match
    #[arg(value_name = "SPEC|RUN", required = true)]
    subjects: Vec<String>,
    /// The bundle to write: a file if the name ends in .tar or .tar.zst, else a folder
    #[arg(long, value_name = "PATH")]
    to: Utf8PathBuf,
    /// Include the parameters, model.safetensors, which only `export`, `bench` and runs that start from these need
    #[arg(long)]
    weights: bool,
    /// Include the checkpoints of finished runs, from which runs of more epochs could go on
    #[arg(long)]
    checkpoints: bool,
    /// Add metadata: ro-crate-metadata.json (RO-Crate 1.2) and CITATION.cff
    #[arg(long, requires = "author")]
    ro_crate: bool,
    /// Author for the metadata, as "Family, Given" or a name; may be repeated
    #[arg(long, value_name = "NAME", requires = "ro_crate")]
    author: Vec<String>,
    /// Title for the metadata [default: the experiments' names]
    #[arg(long, value_name = "TEXT", requires = "ro_crate")]
    title: Option<String>,
    /// SPDX identifier of the results' licence, for the metadata
    #[arg(long, value_name = "SPDX", default_value = "CC-BY-4.0", requires = "ro_crate")]
    license: String,
}

/// Writes the bundle.
///
/// # Errors
/// No such run, nothing to export, or something in the bundle's place (2); a damaged run (4); a file that cannot be
/// read or written (1).
pub fn execute(global: &Global, args: &ExportArgs) -> Result<ExitCode, CliError> {
    let (dirs, specs) = subjects(global, &args.subjects)?;
    let mut runs = Vec::new();
    for dir in dirs {
        let run = StoredRun::read(&global.root, dir)?;
        if let Some(Status::Damaged { error }) = &run.status {
            return Err(CliError::data(error.clone()));
        }
        runs.push(run);
    }
    if runs.is_empty() {
        return Err(CliError::usage("there is no finished run to export").help("train the experiment first: `run`"));
    }
    let options = ExportOptions {
        weights: args.weights,
        checkpoints: args.checkpoints,
        citation: args.ro_crate.then(|| citation(args, &runs)),
    };
    let exported = bundle::export(&runs, spec_files(&global.root, &specs, &runs)?, &options, &args.to)?;
    if global.verbosity() >= 0 {
        let size = exported.bytes as f64 / f64::from(1 << 20);
        output::message!("{}: {} runs, {} files, {size:.1} MiB", args.to, exported.runs, exported.files);
    }
    Ok(Exit::Done.into())
}

/// The runs that the arguments name, each once, and the experiment files among the arguments.
fn subjects(global: &Global, subjects: &[String]) -> Result<(Vec<RunDir>, Vec<Utf8PathBuf>), CliError> {
    let (mut dirs, mut specs) = (Vec::new(), Vec::new());
    for subject in subjects {
        let Some(file) = args::experiment_file(&global.root, subject) else {
            dirs.extend(find_runs(&global.root, subject).map_err(sparsegate_compact::FindModelError::from)?);
            continue;
        };
        let experiments = sparsegate_spec::load_all_in(&global.root, std::slice::from_ref(&file), &[], &[])?;
        let sweep = Sweep::plan(&global.root, experiments)?;
        let done = sweep.runs().filter(|run| matches!(run.entry.status, Status::Done | Status::Damaged { .. }));
        dirs.extend(done.map(|run| run.entry.dir.clone()));
        specs.push(file);
    }
    let mut seen = std::collections::BTreeSet::new();
    dirs.retain(|dir| seen.insert(dir.path().to_owned()));
    Ok((dirs, specs))
}

/// The experiment files, their tasks, and the manifests of the runs' data sets and vectors, as far as they are files of
/// this project.
fn spec_files(root: &Utf8Path, specs: &[Utf8PathBuf], runs: &[StoredRun]) -> Result<Vec<ExtraFile>, CliError> {
    if specs.is_empty() {
        return Ok(Vec::new());
    }
    let mut paths: Vec<Utf8PathBuf> = Vec::new();
    for spec in specs {
        let inside = spec.strip_prefix(root).unwrap_or(spec);
        let name = spec.file_name().unwrap_or("experiment.yaml");
        // A file that lies elsewhere goes where experiments are kept.
        paths.push(if inside.starts_with("experiments") {
            inside.to_owned()
        } else {
            Utf8Path::new("experiments").join(name)
        });
    }
    let mut files = Vec::new();
    for (path, spec) in paths.iter().zip(specs) {
        files.push(read(spec, path)?);
    }
    let records = runs.iter().filter_map(|run| run.record.as_ref());
    let mut others: Vec<String> = Vec::new();
    for record in records {
        let spec = &record.spec;
        others.extend(spec.task.iter().map(|task| format!("experiments/tasks/{task}.yaml")));
        others.push(format!("datasets/{}.yaml", spec.dataset));
        // `none` has no manifest.
        others.extend(spec.model.embedding.iter().map(|embedding| format!("datasets/{}.yaml", embedding.vectors)));
    }
    others.sort();
    others.dedup();
    for name in others {
        let file = root.join(&name);
        if file.is_file() {
            files.push(read(&file, Utf8Path::new(&name))?);
        }
    }
    Ok(files)
}

fn read(file: &Utf8Path, path: &Utf8Path) -> Result<ExtraFile, CliError> {
    let content = fs_err::read(file).map_err(CliError::failed)?;
    Ok(ExtraFile { path: path.as_str().replace('\\', "/"), content })
}

fn citation(args: &ExportArgs, runs: &[StoredRun]) -> Citation {
    let names: std::collections::BTreeSet<&str> =
        runs.iter().flat_map(|run| run.experiments.iter().map(String::as_str)).collect();
    let names: Vec<&str> = names.into_iter().collect();
    Citation {
        title: args.title.clone().unwrap_or_else(|| format!("Trained networks of {}", names.join(", "))),
        authors: args.author.clone(),
        license: args.license.clone(),
        date: Timestamp::now().date(),
    }
}
