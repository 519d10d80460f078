//! `index.html`: a whole report as one file, without scripts or external resources.

mod parts;
mod provenance;
mod sections;

use maud::html;

use sparsegate_spec::Experiment;

use super::compare::Comparison;
use super::drift::drifts;
use super::points;
use super::rows::RunRows;

pub use parts::{FigureHtml, Section, document, figure, section, short};

/// Content of a page.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// Its runs.
    pub found: &'a RunRows,
    /// The comparison with the published figures.
    pub comparison: &'a Comparison,
    /// The figures, in order.
    pub figures: &'a [FigureHtml],
    /// Name and reason of each figure left out.
    pub skipped: &'a [(String, String)],
}

impl Page<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        let name = &self.experiment.name;
        let notes = self.notes();
        let arxiv = self.experiment.source.as_ref().and_then(|source| source.arxiv.as_deref());
        let mut files = vec!["results.csv", "results.parquet", "curves.csv", "gate-structure.csv"];
        if points::any_pooled(&self.found.rows) {
            files.insert(2, "summary.csv");
        }
        if !drifts(&self.found.rows).is_empty() {
            files.push("backends.csv");
        }
        files.push("table.md");
        let body = html! {
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
                    @for (index, file) in files.iter().enumerate() {
                        @if index > 0 { ", " }
                        a href=(file) { (file) }
                    }
                    "."
                }
            }
            main {
                @for (index, one) in self.sections().iter().enumerate() {
                    (section(one, if index == 0 { &notes } else { &[] }))
                }
                section {
                    h2 { "Figures" }
                    @for drawn in self.figures { (figure(drawn)) }
                }
                @for one in &self.details() { (section(one, &[])) }
                section {
                    h2 { "Provenance" }
                    (provenance::provenance(&self.found.rows))
                }
            }
        };
        document(name, &body)
    }
}
