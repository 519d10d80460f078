//! Whether two tables whose columns go by number have their labels in the same one.

use std::collections::BTreeSet;

use camino::Utf8Path;

use super::{Choice, Sample, Wanted, choose};
use crate::manifest::Column;
use crate::readers::{common_label, is_missing_label};

/// The number of the column in which a table seems to have its labels, if that is another one than the one chosen by
/// the columns of a table `first` of the same data set. `None` if they agree, if nothing speaks against it, or if the
/// label goes by name.
///
/// `file` has the rows `sample`, and `choice` is what the columns of `first` choose there. They agree if at least half
/// of the chosen labels are labels of `first`, too. Otherwise the labels stand in the column of which more than half
/// of the values are labels of `first`; if there is none, and the user has not `named` the columns, in the one that
/// [`choose`] finds without knowing `first`. A table of other classes than `first` has is therefore read as it is.
pub fn other_label_column(
    first: &Choice,
    file: &Utf8Path,
    sample: &Sample,
    choice: &Choice,
    named: bool,
) -> Option<usize> {
    let Column::Number(chosen) = choice.label else { return None };
    let known: BTreeSet<String> = first.classes.keys().map(|label| common_label(label)).collect();
    let rows = sample.rows.get(usize::from(choice.header)..).unwrap_or_default();
    // Of the values in a column, from 1, those that are labels of the first table, and all.
    let count = |column: usize| {
        let values = rows.iter().map(|row| row[column - 1].as_str()).filter(|value| !is_missing_label(value));
        values.fold((0, 0), |(of_first, all), value| {
            (of_first + usize::from(known.contains(&common_label(value))), all + 1)
        })
    };
    let (of_first, all) = count(chosen);
    if 2 * of_first >= all {
        return None;
    }
    let is_label = |column: &usize| {
        let (of_first, all) = count(*column);
        2 * of_first > all
    };
    let by_labels = (1..=choice.columns.len()).find(is_label);
    by_labels.or_else(|| {
        let alone = Wanted { header: Some(choice.header), ..Wanted::default() };
        let alone = if named { None } else { choose(file, sample, alone).ok() };
        match alone?.label {
            Column::Number(column) => Some(column).filter(|column| *column != chosen),
            Column::Name(_) => None,
        }
    })
}
