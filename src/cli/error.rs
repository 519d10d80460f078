//! Errors at the edge: an exit code, a message, a cure.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use sparsegate_nn::engine::OpenError;
use sparsegate_spec::SpecError;

use super::args::Global;
use super::output;

/// The documented exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: a run failed.
    Failed,
    /// 2: the spec or the command line is wrong.
    Usage,
    /// 3: a claim does not hold.
    Claim,
    /// 4: data missing or corrupt.
    Data,
    /// 130: interrupted, state saved.
    Interrupted,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Claim => 3,
            Exit::Data => 4,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// An error on its way out: what it is, how to mend it and which exit code it means.
#[derive(Debug)]
pub struct CliError {
    exit: Exit,
    error: Box<dyn Error + Send + Sync>,
    help: Option<String>,
}

impl CliError {
    /// An error that ends the program with `exit`.
    pub fn new(exit: Exit, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { exit, error: error.into(), help: None }
    }

    /// Something failed that is neither the user's spec nor the data (1).
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::Failed, error)
    }

    /// The spec or the command line is wrong (2).
    pub fn usage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::Usage, error)
    }

    /// Data missing or corrupt (4).
    pub fn data(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::Data, error)
    }

    /// Adds how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Writes the error to stderr; a mistake in a spec with the line it is in.
    pub fn print(&self, global: &Global) {
        if let Some(error) = self.error.downcast_ref::<SpecError>() {
            output::say!("{}", super::snippet::render(error, global.color_stderr()).trim_end());
            return;
        }
        output::say!("error: {}", self.error);
        let mut cause = self.error.source();
        let mut said = self.error.to_string();
        while let Some(error) = cause {
            let text = error.to_string();
            if !said.contains(&text) {
                output::say!("  caused by: {text}");
            }
            said = text;
            cause = error.source();
        }
        if let Some(help) = &self.help {
            output::say!("  help: {help}");
        }
    }
}

/// The message alone, as a worker tells it to its parent.
impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)
    }
}

impl From<OpenError> for CliError {
    fn from(error: OpenError) -> Self {
        let cure = error.cure();
        Self::usage(error).help(cure)
    }
}

impl From<SpecError> for CliError {
    fn from(error: SpecError) -> Self {
        Self::usage(error)
    }
}
