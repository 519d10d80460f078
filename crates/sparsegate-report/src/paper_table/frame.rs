//! The table of the paper as a frame.

use polars::prelude::*;

use super::{PaperRow, PaperTable};

/// One row for each row of the table, with unrounded numbers: `task`, `dataset`, `metric`, `cell`, `sparsity`, `point`
/// (the level with what else varies), `state`, `n`, and for each quantity `_mean`, `_sd` (sample standard deviation;
/// null for one run) and `_authors`. Accuracies are fractions.
///
/// # Errors
/// polars cannot build the frame, because columns differ in length (a bug in this function).
pub fn frame(table: &PaperTable<'_>) -> PolarsResult<DataFrame> {
    let text = |name: &str, of: &dyn Fn(&PaperRow<'_>) -> Option<String>| {
        Column::new(name.into(), table.rows.iter().map(of).collect::<Vec<Option<String>>>())
    };
    let mut columns = vec![
        text("task", &|row| Some(row.task.clone())),
        text("dataset", &|row| Some(row.point.first().spec.dataset.clone())),
        text("metric", &|row| row.metric().map(|metric| metric.name().to_owned())),
        text("cell", &|row| Some(row.point.first().cell().to_owned())),
        text("sparsity", &|row| Some(row.point.first().level().to_owned())),
        text("point", &|row| Some(row.point.first().point.clone())),
        text("state", &|row| Some(row.point.first().state_text())),
        Column::new("n".into(), table.rows.iter().map(|row| row.n() as u32).collect::<Vec<u32>>()),
    ];
    for (index, quantity) in table.quantities.iter().enumerate() {
        let number = |part: &str, of: &dyn Fn(&PaperRow<'_>) -> Option<f64>| {
            let name = format!("{}_{part}", quantity.column);
            Column::new(name.into(), table.rows.iter().map(of).collect::<Vec<Option<f64>>>())
        };
        columns.push(number("mean", &|row| row.pairs[index].ours.map(|sample| sample.mean)));
        columns.push(number("sd", &|row| row.pairs[index].ours.and_then(|sample| sample.sd)));
        columns.push(number("authors", &|row| row.pairs[index].theirs));
    }
    DataFrame::new_infer_height(columns)
}
