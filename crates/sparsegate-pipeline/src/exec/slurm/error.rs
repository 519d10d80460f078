//! Errors of submitting, asking and cancelling.

use camino::Utf8PathBuf;
use sparsegate_store::StoreError;

/// Why Slurm, or the folder of a submission, cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SlurmError {
    /// A command of Slurm is not installed.
    #[error("`{program}` cannot be started: {problem}")]
    Missing {
        /// The command.
        program: &'static str,
        /// The system's message.
        problem: String,
    },
    /// A command of Slurm failed.
    #[error("`{program}` failed: {message}")]
    Refused {
        /// The command.
        program: &'static str,
        /// What it printed.
        message: String,
    },
    /// An option has no valid value.
    #[error("{0}")]
    Option(String),
    /// A file of a submission cannot be read or written.
    #[error("cannot {verb} {path}: {problem}")]
    Io {
        /// `read` or `write`.
        verb: &'static str,
        /// The file.
        path: Utf8PathBuf,
        /// The system's message.
        problem: String,
    },
    /// An error of a run folder.
    #[error("{0}")]
    Store(String),
}

impl SlurmError {
    pub(super) fn io(verb: &'static str, path: &camino::Utf8Path, problem: impl ToString) -> Self {
        Self::Io { verb, path: path.to_owned(), problem: problem.to_string() }
    }

    /// Whether the controller may have done what was asked, or may do it when it is asked again: it did not answer.
    pub(super) fn is_lost_contact(&self) -> bool {
        const SIGNS: [&str; 7] =
            ["timed out", "unable to contact", "connect", "communication", "zero bytes", "transport", "lost"];
        let Self::Refused { message, .. } = self else { return false };
        let message = message.to_lowercase();
        SIGNS.iter().any(|sign| message.contains(sign))
    }

    /// Whether sbatch refused because too many jobs are submitted, or too many for the user, the account or the QOS.
    pub(super) fn is_submit_limit(&self) -> bool {
        // Such as `QOSMaxSubmitJobPerUserLimit`; or the sentence after it, in which Slurm mentions other limits, too.
        const SIGNS: [&str; 2] = ["SubmitJob", "job submit limit"];
        matches!(self, Self::Refused { program: "sbatch", message } if SIGNS.iter().any(|sign| message.contains(sign)))
    }

    /// A hint how to fix it, for errors whose message has none.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Missing { .. } => Some(
                "run it where Slurm's commands are, such as a login node, or load the module that has them; \
                 `--executor local` trains on this machine",
            ),
            limit if limit.is_submit_limit() => Some(
                "a limit of submitted jobs is in the way, such as those of `sacctmgr show assoc`: each run counts. Run the \
                 same command again when some jobs have ended",
            ),
            Self::Io { verb: "lock", .. } => Some(
                "the file system needs locks (flock) that hold on all nodes; docs/cluster.md says how to mount it and how \
                 to test it",
            ),
            Self::Io { problem, .. } if problem.contains("Permission denied") => Some(
                "whoever submits must be able to write the project folder: `chmod -R g+w runs slurm`, and `umask 002` in \
                 the shells of all from then on",
            ),
            Self::Refused { program: "scancel", message } if message.contains("denied") => {
                Some("a job can be cancelled by its user only; `sparsegate status SPEC` shows which are left")
            }
            Self::Refused { program: "sbatch", .. } => {
                Some("see --slurm and the section `slurm` of the configuration, and docs/cluster.md")
            }
            _ => None,
        }
    }
}

impl From<StoreError> for SlurmError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}
