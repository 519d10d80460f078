//! Provenance of a run: git revision, machine, program version.
//!
//! Besides `exec`, this is the only module that starts a process: it calls `git`, if installed, to get the revision.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use camino::Utf8Path;

/// Facts about the build of the program, by name.
static BUILD: OnceLock<BTreeMap<String, String>> = OnceLock::new();

/// Sets the facts about the build of the calling program, such as its compiler, which [`collect`] adds to the others.
/// Only the first call counts.
pub fn set_build<'a>(facts: impl IntoIterator<Item = (&'a str, String)>) {
    let _ = BUILD.set(facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect());
}

/// Provenance facts for `run.json`, by name. Facts that cannot be determined are left out. `threads` is the number of
/// threads with which each run's process computes.
///
/// Names: `program`, `os`, `host`, `cpu`, `cpu_features`, `cores`, `threads`, `git_revision`, `git_dirty`, and those of
/// [`set_build`].
#[must_use]
pub fn collect(root: &Utf8Path, threads: usize) -> BTreeMap<String, String> {
    let mut facts = machine();
    facts.insert("threads".to_owned(), threads.to_string());
    let revision = git(root, &["rev-parse", "HEAD"]);
    let status = revision.as_ref().and_then(|_| git(root, &["status", "--porcelain"]));
    let revision = revision.filter(|revision| !revision.is_empty());
    facts.extend(revision.map(|revision| ("git_revision".to_owned(), revision)));
    facts.extend(status.map(|changes| ("git_dirty".to_owned(), (!changes.is_empty()).to_string())));
    facts
}

/// What [`collect`] says of this machine and the program: all but `threads` and the names of git. Starts no process and
/// reads no project folder, so that many machines can ask at once.
#[must_use]
pub fn machine() -> BTreeMap<String, String> {
    let facts = [
        ("program", Some(format!("{} {}", "sparsegate", env!("CARGO_PKG_VERSION")))),
        ("os", Some(format!("{} {}", std::env::consts::OS, std::env::consts::ARCH))),
        ("host", Some(host())),
        ("cpu", cpu()),
        ("cpu_features", Some(cpu_features().join(" "))),
        ("cores", Some(cores().to_string())),
    ];
    let known = facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let known = known.chain(BUILD.get().into_iter().flatten().map(|(name, fact)| (name.clone(), fact.clone())));
    known.filter(|(_, value)| !value.is_empty()).collect()
}

/// Name of this machine, or `unknown`.
#[must_use]
pub fn host() -> String {
    let file = fs_err::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = file.or_else(|| std::env::var("HOSTNAME").ok()).or_else(|| std::env::var("COMPUTERNAME").ok());
    name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

/// Number of processors available to this process, at least one.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Model name of the processor, on systems with `/proc/cpuinfo`.
#[must_use]
pub fn cpu() -> Option<String> {
    let text = fs_err::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, model)| model.trim().to_owned())
}

/// The instruction sets of this processor that the kernels choose between. The same spec may give other last bits on a
/// processor with others.
fn cpu_features() -> Vec<&'static str> {
    let mut found = Vec::new();
    macro_rules! note {
        ($detected:ident: $($name:tt)*) => { $(if std::arch::$detected!($name) { found.push($name); })* };
    }
    #[cfg(target_arch = "x86_64")]
    note!(is_x86_feature_detected: "avx2" "fma" "avx512f" "avx512bw" "avx512dq" "avx512vl" "avx512vnni" "avxvnni");
    #[cfg(target_arch = "aarch64")]
    note!(is_aarch64_feature_detected: "neon" "dotprod" "sve");
    found
}

/// The output of git in `root`; `None` without git or outside a repository.
fn git(root: &Utf8Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    // Without optional locks, `git status` does not write to the repository.
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
        set_build([("rustc", "rustc 1.95.0".to_owned())]);
        let facts = collect(Utf8Path::from_path(dir.path()).unwrap(), 3);
        assert_eq!(facts["rustc"], "rustc 1.95.0");
        assert_eq!(facts["threads"], "3");
        assert!(facts["program"].starts_with("sparsegate "));
        assert!(!facts["host"].is_empty());
        let machine = machine();
        assert!(machine.iter().all(|(name, value)| facts[name] == *value), "{machine:?} {facts:?}");
        assert!(!machine.contains_key("threads") && !machine.contains_key("git_revision"), "{machine:?}");
    }
}
