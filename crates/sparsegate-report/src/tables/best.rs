//! The best setting by validation for each task, cell and level.

use super::statistics::{Statistic, intervals};
use crate::best::{self, BestSetting};
use crate::grid::TableData;
use crate::metric;
use crate::rows::RunRows;
use sparsegate_core::EvaluationMetric;
use sparsegate_store::format::EpochMetrics;

/// The best setting for each cell and level of a task; `None` if the sweep varies nothing else.
pub fn best(task: &str, found: &RunRows) -> Option<TableData> {
    let settings = best::settings(&found.rows, &found.varying);
    let metric = found.rows.iter().find_map(|row| row.metric);
    let short = metric.map_or("metric", EvaluationMetric::short_name);
    let (valid, test) = (format!("valid {short}"), format!("test {short}"));
    let numbers = ["of", "n", &valid, &test, "compression"];
    let mut grid = TableData::new(&["task", "cell", "level", "backend", "best setting"], &numbers);
    let several = found.varying.contains("backend");
    for best in &settings {
        let first = best.point.first();
        grid.rows.push(vec![
            task.to_owned(),
            first.cell().to_owned(),
            first.level().to_owned(),
            if several { first.spec.backend.to_string() } else { String::new() },
            best.setting.clone(),
            best.of.to_string(),
            best.point.runs.len().to_string(),
        ]);
    }
    let column = |unit, of: &dyn Fn(&EpochMetrics) -> Option<f64>| {
        let cell =
            |best: &BestSetting<'_>| Statistic { task, sample: best.point.sample(|row| row.last().and_then(of)), unit };
        intervals(&settings.iter().map(cell).collect::<Vec<_>>())
    };
    let unit = metric::unit(metric);
    grid.push_columns(vec![
        column(unit, &|line| Some(metric::on_axis(metric, line.valid))),
        column(unit, &|line| Some(metric::on_axis(metric, line.test))),
        column("x", &|line| line.counts.compression_ratio()),
    ]);
    Some(super::claims::without_empty(grid.filled()?, &["backend"]))
}
