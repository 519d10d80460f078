//! The `sparsegate` program.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod cli;
mod progress;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
