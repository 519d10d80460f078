//! Times of the forward pass: structures of the paper's final models, against the same network before anything was taken out.
//!
//! ```sh
//! cargo bench -p sparsegate-runtime --bench forward -- [imdb agnews char-ptb word-ptb]
//! ```

use std::hint::black_box;
use std::time::{Duration, Instant};

use sparsegate_runtime::Model;
use sparsegate_runtime::made_up::Shape;
use sparsegate_runtime::model::Task;
use sparsegate_runtime::runtime::{Options, Runtime, Storage};

const STRUCTURES: [(&str, usize); 4] = [("imdb", 200), ("agnews", 40), ("char-ptb", 99), ("word-ptb", 35)];
const BATCHES: [usize; 3] = [1, 32, 128];
const SAMPLES: usize = 15;
const SAMPLE: Duration = Duration::from_millis(4);

/// Something to time, with how many tokens one call goes through.
struct Candidate<'a> {
    name: String,
    tokens: usize,
    call: Box<dyn FnMut() + 'a>,
    calls: u32,
    samples: Vec<f64>,
}

/// Microseconds a token of each, in turn, so that whatever else the machine does meets all alike; the medians.
fn time(candidates: &mut [Candidate<'_>]) {
    for candidate in &mut *candidates {
        // Caches, buffers and threads warm up here.
        let start = Instant::now();
        let mut calls = 0_u32;
        while calls == 0 || start.elapsed() < SAMPLE {
            (candidate.call)();
            calls += 1;
        }
        candidate.calls = calls;
    }
    for _ in 0..SAMPLES {
        for candidate in &mut *candidates {
            let start = Instant::now();
            for _ in 0..candidate.calls {
                (candidate.call)();
            }
            let calls = f64::from(candidate.calls) * candidate.tokens as f64;
            candidate.samples.push(start.elapsed().as_secs_f64() * 1e6 / calls);
        }
    }
    candidates.iter_mut().for_each(|candidate| candidate.samples.sort_by(f64::total_cmp));
}

fn candidate<'a>(name: String, runtime: &Runtime, task: Task, size: (usize, usize), symbols: u32) -> Candidate<'a> {
    let (sequences, steps) = size;
    let ids: Vec<u32> = (0..sequences * steps).map(|at| (at * 7919 % 104_729) as u32 % symbols).collect();
    let tokens = ids.len();
    let call: Box<dyn FnMut()> = match (task, sequences) {
        (_, 0) => {
            let (mut stream, ids) = (runtime.stream(), (0..steps as u32).map(|at| at * 7919 % symbols).collect::<Vec<_>>());
            Box::new(move || {
                for symbol in &ids {
                    black_box(stream.step(*symbol));
                }
            })
        }
        (Task::LanguageModel, _) => {
            let mut batch = runtime.batch(sequences);
            let mut out = vec![0.0; ids.len() * runtime.outputs()];
            Box::new(move || batch.language_model(black_box(&ids), black_box(&mut out)))
        }
        (Task::Classification, _) => {
            let mut batch = runtime.batch(sequences);
            let texts: Vec<Vec<u32>> = ids.chunks(steps).map(<[u32]>::to_vec).collect();
            let mut out = vec![0.0; sequences * runtime.outputs()];
            Box::new(move || batch.classify(black_box(&texts), black_box(&mut out)))
        }
    };
    Candidate { name, tokens: tokens.max(if sequences == 0 { steps } else { 0 }), call, calls: 0, samples: Vec::new() }
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for (name, steps) in STRUCTURES {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let shape = Shape::paper(name).expect("a structure of the paper");
        let compact: Model<f32> = shape.model(1);
        let pack = |model: &Model<f32>, storage, threads| {
            Runtime::new(model, &Options { threads, storage, ..Options::default() }).expect("a valid model")
        };
        let original = pack(&shape.original().model(1), Some(Storage::Dense), 0);
        let runtimes = [
            ("original", original),
            ("dense", pack(&compact, Some(Storage::Dense), 0)),
            ("compact", pack(&compact, None, 0)),
            ("compact, 1 thread", pack(&compact, None, 1)),
        ];
        println!("{name}");
        for choice in runtimes[2].1.choices() {
            println!("    {}: {:?} of {:.0?}, {} weights, {} bytes", choice.matrix, choice.storage, choice.expected, choice.weights, choice.bytes);
        }
        for sequences in std::iter::once(0).chain(BATCHES) {
            let mut candidates: Vec<_> = runtimes
                .iter()
                .map(|(name, runtime)| candidate((*name).into(), runtime, shape.task, (sequences, steps), shape.original.symbols))
                .collect();
            time(&mut candidates);
            print!("  {:>8}", if sequences == 0 { "stream".into() } else { format!("batch {sequences}") });
            for candidate in &candidates {
                print!("   {} {:.4}", candidate.name, candidate.samples[SAMPLES / 2]);
            }
            println!();
        }
    }
}
