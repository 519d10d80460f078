//! Provenance of the runs of a report.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::parts::short;
use crate::frames::variant_name;
use crate::rows::RunRow;

/// Facts about the machine on which a run was trained; those of other names are about the run or the program.
const MACHINE: [&str; 6] = ["host", "cpu", "cpu_features", "cores", "device", "os"];

/// A table of the properties that all runs share; one of the machines, if there are several, with the number of the runs
/// of each; and one with a row per run for whatever else differs.
pub(super) fn provenance(rows: &[RunRow]) -> Markup {
    let stored: Vec<&RunRow> = rows.iter().filter(|row| row.record.is_some()).collect();
    let names: BTreeSet<&String> =
        stored.iter().filter_map(|row| row.record.as_deref()).flat_map(|record| record.provenance.keys()).collect();
    let shared = |name: &&&String| stored.windows(2).all(|pair| of(pair[0], name) == of(pair[1], name));
    let (common, differing): (Vec<&String>, Vec<&String>) = names.iter().partition(|name| shared(name));
    let is_machine = |name: &&String| MACHINE.contains(&name.as_str());
    let (of_machine, differing): (Vec<&String>, Vec<&String>) = differing.into_iter().partition(is_machine);
    // A machine is told by all that differs; what the machines share stands beside it, so that a row is complete.
    let described: Vec<&String> =
        names.iter().filter(|name| !of_machine.is_empty() && is_machine(name)).copied().collect();
    let common: Vec<&String> = common.into_iter().filter(|name| !described.contains(name)).collect();
    let mut machines: Vec<(Vec<String>, usize)> = Vec::new();
    let machine_of: Vec<usize> = stored
        .iter()
        .map(|row| {
            let facts: Vec<String> = described.iter().map(|name| of(row, name)).collect();
            let place = machines.iter().position(|(known, _)| *known == facts).unwrap_or(machines.len());
            if place == machines.len() {
                machines.push((facts, 0));
            }
            machines[place].1 += 1;
            place + 1
        })
        .collect();
    let several = !of_machine.is_empty();
    html! {
        @if !common.is_empty() {
            div.scroll tabindex="0" { table { tbody {
                @for name in &common {
                    tr { th { (name.replace('_', " ")) } td { (stored.first().map(|row| of(row, name)).unwrap_or_default()) } }
                }
            } } }
        }
        @if several {
            div.scroll tabindex="0" {
                table {
                    thead { tr {
                        th.n { "machine" } th.n { "runs" }
                        @for name in &described { th { (name.replace('_', " ")) } }
                    } }
                    tbody {
                        @for (index, (facts, runs)) in machines.iter().enumerate() {
                            tr { td.n { (index + 1) } td.n { (runs) } @for fact in facts { td { (fact) } } }
                        }
                    }
                }
            }
        }
        div.scroll tabindex="0" {
            table {
                thead { tr {
                    th { "run" } th { "key" } th.n { "seed" } th { "backend" } th.n { "epochs" } th.n { "train seconds" }
                    @if several { th.n { "machine" } }
                    @for name in &differing { th { (name.replace('_', " ")) } }
                } }
                tbody {
                    @for (row, machine) in stored.iter().zip(&machine_of) {
                        tr {
                            td { (row.title()) }
                            td { code title=(row.run) { (short(&row.run)) } }
                            td.n { (row.spec.seed) }
                            td { (variant_name(&row.spec.backend).unwrap_or_default()) }
                            td.n { (row.epochs()) }
                            td.n { @if let Some(summary) = &row.summary { (format!("{:.1}", summary.train_seconds)) } }
                            @if several { td.n { (machine) } }
                            @for name in &differing { td { (of(row, name)) } }
                        }
                    }
                }
            }
        }
    }
}

/// A fact of a run's provenance; empty if it is not known.
fn of(row: &RunRow, name: &str) -> String {
    row.record.as_deref().and_then(|record| record.provenance.get(name).cloned()).unwrap_or_default()
}
