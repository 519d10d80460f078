//! `index.html`: a whole report as one file without external resources. Its scripts sort and filter tables, show the
//! values of figures and switch their series; without them, everything else is there.

mod parts;
mod provenance;
mod sections;

use maud::html;

use sparsegate_spec::Experiment;

use super::across::GateShares;
use super::compare::Comparison;
use super::paper_table::PaperTable;
use super::rows::RunRows;
use parts::anchor;

pub use parts::{FigureHtml, Section, contents, document, figure, heading, section, short};

/// Title of the section with the provenance of the runs.
const PROVENANCE: &str = "Provenance";

/// The part of a page about one task or data set.
#[derive(Debug, Clone)]
pub struct PagePart {
    /// Its name.
    pub name: String,
    /// One-line description.
    pub about: Option<String>,
    /// Name of its data set.
    pub dataset: String,
    /// Its runs.
    pub found: RunRows,
    /// Its figures, in order.
    pub figures: Vec<FigureHtml>,
    /// Name and reason of each of its figures left out.
    pub skipped: Vec<(String, String)>,
}

/// Content of a page.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// Its runs.
    pub found: &'a RunRows,
    /// The comparison with the published figures.
    pub comparison: &'a Comparison,
    /// The parts, at least one: results are only shown together within a part.
    pub parts: &'a [PagePart],
    /// The table of the paper.
    pub paper: &'a PaperTable<'a>,
    /// Fractions of live gates by task; only if there are several parts.
    pub shares: Option<&'a GateShares>,
    /// Names of the files with the page's numbers, in the order of the links.
    pub files: &'a [&'a str],
    /// Name of the page beside it in which the compact models run, if there is one.
    pub explorer: Option<&'a str>,
}

impl Page<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        let name = &self.experiment.name;
        let notes = self.notes();
        let arxiv = self.experiment.source.as_ref().and_then(|source| source.arxiv.as_deref());
        let body = html! {
            header {
                h1 { (name) }
                @if let Some(about) = &self.experiment.about { p.about { (about) } }
                p.facts {
                    @if self.parts.len() == 1 { "Dataset " } @else { "Data sets " }
                    b { (self.experiment.datasets().join(", ")) } ", " (self.found.rows.len())
                    @if self.found.rows.len() == 1 { " run" } @else { " runs" }
                    " (" a href={ "#" (anchor(sections::SETTINGS)) } { "settings" } ")"
                    @if let Some(arxiv) = arxiv {
                        ", after " a href={ "https://arxiv.org/abs/" (arxiv) } { "arXiv " (arxiv) }
                    }
                    ". Numbers: "
                    @for (index, file) in self.files.iter().enumerate() {
                        @if index > 0 { ", " }
                        a href=(*file) { (*file) }
                    }
                    "."
                }
                @if let Some(explorer) = self.explorer {
                    p.explore { a href=(explorer) { "Explore the networks" } ": type a text and watch every unit read it." }
                }
            }
            (contents(&self.titles()))
            main {
                @for (index, one) in self.sections().iter().enumerate() {
                    (section(one, if index == 0 { &notes } else { &[] }))
                }
                @for part in self.parts {
                    section {
                        (heading(&self.figures_of(part)))
                        @if let (Some(about), true) = (&part.about, self.parts.len() > 1) { p { (about) } }
                        @for drawn in &part.figures { (figure(drawn)) }
                    }
                }
                @if let Some(shares) = self.shares {
                    (section(&shares.section, &[]))
                    @if let Some(drawn) = &shares.figure { (figure(drawn)) }
                }
                @for one in &self.details() { (section(one, &[])) }
                section {
                    (heading(PROVENANCE))
                    (provenance::provenance(&self.found.rows))
                }
            }
        };
        document(name, &body)
    }

    /// Title of the figures of a part.
    fn figures_of(&self, part: &PagePart) -> String {
        if self.parts.len() == 1 { "Figures".to_owned() } else { format!("{}: Figures", part.name) }
    }

    /// The titles of all sections, in order.
    fn titles(&self) -> Vec<String> {
        let figures = self.parts.iter().map(|part| self.figures_of(part));
        let title = |section: Section| section.title;
        let tables = self.sections().into_iter().map(title);
        tables.chain(figures).chain(self.details().into_iter().map(title)).chain([PROVENANCE.to_owned()]).collect()
    }
}
