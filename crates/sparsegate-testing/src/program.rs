//! The program under test, and what it answers.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use camino::Utf8Path;

/// The program in a folder, with these arguments and one thread. Instead of the user's configuration it reads
/// `config/sparsegate/config.yaml` in the folder, if a test writes one.
pub fn command_in(folder: &Utf8Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).env("RAYON_NUM_THREADS", "1");
    for variable in ["SPARSEGATE_MIRROR", "SPARSEGATE_CACHE", "SPARSEGATE_CONFIG"] {
        command.env_remove(variable);
    }
    command.env("XDG_CONFIG_HOME", folder.join("config"));
    command
}

/// Path of the program `sparsegate`: cargo puts it into the folder above that of the integration tests, and builds it
/// before those of its own package. Tests of other packages must not use it.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.parent().and_then(|folder| folder.parent()).expect("target/PROFILE/deps/TEST");
    folder.join(format!("sparsegate{}", std::env::consts::EXE_SUFFIX))
}

/// What a process left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Answer {
    /// Runs a process to its end.
    pub fn to(mut command: Command) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Self::of(child.expect("a program that can be started"))
    }

    /// Waits for the end of a process whose output is piped.
    pub fn of(child: Child) -> Self {
        let output = child.wait_with_output().expect("the output of the process");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8 output");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The answer with single spaces in place of line breaks and alignment, and without the margins of rendered errors.
    #[must_use]
    pub fn on_one_line(self) -> Self {
        let is_margin = |part: &&str| matches!(*part, "\u{2502}" | "|");
        let joined = |text: &str| text.split_whitespace().filter(|part| !is_margin(part)).collect::<Vec<_>>().join(" ");
        Self { out: joined(&self.out), err: joined(&self.err), ..self }
    }

    /// Fails unless the process ended with this code and its standard error has these parts.
    #[track_caller]
    pub fn expect(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for part in parts {
            assert!(self.err.contains(part), "`{part}` is not in stderr of {self:#?}");
        }
    }

    /// As [`Answer::expect`], for parts on standard output or standard error.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "most checks are the end of a statement")]
    pub fn says(self, code: i32, parts: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for part in parts {
            assert!(self.out.contains(part) || self.err.contains(part), "`{part}` is not in {self:#?}");
        }
        self
    }

    /// Fails unless the process printed nothing on standard output, and its standard error has no panic; otherwise as
    /// [`Answer::expect`].
    #[track_caller]
    pub fn fails(&self, code: i32, parts: &[&str]) {
        self.expect(code, parts);
        assert_eq!(self.out, "", "nothing on stdout: {self:#?}");
        assert!(!self.err.contains("panicked"), "{self:#?}");
    }

    /// Standard output of a process that succeeded without a message.
    #[track_caller]
    pub fn quiet(&self) -> &str {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{self:#?}");
        &self.out
    }

    /// Standard output followed by standard error of a process that succeeded.
    #[track_caller]
    pub fn done(self) -> String {
        self.expect(0, &[]);
        self.out + &self.err
    }
}
