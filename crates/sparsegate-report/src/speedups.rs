//! How many times as fast a compact model is as the dense network, and how many times less it has to do.

use super::rows::Row;
use sparsegate_store::speed::{Mode, Speed, Who};

/// One run's figures against one thing that runs the dense network.
#[derive(Debug, Clone)]
pub struct Speedup<'a> {
    /// The run.
    pub row: &'a Row,
    /// What was measured.
    pub speed: &'a Speed,
    /// The most threads that were measured.
    pub threads: usize,
}

/// One way of reading: how symbols come, and how many sequences.
pub type Way = (Mode, usize);

/// The runs whose compact models were timed.
pub fn speedups(rows: &[Row]) -> Vec<Speedup<'_>> {
    let timed = rows.iter().filter_map(|row| Some((row, row.speed.as_ref()?)));
    timed
        .filter_map(|(row, speed)| {
            Some(Speedup { row, speed, threads: speed.timings.iter().map(|timing| timing.threads).max()? })
        })
        .collect()
}

impl Speedup<'_> {
    /// Multiply-adds of the dense network over those of the compact one.
    pub fn fewer(&self) -> f64 {
        self.speed.dense.macs / self.speed.compact.macs.max(f64::MIN_POSITIVE)
    }

    /// The time of `who` over that of the compact model, with the smallest and the largest that both intervals allow.
    pub fn over(&self, who: Who, (mode, batch): Way) -> Option<[f64; 3]> {
        let time = |who| self.speed.time(who, mode, batch, self.threads);
        let (theirs, ours) = (time(who)?, time(Who::Compact)?);
        Some([theirs.median / ours.median, theirs.low / ours.high, theirs.high / ours.low])
    }

    /// The ways in which it was timed, streaming first.
    pub fn ways(&self) -> Vec<Way> {
        let mut ways: Vec<Way> = self.speed.timings.iter().map(|timing| (timing.mode, timing.batch)).collect();
        ways.sort_by_key(|(mode, batch)| (*mode == Mode::Whole, *batch));
        ways.dedup();
        ways
    }
}

/// A way in words.
pub fn name((mode, batch): Way) -> String {
    match mode {
        Mode::Streaming => "symbol by symbol".to_owned(),
        Mode::Whole => format!("batch {batch}"),
    }
}
