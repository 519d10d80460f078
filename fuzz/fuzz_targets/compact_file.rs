//! Reads arbitrary bytes as a compact file: the result is an error, or a model that can be packed and run.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sparsegate_runtime::format::File;
use sparsegate_runtime::model::Task;
use sparsegate_runtime::reference;
use sparsegate_runtime::runtime::{Options, Runtime};

fuzz_target!(|bytes: &[u8]| {
    let Ok(File { model, .. }) = File::read(bytes) else { return };
    let symbols = [0, 1, model.symbols.total.saturating_sub(1), u32::MAX];
    let reference = reference::classify(&model, &symbols);
    let Ok(runtime) = Runtime::new(&model, &Options { threads: 1, ..Options::default() }) else {
        panic!("a validated model can be packed");
    };
    let mut stream = runtime.stream();
    stream.read(&symbols);
    assert_eq!(stream.outputs().len(), reference.len());
    match model.task {
        Task::LanguageModel => {
            let mut out = vec![0.0; 2 * 4 * runtime.outputs()];
            runtime.batch(2).language_model(&[symbols, symbols].concat(), &mut out);
        }
        Task::Classification => {
            let mut out = vec![0.0; 3 * runtime.outputs()];
            runtime.batch(3).classify(&[&symbols[..], &symbols[..2], &[]], &mut out);
        }
    }
});
