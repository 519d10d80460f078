//! `generate`: generates text with a run's compact language model.

use std::process::ExitCode;

use clap::Args;
use sparsegate_runtime::model::Task;

use super::args::Global;
use super::error::non_finite_error;
use super::note_constant_answer;
use super::output::Output;
use super::terminal_text::escaped;
use super::{CliError, Exit};
use sparsegate_compact::{Generation, Sampler, find_model};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// The run: its key or a prefix of it, its folder, EXPERIMENT:KEY=VALUE,... if that matches one run, or the file of
    /// its compact model
    #[arg(value_name = "RUN")]
    run: String,
    /// Number of words or characters to generate
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    length: u64,
    /// Seed of the sampling: the same seed gives the same text
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Sampling temperature: below 1 sharpens the distribution, above 1 flattens it; 0 always takes the most probable
    /// word or character
    #[arg(long, value_name = "T", default_value_t = 1.0, value_parser = temperature, allow_negative_numbers = true)]
    temperature: f64,
    /// Sample only from the K most probable words or characters
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    top_k: Option<u32>,
    /// Round the weights to 8-bit integers first
    #[arg(long)]
    int8: bool,
    /// Beginning of the text
    #[arg(long, value_name = "TEXT", default_value = "")]
    prompt: String,
}

fn temperature(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        _ => Err("it must be a number, 0 or above".to_owned()),
    }
}

/// Prints the prompt and then each word or character as it is generated.
///
/// # Errors
/// No such run, or a classifier (2); a run without a compact model, or a damaged file (4).
pub fn execute(global: &Global, args: &GenerateArgs) -> Result<ExitCode, CliError> {
    let loaded = find_model(&global.root, &args.run)?.with_int8(args.int8).load()?;
    if loaded.model.task == Task::Classification {
        return Err(CliError::new(Exit::Usage, format!("{} is a classifier and cannot generate text", args.run))
            .help("`sparsegate predict RUN TEXT` classifies a text; name a language model to generate one"));
    }
    note_constant_answer(global, &loaded.model, Some(&loaded.details));
    let top_k = args.top_k.map(|top_k| top_k as usize);
    let mut generation = Generation::new(&loaded, Sampler::new(args.seed, args.temperature, top_k));
    let mut out = Output::lock();
    let mut last = generation.prompt(&args.prompt);
    if !out.print(&escaped(&last))? {
        return Ok(Exit::Done.into());
    }
    for _ in 0..args.length {
        last = generation.next_piece().map_err(non_finite_error(&loaded))?;
        if !out.print(&escaped(&last))? {
            return Ok(Exit::Done.into());
        }
    }
    if !last.ends_with('\n') {
        out.print("\n")?;
    }
    Ok(Exit::Done.into())
}
