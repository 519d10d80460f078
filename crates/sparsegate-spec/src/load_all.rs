//! Loads the experiment files of a command and the files that they list under `also`.

use camino::{Utf8Path, Utf8PathBuf};

use super::diagnostic::Diagnostic;
use super::error::SpecError;
use super::experiment::{self, Experiment, Selection};
use super::node::{PathStep, dotted};
use super::{filter, yaml};

/// Reads `files` and, after each, the files it lists under `also`, each file once.
///
/// Overrides apply to every experiment. Each filter of `only` must match a run of at least one experiment; experiments
/// without remaining runs are omitted.
///
/// # Errors
/// As [`super::load`]; a cycle of `also` entries; two experiments of one name; a filter that matches no run of any experiment.
pub fn load_all(files: &[Utf8PathBuf], set: &[String], only: &[String]) -> Result<Vec<Experiment>, SpecError> {
    load(files, set, only, None)
}

/// [`load_all`] in the project folder `root`: tasks that are not beside an experiment are looked for in
/// `experiments/tasks` there.
///
/// # Errors
/// As [`load_all`].
pub fn load_all_in(
    root: &Utf8Path,
    files: &[Utf8PathBuf],
    set: &[String],
    only: &[String],
) -> Result<Vec<Experiment>, SpecError> {
    load(files, set, only, Some(&root.join("experiments/tasks")))
}

fn load(
    files: &[Utf8PathBuf],
    set: &[String],
    only: &[String],
    tasks: Option<&Utf8Path>,
) -> Result<Vec<Experiment>, SpecError> {
    let mut gathering = Loader { set, only, tasks, seen: Vec::new(), experiments: Vec::new(), files: Vec::new() };
    for file in files {
        gathering.add(file, &mut Vec::new())?;
    }
    let mut experiments = gathering.experiments;
    let runs: Vec<_> = experiments.iter().flat_map(|experiment| &experiment.runs).collect();
    let first = files.first().map_or(Utf8Path::new(""), |file| file);
    let keep = filter::matching(&runs, only).map_err(|(message, help)| SpecError::new(first, message).help(help))?;
    let mut keep = keep.into_iter();
    for experiment in &mut experiments {
        experiment.runs.retain(|_| keep.next().unwrap_or(true));
    }
    experiments.retain(|experiment| !experiment.runs.is_empty());
    Ok(experiments)
}

struct Loader<'a> {
    set: &'a [String],
    only: &'a [String],
    /// A further folder of task files.
    tasks: Option<&'a Utf8Path>,
    /// Canonical paths of the files read so far.
    seen: Vec<Utf8PathBuf>,
    experiments: Vec<Experiment>,
    /// The file of each experiment.
    files: Vec<Utf8PathBuf>,
}

impl Loader<'_> {
    /// Reads `file` and the files it lists. `trail` has the canonical paths of the files that led here, each listing
    /// the next.
    fn add(&mut self, file: &Utf8Path, trail: &mut Vec<Utf8PathBuf>) -> Result<(), SpecError> {
        let real = canonical(file);
        if self.seen.contains(&real) {
            return Ok(());
        }
        let selection = Selection { set: self.set, only: &[], later: self.only };
        let experiment = experiment::read(file, &yaml::read(file)?, selection, self.tasks)?;
        if let Some(at) = self.experiments.iter().position(|known| known.name == experiment.name) {
            // Both would write the same report, and `NAME:KEY=VALUE` would mean the runs of both.
            let message = format!("`{}` is also the name of the experiment in {}", experiment.name, self.files[at]);
            let diagnostic = Diagnostic::new(&dotted("name"), message, "give one of them another name");
            return Err(yaml::placed(file, &yaml::read(file)?, &diagnostic));
        }
        let also = experiment.also.clone();
        self.seen.push(real.clone());
        self.experiments.push(experiment);
        self.files.push(file.to_owned());
        trail.push(real);
        for (index, other) in also.iter().enumerate() {
            if trail.contains(&canonical(other)) {
                return Err(cycle_error(file, index, other)?);
            }
            self.add(other, trail)?;
        }
        trail.pop();
        Ok(())
    }
}

/// The canonical path, so that different spellings of a path count as one file.
fn canonical(file: &Utf8Path) -> Utf8PathBuf {
    file.canonicalize_utf8().unwrap_or_else(|_| file.to_owned())
}

/// The error for entry `index` of `also` in `file`, which closes a cycle through `other`.
fn cycle_error(file: &Utf8Path, index: usize, other: &Utf8Path) -> Result<SpecError, SpecError> {
    let mut path = dotted("also");
    path.push(PathStep::Index(index));
    let message = format!("`{other}` is part of a cycle of `also` entries");
    let diagnostic = Diagnostic::new(&path, message, "remove this entry");
    Ok(yaml::placed(file, &yaml::read(file)?, &diagnostic))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "dataset: d\nmodel: { kind: language-model, hidden: 4 }\n\
        train: { epochs: 2, batch: 2, sequence: 3, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }\n";

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, more) in files {
            let text = format!("name: {name}\n{REST}{more}");
            fs_err::write(folder.path().join(format!("{name}.yaml")), text).unwrap();
        }
        folder
    }

    fn load(folder: &tempfile::TempDir, names: &[&str], only: &[&str]) -> Result<Vec<(String, usize)>, SpecError> {
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let files: Vec<_> = names.iter().map(|name| root.join(format!("{name}.yaml"))).collect();
        let only: Vec<String> = only.iter().map(|filter| (*filter).to_owned()).collect();
        let experiments = load_all(&files, &["train.epochs=3".to_owned()], &only)?;
        assert!(experiments.iter().flat_map(|experiment| &experiment.runs).all(|run| run.train.epochs == 3));
        Ok(experiments.into_iter().map(|experiment| (experiment.name, experiment.runs.len())).collect())
    }

    fn found(pairs: &[(&str, usize)]) -> Vec<(String, usize)> {
        pairs.iter().map(|(name, runs)| ((*name).to_owned(), *runs)).collect()
    }

    const LEVELS: &str = "sweep: { product: { sparsity: [dense, W] } }\n";

    #[test]
    fn a_file_brings_along_what_it_lists_once() {
        let a = format!("{LEVELS}also: [b.yaml, c.yaml]");
        let files = folder(&[("a", &a), ("b", "sparsity: W+N\nalso: [./c.yaml]"), ("c", "sparsity: dense")]);
        assert_eq!(load(&files, &["a"], &[]).unwrap(), found(&[("a", 2), ("b", 1), ("c", 1)]));
        assert_eq!(load(&files, &["c", "a"], &[]).unwrap(), found(&[("c", 1), ("a", 2), ("b", 1)]));
    }

    #[test]
    fn two_experiments_of_one_name_are_refused() {
        let files = folder(&[("a", "sparsity: W"), ("b", "sparsity: W+N")]);
        let text = fs_err::read_to_string(files.path().join("b.yaml")).unwrap();
        fs_err::write(files.path().join("b.yaml"), text.replace("name: b", "name: a")).unwrap();
        let error = load(&files, &["a", "b"], &[]).unwrap_err().to_string();
        assert!(error.contains("b.yaml:1:7: ") && error.contains("`a` is also the name"), "{error}");
        assert_eq!(load(&files, &["a", "a"], &[]).unwrap(), found(&[("a", 1)]), "the same file twice");
    }

    #[test]
    fn a_filter_must_match_somewhere() {
        let files = folder(&[("a", &format!("{LEVELS}also: [b.yaml]")), ("b", "sparsity: W+N")]);
        assert_eq!(load(&files, &["a"], &["sparsity=W"]).unwrap(), found(&[("a", 1)]));
        assert_eq!(load(&files, &["a"], &["sparsity=W+N"]).unwrap(), found(&[("b", 1)]));
        let error = load(&files, &["a"], &["sparsity=W", "sparsity=W+G+N"]).unwrap_err();
        assert!(error.to_string().contains("no run has sparsity=W+G+N"), "{error}");
        assert!(error.hint().unwrap().contains("`W+N`"), "{error:?}");
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let files = folder(&[("a", "sparsity: W\nalso: [b.yaml]"), ("b", "sparsity: W\nalso:\n  - a.yaml")]);
        let error = load(&files, &["a"], &[]).unwrap_err();
        assert!(error.to_string().contains("b.yaml:7:5: ") && error.to_string().contains("a cycle of"), "{error}");
        let files = folder(&[("a", "sparsity: W\nalso: [gone.yaml]")]);
        let error = load(&files, &["a"], &[]).unwrap_err();
        assert!(error.to_string().contains("a.yaml:6:8: `also[0]`: no file `gone.yaml`"), "{error}");
    }
}
