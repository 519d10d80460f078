//! Building blocks of HTML pages.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::figure_width::FigureWidth;
use crate::grid::TableData;

/// A figure on a page.
#[derive(Debug, Clone)]
pub struct FigureHtml {
    /// File name without extension.
    pub name: String,
    /// The SVG document, with groups for the page's scripts.
    pub svg: String,
    /// The values of its points, bars and curves as JSON, if it has any.
    pub values: Option<String>,
    /// Width of its files for print, if it has them.
    pub printed: Option<FigureWidth>,
    /// The caption.
    pub caption: String,
}

/// A heading with tables.
#[derive(Debug, Clone)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// Paragraphs before the tables.
    pub notes: Vec<String>,
    /// The tables.
    pub grids: Vec<TableData>,
}

impl Section {
    /// A section with a heading, one paragraph and tables.
    pub fn new(title: &str, note: impl Into<String>, grids: impl IntoIterator<Item = TableData>) -> Self {
        Self { title: title.into(), notes: vec![note.into()], grids: grids.into_iter().collect() }
    }
}

/// The scripts of a page; each is a module of its own.
const SCRIPTS: [&str; 3] = [include_str!("tables.js"), include_str!("legend.js"), include_str!("values.js")];

/// A complete HTML document with the given body, built-in style and scripts; it has no external resources.
pub fn document(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content={ "sparsegate " (env!("CARGO_PKG_VERSION")) };
                title { (title) " · sparsegate" }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                (body)
                @for script in SCRIPTS { script type="module" { (PreEscaped(script)) } }
            }
        }
    };
    page.into_string()
}

/// A section; `notes` become a list below its tables.
pub fn section(section: &Section, notes: &[String]) -> Markup {
    html! {
        section {
            (heading(&section.title))
            @for note in &section.notes { p { (with_code(note)) } }
            @for grid in &section.grids { (table(grid)) }
            @if !notes.is_empty() {
                ul.notes { @for note in notes { li { (with_code(note)) } } }
            }
        }
    }
}

/// The heading of a section, with an anchor.
pub fn heading(title: &str) -> Markup {
    let id = anchor(title);
    html! { h2 id=(id) { (title) " " a.anchor href={ "#" (id) } aria-label={ "Link to " (title) } { "#" } } }
}

/// Links to the sections with these titles; nothing if there are few.
pub fn contents(titles: &[String]) -> Markup {
    html! {
        @if titles.len() > FEW {
            nav.contents aria-label="Contents" {
                ul { @for title in titles { li { a href={ "#" (anchor(title)) } { (title) } } } }
            }
        }
    }
}

/// Sections up to which a page needs no list of its contents.
const FEW: usize = 4;

/// The id of a section's heading. Ids of figures are their names, so that the two never meet.
pub(super) fn anchor(title: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() { c } else { '-' };
    format!("section-{}", title.to_lowercase().chars().map(plain).collect::<String>())
}

/// A figure with its caption and the links to its files.
pub fn figure(drawn: &FigureHtml) -> Markup {
    html! {
        figure id=(drawn.name) {
            div.picture tabindex="0" role="img" aria-label=(drawn.caption.replace('`', "")) {
                (PreEscaped(inline(&drawn.svg)))
            }
            @if let Some(values) = &drawn.values {
                // No text in it can end the element.
                script type="application/json" { (PreEscaped(values.replace('<', "\\u003c"))) }
            }
            figcaption {
                (with_code(&drawn.caption)) " "
                span.files {
                    a href={ (drawn.name) ".svg" } { "SVG" } ", "
                    a href={ (drawn.name) ".png" } { "PNG" }
                    @if let Some(width) = drawn.printed {
                        "; for print, " (width.centimetres()) " cm wide: "
                        a href={ (drawn.name) "-print.svg" } { "SVG" } ", "
                        a href={ (drawn.name) "-print.pdf" } { "PDF" } ", "
                        a href={ (drawn.name) "-print.png" } { "PNG" }
                    }
                    " "
                    a.anchor href={ "#" (drawn.name) } aria-label={ "Link to the figure " (drawn.name) } { "#" }
                }
            }
        }
    }
}

/// A text in which names between backticks are set as code.
fn with_code(text: &str) -> Markup {
    let pieces: Vec<&str> = text.split('`').collect();
    // A backtick without its partner is itself.
    let alone = pieces.len() - 1;
    html! {
        @for (index, piece) in pieces.iter().enumerate() {
            @if index % 2 == 0 { (piece) }
            @else if index == alone { "`" (piece) }
            @else { code { (piece) } }
        }
    }
}

/// The first 12 characters of a key.
pub fn short(key: &str) -> &str {
    key.char_indices().nth(12).map_or(key, |(end, _)| &key[..end])
}

/// An SVG document for embedding in HTML, where the namespace is implied.
fn inline(svg: &str) -> String {
    svg.replace(" xmlns=\"http://www.w3.org/2000/svg\"", "")
}

fn table(grid: &TableData) -> Markup {
    html! {
        // What may scroll can be reached by keyboard.
        div.scroll tabindex="0" {
            table {
                thead { tr { @for head in &grid.columns { th scope="col" class=[head.numeric.then_some("n")] { (head.text) } } } }
                tbody {
                    @for row in &grid.rows {
                        tr {
                            @for (head, cell) in grid.columns.iter().zip(row) {
                                td class=[if head.numeric { Some(number_class(cell)) } else { text_class(&head.text, cell) }] { (cell) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// CSS class of a cell with a number; that of one with an interval is `interval`, too.
fn number_class(cell: &str) -> &'static str {
    if cell.contains(" [") { "n interval" } else { "n" }
}

/// Letters from which on a cell's text is broken into lines.
const LONG: usize = 90;

/// CSS class of a cell with a text.
fn text_class(head: &str, cell: &str) -> Option<&'static str> {
    verdict_class(head, cell).or((cell.len() > LONG).then_some("long"))
}

/// CSS class of a cell with a verdict or a state.
fn verdict_class(head: &str, cell: &str) -> Option<&'static str> {
    match (head, cell) {
        ("verdict", "reproduced" | "within noise") | ("state", "done") => Some("good"),
        ("verdict", "off") | ("state", "failed") => Some("bad"),
        // A row without a state is no run.
        ("state", "") => None,
        ("verdict", verdict) if verdict.starts_with("collapsed") => Some("bad"),
        ("state", state) if state.ends_with("collapsed") => Some("bad"),
        ("verdict" | "state", _) => Some("open"),
        _ => None,
    }
}
