//! Errors of commands: an exit code, a message and a hint.

use std::error::Error;
use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;

use sparsegate_compact::{CompactModel, FindModelError, NotFinite, WriteCompactError};
use sparsegate_nn::engine::OpenError;
use sparsegate_pipeline::exec::slurm::SlurmError;
use sparsegate_pipeline::start_from::StartError;
use sparsegate_pipeline::sweep::SweepError;
use sparsegate_pipeline::train_run::TrainRunError;
use sparsegate_spec::SpecError;
use sparsegate_store::bundle::BundleError;
use sparsegate_store::{FindRunError, StoreError};

use super::args::Global;
use super::output;

/// Exit codes, as documented in `--help`.
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
    /// The numeric code.
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

/// An error with an exit code and an optional hint how to fix it.
#[derive(Debug)]
pub struct CliError {
    exit: Exit,
    error: Box<dyn Error + Send + Sync>,
    help: Option<String>,
}

impl CliError {
    /// An error that ends the program with the code `exit`.
    pub fn new(exit: Exit, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { exit, error: error.into(), help: None }
    }

    /// A failure caused by neither the spec, the command line nor the data (1).
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

    /// Adds a hint how to fix it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Writes the error to stderr; an error in a spec is shown with its source line.
    pub fn print(&self, global: &Global) {
        if let Some(error) = self.error.downcast_ref::<SpecError>() {
            // With colours, which `message` would escape; the text in it is escaped already.
            let text = super::snippet::render(error, global.color_stderr());
            let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
            return;
        }
        output::message!("error: {}", self.error);
        let mut cause = self.error.source();
        let mut said = self.error.to_string();
        while let Some(error) = cause {
            let text = error.to_string();
            if !said.contains(&text) {
                output::message!("  caused by: {text}");
            }
            said = text;
            cause = error.source();
        }
        if let Some(help) = &self.help {
            output::message!("  help: {help}");
        }
    }
}

/// The message alone, which a worker process reports to its parent.
impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)
    }
}

impl From<OpenError> for CliError {
    fn from(error: OpenError) -> Self {
        let hint = error.hint();
        Self::usage(error).help(hint)
    }
}

impl From<SpecError> for CliError {
    fn from(error: SpecError) -> Self {
        Self::usage(error)
    }
}

impl From<SweepError> for CliError {
    fn from(error: SweepError) -> Self {
        let hint = error.hint();
        match error {
            SweepError::Spec(error) => error.into(),
            SweepError::Data(error) => error.into(),
            SweepError::Backend(error) => error.into(),
            SweepError::NotFetchedAgain { altered, .. } => Self::from(*altered).help(hint.unwrap_or_default()),
            error @ SweepError::Start { error: StartError::NotDone { .. }, .. } => Self::usage(error),
            error @ SweepError::Start { .. } => Self::failed(error),
            SweepError::Plan(error) => Self::failed(error),
            SweepError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt { .. } | StoreError::Newer { .. } => Self::data(error),
            error => Self::failed(error),
        }
    }
}

impl From<BundleError> for CliError {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Store(error) => error.into(),
            BundleError::Damaged { .. } | BundleError::Newer { .. } => Self::data(error),
            BundleError::Exists(_) | BundleError::NotABundle(_) | BundleError::Run { .. } => Self::usage(error),
        }
    }
}

impl From<SlurmError> for CliError {
    fn from(error: SlurmError) -> Self {
        let hint = error.hint();
        let error = match error {
            // Like a backend that is not available.
            SlurmError::Option(_) | SlurmError::Missing { .. } => Self::usage(error),
            _ => Self::failed(error),
        };
        if let Some(hint) = hint { error.help(hint) } else { error }
    }
}

impl From<FindRunError> for CliError {
    fn from(error: FindRunError) -> Self {
        let hint = error.hint();
        if let FindRunError::Store(error) = error {
            return error.into();
        }
        let error = Self::usage(error);
        if let Some(hint) = hint { error.help(hint) } else { error }
    }
}

impl From<TrainRunError> for CliError {
    fn from(error: TrainRunError) -> Self {
        match error {
            TrainRunError::Data(error) => error.into(),
            TrainRunError::Store(error) => error.into(),
            error => {
                let hint = error.hint();
                let failed = Self::failed(error);
                if let Some(hint) = hint { failed.help(hint) } else { failed }
            }
        }
    }
}

impl From<FindModelError> for CliError {
    fn from(error: FindModelError) -> Self {
        let hint = error.hint();
        let error = match error {
            FindModelError::Run(error) => return error.into(),
            FindModelError::Store(error) => error.into(),
            FindModelError::Write(error) => error.into(),
            error @ (FindModelError::Io(_)
            | FindModelError::File { .. }
            | FindModelError::Outputs { .. }
            | FindModelError::Details(_)) => Self::data(error),
        };
        if let Some(hint) = hint { error.help(hint) } else { error }
    }
}

impl From<WriteCompactError> for CliError {
    fn from(error: WriteCompactError) -> Self {
        match error {
            WriteCompactError::NoRun(_) | WriteCompactError::NotDone(_) | WriteCompactError::WithoutWeights(_) => {
                Self::usage(error)
            }
            WriteCompactError::Store(error) => error.into(),
            WriteCompactError::Data(error) => error.into(),
            WriteCompactError::Compact { .. } => Self::data(error),
        }
    }
}

/// Turns non-finite outputs into an error that names the model's file.
pub fn non_finite_error(loaded: &CompactModel) -> impl Fn(NotFinite) -> CliError {
    |error| CliError::data(format!("{}: {error}", loaded.path))
}
