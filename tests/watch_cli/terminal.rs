//! Processes in a terminal of their own.

use std::io::Write as _;
use std::process::{Child, ChildStdin, Command, Stdio};

use sparsegate_testing::{Project, wait_for};

/// A shell in a terminal of 80 columns and 24 rows.
///
/// If the test fails, the terminal vanishes, and its programs end.
pub struct Terminal {
    child: Child,
    keys: Option<ChildStdin>,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Terminal {
    /// Runs the program with `arguments`. Its process id is written to `pid`, its exit code to `code`, and all that the
    /// terminal shows to `typescript`, in the project's folder.
    pub fn start(project: &Project, arguments: &str) -> Self {
        // The shell gets Ctrl-C, too, and lives on to tell the exit code.
        let script = format!(
            "trap : INT\nstty cols 80 rows 24\nsh -c 'echo $$ >pid; exec \"$SPARSEGATE\" {arguments}'\necho $? >code.new\nmv code.new code\n"
        );
        project.write("script.sh", script);
        let mut command = Command::new("script");
        command.args(["-qefc", "sh script.sh", "typescript"]).current_dir(&project.root);
        command.env("SPARSEGATE", env!("CARGO_BIN_EXE_sparsegate")).env("RAYON_NUM_THREADS", "1");
        command.env("TERM", "xterm").env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
        command.env_remove("SPARSEGATE_MIRROR").env_remove("SPARSEGATE_CACHE");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let keys = child.stdin.take();
        Self { child, keys }
    }

    /// Types a key.
    pub fn press(&mut self, key: &str) {
        let keys = self.keys.as_mut().unwrap();
        keys.write_all(key.as_bytes()).and_then(|()| keys.flush()).unwrap();
    }

    /// What it has shown so far, without the lines of `script` itself.
    pub fn shown(project: &Project) -> String {
        let bytes = fs_err::read(project.path("typescript")).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let text = text
            .split_once('\n')
            .filter(|(head, _)| head.starts_with("Script started"))
            .map_or(text.clone(), |(_, rest)| rest.to_owned());
        text.split("\nScript done").next().unwrap_or_default().to_owned()
    }

    /// Waits for the end of the program, and returns its exit code and what the terminal has shown.
    pub fn end(mut self, project: &Project) -> (String, String) {
        let code = wait_for("exit code", || fs_err::read_to_string(project.path("code")).ok());
        drop(self.keys.take());
        self.child.wait().unwrap();
        (code.trim().to_owned(), Self::shown(project))
    }
}
