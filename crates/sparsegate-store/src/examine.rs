//! Verifies many run folders, those that have not changed since the last time by the index.

use camino::Utf8Path;

use super::format::RunState;
use super::index::{Beginning, Examined, Index, stamp};
use super::plan::Status;
use super::{RunDir, StoreError, Verified};

/// What is stored of a run.
pub(crate) type Examination = Result<Option<Examined>, StoreError>;

/// The state of each folder in order; `None` for a run that was never started. Folders that the index knows as they are
/// now are not read; the others are verified and added to it. Both uses all processors.
pub(crate) fn examine(root: &Utf8Path, dirs: &[&RunDir]) -> Vec<Examination> {
    let index = Index::read(root);
    let known = in_parallel(dirs, |dir| {
        // A path that does not exist is as it is for most runs of a new sweep.
        if !dir.path().exists() {
            return Known::Nothing;
        }
        let stamp = stamp(dir);
        index.examined(dir, &stamp).map_or(Known::Changed(stamp), |examined| Known::Unchanged(Box::new(examined)))
    });
    let changed: Vec<&RunDir> =
        dirs.iter().zip(&known).filter(|(_, known)| matches!(known, Known::Changed(_))).map(|(dir, _)| *dir).collect();
    if changed.is_empty() {
        return known.into_iter().map(|known| known.into_examination(&mut std::iter::empty())).collect();
    }
    let begun = Beginning::now(root);
    let read = in_parallel(&changed, read);
    let stamps = known.iter().filter_map(|known| if let Known::Changed(stamp) = known { Some(stamp) } else { None });
    let new = changed.iter().zip(stamps).zip(&read);
    let new = new.filter_map(|((dir, stamp), read)| Some((*dir, stamp.clone(), read.as_ref().ok()?.as_ref()?)));
    index.add(&begun, new.collect());
    let mut read = read.into_iter();
    known.into_iter().map(|known| known.into_examination(&mut read)).collect()
}

/// What the index says about a folder.
enum Known {
    /// There is no folder.
    Nothing,
    /// Its files are as they were.
    Unchanged(Box<Examined>),
    /// The index does not know it as it is now, which this stamp says.
    Changed(String),
}

impl Known {
    /// The state; that of a changed folder is the next one in `read`.
    fn into_examination(self, read: &mut dyn Iterator<Item = Examination>) -> Examination {
        match self {
            Self::Nothing => Ok(None),
            Self::Unchanged(examined) => Ok(Some(*examined)),
            Self::Changed(_) => read.next().unwrap_or(Ok(None)),
        }
    }
}

/// Applies `work` to all folders, on as many threads as there are processors, and keeps the order.
fn in_parallel<T: Send>(dirs: &[&RunDir], work: impl Fn(&RunDir) -> T + Sync) -> Vec<T> {
    /// Folders that are worth a thread.
    const ENOUGH: usize = 64;
    let threads = crate::provenance::cores().min(dirs.len().div_ceil(ENOUGH)).max(1);
    let share = dirs.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let mut parts = Vec::new();
        for part in dirs.chunks(share) {
            let work = &work;
            parts.push(scope.spawn(move || part.iter().copied().map(work).collect::<Vec<T>>()));
        }
        let join = |part: std::thread::ScopedJoinHandle<'_, Vec<T>>| {
            part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        parts.into_iter().flat_map(join).collect()
    })
}

/// The state according to the files themselves.
pub(crate) fn read(dir: &RunDir) -> Examination {
    // A run whose files are not what was written must not count as done, and not be resumed.
    if dir.verify()? == Verified::NotStarted {
        return Ok(None);
    }
    let last = dir.metrics()?.pop();
    let Some(summary) = dir.summary()? else {
        let position = dir.position()?;
        // A sweep writes all of its records before it starts the first run.
        if position.is_none() && last.is_none() && !dir.log_path().exists() {
            return Ok(None);
        }
        // A process that was killed leaves no summary.
        let epoch = position.map_or(0, |position| position.epoch);
        let status = Status::Interrupted { epoch };
        return Ok(Some(Examined { status, shown: last.clone(), last, metric: None }));
    };
    let (status, shown) = match summary.state {
        RunState::Done => (Status::Done, summary.last),
        RunState::Interrupted => (Status::Interrupted { epoch: summary.epochs }, None),
        RunState::Failed => {
            (Status::Failed { error: summary.error.unwrap_or_else(|| "no reason is stored".into()) }, None)
        }
    };
    Ok(Some(Examined { status, shown: shown.or_else(|| last.clone()), last, metric: summary.metric }))
}
