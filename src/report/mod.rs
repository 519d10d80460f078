//! Tables and figures from stored runs. Reads run folders and the authors' CSV files; trains nothing.
//!
//! | file | what it knows |
//! |---|---|
//! | `rows` | which stored run stands for which planned one, and what it holds |
//! | `authors` | the authors' published figures |
//! | `metric` | names of quantities and their values |
//! | `compare` | claims, orderings, both runs at equal epochs |
//! | `frames` | polars frames, CSV and Parquet |
//! | `grid`, `markdown`, `html` | tables and the page for people |
//! | `figures` | one file a figure |
//! | `scene`, `axis`, `chart`, `style` | what figures are made of and how they look |
//! | `write` | the folder |

#![allow(
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "positions and ticks are small and, where they become unsigned, not negative"
)]

mod authors;
mod axis;
mod chart;
mod compare;
mod error;
mod facets;
mod figures;
mod frames;
mod grid;
mod html;
#[cfg(test)]
#[allow(dead_code, reason = "shared with tests/report.rs, which uses the rest")]
mod made_up;
mod markdown;
mod metric;
mod number;
mod rows;
mod scene;
mod style;
mod write;

pub use error::ReportError;
pub use grid::{Grid, Head};
pub use scene::DrawError;
pub use write::{ReportPaths, write};
