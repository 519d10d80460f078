//! Precision and recall of the kept vocabulary against the informative words of synthetic data.

use crate::grid::{TableData, of};
use crate::number::percent;
use crate::rows::RunRow;
use sparsegate_store::format::GroundTruthCounts;

/// Fraction of the kept symbols that are informative; `None` if none is kept.
pub fn precision(facts: &GroundTruthCounts) -> Option<f64> {
    share(facts.informative_kept, facts.informative_kept + facts.uninformative_kept)
}

/// Fraction of the informative symbols that are kept; `None` if there are none.
pub fn recall(facts: &GroundTruthCounts) -> Option<f64> {
    share(facts.informative_kept, facts.informative)
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Precision, recall and kept symbols, one row per run; `None` for data without a ground truth.
pub fn ground_truth(rows: &[RunRow]) -> Option<TableData> {
    let mut grid = TableData::new(&["run"], &["precision", "recall", "informative kept", "uninformative kept"]);
    for row in rows {
        if let Some(facts) = row.summary.as_deref().and_then(|summary| summary.ground_truth.as_ref()) {
            let text = |share: Option<f64>| share.map_or_else(String::new, percent);
            grid.rows.push(vec![
                row.title(),
                text(precision(facts)),
                text(recall(facts)),
                of(facts.informative_kept, facts.informative),
                of(facts.uninformative_kept, facts.uninformative),
            ]);
        }
    }
    grid.filled()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_is_of_the_kept_and_recall_of_the_informative() {
        let facts =
            GroundTruthCounts { informative: 20, informative_kept: 15, uninformative: 300, uninformative_kept: 5 };
        assert_eq!((precision(&facts), recall(&facts)), (Some(0.75), Some(0.75)));
        let none = GroundTruthCounts { informative_kept: 0, uninformative_kept: 0, ..facts };
        assert_eq!((precision(&none), recall(&none)), (None, Some(0.0)));
    }
}
