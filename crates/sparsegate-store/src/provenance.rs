//! Where a run came from: git revision, machine, program.
//!
//! The one place besides `exec` that starts a process: it asks `git`, if there is one, for the revision.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use camino::Utf8Path;

/// Facts for `run.json`, by name; what cannot be found out is left out. `threads` is the number each run's process
/// computes with.
///
/// Names: `program`, `os`, `host`, `cpu`, `cores`, `threads`, `git_revision`, `git_dirty`.
#[must_use]
pub fn collect(root: &Utf8Path, threads: usize) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            facts.insert(name.to_owned(), value);
        }
    };
    put("program", Some(format!("{} {}", "sparsegate", env!("CARGO_PKG_VERSION"))));
    put("os", Some(format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)));
    put("host", Some(host()));
    put("cpu", cpu());
    put("cores", Some(cores().to_string()));
    put("threads", Some(threads.to_string()));
    let revision = git(root, &["rev-parse", "HEAD"]);
    let status = revision.as_ref().and_then(|_| git(root, &["status", "--porcelain"]));
    put("git_revision", revision);
    put("git_dirty", status.map(|changes| (!changes.is_empty()).to_string()));
    facts
}

/// Name of this machine, `unknown` if it does not say.
#[must_use]
pub fn host() -> String {
    let file = fs_err::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = file.or_else(|| std::env::var("HOSTNAME").ok()).or_else(|| std::env::var("COMPUTERNAME").ok());
    name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

/// Processors this process may use, at least one.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Model of the processor, where the system says it in `/proc/cpuinfo`.
fn cpu() -> Option<String> {
    let text = fs_err::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, model)| model.trim().to_owned())
}

/// What git answers in `root`; nothing when there is no git or no repository.
fn git(root: &Utf8Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    // Without optional locks, a look at the state writes nothing into the repository.
    command.args(["--no-optional-locks", "-C", root.as_str()]).args(arguments);
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_git_still_has_a_machine() {
        let dir = tempfile::tempdir().unwrap();
        let facts = collect(Utf8Path::from_path(dir.path()).unwrap(), 3);
        assert_eq!(facts["threads"], "3");
        assert!(facts["program"].starts_with("sparsegate "));
        assert!(!facts["host"].is_empty());
    }
}
