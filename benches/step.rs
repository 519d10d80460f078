//! Seconds a training step at the paper's language model shapes, on made-up symbols.
//!
//! ```text
//! cargo bench --bench step                    every shape and level
//! cargo bench --bench step -- word-ptb W+G+N  one of them
//! ```
//!
//! Prints the median and the quartiles over the steps after the first two, which warm caches and memory up. Run it on a
//! quiet machine; times of one line-up are comparable, times of two are not.

use std::time::Instant;

use sparsegate::data::batch::Batch;
use sparsegate::data::{Corpus, Parts, Unit};
use sparsegate::model::new_trainee;
use sparsegate::spec;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Steps measured, and steps before them.
const STEPS: usize = 15;
const WARM_UP: usize = 2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Cargo passes `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    println!("{:<10} {:<6} {:>7} {:>9} {:>9} {:>9}", "shape", "level", "threads", "median s", "quartile", "quartile");
    for (shape, symbols) in [("word-ptb", 10_000_usize), ("char-ptb", 50)] {
        let file = format!("{}/experiments/paper/{shape}.yaml", env!("CARGO_MANIFEST_DIR"));
        for run in spec::load(file.as_str().into(), &[], &[])?.runs {
            let level = run.sparsity.name.clone();
            if wanted.iter().any(|word| *word != shape && *word != level) {
                continue;
            }
            let (rows, steps) = (run.train.batch, run.train.window());
            // Rank r is drawn about as often as r^(-2/3): frequent symbols repeat within a batch, as words do.
            let symbol = |i: usize| {
                let uniform = (i.wrapping_mul(2_654_435_761) % 1_000_003) as f64 / 1_000_003.0;
                ((uniform.powi(3) * symbols as f64) as u32).min(symbols as u32 - 1)
            };
            let count = rows * steps;
            let corpus = Corpus {
                name: shape.to_owned(),
                hash: String::new(),
                unit: Unit::Word,
                vocabulary: (0..symbols).map(|id| id.to_string()).collect(),
                informative: None,
                parts: Parts::Streams {
                    train: (0..4 * count).map(symbol).collect(),
                    valid: Vec::new(),
                    test: Vec::new(),
                },
            };
            let mut trainee = new_trainee(&run, &corpus, None)?;
            let mut seconds = Vec::new();
            for step in 0..STEPS + WARM_UP {
                let batch = Batch::even(
                    rows,
                    (0..count).map(|i| symbol(i + step * count)).collect(),
                    (0..count).map(|i| symbol(i + step * count + 1)).collect(),
                );
                let start = Instant::now();
                trainee.step(&batch, step as u64 + 1)?;
                if step >= WARM_UP {
                    seconds.push(start.elapsed().as_secs_f64());
                }
            }
            seconds.sort_by(f64::total_cmp);
            let at = |share: f64| seconds[((STEPS - 1) as f64 * share) as usize];
            let threads = rayon::current_num_threads();
            println!("{shape:<10} {level:<6} {threads:>7} {:>9.4} {:>9.4} {:>9.4}", at(0.5), at(0.25), at(0.75));
        }
    }
    Ok(())
}
