//! Starts a run from another one: copies the means and biases of the trained network.

use camino::Utf8PathBuf;

use sparsegate_core::trainer::{NamedTensor, Trainer};
use sparsegate_store::format::RunState;
use sparsegate_store::plan::{ParentRun, Status};
use sparsegate_store::{RunDir, StoreError};

/// A run that cannot start from another one.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The parent is not finished.
    #[error("the run starts from {parent}, which {state}; {hint}")]
    NotDone {
        /// Key and level of the parent.
        parent: String,
        /// What its state is, as the end of a sentence.
        state: String,
        /// What to do.
        hint: &'static str,
    },
    /// The parent is done, but has no stored network.
    #[error("{0} is missing, from which the run starts; train that run again with --force")]
    NoModel(Utf8PathBuf),
    /// The parent's network has other tensors.
    #[error("{path} does not fit the run that starts from it: {problem}; train both runs again with --force")]
    Unfit {
        /// The parent's `model.safetensors`.
        path: Utf8PathBuf,
        /// Which tensor does not fit, and why.
        problem: String,
    },
    /// An error of the parent's folder.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StartError {
    fn not_done(parent: &str, state: impl Into<String>, hint: &'static str) -> Self {
        Self::NotDone { parent: parent.to_owned(), state: state.into(), hint }
    }
}

/// Hint for a parent that has to be trained.
const TRAIN: &str = "train it first: name both levels in --only, or leave --only out";
/// Hint for a parent that another process works on.
const WAIT: &str = "wait until it is done, then run again";

/// Refuses a parent that is neither finished nor part of the plan.
///
/// # Errors
/// [`StartError::NotDone`], with what is stored of the parent, or an unreadable folder.
pub fn check_parent(parent: &ParentRun) -> Result<(), StartError> {
    let name = format!("{} ({})", parent.run, parent.level);
    if parent.is_available() {
        return Ok(());
    }
    if let Some(holder) = parent.dir.holder()? {
        return Err(StartError::not_done(&name, format!("{holder} is still training"), WAIT));
    }
    let state = match &parent.status {
        Status::Failed { error } => format!("failed: {error}"),
        Status::Damaged { error } => format!("cannot be read: {error}"),
        Status::Interrupted { epoch } => format!("was interrupted after epoch {epoch}"),
        _ => "was never run".to_owned(),
    };
    Err(StartError::not_done(&name, state, TRAIN))
}

/// Gives the network under training the means of all weights and the biases of the finished run in `parent`. Log
/// sigmas, group factors and the optimiser keep their initial values.
///
/// # Errors
/// [`StartError`]. The network is then unchanged.
pub fn start_from(trainer: &mut dyn Trainer, parent: &RunDir) -> Result<(), StartError> {
    parent.verify()?;
    match parent.summary()? {
        Some(summary) if summary.state == RunState::Done => {}
        Some(summary) if summary.state == RunState::Failed => {
            let error = summary.error.unwrap_or_else(|| "no reason is stored".to_owned());
            return Err(StartError::not_done(parent.key(), format!("failed: {error}"), TRAIN));
        }
        _ => return Err(StartError::not_done(parent.key(), "is not finished", TRAIN)),
    }
    let model = parent.model()?.ok_or_else(|| StartError::NoModel(parent.model_path()))?;
    let unfit = |problem| StartError::Unfit { path: parent.model_path(), problem };
    let mut state = trainer.state();
    replace(&mut state, &trainer.parameters(), model).map_err(unfit)?;
    trainer.restore_state(&state).map_err(unfit)
}

/// Replaces the values of the tensors of `state` that are in `model`, which must have those of all `parameters` but log
/// sigmas and group factors, and no others.
fn replace(state: &mut [NamedTensor], parameters: &[NamedTensor], mut model: Vec<NamedTensor>) -> Result<(), String> {
    for NamedTensor { name, shape, .. } in parameters.iter().filter(|tensor| is_copied(&tensor.name)) {
        let at = model.iter().position(|tensor| tensor.name == *name).ok_or_else(|| format!("it has no {name}"))?;
        let found = model.swap_remove(at);
        if found.shape != *shape {
            return Err(format!("{name} has shape {:?}, not {shape:?}", found.shape));
        }
        if let Some(at) = found.values.iter().position(|value| !value.is_finite()) {
            return Err(format!("value {at} of {name} is not finite"));
        }
        if let Some(tensor) = state.iter_mut().find(|tensor| tensor.name == *name) {
            *tensor = found;
        }
    }
    match model.first() {
        Some(extra) => Err(format!("it also has {}", extra.name)),
        None => Ok(()),
    }
}

/// Whether a parameter is the mean of weights or a bias.
fn is_copied(name: &str) -> bool {
    !name.ends_with("/log_sigma") && !name.contains("/z_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, values: &[f32]) -> NamedTensor {
        NamedTensor { name: name.to_owned(), shape: vec![1, values.len()], values: values.to_vec() }
    }

    fn parameters() -> Vec<NamedTensor> {
        vec![
            tensor("lstm/w/mean", &[1.0, 2.0]),
            tensor("lstm/w/log_sigma", &[-3.0, -3.0]),
            tensor("lstm/z_gates/mean", &[1.0]),
            tensor("lstm/z_gates/log_sigma", &[-3.0]),
            tensor("lstm/bias", &[0.0]),
        ]
    }

    #[test]
    fn means_and_biases_are_copied_and_nothing_else() {
        let mut state = parameters();
        state.push(tensor("adam/first/lstm/w/mean", &[0.0, 0.0]));
        let mut wanted = state.clone();
        wanted[0].values = vec![5.0, 6.0];
        wanted[4].values = vec![7.0];
        let model = vec![tensor("lstm/bias", &[7.0]), tensor("lstm/w/mean", &[5.0, 6.0])];
        replace(&mut state, &parameters(), model).unwrap();
        assert_eq!(state, wanted);
    }

    #[test]
    fn a_network_of_another_shape_is_refused_by_the_tensors_name() {
        let refused = |model: &[NamedTensor]| replace(&mut parameters(), &parameters(), model.to_vec()).unwrap_err();
        let (weights, bias) = (tensor("lstm/w/mean", &[5.0, 6.0]), tensor("lstm/bias", &[7.0]));
        assert_eq!(refused(std::slice::from_ref(&weights)), "it has no lstm/bias");
        let wide = tensor("lstm/w/mean", &[5.0; 3]);
        assert_eq!(refused(&[wide, bias.clone()]), "lstm/w/mean has shape [1, 3], not [1, 2]");
        let nan = tensor("lstm/w/mean", &[5.0, f32::NAN]);
        assert_eq!(refused(&[nan, bias.clone()]), "value 1 of lstm/w/mean is not finite");
        assert_eq!(refused(&[weights, bias, tensor("output/w/mean", &[1.0])]), "it also has output/w/mean");
    }
}
