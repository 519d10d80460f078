//! Reads arbitrary text as a data set manifest and as an experiment: the result is an error or a value, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sparsegate_data::Manifest;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Err(error) = Manifest::from_text("fuzzed.yaml".into(), text) {
        assert!(!error.to_string().is_empty());
    }
    if let Err(error) = sparsegate_spec::from_text("fuzzed.yaml".into(), text, &[], &[]) {
        assert!(!error.to_string().is_empty());
    }
});
