//! Times several implementations of the same computation in alternation, so that other load on the machine affects all
//! of them alike.

use std::time::{Duration, Instant};

use super::statistics;
use sparsegate_store::speed::MedianInterval;

/// One implementation to time.
pub trait Timed {
    /// Takes `count` samples, microseconds per token each.
    ///
    /// # Errors
    /// A message, if it cannot be timed.
    fn samples(&mut self, count: usize) -> Result<Vec<f64>, String>;
}

/// Samples per turn: enough that threads and caches are warm for most of them, few enough for many turns.
const SAMPLES_PER_TURN: usize = 5;

/// Takes at least `samples` samples of each contestant, a few per turn, in the order first to last, then last to first,
/// and so on. The result of a contestant that cannot be timed is its error.
pub fn time_alternately(
    contestants: &mut [Box<dyn Timed + '_>],
    samples: usize,
) -> Vec<Result<MedianInterval, String>> {
    let mut taken: Vec<Result<Vec<f64>, String>> = contestants.iter().map(|_| Ok(Vec::new())).collect();
    for round in 0..samples.div_ceil(SAMPLES_PER_TURN) {
        let forwards = 0..contestants.len();
        let order: Vec<usize> = if round % 2 == 0 { forwards.collect() } else { forwards.rev().collect() };
        for place in order {
            if let Ok(so_far) = &mut taken[place] {
                match contestants[place].samples(SAMPLES_PER_TURN) {
                    Ok(more) => so_far.extend(more),
                    Err(problem) => taken[place] = Err(problem),
                }
            }
        }
    }
    let median = |taken: Vec<f64>| statistics::median(&taken).ok_or_else(|| "no sample was taken".to_owned());
    taken.into_iter().map(|taken| taken.and_then(median)).collect()
}

/// A sample repeats its call until it takes at least this long, because the clock's resolution is limited.
const MIN_SAMPLE_TIME: Duration = Duration::from_millis(2);
/// Calls are repeated for this long before the first sample, to fill caches, wake threads and raise the clock rate.
const WARM_UP: Duration = Duration::from_millis(200);

/// A call in this process, as a contestant.
pub struct Call<F> {
    run: F,
    tokens: usize,
    repeats: Option<u32>,
}

impl<F: FnMut()> Call<F> {
    /// A call that processes `tokens` tokens.
    pub fn new(tokens: usize, run: F) -> Self {
        Self { run, tokens, repeats: None }
    }

    fn warm_up(&mut self) -> u32 {
        let start = Instant::now();
        let mut calls = 0_u32;
        while calls < 2 || start.elapsed() < WARM_UP {
            (self.run)();
            calls += 1;
        }
        let each = start.elapsed() / calls;
        (MIN_SAMPLE_TIME.as_nanos() / each.as_nanos().max(1)) as u32 + 1
    }
}

impl<F: FnMut()> Timed for Call<F> {
    fn samples(&mut self, count: usize) -> Result<Vec<f64>, String> {
        let repeats = if let Some(repeats) = self.repeats { repeats } else { self.warm_up() };
        self.repeats = Some(repeats);
        // One untimed call reloads what other contestants have evicted from the caches.
        (self.run)();
        let mut sample = || {
            let start = Instant::now();
            (0..repeats).for_each(|_| (self.run)());
            start.elapsed().as_secs_f64() * 1e6 / (f64::from(repeats) * self.tokens as f64)
        };
        Ok((0..count).map(|_| sample()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    struct Noted<'a>(&'a RefCell<String>, char);

    impl Timed for Noted<'_> {
        fn samples(&mut self, count: usize) -> Result<Vec<f64>, String> {
            self.0.borrow_mut().push(self.1);
            if self.1 == 'x' { Err("cannot".to_owned()) } else { Ok(vec![2.0; count]) }
        }
    }

    #[test]
    fn turns_are_taken_and_those_that_fail_are_left_out() {
        let order = RefCell::new(String::new());
        let mut contestants: Vec<Box<dyn Timed>> =
            vec![Box::new(Noted(&order, 'a')), Box::new(Noted(&order, 'x')), Box::new(Noted(&order, 'b'))];
        let found = time_alternately(&mut contestants, 11);
        assert_eq!(found[0].as_ref().unwrap().samples, 15);
        assert_eq!(found[1], Err("cannot".to_owned()));
        drop(contestants);
        assert_eq!(order.into_inner(), "axbbaab");
    }

    #[test]
    fn a_call_is_repeated_and_divided_by_its_tokens() {
        let mut calls = 0_u64;
        let mut call = Call::new(1000, || {
            calls += 1;
            std::thread::sleep(Duration::from_micros(500));
        });
        let samples = call.samples(3).unwrap();
        assert!(samples.iter().all(|sample| *sample >= 0.5), "{samples:?}");
        assert!(calls > 3 * 2);
    }
}
