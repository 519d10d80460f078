//! The state of a run in its folder: checkpoints, exact resume, and the state of the best epoch.

use camino::Utf8PathBuf;
use sparsegate_core::trainer::NamedTensor;
use sparsegate_store::Position;

use super::super::{TrainError, TrainEvent};
use super::Training;

impl Training<'_, '_> {
    /// Restores the checkpoint and removes the metrics and times of later epochs.
    pub(super) fn resume(&mut self) -> Result<(), TrainError> {
        if let Some(checkpoint) = self.lock.dir().checkpoint()? {
            self.restore(&checkpoint.tensors, || self.lock.dir().checkpoint_path())?;
            self.position = checkpoint.position;
        }
        self.lock.truncate_metrics(self.position.epoch)?;
        self.lock.truncate_times(self.position.epoch)?;
        let mut lines = self.lock.dir().metrics()?;
        for line in &lines {
            self.best.add(line);
        }
        self.collapse.resume(&lines);
        self.last = lines.pop();
        Ok(())
    }

    fn restore(&mut self, state: &[NamedTensor], path: impl Fn() -> Utf8PathBuf) -> Result<(), TrainError> {
        self.trainer.restore_state(state).map_err(|problem| TrainError::Checkpoint { path: path(), problem })
    }

    /// Goes back to the state of the selected epoch, if that is not the last one.
    pub(super) fn select_epoch(&mut self) -> Result<(), TrainError> {
        if self.spec.select.is_last() {
            return Ok(());
        }
        self.selected = Some(self.position.epoch);
        let Some(selected) = self.best.selected().filter(|best| best.epoch != self.position.epoch).cloned() else {
            return Ok(());
        };
        let path = self.lock.dir().best_path(selected.epoch);
        let state = match self.best_state.take() {
            Some((_, state)) => state,
            None => match self.lock.dir().best(selected.epoch)? {
                Some(stored) => stored.tensors,
                None => return Err(TrainError::Checkpoint { path, problem: "it is missing".to_owned() }),
            },
        };
        self.restore(&state, || path.clone())?;
        self.selected = Some(selected.epoch);
        self.last = Some(selected);
        Ok(())
    }

    /// Writes a checkpoint. The state of the best epoch is stored before it, and older ones are removed after it, so
    /// that the checkpoint in the folder always has that of its best epoch beside it.
    pub(super) fn save(&mut self) -> Result<(), TrainError> {
        let position = self.position_now();
        if let Some((position, state)) = &self.best_state {
            self.check_tensors(state)?;
            self.lock.write_best(position, state)?;
        }
        let state = self.trainer.state();
        self.check_tensors(&state)?;
        self.lock.write_checkpoint(&position, &state)?;
        if self.best_state.take().is_some() {
            self.lock.keep_best(self.best.selected().map(|best| best.epoch))?;
        }
        self.clock.saved();
        (self.events)(TrainEvent::Saved { step: position.step });
        Ok(())
    }

    pub(super) fn position_now(&self) -> Position {
        let epoch_seconds = self.epoch_seconds().filter(|_| self.position.batch > 0);
        Position { train_seconds: self.seconds(), epoch_seconds, ..self.position }
    }
}
