//! A single sequence: the recurrence on one thread or several, the outputs step by step or for many steps at a time.

use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::{AtomicU32, Ordering};

use pulp::{Simd, WithSimd};

use super::Packed;
use super::aligned::AlignedVec;
use super::matvec::StateBuffer;
use super::order::WIDTH;
use super::outputs::{Outputs, Scratch};
use super::recurrence::{Recurrence, StepBuffers};
use super::threads::{Barrier, DisjointWriter};

#[cfg(feature = "std")]
use std::sync::{Mutex, PoisonError};

/// Number of steps whose outputs are computed together.
const STEPS: usize = 64;

/// State of a sequence, and buffers for the next step.
pub(crate) struct StreamState {
    /// State of each thread.
    shares: Vec<Uncontended<ThreadState>>,
    /// Hidden states of all units, published by the threads after each step; the two buffers alternate.
    published: [Vec<AtomicU32>; 2],
    barrier: Barrier,
    /// Hidden states of [`STEPS`] steps, in groups of [`WIDTH`]: `[groups, units, WIDTH]`.
    history: AlignedVec,
    outputs: AlignedVec,
}

/// A thread's part of the recurrence.
struct ThreadState {
    chunks: Range<usize>,
    /// Hidden states of all units.
    hidden: AlignedVec,
    /// New hidden states of the chunks' units only.
    next: AlignedVec,
    cell_state: AlignedVec,
    work: StepBuffers,
    /// Buffers for the outputs.
    read: StateBuffer,
    scratch: Scratch,
}

impl StreamState {
    pub fn new(packed: &Packed) -> Self {
        let recurrence = &packed.single;
        let threads = packed.times.single_threads;
        let chunks = recurrence.chunks();
        let part = |index: usize| chunks * index / threads;
        let share = |index: usize| {
            let own = part(index)..part(index + 1);
            ThreadState {
                hidden: AlignedVec::zeros(recurrence.size()),
                next: AlignedVec::zeros(own.len() * WIDTH),
                cell_state: AlignedVec::zeros(own.len() * WIDTH),
                work: recurrence.work(),
                read: packed.outputs.buffer(),
                scratch: packed.outputs.scratch(),
                chunks: own,
            }
        };
        // A thread without units may still compute outputs.
        let shares = (0..packed.pool.threads())
            .map(|index| {
                Uncontended::new(if index < threads { share(index) } else { ThreadState { chunks: 0..0, ..share(0) } })
            })
            .collect();
        let states = || (0..recurrence.size()).map(|_| AtomicU32::new(0)).collect();
        Self {
            shares,
            published: if threads > 1 { [states(), states()] } else { [Vec::new(), Vec::new()] },
            barrier: Barrier::new(threads),
            history: AlignedVec::zeros(0),
            outputs: AlignedVec::zeros(packed.outputs.size()),
        }
    }

    /// Resets the state to zero.
    pub fn reset(&mut self) {
        for share in &mut self.shares {
            let share = share.get_mut();
            share.hidden.fill(0.0);
            share.cell_state.fill(0.0);
        }
    }

    /// Advances by several symbols.
    pub fn read(&mut self, packed: &Packed, symbols: &[u32]) {
        self.advance(packed, symbols, false);
    }

    fn advance(&mut self, packed: &Packed, symbols: &[u32], keep: bool) {
        let Self { shares, published, barrier, history, .. } = self;
        let history = DisjointWriter::new(if keep { history } else { &mut [] });
        let threads = packed.times.single_threads;
        let run = |index: usize| {
            shares[index].with(|share| {
                packed.arch.dispatch(Advance {
                    packed,
                    symbols,
                    share,
                    others: (threads > 1).then_some(&SharedState { published, barrier }),
                    history: (keep && index == 0).then_some(&history),
                });
            });
        };
        if threads == 1 {
            return run(0);
        }
        packed.pool.run(&|index| {
            if index < threads {
                let _guard = barrier.guard();
                run(index);
            }
        });
    }

    /// Logits `[O]` for the current state.
    pub fn outputs(&mut self, packed: &Packed) -> &[f32] {
        let count = packed.outputs.count();
        self.shares[0].with(|share| {
            packed.arch.dispatch(CurrentOutputs { outputs: &packed.outputs, share, out: &mut self.outputs });
        });
        &self.outputs[..count]
    }

    /// Advances by several symbols and writes the logits after each of them to a row of `out` `[symbols, O]`.
    pub fn read_all(&mut self, packed: &Packed, symbols: &[u32], out: &mut [f32]) {
        let count = packed.outputs.count();
        let units = packed.many.size() / WIDTH;
        self.history.reserve(STEPS * units);
        for (block, symbols) in symbols.chunks(STEPS).enumerate() {
            self.advance(packed, symbols, true);
            let out = DisjointWriter::new(&mut out[block * STEPS * count..][..symbols.len() * count]);
            let tiles = packed.outputs.tiles();
            packed.run_on_threads(symbols.len() as f64 * packed.times.outputs, |index, of| {
                self.shares[index].with(|share| {
                    packed.arch.dispatch(HistoryOutputs {
                        outputs: &packed.outputs,
                        tiles: tiles * index / of..tiles * (index + 1) / of,
                        history: &self.history[..symbols.len().next_multiple_of(WIDTH) * units],
                        steps: symbols.len(),
                        scratch: &mut share.scratch,
                        out: &out,
                    });
                });
            });
        }
    }
}

/// Data shared by the threads that compute one recurrence together.
struct SharedState<'a> {
    published: &'a [Vec<AtomicU32>; 2],
    barrier: &'a Barrier,
}

/// Computes a thread's part of several steps.
struct Advance<'a, 'b> {
    packed: &'a Packed,
    symbols: &'a [u32],
    share: &'a mut ThreadState,
    others: Option<&'a SharedState<'a>>,
    history: Option<&'a DisjointWriter<'b>>,
}

impl WithSimd for Advance<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let recurrence: &Recurrence = &self.packed.single;
        let units = self.packed.many.size() / WIDTH;
        let ThreadState { chunks, hidden, next, cell_state, work, .. } = self.share;
        for (step, symbol) in self.symbols.iter().enumerate() {
            let row = self.packed.symbols.row(*symbol);
            recurrence.step(simd, chunks.clone(), row, hidden, work, (cell_state, next));
            match self.others {
                None => core::mem::swap(hidden, next),
                Some(SharedState { published, barrier }) => {
                    let published = &published[step % 2];
                    let own = &published[chunks.start * WIDTH..chunks.end * WIDTH];
                    own.iter().zip(next.iter()).for_each(|(to, state)| to.store(state.to_bits(), Ordering::Relaxed));
                    barrier.wait();
                    let states = published.iter().map(|state| f32::from_bits(state.load(Ordering::Relaxed)));
                    hidden.iter_mut().zip(states).for_each(|(to, state)| *to = state);
                }
            }
            if let Some(history) = self.history {
                let group = step / WIDTH * units;
                for (unit, state) in hidden[..units].iter().enumerate() {
                    // SAFETY: only one thread gets the history.
                    #[expect(unsafe_code, reason = "all threads read the history, after this one has written it")]
                    unsafe {
                        history.write(simd, (group + unit) * WIDTH + step % WIDTH, core::slice::from_ref(state));
                    }
                }
            }
        }
        // The next call starts with the first buffer again, which a slower thread may still be reading.
        if let Some(SharedState { barrier, .. }) = self.others {
            barrier.wait();
        }
    }
}

/// Computes the outputs for the current state.
struct CurrentOutputs<'a> {
    outputs: &'a Outputs,
    share: &'a mut ThreadState,
    out: &'a mut [f32],
}

impl WithSimd for CurrentOutputs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ThreadState { hidden, read, .. } = self.share;
        self.outputs.single(simd, 0..self.outputs.panels(), hidden, read, self.out);
    }
}

/// Computes some of the outputs of all steps.
struct HistoryOutputs<'a, 'b> {
    outputs: &'a Outputs,
    tiles: Range<usize>,
    history: &'a [f32],
    steps: usize,
    scratch: &'a mut Scratch,
    out: &'a DisjointWriter<'b>,
}

impl WithSimd for HistoryOutputs<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let row = |group: usize, lane: usize| Some(group * WIDTH + lane).filter(|step| *step < self.steps);
        let states = (self.history, self.steps.div_ceil(WIDTH));
        // SAFETY: each thread has its own tiles.
        #[expect(unsafe_code, reason = "threads write disjoint parts of the caller's buffer")]
        unsafe {
            self.outputs.many(simd, self.tiles, states, self.scratch, row, self.out);
        }
    }
}

/// A value that one thread uses at a time: a lock that is never contended.
pub(crate) struct Uncontended<T> {
    #[cfg(feature = "std")]
    inner: Mutex<T>,
    #[cfg(not(feature = "std"))]
    inner: core::cell::RefCell<T>,
}

impl<T> Uncontended<T> {
    pub fn new(value: T) -> Self {
        Self { inner: value.into() }
    }

    #[inline(always)]
    pub fn with<R>(&self, run: impl FnOnce(&mut T) -> R) -> R {
        #[cfg(feature = "std")]
        return run(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner));
        #[cfg(not(feature = "std"))]
        run(&mut self.inner.borrow_mut())
    }

    pub fn get_mut(&mut self) -> &mut T {
        #[cfg(feature = "std")]
        return self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        #[cfg(not(feature = "std"))]
        self.inner.get_mut()
    }
}
