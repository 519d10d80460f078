//! The `sparsegate` program.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod cli;
mod progress;

use std::process::ExitCode;

/// How this program was built, for the provenance of runs.
fn build() -> [(&'static str, String); 3] {
    // The versions of all dependencies.
    let lock = sparsegate_store::checksum_of(include_bytes!("../Cargo.lock")).blake3;
    [
        ("rustc", env!("SPARSEGATE_RUSTC").to_owned()),
        ("cargo_features", option_env!("SPARSEGATE_FEATURES").unwrap_or_default().to_owned()),
        ("cargo_lock", lock[..16].to_owned()),
    ]
}

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sparsegate_store::provenance::set_build(build());
    cli::main()
}
