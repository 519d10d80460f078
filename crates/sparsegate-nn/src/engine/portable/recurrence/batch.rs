//! Row layout of a batch of sequences of different lengths.

use std::ops::Range;

use burn::backend::Backend;

use crate::engine::portable::values::Primitive;

/// Successive steps with the same number of active sequences.
#[derive(Debug, Clone, PartialEq, Eq)]
struct EqualSteps {
    steps: usize,
    active: usize,
    /// First row of the run.
    start: usize,
}

impl EqualSteps {
    fn end(&self) -> usize {
        self.start + self.steps * self.active
    }
}

/// The layout of a batch of B sequences aligned at their ends, with N steps in all; see
/// [`crate::engine::RecurrenceInputs`].
///
/// A batch of equally long sequences is a single run, on which each method needs only a few ops. Other batches have at
/// most B runs.
pub(super) struct RaggedRuns {
    runs: Vec<EqualSteps>,
}

impl RaggedRuns {
    /// From the number of active sequences at each step.
    pub(super) fn new(active: &[usize]) -> Self {
        let mut runs: Vec<EqualSteps> = Vec::new();
        for &active in active {
            match runs.last_mut() {
                Some(run) if run.active == active => run.steps += 1,
                last => {
                    let start = last.map_or(0, |run| run.end());
                    runs.push(EqualSteps { steps: 1, active, start });
                }
            }
        }
        Self { runs }
    }

    /// The row range of each step.
    pub(super) fn steps(&self) -> impl DoubleEndedIterator<Item = Range<usize>> + '_ {
        self.runs.iter().flat_map(|run| {
            (0..run.steps).map(move |step| {
                let start = run.start + step * run.active;
                start..start + run.active
            })
        })
    }

    /// The states before each step, `[N, H]`, from those after each step, `[N, H]`, and the initial ones, `[B, H]`.
    pub(super) fn before<B: Backend>(&self, after: &Primitive<B>, initial: &Primitive<B>) -> Primitive<B> {
        let mut parts = Vec::new();
        // The rows of the last step of the previous run.
        let mut last = 0..0;
        for run in &self.runs {
            if !last.is_empty() {
                parts.push(after.rows(last.clone()));
            }
            parts.push(initial.rows(last.len()..run.active));
            last = run.end() - run.active..run.end();
            if run.steps > 1 {
                parts.push(after.rows(run.start..last.start));
            }
        }
        Primitive::cat(parts, 0)
    }

    /// Multiplies each row of `[N, W]` by its sequence's row of `[B, W]`.
    pub(super) fn scale<B: Backend>(&self, values: Primitive<B>, factors: &Primitive<B>) -> Primitive<B> {
        let [total, width] = values.dims();
        if let [run] = self.runs.as_slice() {
            let [steps, rows] = [run.steps, run.active];
            let factors = factors.clone().reshape([1, rows, width]);
            return (values.reshape([steps, rows, width]) * factors).reshape([total, width]);
        }
        let spread = |run: &EqualSteps| {
            let factors = factors.rows(0..run.active).reshape([1, run.active, width]);
            factors.expand([run.steps, run.active, width]).reshape([run.steps * run.active, width])
        };
        values * Primitive::cat(self.runs.iter().map(spread).collect(), 0)
    }

    /// Sums the rows of each sequence, `[N, W]` to `[B, W]`, in the order of the runs.
    pub(super) fn sum<B: Backend>(&self, values: &Primitive<B>) -> Primitive<B> {
        let width = values.dims()[1];
        let sum_of = |run: &EqualSteps| {
            let values = values.rows(run.start..run.end()).reshape([run.steps, run.active, width]);
            values.sum_over(0).reshape([run.active, width])
        };
        let mut runs = self.runs.iter();
        let Some(first) = runs.next() else { unreachable!("a batch has a step") };
        let (mut sum, mut active) = (sum_of(first), first.active);
        for run in runs {
            // Sequences that start with this run have no partial sum yet.
            let values = sum_of(run);
            let joined = sum + values.rows(0..active);
            sum = Primitive::cat(vec![joined, values.rows(active..run.active)], 0);
            active = run.active;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_with_as_many_sequences_are_one_run() {
        let batch = RaggedRuns::new(&[1, 3, 3]);
        assert_eq!(
            batch.runs,
            [EqualSteps { steps: 1, active: 1, start: 0 }, EqualSteps { steps: 2, active: 3, start: 1 }]
        );
        assert_eq!(batch.steps().collect::<Vec<_>>(), [0..1, 1..4, 4..7]);
    }
}
