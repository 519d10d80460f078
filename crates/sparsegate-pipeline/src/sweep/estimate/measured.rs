//! Epochs whose time follows from a few steps that are measured now.

use std::collections::BTreeMap;

use super::{Shape, at_once, level};
use crate::measure::{self, Lengths, Rounds};
use crate::sweep::Sweep;
use sparsegate_data::{eval_batches, train_batches};
use sparsegate_spec::types::RunSpec;
use sparsegate_store::plan::Status;

/// Few, so that the answer comes within seconds.
const ROUNDS: Rounds = Rounds { warm_up: 1, rounds: 5, steps: 1 };

/// The measured time of an epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// Seconds an epoch, with its evaluation.
    pub seconds: f64,
    /// Steps an epoch.
    pub steps: f64,
}

/// Measured times, by shape and level.
#[derive(Debug, Clone, Default)]
pub struct Measured(BTreeMap<(Shape, String), Measurement>);

impl Measured {
    /// The time of an epoch of a run, if it was measured.
    pub fn of(&self, spec: &RunSpec) -> Option<Measurement> {
        self.0.get(&(Shape::of(spec), level(spec))).copied()
    }

    /// Trains a few steps of one run of each shape and level that is not done, in this process, with as many threads as
    /// `run` gives to a run. Nothing is stored. The data are generated, or synthetic ones of the data set's sizes; a data
    /// set whose sizes are not known is read if it is at hand.
    ///
    /// `say` is told about each run before it is measured, and about each that cannot be, with the reason.
    pub fn now(sweep: &Sweep, say: &mut dyn FnMut(&RunSpec, Option<&str>)) -> Self {
        let mut measured = Self::default();
        let open: Vec<_> = sweep.runs().filter(|run| run.entry.status != Status::Done).collect();
        let (_, threads) = at_once(open.len());
        let mut tried = std::collections::BTreeSet::new();
        for run in open {
            let spec = &run.entry.spec;
            let key = (Shape::of(spec), level(spec));
            if !tried.insert(key.clone()) {
                continue;
            }
            say(spec, None);
            match measure(sweep, spec, threads) {
                Ok(found) => drop(measured.0.insert(key, found)),
                Err(why) => say(spec, Some(&why)),
            }
        }
        measured
    }
}

fn measure(sweep: &Sweep, spec: &RunSpec, threads: usize) -> Result<Measurement, String> {
    let manifest = sweep.experiments().iter().find_map(|planned| planned.sources.get(&spec.dataset));
    let itself = manifest.map(|sources| (sweep.root(), &sources.dataset));
    let corpus = measure::corpus_for(spec, Lengths::Unequal, itself).map_err(|error| error.to_string())?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|error| error.to_string())?;
    pool.install(|| {
        let times = measure::time_steps(spec, &corpus, ROUNDS).map_err(|error| error.to_string())?;
        let batches = |error: sparsegate_data::DataError| error.to_string();
        let steps = train_batches(&corpus, &spec.train, spec.seed, 0).map_err(batches)?.len() as f64;
        let evaluated: usize = eval_batches(&corpus, &spec.train).map_err(batches)?.iter().map(|part| part.len()).sum();
        let step = times.quantile(0.5).unwrap_or(f64::NAN);
        Ok(Measurement { seconds: step * steps + times.evaluation * evaluated as f64, steps })
    })
}
