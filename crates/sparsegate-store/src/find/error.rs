//! Why no run was found.

use camino::Utf8PathBuf;

use crate::StoreError;

/// Runs listed in a message, at most.
const LISTED: usize = 5;

/// A text that does not name exactly one stored run.
#[derive(Debug, thiserror::Error)]
pub enum FindRunError {
    /// No run matches.
    #[error("there is no run `{text}` in {runs}")]
    Unknown {
        /// The text.
        text: String,
        /// The folder of the runs.
        runs: Utf8PathBuf,
    },
    /// The keys of several runs begin like this.
    #[error("`{text}` matches {} runs: {}", .runs.len(), first(.runs))]
    SeveralKeys {
        /// The text.
        text: String,
        /// The runs, each by its key, in a folder of an earlier version as `EXPERIMENT/KEY`.
        runs: Vec<String>,
    },
    /// Several runs have these settings.
    #[error("`{text}` matches {} runs: {}{}", .runs.len(), first(.runs), if .runs.len() > LISTED { ", ..." } else { "" })]
    SeveralSettings {
        /// The text.
        text: String,
        /// Name of the experiment.
        experiment: String,
        /// The runs, each with its key and the settings in which the runs of the experiment differ.
        runs: Vec<String>,
        /// The settings of the first of them; `None` if the runs do not differ in any.
        example: Option<String>,
    },
    /// The settings are not valid, or no run has them.
    #[error("{problem}")]
    Filter {
        /// What is wrong.
        problem: String,
        /// How to fix it.
        hint: String,
    },
    /// A run folder cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FindRunError {
    /// A hint how to name a run, for errors whose message has none.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown { .. } => {
                "`sparsegate status SPEC` lists runs and their keys; give a key, a prefix of it, or a run's folder"
                    .into()
            }
            Self::SeveralKeys { .. } => "give more of the key".into(),
            Self::SeveralSettings { experiment, example: Some(example), .. } => {
                format!("give the key, or its settings, such as {experiment}:{example}")
            }
            Self::SeveralSettings { example: None, .. } => "give the key".into(),
            Self::Filter { hint, .. } => hint.clone(),
            Self::Store(_) => return None,
        })
    }
}

fn first(runs: &[String]) -> String {
    runs[..runs.len().min(LISTED)].join(", ")
}
