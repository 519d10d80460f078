//! The words of an estimate: how long runs will take, and how much space they need.

use serde::Serialize;

use crate::progress;
use sparsegate_pipeline::sweep::{RunEstimate, SweepEstimate, TimeSource};

/// The estimate of a run, as `--format json` prints it.
#[derive(Serialize)]
pub(super) struct EstimateJson {
    /// Seconds until its last epoch.
    seconds: Option<f64>,
    /// `stored-runs`, `stored-runs-of-other-levels` or `measured-steps`.
    source: Option<&'static str>,
    /// Bytes that its folder will grow by.
    bytes: Option<u64>,
}

impl From<&RunEstimate> for EstimateJson {
    fn from(estimate: &RunEstimate) -> Self {
        let source = estimate.source.map(|source| match source {
            TimeSource::SameLevel(_) => "stored-runs",
            TimeSource::OtherLevel(_) => "stored-runs-of-other-levels",
            TimeSource::Measured => "measured-steps",
        });
        Self { seconds: estimate.seconds, source, bytes: estimate.bytes }
    }
}

/// Time and space of a run, for its row.
pub(super) fn cells(estimate: Option<&RunEstimate>) -> [String; 2] {
    let Some(estimate) = estimate else { return [String::new(), String::new()] };
    let mark = if matches!(estimate.source, Some(TimeSource::OtherLevel(_))) { "?" } else { "" };
    let time = estimate.seconds.map(|seconds| format!("{}{mark}", progress::seconds(seconds)));
    [time.unwrap_or_default(), estimate.bytes.map(size).unwrap_or_default()]
}

/// One or two lines on the whole; nothing if all runs are done. `specs` are the words that name the experiments on a
/// command line.
pub(super) fn total(estimate: &SweepEstimate, specs: &str) -> String {
    let runs: Vec<&RunEstimate> = estimate.runs.iter().flatten().collect();
    if runs.is_empty() {
        return String::new();
    }
    let disk = estimate.bytes().map(|bytes| format!("about {} of disk", size(bytes)));
    let Some(seconds) = estimate.seconds() else {
        let disk = disk.map(|disk| format!("{disk}; ")).unwrap_or_default();
        return format!(
            "{disk}the time is not known, since no run of these sizes from this machine is stored;\n\
             `sparsegate plan {specs} --measure` times a few steps\n"
        );
    };
    let known = runs.len() - estimate.without_time();
    let part = if known < runs.len() { format!(" for {known} of {} runs", runs.len()) } else { String::new() };
    let at_once = if runs.len() > 1 { format!(", {} at once", estimate.at_once) } else { String::new() };
    let disk = disk.map(|disk| format!("; {disk}")).unwrap_or_default();
    let time = progress::seconds(seconds);
    let mut text = format!("about {time}{part} on this machine{at_once} ({}){disk}\n", sources(estimate, &runs));
    if runs.iter().any(|run| matches!(run.source, Some(TimeSource::OtherLevel(_)))) {
        text.push_str("?: from runs of another sparsity level, which may take another time\n");
    }
    text
}

/// `from 3 stored runs`.
fn sources(estimate: &SweepEstimate, runs: &[&RunEstimate]) -> String {
    let stored = match estimate.stored {
        0 => None,
        1 => Some("from 1 stored run".to_owned()),
        count => Some(format!("from {count} stored runs")),
    };
    let measured =
        runs.iter().any(|run| run.source == Some(TimeSource::Measured)).then(|| "from a few measured steps".to_owned());
    stored.into_iter().chain(measured).collect::<Vec<_>>().join(" and ")
}

/// Bytes in a unit that leaves few digits.
fn size(bytes: u64) -> String {
    let bytes = bytes as f64;
    let (value, unit) = match bytes {
        ..1e3 => return format!("{bytes} B"),
        ..1e6 => (bytes / 1e3, "kB"),
        ..1e9 => (bytes / 1e6, "MB"),
        _ => (bytes / 1e9, "GB"),
    };
    if value < 10.0 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "an element of a list of estimates that may be missing")]
    fn run(seconds: Option<f64>, source: Option<TimeSource>) -> Option<RunEstimate> {
        Some(RunEstimate { seconds, source, bytes: Some(1_500_000) })
    }

    #[test]
    fn a_total_says_where_it_comes_from() {
        let of = |runs, stored| total(&SweepEstimate { runs, at_once: 2, stored }, "x.yaml");
        let stored = run(Some(7_800.0), Some(TimeSource::SameLevel(3)));
        assert_eq!(
            of(vec![stored, None], 3),
            "about 2h 10m on this machine (from 3 stored runs); about 1.5 MB of disk\n"
        );
        let other = run(Some(60.0), Some(TimeSource::OtherLevel(1)));
        let two = of(vec![other, other, run(None, None)], 1);
        assert!(
            two.starts_with("about 1m 00s for 2 of 3 runs on this machine, 2 at once (from 1 stored run); "),
            "{two}"
        );
        assert!(two.ends_with("?: from runs of another sparsity level, which may take another time\n"), "{two}");
        assert_eq!(cells(other.as_ref()), ["1m 00s?", "1.5 MB"]);
        let measured = of(vec![run(Some(5.0), Some(TimeSource::Measured))], 0);
        assert!(measured.contains("(from a few measured steps)"), "{measured}");
        assert!(of(vec![run(None, None)], 0).contains("`sparsegate plan x.yaml --measure`"));
        assert_eq!(of(vec![None], 0), "");
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!([999, 1_000, 12_345_678, 2_000_000_000].map(size), ["999 B", "1.0 kB", "12 MB", "2.0 GB"]);
    }
}
