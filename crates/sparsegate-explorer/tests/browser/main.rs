//! The page in headless Chromium: its numbers against the runtime's, and what is seen of it.
//!
//! `SPARSEGATE_NODE_MODULES` names a folder `node_modules` with `playwright-core` and `axe-core`; node and Chromium are
//! those of the PATH. Where one is missing, the checks are listed as ignored. `.ci/run browser` installs what is missing.

mod cases;
#[path = "../../../sparsegate-runtime/tests/common/formulas.rs"]
mod formulas;

use std::process::{Command, Stdio};

use camino::Utf8Path;
use libtest_mimic::{Arguments, Failed, Trial};

const NODE_MODULES: &str = "SPARSEGATE_NODE_MODULES";

fn main() {
    let modules = std::env::var(NODE_MODULES).ok().filter(|folder| !folder.is_empty());
    let browser = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|program| runs(program));
    let missing = match (&modules, runs("node"), browser) {
        (None, ..) => Some(format!("{NODE_MODULES} is not set")),
        (_, false, _) => Some("there is no node".to_owned()),
        (.., None) => Some("there is no chromium".to_owned()),
        _ => None,
    };
    if let Some(missing) = &missing {
        eprintln!("the checks in a browser are ignored: {missing}; `.ci/run browser` installs what they need");
    }
    let (modules, browser) = (modules.unwrap_or_default(), browser.unwrap_or_default());
    let trial = |name: &str, script: &'static str, write: fn(&Utf8Path) -> Result<(), Failed>| {
        let modules = modules.clone();
        Trial::test(name, move || check(script, &modules, browser, write)).with_ignored_flag(missing.is_some())
    };
    let trials = vec![
        trial("texts of every cell and task", "numbers.mjs", cases::numbers),
        trial("what is seen, and what can be done", "page.mjs", cases::shown),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn runs(program: &str) -> bool {
    let quiet = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

/// Writes a page and what it must say to a folder, and checks it with a script of this folder.
fn check(script: &str, modules: &str, browser: &str, write: fn(&Utf8Path) -> Result<(), Failed>) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let folder = Utf8Path::from_path(folder.path()).ok_or("a folder whose name is not UTF-8")?;
    write(folder)?;
    let script = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(script);
    let done = Command::new("node")
        .arg(&script)
        .args([folder.as_str(), browser])
        .env(NODE_MODULES, modules)
        .output()
        .map_err(|error| format!("cannot start node: {error}"))?;
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if done.status.success() {
        print!("{said}");
        Ok(())
    } else {
        Err(format!("{script} ended with {}:\n{said}", done.status).into())
    }
}
