//! The page in headless Chromium: its numbers against the runtime's, and what is seen of it.
//!
//! `SPARSEGATE_NODE_MODULES` names a folder `node_modules` with `playwright-core` and `axe-core`; node and Chromium are
//! those of the PATH. Where one is missing, the checks are listed as ignored. `.ci/run browser` installs what is
//! missing.

mod cases;
mod node;

use camino::Utf8Path;
use libtest_mimic::{Arguments, Failed, Trial};

use node::Browser;

fn main() {
    let browser = Browser::find();
    let trial = |name: &str, script: &'static str, write: fn(&Utf8Path) -> Result<(), Failed>| {
        let found = browser.clone();
        let check = move || found.map_or(Ok(()), |browser| check(&browser, script, write));
        Trial::test(name, check).with_ignored_flag(browser.is_none())
    };
    let trials = vec![
        trial("texts of every cell and task", "numbers.mjs", cases::numbers),
        trial("what is seen, and what can be done", "page.mjs", cases::shown),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Writes a page and what it must say to a folder, and checks it with a script of this folder.
fn check(browser: &Browser, script: &str, write: fn(&Utf8Path) -> Result<(), Failed>) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let folder = Utf8Path::from_path(folder.path()).ok_or("a folder whose name is not UTF-8")?;
    write(folder)?;
    browser.check(&Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(script), folder)
}
