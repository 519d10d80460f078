//! The best setting by validation for each task, cell and level.

use super::points::statistics;
use crate::best;
use crate::grid::TableData;
use crate::metric;
use crate::rows::RunRows;
use sparsegate_core::EvaluationMetric;

/// The best setting for each cell and level of a task; `None` if the sweep varies nothing else.
pub fn best(task: &str, found: &RunRows) -> Option<TableData> {
    let settings = best::settings(&found.rows, &found.varying);
    let metric = found.rows.iter().find_map(|row| row.metric);
    let short = metric.map_or("metric", EvaluationMetric::short_name);
    let (valid, test) = (format!("valid {short}"), format!("test {short}"));
    let numbers = ["of", "n", &valid, &test, "compression"];
    let mut grid = TableData::new(&["task", "cell", "level", "backend", "best setting"], &numbers);
    let unit = if metric::is_accuracy(metric) { "%" } else { "" };
    let several = found.varying.contains("backend");
    for best in settings {
        let first = best.point.first();
        let quality = |of: fn(&sparsegate_store::format::EpochMetrics) -> f64| {
            let sample = best.point.sample(|row| row.last().map(|line| metric::on_axis(metric, of(line))));
            sample.map_or_else(String::new, |sample| statistics(&sample, unit))
        };
        let compression = best.point.sample(|row| row.last().and_then(|line| line.counts.compression_ratio()));
        grid.rows.push(vec![
            task.to_owned(),
            first.cell().to_owned(),
            first.level().to_owned(),
            if several { first.spec.backend.to_string() } else { String::new() },
            best.setting.clone(),
            best.of.to_string(),
            best.point.runs.len().to_string(),
            quality(|line| line.valid),
            quality(|line| line.test),
            compression.map_or_else(String::new, |sample| statistics(&sample, "x")),
        ]);
    }
    Some(super::claims::without_empty(grid.filled()?, &["backend"]))
}
