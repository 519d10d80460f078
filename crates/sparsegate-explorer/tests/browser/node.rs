//! Runs a script of checks in node, with headless Chromium.

use std::process::{Command, Stdio};

use camino::Utf8Path;
use libtest_mimic::Failed;

const NODE_MODULES: &str = "SPARSEGATE_NODE_MODULES";

/// The programs that the checks need.
#[derive(Debug, Clone)]
pub struct Browser {
    modules: String,
    program: &'static str,
}

impl Browser {
    /// Those of this machine; what is missing is said on standard error.
    pub fn find() -> Option<Self> {
        let modules = std::env::var(NODE_MODULES).ok().filter(|folder| !folder.is_empty());
        let program = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|program| runs(program));
        let missing = match (modules, runs("node"), program) {
            (None, ..) => format!("{NODE_MODULES} is not set"),
            (_, false, _) => "there is no node".to_owned(),
            (.., None) => "there is no chromium".to_owned(),
            (Some(modules), true, Some(program)) => return Some(Self { modules, program }),
        };
        eprintln!("the checks in a browser are ignored: {missing}; `.ci/run browser` installs what they need");
        None
    }

    /// Runs a script with the path of `folder` and the name of the browser.
    pub fn check(&self, script: &Utf8Path, folder: &Utf8Path) -> Result<(), Failed> {
        let done = Command::new("node")
            .arg(script)
            .args([folder.as_str(), self.program])
            .env(NODE_MODULES, &self.modules)
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
}

fn runs(program: &str) -> bool {
    let quiet = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}
