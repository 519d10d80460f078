//! The page.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use sparsegate_runtime::format::FormatError;

use crate::run::{Entry, ExplorerRun};
use crate::script::script;

/// Size in bytes of the compact files that a page has at most, unless another is asked for.
pub const DEFAULT_BUDGET: u64 = 5_000_000;

/// A page.
#[derive(Debug, Clone)]
pub struct ExplorerPage {
    /// The page as HTML.
    pub html: String,
    /// Number of models in it.
    pub models: usize,
    /// What was left out and why, one sentence each; the page shows them, too.
    pub notes: Vec<String>,
}

/// A page with the compact models of these runs, in this order.
///
/// If their files have more than `budget` bytes together, the largest are left out. `notes` are sentences about other
/// runs that are missing. The same runs give the same bytes.
///
/// # Errors
/// A model that is not consistent, which a compact file never has.
pub fn page(
    title: &str,
    about: Option<&str>,
    runs: &[ExplorerRun],
    notes: &[String],
    budget: u64,
) -> Result<ExplorerPage, FormatError> {
    let files = runs.iter().map(ExplorerRun::file).collect::<Result<Vec<_>, _>>()?;
    let fits = fitting(&files.iter().map(|file| file.len() as u64).collect::<Vec<_>>(), budget);
    let mut notes = notes.to_vec();
    let mut entries = Vec::new();
    for ((run, file), fits) in runs.iter().zip(&files).zip(fits) {
        if fits {
            entries.push(run.entry(runs, file));
        } else {
            notes.push(format!(
                "{} ({}) is left out: its compact model has {}, and all models of a page have at most {}; `sparsegate \
                 explore RUN --budget MB` makes a page with more",
                run.label(runs),
                run.group(),
                size(file.len() as u64),
                size(budget)
            ));
        }
    }
    let html = render(title, about, runs, &entries, &notes)?;
    Ok(ExplorerPage { html, models: entries.len(), notes })
}

/// Which of these sizes are within a budget, if the smallest are taken first; of equal ones, the first.
fn fitting(sizes: &[u64], budget: u64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|index| sizes[*index]);
    let mut fits = vec![false; sizes.len()];
    let mut sum = 0;
    for index in order {
        sum += sizes[index];
        fits[index] = sum <= budget;
    }
    fits
}

fn size(bytes: u64) -> String {
    let bytes = bytes as f64;
    if bytes < 1e6 { format!("{:.1} kB", bytes / 1e3) } else { format!("{:.1} MB", bytes / 1e6) }
}

fn render(
    title: &str,
    about: Option<&str>,
    runs: &[ExplorerRun],
    entries: &[Entry],
    notes: &[String],
) -> Result<String, FormatError> {
    let json = serde_json::to_string(entries).map_err(|error| FormatError::Header(error.to_string()))?;
    // Within a script element only `<` could end it.
    let json = json.replace('<', "\\u003c");
    let classifies = runs.iter().any(ExplorerRun::is_classifier);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content={ "sparsegate " (env!("CARGO_PKG_VERSION")) };
                // The page is whole: it may load nothing and send nothing.
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";
                title { (title) ": explorer · sparsegate" }
                style { (PreEscaped(include_str!("explore.css"))) }
            }
            body {
                header {
                    h1 { (title) }
                    @if let Some(about) = about { p.about { (about) } }
                }
                main {
                    (body(classifies, entries))
                    @if !notes.is_empty() {
                        ul.notes { @for note in notes { li { (note) } } }
                    }
                }
                script type="application/json" id="models" { (PreEscaped(json)) }
                script type="module" { (PreEscaped(script())) }
            }
        }
    };
    Ok(page.into_string())
}

/// What the scripts fill; without scripts, the table of the models alone.
fn body(classifies: bool, entries: &[Entry]) -> Markup {
    html! {
        noscript { p.problem { "The networks run in this page by its scripts, which are switched off. The table lists them." } }
        section.text aria-labelledby="text-title" {
            h2 id="text-title" { "Text" }
            div.choice id="groups" hidden { label for="group" { "Networks" } select id="group" {} }
            label.hidden for="text" { "Text that the networks read" }
            textarea id="text" rows="2" spellcheck="false" autocomplete="off" {}
            p.problem id="problem" role="alert" hidden {}
        }
        section aria-labelledby="models-title" {
            h2 id="models-title" { "The same text, read by each network" }
            div.scroll id="models-table" tabindex="0" role="region" aria-labelledby="models-title" {
                table {
                    thead { tr { th { "network" } th { "run" } th.n { "test" } th.n { "compression" } th.n { "bytes" } } }
                    tbody {
                        @for one in entries {
                            tr {
                                td { (one.group) } td { (one.label) } td.n { (one.test) }
                                td.n { (one.compression.map(|x| format!("{x:.1}x")).unwrap_or_default()) }
                                td.n { (one.bytes) }
                            }
                        }
                    }
                }
            }
            p.remark id="remark" hidden {}
        }
        div.columns {
            section aria-labelledby="words-title" {
                h2 id="words-title" { "What it reads" }
                div id="words" {}
            }
            section aria-labelledby="answer-title" {
                h2 id="answer-title" { @if classifies { "What it answers" } @else { "What comes next" } }
                div id="answer" aria-live="polite" {}
            }
        }
        section aria-labelledby="heat-title" {
            h2 id="heat-title" { "Every unit, step by step" }
            div id="heat" {}
            div id="pinned" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_models_are_taken_first() {
        assert_eq!(fitting(&[5, 1, 3, 1], 5), [false, true, true, true]);
        assert_eq!(fitting(&[5, 1, 3, 1], 10), [true; 4]);
        assert_eq!(fitting(&[2, 2], 3), [true, false]);
        assert_eq!(fitting(&[], 0), Vec::<bool>::new());
    }
}
