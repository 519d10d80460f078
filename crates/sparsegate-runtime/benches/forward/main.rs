//! Times of the forward pass: structures of the paper's final models, compared to the same network before pruning.
//!
//! ```sh
//! cargo bench -p sparsegate-runtime --bench forward -- [imdb agnews char-ptb word-ptb]
//! ```

mod ceilings;

use std::hint::black_box;
use std::time::{Duration, Instant};

use ceilings::Ceilings;
use sparsegate_runtime::Model;
use sparsegate_runtime::model::Task;
use sparsegate_runtime::runtime::{CostModel, Options, Runtime, StorageFormat};
use sparsegate_runtime::synthetic::ModelShape;

const STRUCTURES: [(&str, usize); 4] = [("imdb", 200), ("agnews", 40), ("char-ptb", 99), ("word-ptb", 35)];
const BATCHES: [usize; 3] = [1, 32, 128];
const SAMPLES: usize = 15;
const SAMPLE: Duration = Duration::from_millis(4);

/// A call to time, and the number of tokens that it processes.
struct Candidate<'a> {
    name: String,
    tokens: usize,
    call: Box<dyn FnMut() + 'a>,
    calls: u32,
    samples: Vec<f64>,
}

/// Measures microseconds per token of each candidate; `samples` is sorted afterwards. The candidates are timed in turn,
/// so that other load on the machine affects all of them alike.
fn time(candidates: &mut [Candidate<'_>]) {
    for candidate in &mut *candidates {
        // Warm up caches, buffers and threads, and count the calls that fill a sample.
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
    for candidate in candidates {
        candidate.samples.sort_by(f64::total_cmp);
    }
}

fn candidate<'a>(name: String, runtime: &Runtime, task: Task, size: (usize, usize), symbols: u32) -> Candidate<'a> {
    let (sequences, steps) = size;
    let ids: Vec<u32> = (0..sequences * steps).map(|at| (at * 7919 % 104_729) as u32 % symbols).collect();
    let tokens = ids.len();
    let call: Box<dyn FnMut()> = match (task, sequences) {
        (_, 0) => {
            let (mut stream, ids) =
                (runtime.stream(), (0..steps as u32).map(|at| at * 7919 % symbols).collect::<Vec<_>>());
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

/// Fraction of the limiting peak rate that a time per token reaches, and the name of that rate. Assumes that each
/// weight is multiplied and read from the level of memory where its matrix fits, and that each output is written.
fn roofline(runtime: &Runtime, sequences: usize, time: f64, ceilings: &Ceilings) -> (f64, &'static str) {
    let one = sequences < 2;
    // Weights are read once for all sequences that are computed together.
    let together = if one { 1.0 } else { sequences.min(64) as f64 };
    let (mut multiplied, mut integers, mut levels) = (0.0, 0.0, [0.0; 4]);
    for choice in runtime.choices().iter().filter(|choice| !choice.matrix.starts_with("input")) {
        // With a single sequence, the outputs of a language model are computed together for all steps.
        let steps = sequences == 1 && runtime.outputs() > 4 && choice.matrix.starts_with("output");
        if choice.matrix.ends_with("one sequence") != (one && !steps) {
            continue;
        }
        let together = if steps { 35.0 } else { together };
        let bytes = choice.bytes as f64;
        match choice.storage {
            StorageFormat::Dense => multiplied += bytes / 4.0,
            StorageFormat::Sparse | StorageFormat::Masked => multiplied += choice.weights as f64,
            StorageFormat::Int8 => integers += bytes,
        }
        let level = [32e3, 700e3, 24e6].iter().position(|size| bytes <= *size).unwrap_or(3);
        levels[level] += bytes / together;
    }
    let written = if runtime.outputs() > 1000 { 4.0 * runtime.outputs() as f64 } else { 0.0 };
    let times = [
        (multiplied / ceilings.multiply_adds + integers / ceilings.integers, "arithmetic"),
        (levels[0] / ceilings.caches[0], "first cache"),
        (levels[1] / ceilings.caches[1], "second cache"),
        (levels[2] / ceilings.caches[2], "third cache"),
        (levels[3] / ceilings.memory, "memory"),
        (written / ceilings.write, "writing"),
    ];
    let (bound, what) = times.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).expect("several ceilings");
    (bound / 1e3 / time, what)
}

fn main() {
    let cost = CostModel::fit();
    println!("{cost:.3?}");
    let ceilings = [1, 2].map(ceilings::measure);
    for ceilings in &ceilings {
        println!("{ceilings:.0?}");
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for (name, steps) in STRUCTURES {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let shape = ModelShape::of_paper(name).expect("a structure of the paper");
        let compact: Model<f32> = shape.model(1);
        let int8 = compact.to_int8();
        let pack = |model: &Model<f32>, storage, threads| {
            Runtime::new(model, &Options { threads, storage, cost: cost.clone() }).expect("a valid model")
        };
        let masked = pack(&shape.masked().model(1), Some(StorageFormat::Dense), 0);
        let original = pack(&shape.original().model(1), Some(StorageFormat::Dense), 0);
        let runtimes = [
            ("original", original),
            ("masked", masked),
            ("dense", pack(&compact, Some(StorageFormat::Dense), 0)),
            ("compact", pack(&compact, None, 0)),
            ("compact, 1 thread", pack(&compact, None, 1)),
            ("dense, 1 thread", pack(&compact, Some(StorageFormat::Dense), 1)),
            ("8 bits", pack(&int8, None, 0)),
            ("8 bits, 1 thread", pack(&int8, None, 1)),
        ];
        println!("{name}");
        for choice in runtimes[3].1.choices().iter().chain(runtimes[6].1.choices()) {
            println!(
                "    {}: {:?} of {:.0?}, {} weights, {} bytes",
                choice.matrix, choice.storage, choice.expected, choice.weights, choice.bytes
            );
        }
        for sequences in std::iter::once(0).chain(BATCHES) {
            let mut candidates: Vec<_> = runtimes
                .iter()
                .map(|(name, runtime)| {
                    candidate((*name).into(), runtime, shape.task, (sequences, steps), shape.original.symbols)
                })
                .collect();
            time(&mut candidates);
            print!("  {:>8}", if sequences == 0 { "stream".into() } else { format!("batch {sequences}") });
            for candidate in &candidates {
                // The fastest sample, too: the one that other load disturbed least.
                print!("   {} {:.4} ({:.4})", candidate.name, candidate.samples[SAMPLES / 2], candidate.samples[0]);
            }
            println!();
            for at in [4, 7] {
                let share = |time: f64| roofline(&runtimes[at].1, sequences, time, &ceilings[0]);
                let samples = &candidates[at].samples;
                let ((median, what), (fastest, _)) = (share(samples[SAMPLES / 2]), share(samples[0]));
                let [median, fastest] = [median, fastest].map(|share| 100.0 * share);
                println!("           {}: {median:.0} % ({fastest:.0} %) of {what}", runtimes[at].0);
            }
        }
    }
}
