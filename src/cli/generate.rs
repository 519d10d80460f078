//! `generate`: new text, from a run's compact model.

use std::process::ExitCode;

use clap::Args;
use sparsegate_runtime::model::Task;

use super::args::Global;
use super::compact_file::{load, not_finite};
use super::output::Output;
use super::{CliError, Exit};
use sparsegate_compact::{Generation, Sampler};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// The run: its key or the beginning of it, its folder, EXPERIMENT:KEY=VALUE,... where that is one run, or the file of its
    /// compact model
    #[arg(value_name = "RUN")]
    run: String,
    /// How many words, or characters, to make
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    length: u64,
    /// Seed of the draws: the same seed makes the same text
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Below 1 the probable become more probable, above 1 less; 0 takes the most probable each time
    #[arg(long, value_name = "T", default_value_t = 1.0, value_parser = temperature, allow_negative_numbers = true)]
    temperature: f64,
    /// Draw from the K most probable words, or characters, only
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    top_k: Option<u32>,
    /// What the text begins with
    #[arg(long, value_name = "TEXT", default_value = "")]
    prompt: String,
}

fn temperature(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        _ => Err("it must be a number, 0 or above".to_owned()),
    }
}

/// Prints the prompt and then each word or character as it is made.
///
/// # Errors
/// No such run, or one that classifies (2); a run without a compact model, a damaged file (4).
pub fn execute(global: &Global, args: &GenerateArgs) -> Result<ExitCode, CliError> {
    let loaded = load(global, &args.run)?;
    if loaded.model.task == Task::Classification {
        return Err(CliError::new(Exit::Usage, format!("{} classifies texts, and makes none", args.run))
            .help("`sparsegate predict RUN TEXT` classifies a text; name a language model to make one"));
    }
    let most = args.top_k.map(|most| most as usize);
    let mut generation = Generation::new(&loaded, Sampler::new(args.seed, args.temperature, most));
    let mut out = Output::lock();
    let mut last = generation.prompt(&args.prompt);
    if !out.print(&last)? {
        return Ok(Exit::Done.into());
    }
    for _ in 0..args.length {
        last = generation.go_on().map_err(not_finite(&loaded))?;
        if !out.print(&last)? {
            return Ok(Exit::Done.into());
        }
    }
    if !last.ends_with('\n') {
        out.print("\n")?;
    }
    Ok(Exit::Done.into())
}
