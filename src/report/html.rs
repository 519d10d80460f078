//! `index.html`: the whole report as one file, without script and without anything loaded from elsewhere.

use std::collections::BTreeSet;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::spec::Experiment;

use super::compare::{Comparison, Verdict};
use super::grid::{self, Grid};
use super::rows::{Row, Rows, State};

/// What a page is made of.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// Its runs.
    pub found: &'a Rows,
    /// Ours beside the published figures.
    pub comparison: &'a Comparison,
    /// The figures in order: name, SVG, caption.
    pub figures: &'a [Drawn],
    /// Figures left out: name and reason.
    pub skipped: &'a [(String, String)],
}

/// A figure on the page.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// Stem of its files.
    pub name: String,
    /// The SVG document.
    pub svg: String,
    /// What is seen.
    pub caption: String,
}

/// A heading with tables.
#[derive(Debug, Clone)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// Sentences before the tables.
    pub notes: Vec<String>,
    /// The tables.
    pub grids: Vec<Grid>,
}

impl Page<'_> {
    /// The tables of the report, in order.
    pub fn sections(&self) -> Vec<Section> {
        let rows = &self.found.rows;
        let section = |title: &str, note: &str, grids: Vec<Grid>| Section {
            title: title.into(),
            notes: if note.is_empty() { Vec::new() } else { vec![note.into()] },
            grids,
        };
        let mut sections = vec![section(
            "Results",
            "Metrics with means and pruned weights, after the last finished epoch. Compression is all weights over kept \
             weights, biases not counted.",
            vec![grid::results(rows)],
        )];
        if let Some(grid) = grid::counting(rows) {
            sections.push(section(
                "Two ways of counting",
                "The authors' count keeps the weights that feed a gate which its group variable has switched off; without \
                 them the same networks are smaller.",
                vec![grid],
            ));
        }
        if let Some(grid) = grid::planted(rows) {
            sections.push(section(
                "What the vocabulary kept",
                "In the generated language it is known which symbols carry information about what follows.",
                vec![grid],
            ));
        }
        let claims: Vec<Grid> =
            [grid::claims(self.comparison), grid::orders(self.comparison)].into_iter().flatten().collect();
        if !claims.is_empty() {
            sections.push(section("Against the published figures", &self.verdicts(), claims));
        }
        if let Some(grid) = grid::epochs(self.comparison) {
            sections.push(section(
                "At equal epochs",
                "Ours after its last finished epoch beside the authors' run of the same level after as many, from their \
                 logs. One seed against one seed.",
                vec![grid],
            ));
        }
        sections
    }

    fn verdicts(&self) -> String {
        let all: Vec<&Verdict> = self
            .comparison
            .values
            .iter()
            .map(|l| &l.verdict)
            .chain(self.comparison.orders.iter().map(|l| &l.verdict))
            .collect();
        let number = |wanted: fn(&Verdict) -> bool| all.iter().filter(|verdict| wanted(verdict)).count();
        format!(
            "{} reproduced, {} off, {} not comparable yet, {} not measured.",
            number(|v| *v == Verdict::Reproduced),
            number(|v| *v == Verdict::Off),
            number(|v| matches!(v, Verdict::NotComparable { .. })),
            number(|v| *v == Verdict::NotMeasured)
        )
    }

    /// What the reader has to know besides: stale and missing runs, folders left out, figures left out.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for row in &self.found.rows {
            match row.state {
                State::Stale => notes.push(format!(
                    "{} is stale: the run of the present spec is not stored, and run {} of the same point with {} epochs is \
                     shown instead.",
                    row.label,
                    short(&row.run),
                    row.epochs()
                )),
                State::Missing => notes.push(format!("{} has not been run.", row.label)),
                State::Damaged => notes.push(format!("{} is stored, and a file of it cannot be read.", row.label)),
                State::Failed => {
                    let error = row.summary.as_ref().and_then(|summary| summary.error.clone());
                    notes.push(format!("{} failed: {}", row.label, error.unwrap_or_else(|| "no reason stored".into())));
                }
                State::Interrupted => notes.push(format!(
                    "{} is not finished: {} of {} epochs.",
                    row.label,
                    row.epochs(),
                    row.planned_epochs
                )),
                State::Done => {}
            }
        }
        match self.found.left_out {
            0 => {}
            1 => notes.push("One other stored run of this experiment is not in the plan and left out.".into()),
            n => notes.push(format!("{n} other stored runs of this experiment are not in the plan and left out.")),
        }
        notes.extend(self.skipped.iter().map(|(name, reason)| format!("Figure {name} is left out: {reason}.")));
        notes.extend(self.found.warnings.iter().cloned());
        notes
    }

    /// The page.
    pub fn render(&self) -> String {
        let name = &self.experiment.name;
        let sections = self.sections();
        let notes = self.notes();
        let arxiv = self.experiment.source.as_ref().and_then(|source| source.arxiv.as_deref());
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="generator" content={ "sparsegate " (env!("CARGO_PKG_VERSION")) };
                    title { (name) " · sparsegate" }
                    style { (PreEscaped(CSS)) }
                }
                body {
                    header {
                        h1 { (name) }
                        @if let Some(about) = &self.experiment.about { p.about { (about) } }
                        p.facts {
                            "Dataset " b { (self.experiment.dataset) } ", " (self.found.rows.len())
                            @if self.found.rows.len() == 1 { " run" } @else { " runs" }
                            @if let Some(arxiv) = arxiv {
                                ", after " a href={ "https://arxiv.org/abs/" (arxiv) } { "arXiv " (arxiv) }
                            }
                            ". Numbers: "
                            a href="results.csv" { "results.csv" } ", "
                            a href="results.parquet" { "results.parquet" } ", "
                            a href="curves.csv" { "curves.csv" } ", "
                            a href="table.md" { "table.md" } "."
                        }
                    }
                    main {
                        @for (index, section) in sections.iter().enumerate() {
                            section {
                                h2 { (section.title) }
                                @for note in &section.notes { p { (note) } }
                                @for grid in &section.grids { (table(grid)) }
                                @if index == 0 && !notes.is_empty() {
                                    ul.notes { @for note in &notes { li { (note) } } }
                                }
                            }
                        }
                        section {
                            h2 { "Figures" }
                            @for drawn in self.figures {
                                figure id=(drawn.name) {
                                    div.picture role="img" aria-label=(drawn.caption) { (PreEscaped(inline(&drawn.svg))) }
                                    figcaption {
                                        (drawn.caption) " "
                                        a href={ (drawn.name) ".svg" } { "SVG" } ", "
                                        a href={ (drawn.name) ".png" } { "PNG" }
                                    }
                                }
                            }
                        }
                        section {
                            h2 { "Provenance" }
                            (provenance(&self.found.rows))
                        }
                    }
                }
            }
        };
        page.into_string()
    }
}

/// First characters of a key, as shown where space is short.
pub fn short(key: &str) -> &str {
    key.char_indices().nth(12).map_or(key, |(end, _)| &key[..end])
}

/// An SVG document as a part of an HTML one, which knows the namespace.
fn inline(svg: &str) -> String {
    svg.replace(" xmlns=\"http://www.w3.org/2000/svg\"", "")
}

fn table(grid: &Grid) -> Markup {
    html! {
        div.scroll {
            table {
                thead { tr { @for head in &grid.columns { th class=[head.numeric.then_some("n")] { (head.text) } } } }
                tbody {
                    @for row in &grid.rows {
                        tr {
                            @for (head, cell) in grid.columns.iter().zip(row) {
                                td class=[if head.numeric { Some("n") } else { tone(&head.text, cell) }] { (cell) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Class of a cell whose text is a verdict or a state.
fn tone(head: &str, cell: &str) -> Option<&'static str> {
    match (head, cell) {
        ("verdict", "reproduced") | ("state", "done") => Some("good"),
        ("verdict", "off") | ("state", "failed") => Some("bad"),
        ("verdict" | "state", _) => Some("open"),
        _ => None,
    }
}

/// Where the runs come from: what they share once, what differs run by run.
fn provenance(rows: &[Row]) -> Markup {
    let stored: Vec<&Row> = rows.iter().filter(|row| row.record.is_some()).collect();
    let names: BTreeSet<&String> =
        stored.iter().filter_map(|row| row.record.as_ref()).flat_map(|record| record.provenance.keys()).collect();
    let of = |row: &Row, name: &str| -> String {
        row.record.as_ref().and_then(|record| record.provenance.get(name).cloned()).unwrap_or_default()
    };
    let shared = |name: &&&String| stored.windows(2).all(|pair| of(pair[0], name) == of(pair[1], name));
    let (common, differing): (Vec<&String>, Vec<&String>) = names.iter().partition(|name| shared(name));
    html! {
        @if !common.is_empty() {
            div.scroll { table { tbody {
                @for name in &common {
                    tr { th { (name.replace('_', " ")) } td { (stored.first().map(|row| of(row, name)).unwrap_or_default()) } }
                }
            } } }
        }
        div.scroll {
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
                            td { (super::frames::variant(&row.spec.backend).unwrap_or_default()) }
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

const CSS: &str = "
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d8dee4; --paper: #ffffff; --band: #f6f8fa;
  --link: #0b5cad; --good: #1a7f37; --bad: #c0392b; --open: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa4af; --line: #343b44; --paper: #0f1318;
  --band: #171c23; --link: #6cb2ff; --good: #57c774; --bad: #ff8a80; --open: #e3b341; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 70rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 Ubuntu, system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; }
h1 { font-size: 1.9rem; margin: 0 0 .2rem; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .5rem; padding-top: .8rem; border-top: 1px solid var(--line); }
p { margin: .3rem 0 .7rem; max-width: 46rem; }
.about { font-size: 1.1rem; }
.facts, figcaption, .notes { color: var(--soft); }
a { color: var(--link); }
.scroll { overflow-x: auto; margin: .6rem 0 1rem; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .32rem .55rem; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; vertical-align: top; }
thead th { background: var(--band); font-weight: 600; white-space: normal; vertical-align: bottom; }
tbody th { font-weight: 600; }
.n { text-align: right; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; } .open { color: var(--open); }
.notes { font-size: .92rem; padding-left: 1.2rem; overflow-wrap: anywhere; }
code { font-size: .88em; }
figure { margin: 1.4rem 0 2.2rem; }
.picture { background: #ffffff; border: 1px solid var(--line); border-radius: 6px; padding: .5rem; }
.picture svg { display: block; width: 100%; height: auto; max-width: 54rem; margin: 0 auto; }
figcaption { font-size: .92rem; margin-top: .5rem; max-width: 52rem; }
@media print { body { max-width: none; } figure { break-inside: avoid; } }
";
