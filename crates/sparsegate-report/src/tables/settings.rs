//! The settings of the runs: a table with a column for each task.

use crate::grid::TableData;
use crate::run_settings::Setting;

/// One row for each setting, with its values in each of the parts with these names.
pub fn settings(settings: &[Setting], parts: &[&str]) -> Option<TableData> {
    let mut grid = TableData::new(&[&["setting"], parts].concat(), &[]);
    for setting in settings {
        grid.rows.push(std::iter::once(setting.name.clone()).chain(setting.values.iter().cloned()).collect());
    }
    grid.filled()
}
