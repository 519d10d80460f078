//! The commands. Only this module prints: results go to stdout, messages to stderr.

pub mod args;
pub mod backends;
pub mod bench;
pub mod cancel;
pub mod check;
pub mod completions;
pub mod config;
mod constant_answer;
pub mod data;
pub mod error;
mod event_files;
pub mod explore;
pub mod export;
mod following;
pub mod generate;
pub mod heading;
pub mod init;
mod interval;
pub mod new;
pub mod output;
pub mod plan;
pub mod predict;
pub mod report;
pub mod run;
pub mod runs;
pub mod schema;
pub mod slurm_task;
mod snippet;
pub mod status;
pub mod streamed_table;
pub mod table;
pub mod terminal_text;
pub mod time_step;
pub mod train_run;
mod varying_columns;
pub mod verify;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command, Global};
use constant_answer::note_constant_answer;
pub use error::{CliError, Exit};

/// Parses the command line, runs the command and turns its outcome into an exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let global = cli.global;
    listen(&global);
    match dispatch(&global, &cli.command) {
        Ok(code) => code,
        Err(error) => {
            error.print(&global);
            error.exit().into()
        }
    }
}

fn dispatch(global: &Global, command: &Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Plan(args) => plan::execute(global, args),
        Command::Run(args) => run::execute(global, args),
        Command::Report(args) => report::execute(global, args),
        Command::Check(args) => check::execute(global, args),
        Command::Cancel(args) => cancel::execute(global, args),
        Command::Status(args) => status::execute(global, args),
        Command::Runs(args) => runs::execute(global, args),
        Command::Verify(args) => verify::execute(global, args),
        Command::New(args) => new::execute(global, args),
        Command::Data(args) => data::execute(global, args),
        Command::Predict(args) => predict::execute(global, args),
        Command::Generate(args) => generate::execute(global, args),
        Command::Backends(args) => backends::execute(global, args),
        Command::TimeStep(args) => time_step::execute(global, args),
        Command::Bench(args) => bench::execute(global, args),
        Command::Explore(args) => explore::execute(global, args),
        Command::Export(args) => export::execute(global, args),
        Command::Init(args) => init::execute(global, args),
        Command::Schema(args) => schema::execute(global, args),
        Command::Completions(args) => completions::execute(global, args),
        Command::TrainRun(args) => train_run::execute(global, args),
        Command::SlurmTask(args) => slurm_task::execute(global, args),
    }
}

/// Sends the library's log messages to stderr, filtered by `-q` and `-v`.
fn listen(global: &Global) {
    let level = match global.verbosity() {
        i8::MIN..=-1 => tracing::Level::ERROR,
        0 => tracing::Level::WARN,
        1 => tracing::Level::INFO,
        _ => tracing::Level::DEBUG,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(global.color_stderr())
        .without_time()
        .with_target(false)
        // Otherwise a message that cannot be written, because the terminal has gone, ends in a panic.
        .log_internal_errors(false)
        .finish();
    // Fails only if a subscriber is already set, which then takes precedence.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
