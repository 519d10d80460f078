//! Times a training step on the CPU backend, its parts, and the work around it.
//!
//! ```text
//! cargo bench --bench step                                     everything
//! cargo bench --bench step -- 'step/word-ptb/lstm/W\+G\+N'     one case; the argument is a regular expression
//! cargo bench --bench step -- --test                           each case once, at toy sizes
//! cargo bench --bench step -- batches FOLDER                   writes the batches for the PyTorch reference
//! ```
//!
//! | group | what is timed |
//! |---|---|
//! | `step` | the actual training step at the paper's shapes: noise, forward, backward, gradient norm, Adam |
//! | `sgemm` | only matrix products, those of a step and a large square one: the roofline |
//! | `ops` | each op of a step, forward and backward |
//! | `around` | batching, evaluation, and writing a checkpoint |
//! | `live` | the step after most of the network has been removed from the tensors (`train.drop_dead`) |
//! | `scaling` | the step at several hidden sizes, vocabularies, sequence lengths and batch sizes |
//!
//! `RAYON_NUM_THREADS` sets the number of threads. Batches come from the data set if it is in the cache
//! (`SPARSEGATE_CACHE` names another cache), else they are synthetic; a line after each step's time tells which. Run it
//! on a quiet machine; `just bench` runs it in turns with PyTorch and prints the ratios.

mod around;
mod batches;
mod cases;
mod live;
mod ops;
mod products;
mod scaling;
mod sgemm;
mod steps;

use std::error::Error;
use std::time::Duration;

use criterion::Criterion;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Size of the cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// The paper's sizes.
    Paper,
    /// Toy sizes on synthetic symbols, to test that every case runs.
    Toy,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [word, folder] = arguments.as_slice()
        && word == "batches"
    {
        return batches::write(folder.as_str().into());
    }
    // The rule of criterion: without `--bench`, which cargo passes, it only tests.
    let testing = arguments.iter().any(|argument| argument == "--test");
    let scale =
        if testing || !std::env::args().any(|argument| argument == "--bench") { Scale::Toy } else { Scale::Paper };
    // A step takes 0.1 s to 1 s, so there is only time for ten samples of one step.
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(2))
        .without_plots()
        .configure_from_args();
    steps::all(&mut criterion, scale);
    sgemm::all(&mut criterion, scale);
    ops::all(&mut criterion, scale);
    around::all(&mut criterion, scale);
    scaling::all(&mut criterion, scale);
    live::all(&mut criterion, scale);
    criterion.final_summary();
    Ok(())
}
