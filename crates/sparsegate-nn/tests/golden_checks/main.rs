//! Compares this program to recorded values of the reference implementation, case by case.
//!
//! Cases are read from `tests/golden/`, or from the folder in the environment variable `SPARSEGATE_GOLDEN`. Each check
//! that applies to a case is a trial `case::check`. Whether it applies is decided from the case's metadata, so that
//! cases can be added without changing code. Checks that are not possible yet are listed as ignored, with the reason in
//! brackets.

mod case;
mod check;
mod compare;
mod config;
mod kl;
mod layout;
mod masks;
mod network;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::case::Case;
use crate::check::{Applicability, Check};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = std::env::var_os("SPARSEGATE_GOLDEN")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"), PathBuf::from);
    let trials = match names(&folder) {
        Ok(names) => names.into_iter().flat_map(|name| trials(&folder, &name)).collect(),
        Err(why) => vec![failing("golden-folder", why)],
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Sorted names of the cases in a folder.
fn names(folder: &Path) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    for entry in fs_err::read_dir(folder).map_err(|e| e.to_string())? {
        let path = entry.map_err(|e| e.to_string())?.path();
        let is_case = path.extension().is_some_and(|e| e == "json" || e == "safetensors");
        if let (true, Some(stem)) = (is_case, path.file_stem()) {
            names.insert(stem.to_string_lossy().into_owned());
        }
    }
    if names.is_empty() {
        return Err(format!("no golden cases (NAME.json with NAME.safetensors) in {}", folder.display()));
    }
    Ok(names)
}

/// Trials of a case: at least one, so that no case is skipped silently.
fn trials(folder: &Path, name: &str) -> Vec<Trial> {
    let case = match Case::load(folder, name) {
        Ok(case) => case,
        Err(why) => return vec![failing(&format!("{name}::load"), why)],
    };
    let mut trials = Vec::new();
    for check in checks() {
        let trial_name = format!("{name}::{}", check.name);
        match (check.applies)(&case) {
            Applicability::Runs => {
                let case = case.clone();
                trials.push(Trial::test(trial_name, move || (check.run)(&case).map_err(Failed::from)));
            }
            Applicability::NotYet(why) => trials.push(ignored(trial_name, why)),
            Applicability::Irrelevant => {}
        }
    }
    if trials.is_empty() {
        trials.push(ignored(format!("{name}::unknown"), "no check for this kind of case".to_owned()));
    }
    trials
}

fn checks() -> impl Iterator<Item = &'static Check> {
    [layout::CHECKS, masks::CHECKS, kl::CHECKS, network::CHECKS].into_iter().flatten()
}

fn failing(name: &str, why: String) -> Trial {
    Trial::test(name, move || Err(Failed::from(why)))
}

/// A trial that is listed as ignored; it fails if it is run anyway (`--ignored`).
fn ignored(name: String, why: String) -> Trial {
    let message = why.clone();
    Trial::test(name, move || Err(Failed::from(message))).with_kind(why).with_ignored_flag(true)
}
