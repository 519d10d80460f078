//! Which paths a bundle may have: nothing else is ever written or read.

use camino::{Utf8Component, Utf8Path};

use crate::manifest::{EXTRAS, MANIFEST, RESULTS};
use crate::notes::NOTES;
use crate::run_dir::{BEST_PREFIX, LEFT_OUT};
use crate::store::is_key;

/// Names of the metadata files.
pub(super) const RO_CRATE: &str = "ro-crate-metadata.json";
pub(super) const CITATION: &str = "CITATION.cff";

/// Whether a bundle may have a file with this path.
pub(super) fn is_allowed(path: &str) -> bool {
    if path == RO_CRATE || path == CITATION {
        return true;
    }
    let mut parts = path.splitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("runs"), Some(key), Some(name)) => is_key(key) && is_of_run(name),
        (Some("experiments" | "datasets"), Some(_), _) => {
            is_plain(path) && Utf8Path::new(path).extension() == Some("yaml")
        }
        _ => false,
    }
}

/// Whether a run's folder may have a file with this name.
fn is_of_run(name: &str) -> bool {
    let best = name.strip_prefix("checkpoint/").and_then(|name| name.strip_prefix(BEST_PREFIX));
    let epoch = best.and_then(|name| name.strip_suffix(".safetensors"));
    RESULTS.contains(&name)
        || EXTRAS.contains(&name)
        || [MANIFEST, LEFT_OUT, NOTES].contains(&name)
        || epoch.is_some_and(|epoch| !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether the name of an experiment can become part of a file's name, and of no path that leads elsewhere.
pub(super) fn is_file_name(name: &str) -> bool {
    is_plain(name) && !name.contains('/') && name.len() <= 100
}

/// Whether the path is relative, in one spelling on every system, and leads out of no folder and into no hidden one.
fn is_plain(path: &str) -> bool {
    let is_normal = |part: Utf8Component<'_>| matches!(part, Utf8Component::Normal(name) if !name.starts_with('.'));
    !path.is_empty()
        && !path.contains(['\\', ':', '\0'])
        && !path.contains("//")
        && !path.ends_with('/')
        && Utf8Path::new(path).components().all(is_normal)
}

#[cfg(test)]
mod tests {
    use super::{is_allowed, is_file_name};

    #[test]
    fn names_of_experiments_are_no_paths() {
        assert!(is_file_name("quick-2.1"));
        for name in ["", ".", "..", "a/b", "a\\b", ".a", "c:a", &"a".repeat(101)] {
            assert!(!is_file_name(name), "{name}");
        }
    }

    #[test]
    fn only_files_of_runs_and_specs_are_allowed() {
        let key = "0123456789abcdef";
        let of_run = |name: &str| format!("runs/{key}/{name}");
        for name in
            ["run.json", "manifest.json", "compact.safetensors", "left-out.json", "checkpoint/best-12.safetensors"]
        {
            assert!(is_allowed(&of_run(name)), "{name}");
        }
        for path in ["experiments/a.yaml", "experiments/tasks/a.yaml", "datasets/a.yaml", "CITATION.cff"] {
            assert!(is_allowed(path), "{path}");
        }
        let names = ["lock", "x", "../run.json", "checkpoint/best-.safetensors", "checkpoint/../../x", "run.json/"];
        for path in names.map(of_run).iter().map(String::as_str).chain([
            "runs/0123/run.json",
            "runs/../0123456789abcdef/run.json",
            "/etc/passwd",
            "experiments/../../x.yaml",
            "experiments//x.yaml",
            "experiments/.hidden/x.yaml",
            "experiments\\x.yaml",
            "datasets/x.csv",
            "justfile",
            "",
        ]) {
            assert!(!is_allowed(path), "{path}");
        }
    }
}
