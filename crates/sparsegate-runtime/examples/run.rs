//! Runs a compact model: `run MODEL ID...`. Prints the five largest probabilities of classes or next symbols.

use std::error::Error;

use sparsegate_runtime::format::File;
use sparsegate_runtime::reference::probabilities;
use sparsegate_runtime::runtime::{Options, Runtime};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: run MODEL ID...")?;
    let symbols = arguments.map(|id| id.parse()).collect::<Result<Vec<u32>, _>>()?;
    #[expect(clippy::disallowed_methods, reason = "the example is to depend on the runtime alone")]
    let file = File::read(&std::fs::read(path)?)?;
    let mut stream = Runtime::new(&file.model, &Options { threads: 1, ..Options::default() })?.stream();
    stream.read(&symbols);
    let mut likely: Vec<(usize, f32)> = probabilities(stream.outputs()).into_iter().enumerate().collect();
    likely.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (symbol, probability) in likely.into_iter().take(5) {
        println!("{symbol}\t{probability:.4}");
    }
    Ok(())
}
