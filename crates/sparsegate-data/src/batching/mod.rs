//! Cuts symbol ids into mini-batches, in the three ways of the published runs.
//!
//! | module | sequences | order in training | initial state |
//! |---|---|---|---|
//! | [`carried`] | `batch` parallel pieces of the stream, in windows of `sequence` | as in the text | carried over |
//! | [`windowed`] | windows of `sequence + 1` symbols without overlap | shuffled, one random offset an epoch | zero |
//! | [`texts`] | whole labelled texts, `batch` at a time | shuffled each epoch | zero |
//!
//! All sources borrow the data; an epoch allocates at most one index a window or text.

mod carried;
mod texts;
mod windowed;

use super::corpus::Parts;
use super::{Corpus, DataError, Sizes};
use sparsegate_core::BatchSource;
use sparsegate_spec::types::TrainSpec;

use carried::Carried;
use texts::Labelled;
use windowed::Windowed;

/// The batches of one training epoch; they depend only on the corpus, `train`, `seed` and `epoch`.
///
/// `epoch` may count from 0 or from 1, if all calls agree.
///
/// # Errors
/// A stream too short for one batch, or `train.batch` or `train.sequence` of 0.
pub fn train_batches<'a>(
    corpus: &'a Corpus,
    train: &TrainSpec,
    seed: u64,
    epoch: u32,
) -> Result<Box<dyn BatchSource + 'a>, DataError> {
    Ok(match &corpus.parts {
        Parts::Streams { train: stream, .. } if train.carries_state() => Box::new(Carried::new(stream, train)?),
        Parts::Streams { train: stream, .. } => Box::new(Windowed::shuffled(stream, train, seed, epoch)?),
        Parts::Texts { train: texts, .. } => Box::new(Labelled::shuffled(texts, train, seed, epoch)?),
    })
}

/// The batches for evaluation on the validation and the test data, in this order; nothing is shuffled.
///
/// # Errors
/// As [`train_batches`].
pub fn eval_batches<'a>(corpus: &'a Corpus, train: &TrainSpec) -> Result<[Box<dyn BatchSource + 'a>; 2], DataError> {
    Ok(match &corpus.parts {
        Parts::Streams { valid, test, .. } => [stream_batches(valid, train)?, stream_batches(test, train)?],
        Parts::Texts { valid, test, .. } => {
            [Box::new(Labelled::in_order(valid, train)?), Box::new(Labelled::in_order(test, train)?)]
        }
    })
}

fn stream_batches<'a>(stream: &'a [u32], train: &TrainSpec) -> Result<Box<dyn BatchSource + 'a>, DataError> {
    if train.carries_state() {
        Ok(Box::new(Carried::new(stream, train)?))
    } else {
        Ok(Box::new(Windowed::in_order(stream, train)?))
    }
}

/// Number N of predicted symbols (or texts) in one training epoch; the KL term has weight 1/N (arXiv 1812.05692, the N
/// of the evidence lower bound).
///
/// # Errors
/// As [`train_batches`].
pub fn train_size(corpus: &Corpus, train: &TrainSpec) -> Result<usize, DataError> {
    Ok(train_batches(corpus, train, 0, 0)?.targets())
}

/// Checks that a data set of these sizes suffices for the batches of a run, without its ids: that [`train_batches`] and
/// [`eval_batches`] will succeed.
///
/// # Errors
/// As [`train_batches`].
pub fn check_batches(sizes: &Sizes, train: &TrainSpec) -> Result<(), DataError> {
    if sizes.labelled {
        return Labelled::check(train);
    }
    let [of_training, valid, test] = sizes.parts;
    [valid, test, of_training].into_iter().try_for_each(|symbols| {
        if train.carries_state() { Carried::check(symbols, train) } else { Windowed::check(symbols, train) }
    })
}

/// Refuses sizes of zero and streams of fewer than `needed` symbols.
fn check(symbols: usize, train: &TrainSpec, needed: impl Fn(usize, usize) -> usize) -> Result<(), DataError> {
    let (batch, sequence) = (train.batch, train.window());
    if batch == 0 {
        return Err(DataError::ZeroSize { key: "batch" });
    }
    if sequence == 0 {
        return Err(DataError::ZeroSize { key: "sequence" });
    }
    let needed = needed(batch, sequence);
    if symbols < needed {
        return Err(DataError::StreamTooShort { symbols, needed, batch, sequence });
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use sparsegate_spec::types::{Adam, Optimizer, RateSchedule, Select, StartFrom, TrainSpec, WarmUp};

    pub(crate) fn spec(batch: usize, sequence: usize, carry_state: bool) -> TrainSpec {
        TrainSpec {
            epochs: 1,
            batch,
            sequence: Some(sequence),
            carry_state: Some(carry_state),
            optimizer: Optimizer::Adam(Adam { lr: 0.002, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
            clip_norm: None,
            max_steps: None,
            kl: None,
            schedule: RateSchedule::Constant,
            lr_warm_up: WarmUp::default(),
            select: Select::Last,
            early_stop: None,
            drop_dead: None,
            start_from: StartFrom::Init,
        }
    }

    #[test]
    fn sizes_of_zero_and_short_streams_are_errors() {
        let stream = [0u32; 20];
        let why = |batch, sequence, carry| {
            super::stream_batches(&stream, &spec(batch, sequence, carry)).err().map(|error| error.to_string())
        };
        assert_eq!(why(0, 5, true).as_deref(), Some("train.batch is 0; it must be at least 1"));
        assert_eq!(why(5, 0, false).as_deref(), Some("train.sequence is 0; it must be at least 1"));
        assert_eq!(why(10, 35, true), None);
        assert!(why(11, 35, true).unwrap().contains("need at least 22;"));
        assert_eq!(why(64, 9, false), None);
        assert!(why(64, 10, false).unwrap().contains("need at least 22;"));
        assert!(why(usize::MAX, usize::MAX, true).is_some());
        assert!(why(usize::MAX, usize::MAX, false).is_some());
    }
}
