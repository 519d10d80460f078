//! Provenance of the runs of a report.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::parts::short;
use crate::frames::variant_name;
use crate::rows::RunRow;

/// A table of the properties that all runs share, and a table with a row per run for the others.
pub(super) fn provenance(rows: &[RunRow]) -> Markup {
    let stored: Vec<&RunRow> = rows.iter().filter(|row| row.record.is_some()).collect();
    let names: BTreeSet<&String> =
        stored.iter().filter_map(|row| row.record.as_deref()).flat_map(|record| record.provenance.keys()).collect();
    let of = |row: &RunRow, name: &str| -> String {
        row.record.as_deref().and_then(|record| record.provenance.get(name).cloned()).unwrap_or_default()
    };
    let shared = |name: &&&String| stored.windows(2).all(|pair| of(pair[0], name) == of(pair[1], name));
    let (common, differing): (Vec<&String>, Vec<&String>) = names.iter().partition(|name| shared(name));
    html! {
        @if !common.is_empty() {
            div.scroll tabindex="0" { table { tbody {
                @for name in &common {
                    tr { th { (name.replace('_', " ")) } td { (stored.first().map(|row| of(row, name)).unwrap_or_default()) } }
                }
            } } }
        }
        div.scroll tabindex="0" {
            table {
                thead { tr {
                    th { "run" } th { "key" } th.n { "seed" } th { "backend" } th.n { "epochs" } th.n { "train seconds" }
                    @for name in &differing { th { (name.replace('_', " ")) } }
                } }
                tbody {
                    @for row in &stored {
                        tr {
                            td { (row.title()) }
                            td { code title=(row.run) { (short(&row.run)) } }
                            td.n { (row.spec.seed) }
                            td { (variant_name(&row.spec.backend).unwrap_or_default()) }
                            td.n { (row.epochs()) }
                            td.n { @if let Some(summary) = &row.summary { (format!("{:.1}", summary.train_seconds)) } }
                            @for name in &differing { td { (of(row, name)) } }
                        }
                    }
                }
            }
        }
    }
}
