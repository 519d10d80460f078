//! Columns of frames for the keys that a sweep varies.

use polars::prelude::*;
use serde_json::Value;

use sparsegate_spec::types::RunSpec;
use sparsegate_spec::{VaryingKeys, varying};

use super::rows::RunRow;

/// Varying keys that `results.csv` has a column of its own for.
const OWN_COLUMN: [&str; 5] = ["dataset", "model.cell", "sparsity", "seed", "backend"];

/// The varying keys without a column of their own, dotted.
pub fn keys(varying: &VaryingKeys) -> VaryingKeys {
    varying.without(&OWN_COLUMN)
}

/// The numeric value of a key in a run; `None` if it has none, or one that is no number.
pub fn number(spec: &RunSpec, key: &str) -> Option<f64> {
    varying::settings(spec).get(key).and_then(Value::as_f64)
}

/// One column for each of these keys, with the dotted key as its name: numbers if all values are, otherwise text.
/// Missing values are null.
pub fn columns(rows: &[RunRow], varying: &VaryingKeys) -> Vec<Column> {
    keys(varying).keys().iter().map(|key| column(rows, key)).collect()
}

fn column(rows: &[RunRow], key: &str) -> Column {
    let values: Vec<Option<Value>> =
        rows.iter().map(|row| varying::settings(&row.spec).remove(key).filter(|value| !value.is_null())).collect();
    let known = || values.iter().flatten();
    if known().all(Value::is_u64) {
        let whole = values.iter().map(|value| value.as_ref().and_then(Value::as_u64));
        return Column::new(key.into(), whole.collect::<Vec<Option<u64>>>());
    }
    if known().all(Value::is_number) {
        let numbers = values.iter().map(|value| value.as_ref().and_then(Value::as_f64));
        return Column::new(key.into(), numbers.collect::<Vec<Option<f64>>>());
    }
    let text = rows.iter().zip(&values).map(|(row, value)| value.as_ref().map(|_| varying::value_text(&row.spec, key)));
    Column::new(key.into(), text.collect::<Vec<Option<String>>>())
}
