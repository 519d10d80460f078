//! `summary.csv`: one row a point, with the statistics of each quantity over its finished seeds.

use polars::prelude::*;

use sparsegate_spec::VaryingKeys;

use super::rows::RowState;
use super::sample::Sample;
use super::swept;

/// Columns of the results that identify a point, besides those of the swept keys.
const IDENTITY: [&str; 5] = ["experiment", "dataset", "cell", "sparsity", "backend"];

/// Numeric columns of the results that are the same for all seeds.
const FIXED: [&str; 4] = ["seed", "planned_epochs", "baseline_valid", "baseline_test"];

/// One row per point of the results (`frames::results`), in order of appearance: the identity columns, `n`, the number
/// of finished seeds that have not collapsed, and for each quantity its `_mean`, `_sd`, `_low` and `_high`, the ends of
/// the 95 % t interval; at the end `metric` and `collapsed`, the number of finished seeds that have collapsed.
/// Statistics are null if no seed has the quantity, or one has a value that is not finite; without a second seed, only
/// the mean is known, and without a third one the interval is null.
///
/// # Errors
/// polars cannot group the rows, or a column is missing (a bug in this function).
pub fn summary(results: &DataFrame, varying: &VaryingKeys) -> PolarsResult<DataFrame> {
    let swept = swept::keys(varying);
    let identity: Vec<&str> = IDENTITY.into_iter().chain(swept.keys().iter().map(String::as_str)).collect();
    let grouped = results.group_by_stable(identity.iter().copied())?;
    let groups: Vec<Vec<usize>> = grouped.get_groups().iter().map(|group| members(&group)).collect();
    let (state, collapse) = (results.column("state")?.str()?, results.column("collapse")?.str()?);
    let done = |row: &usize| state.get(*row) == Some(RowState::Done.name()) && collapse.get(*row).is_none();
    let finished: Vec<Vec<usize>> =
        groups.iter().map(|group| group.iter().copied().filter(|row| done(row)).collect()).collect();

    let mut columns = grouped.keys();
    columns.push(Column::new("n".into(), finished.iter().map(|group| group.len() as u32).collect::<Vec<u32>>()));
    for column in results.columns() {
        let name = column.name().as_str();
        let quantity = column.dtype().is_primitive_numeric() && !name.ends_with("_total");
        if quantity && !identity.contains(&name) && !FIXED.contains(&name) {
            columns.extend(statistics(name, column, &finished)?);
        }
    }
    let metric = results.column("metric")?.str()?;
    let metrics = groups.iter().map(|group| group.iter().find_map(|row| metric.get(*row)).map(str::to_owned));
    columns.push(Column::new("metric".into(), metrics.collect::<Vec<Option<String>>>()));
    let is_collapsed = |row: &&usize| state.get(**row) == Some(RowState::Done.name()) && collapse.get(**row).is_some();
    let collapsed = groups.iter().map(|group| group.iter().filter(is_collapsed).count() as u32);
    columns.push(Column::new("collapsed".into(), collapsed.collect::<Vec<u32>>()));
    DataFrame::new_infer_height(columns)
}

/// Indices of the rows of a group.
fn members(group: &GroupsIndicator<'_>) -> Vec<usize> {
    match group {
        GroupsIndicator::Idx((_, rows)) => rows.iter().map(|row| *row as usize).collect(),
        GroupsIndicator::Slice([first, length]) => (*first as usize..(*first + *length) as usize).collect(),
    }
}

/// The four columns of a quantity.
fn statistics(name: &str, column: &Column, finished: &[Vec<usize>]) -> PolarsResult<[Column; 4]> {
    let values = column.cast(&DataType::Float64)?;
    let values = values.f64()?;
    let samples: Vec<Option<Sample>> = finished
        .iter()
        .map(|group| {
            let known: Option<Vec<f64>> = group.iter().map(|row| values.get(*row)).collect();
            Sample::of(&known?)
        })
        .collect();
    let part = |part: &str, of: &dyn Fn(&Sample) -> Option<f64>| {
        let numbers = samples.iter().map(|sample| sample.as_ref().and_then(of));
        Column::new(format!("{name}_{part}").into(), numbers.collect::<Vec<Option<f64>>>())
    };
    Ok([
        part("mean", &|sample| Some(sample.mean)),
        part("sd", &|sample| sample.sd),
        part("low", &|sample| sample.interval().map(|(low, _)| low)),
        part("high", &|sample| sample.interval().map(|(_, high)| high)),
    ])
}
