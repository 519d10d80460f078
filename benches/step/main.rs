//! Time of a training step on the CPU backend, of its parts and of what goes on around it.
//!
//! ```text
//! cargo bench --bench step                                     everything
//! cargo bench --bench step -- 'step/word-ptb/lstm/W\+G\+N'     one case; the argument is a regular expression
//! cargo bench --bench step -- --test                           each once, at toy sizes
//! cargo bench --bench step -- batches FOLDER                   writes the batches of each task, for a peer to train on
//! ```
//!
//! | group | what is timed |
//! |---|---|
//! | `step` | the real training step at the paper's shapes: noise, forward, backward, norm, Adam |
//! | `sgemm` | matrix products alone, those of a step and a large square one: the roofline |
//! | `ops` | each op of a step, forward and backward |
//! | `around` | batching, evaluation, and what a checkpoint costs |
//! | `scaling` | the step over hidden size, vocabulary, sequence length and batch |
//!
//! Threads: `RAYON_NUM_THREADS`. Batches come from the data set if it is in the cache (`SPARSEGATE_CACHE` names another
//! one), else they are made up; a line after each step's time says which. Run it on a quiet machine; `just bench` runs it
//! in turns with PyTorch and prints the ratios.

mod around;
mod batches;
mod cases;
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

/// How large the cases are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// The paper's sizes.
    Paper,
    /// Toy sizes on made-up symbols: does everything run at all?
    Toy,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [word, folder] = arguments.as_slice()
        && word == "batches"
    {
        return batches::write(folder.as_str().into());
    }
    // As criterion itself decides: without `--bench`, which cargo passes, it only tests.
    let testing = arguments.iter().any(|argument| argument == "--test");
    let scale =
        if testing || !std::env::args().any(|argument| argument == "--bench") { Scale::Toy } else { Scale::Paper };
    // A step takes a tenth of a second to one: ten samples of one step are what there is time for.
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
    criterion.final_summary();
    Ok(())
}
