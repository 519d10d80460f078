//! Download progress: a bar on a terminal, otherwise one line per file, and nothing with `--quiet`.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::output;
use sparsegate_data::FetchProgress;
use sparsegate_data::manifest::DataFile;

/// Shows the progress on stderr.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    lines: bool,
}

impl Progress {
    /// Shows nothing if `verbosity` is below 0.
    pub(super) fn new(verbosity: i8) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target =
            if terminal && verbosity >= 0 { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {eta}") {
            bar.set_style(style);
        }
        Self { bar, lines: !terminal && verbosity >= 0 }
    }
}

impl FetchProgress for Progress {
    fn start(&self, file: &DataFile, from: &str, done: u64, total: u64) {
        self.bar.reset();
        self.bar.set_length(total);
        self.bar.set_position(done);
        self.bar.set_message(file.path.clone());
        if self.lines && done > 0 {
            output::message!("{}: resuming at byte {done} of {total}, from {from}", file.path);
        } else if self.lines {
            output::message!("{}: {total} bytes from {from}", file.path);
        }
    }

    fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    fn finish(&self, _file: &DataFile) {
        self.bar.finish_and_clear();
    }
}
