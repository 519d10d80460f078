//! After the first call of a method, the runtime allocates nothing; and the sequences of a batch share what they can.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use sparsegate_runtime::model::{Sizes, Task};
use sparsegate_runtime::runtime::{Options, Runtime};
use sparsegate_runtime::synthetic::ModelShape;
use sparsegate_runtime::{Activation, CellKind, Model};
use sparsegate_testing::formulas::formula_of;

struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is forwarded to the system's allocator; allocations are only counted.
#[expect(unsafe_code, reason = "a counting allocator")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: same contract as the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: same contract as the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Checks that `run` allocates nothing after its first call. The fewest allocations of several calls count, since the
/// test harness has a thread of its own, which now and then allocates, too.
fn none(mut run: impl FnMut()) {
    run();
    let allocations = |run: &mut dyn FnMut()| {
        let before = COUNT.load(Ordering::Relaxed);
        run();
        COUNT.load(Ordering::Relaxed) - before
    };
    let fewest = (0..4).map(|_| allocations(&mut run)).min();
    assert_eq!(fewest, Some(0));
}

/// Checks that a sequence of a cell with a formula takes little more than its two states, not a copy of the values of
/// all operations.
fn sequences_share_the_registers() {
    const UNITS: usize = 500;
    let sizes = Sizes { symbols: 3, dimensions: 0, units: UNITS as u32, outputs: 2 };
    let formula = formula_of(CellKind::Lstm);
    let shape = ModelShape::dense(formula, Activation::Sigmoid, Task::LanguageModel, sizes);
    let runtime = Runtime::new(&shape.model(1), &Options { threads: 1, ..Options::default() }).unwrap();
    let bytes = |sequences: usize| {
        let mut batch = runtime.batch(sequences);
        let (symbols, mut out) = (vec![1; sequences], vec![0.0; 2 * sequences]);
        let before = BYTES.load(Ordering::Relaxed);
        batch.language_model(&symbols, &mut out);
        BYTES.load(Ordering::Relaxed) - before
    };
    let each = (bytes(65) - bytes(1)) / 64;
    assert!(each < 3 * UNITS * size_of::<f32>(), "{each} bytes");
}

// A single test: allocations of concurrent tests would be counted too.
#[test]
fn nothing_is_allocated_after_the_first_call() {
    for name in ["imdb", "agnews", "char-ptb", "word-ptb"] {
        let model: Model<f32> = ModelShape::of_paper(name).unwrap().model(1);
        for (threads, model) in [(1, &model), (2, &model), (2, &model.to_int8())] {
            let runtime = Runtime::new(model, &Options { threads, ..Options::default() }).unwrap();
            let mut stream = runtime.stream();
            none(|| {
                stream.step(3);
            });
            for sequences in [1, 40] {
                let mut batch = runtime.batch(sequences);
                let symbols = vec![7; 9 * sequences];
                let mut out = vec![0.0; symbols.len() * runtime.outputs()];
                none(|| batch.language_model(&symbols, &mut out));
                let texts: Vec<Vec<u32>> = (0..sequences).map(|number| vec![5; number % 7]).collect();
                let out = &mut out[..sequences * runtime.outputs()];
                none(|| batch.classify(&texts, out));
            }
        }
    }
    sequences_share_the_registers();
}
