//! The command line.

use camino::{Utf8Path, Utf8PathBuf};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::{
    CliError, backends, bench, cancel, check, completions, data, explore, export, generate, init, new, plan, predict,
    report, run, runs, schema, slurm_task, status, time_step, train_run, verify,
};
use sparsegate_spec::Experiment;

const EXAMPLES: &str = "\
Examples:
  sparsegate run experiments/quick.yaml --report
      train the small sweep on the built-in synthetic language, then write tables and figures
  sparsegate plan experiments/paper/word-ptb.yaml
      show which runs are done, new or stale, and why
  sparsegate run experiments/paper/word-ptb.yaml --only sparsity=W+G+N --set train.epochs=2
      train two epochs of one sparsification level
  sparsegate check experiments/paper/word-ptb.yaml
      compare the stored runs with the published numbers
  sparsegate data fetch word-ptb
      download and verify a data set

Exit codes:
  0 done   1 a run failed   2 the spec or the command line is wrong   3 a claim does not hold
  4 data missing or corrupt   130 interrupted, state saved";

/// Sparsify gated recurrent networks by variational inference, from declarative experiment files
#[derive(Debug, Parser)]
#[command(name = "sparsegate", version, about, after_help = EXAMPLES, propagate_version = true, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command accepts.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Project folder, with experiments/, datasets/, runs/ and reports/
    #[arg(long, global = true, value_name = "DIR", default_value = ".", help_heading = "Global options")]
    pub root: Utf8PathBuf,
    /// When to use colour; `NO_COLOR` is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Global options")]
    pub color: Color,
    /// Print more messages (twice: all)
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Global options")]
    verbose: u8,
    /// Print only results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    quiet: bool,
}

impl Global {
    /// Verbosity level: -1 is quiet, 0 the default, 1 and above more verbose.
    pub fn verbosity(&self) -> i8 {
        if self.quiet { -1 } else { i8::try_from(self.verbose).unwrap_or(i8::MAX) }
    }

    /// Whether output to stderr may be coloured.
    pub fn color_stderr(&self) -> bool {
        self.color.on(std::io::IsTerminal::is_terminal(&std::io::stderr()))
    }

    /// Columns of the terminal that stdout is; `None` if it is none.
    pub fn width_stdout() -> Option<usize> {
        let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(std::io::stdout())?;
        Some(columns.into())
    }

    /// Whether output to stdout may be coloured.
    pub fn color_stdout(&self) -> bool {
        self.color.on(std::io::IsTerminal::is_terminal(&std::io::stdout()))
    }
}

/// Output format of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set or TERM is `dumb`.
    Auto,
    /// Always, also into a pipe.
    Always,
    /// Never.
    Never,
}

impl Color {
    fn on(self, terminal: bool) -> bool {
        match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
                terminal && !no_color && !dumb
            }
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show which runs would be trained, which are done, and why
    Plan(plan::PlanArgs),
    /// Train the unfinished runs of experiments
    Run(run::RunArgs),
    /// Write tables and figures from stored runs; trains nothing
    Report(report::ReportArgs),
    /// Check the claims of experiments against stored runs; trains nothing
    Check(check::CheckArgs),
    /// Print one line per run: state, epoch, metric, time left
    Status(status::StatusArgs),
    /// Take the jobs of an experiment's runs out of Slurm's queue
    Cancel(cancel::CancelArgs),
    /// Manage the stored runs
    Runs(runs::RunsArgs),
    /// Compare the stored files of runs with their checksums
    Verify(verify::VerifyArgs),
    /// Write the YAML files for your own data: a data set, a task and an experiment, or pretrained vectors
    New(new::NewArgs),
    /// List, fetch, verify or import data sets
    Data(data::DataArgs),
    /// Classify texts, or predict their next words, with a run's compact model
    Predict(predict::PredictArgs),
    /// Generate text with a run's compact language model
    Generate(generate::GenerateArgs),
    /// Make a page in which the compact models of runs read texts, step by step
    Explore(explore::ExploreArgs),
    /// List the available backends and devices, and what the others need
    Backends(backends::BackendsArgs),
    /// Time a training step on synthetic data of a data set's shape
    TimeStep(time_step::TimeStepArgs),
    /// Export a run's compact model for other programs: ONNX, or tensors with PyTorch's names
    Export(export::ExportArgs),
    /// Time the forward pass of a run's compact model against the dense network
    Bench(bench::BenchArgs),
    /// Write the shipped experiments and manifests into a folder
    Init(init::InitArgs),
    /// Print a JSON Schema of the YAML files, for editors
    Schema(schema::SchemaArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
    /// Train one run in this process (started by `run`)
    #[command(hide = true)]
    TrainRun(train_run::TrainRunArgs),
    /// Train the run of one task of a job array (submitted by `run`)
    #[command(hide = true)]
    SlurmTask(slurm_task::SlurmTaskArgs),
}

/// The experiments to process, with overrides and filters.
#[derive(Debug, Clone, Args)]
pub struct SpecArgs {
    /// Experiment files; those that they list under `also` are included. KEY=VALUE, such as task=imdb, selects runs as
    /// --only does; several must match together
    #[arg(value_name = "SPEC", required = true)]
    pub specs: Vec<Utf8PathBuf>,
    /// Override a value of the spec, such as train.epochs=2; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Use only the runs that match, such as sparsity=W+G+N,seed=0; if repeated, those that match any filter
    #[arg(long, value_name = "KEY=VALUE[,KEY=VALUE]")]
    pub only: Vec<String>,
}

impl SpecArgs {
    /// Reads the experiments and those that they list under `also`.
    ///
    /// A path that does not exist relative to the working directory is tried relative to `--root`.
    ///
    /// # Errors
    /// The first error in a file, an override or a filter (exit code 2).
    pub fn load(&self, global: &Global) -> Result<Vec<Experiment>, CliError> {
        self.load_with(global, &[])
    }

    /// The same with further overrides after those of `--set`, such as the one that `--backend` implies.
    ///
    /// # Errors
    /// As [`SpecArgs::load`].
    pub fn load_with(&self, global: &Global, more: &[String]) -> Result<Vec<Experiment>, CliError> {
        let set: Vec<String> = self.set.iter().chain(more).cloned().collect();
        let (pairs, files): (Vec<&Utf8PathBuf>, Vec<&Utf8PathBuf>) =
            self.specs.iter().partition(|spec| is_filter(&global.root, spec));
        if files.is_empty() {
            let error = CliError::usage("no experiment file is named, only filters");
            return Err(error.help("name one, such as experiments/paper.yaml, before them"));
        }
        let files: Vec<Utf8PathBuf> = files.into_iter().map(|file| find(&global.root, file)).collect();
        let only = joined(&self.only, &pairs);
        Ok(sparsegate_spec::load_all_in(&global.root, &files, &set, &only)?)
    }
}

impl SpecArgs {
    /// The same arguments as words of a shell, for a hint to another command; `set` is one more override.
    pub fn repeated(&self, global: &Global, set: Option<&str>) -> String {
        let mut words: Vec<String> = self.specs.iter().map(ToString::to_string).collect();
        let mut add = |option: &str, value: &str| words.extend([option.to_owned(), value.to_owned()]);
        self.set.iter().map(String::as_str).chain(set).for_each(|pair| add("--set", pair));
        self.only.iter().for_each(|filter| add("--only", filter));
        if global.root != "." {
            add("--root", global.root.as_str());
        }
        let is_plain = |word: &str| word.chars().all(|one| one.is_alphanumeric() || "-_./+@%:,=".contains(one));
        let quoted = |word: String| if is_plain(&word) { word } else { format!("'{}'", word.replace('\'', "'\\''")) };
        words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
    }
}

/// Whether an argument is `KEY=VALUE` rather than a file.
fn is_filter(root: &Utf8Path, argument: &Utf8Path) -> bool {
    argument.as_str().contains('=') && !argument.exists() && !root.join(argument).exists()
}

/// The filters of `--only`, each with all `pairs`; the pairs alone if there are none.
fn joined(only: &[String], pairs: &[&Utf8PathBuf]) -> Vec<String> {
    if pairs.is_empty() {
        return only.to_owned();
    }
    let pairs = pairs.iter().map(|pair| pair.as_str()).collect::<Vec<_>>().join(",");
    if only.is_empty() { vec![pairs] } else { only.iter().map(|filter| format!("{filter},{pairs}")).collect() }
}

/// The experiment file that `text` names, relative to the working directory or to `root`; `None` if it is not the path
/// of a YAML file.
pub fn experiment_file(root: &Utf8Path, text: &str) -> Option<Utf8PathBuf> {
    let file = find(root, Utf8Path::new(text));
    let is_yaml = matches!(file.extension(), Some("yaml" | "yml"));
    (is_yaml || file.is_file() && !text.ends_with(".safetensors")).then_some(file)
}

/// A path that does not exist relative to the working directory is tried relative to `root`.
pub fn find(root: &Utf8Path, file: &Utf8Path) -> Utf8PathBuf {
    let beneath = root.join(file);
    if !file.exists() && beneath.exists() { beneath } else { file.to_owned() }
}
