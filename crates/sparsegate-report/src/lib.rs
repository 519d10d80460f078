//! Tables and figures from stored runs. Reads run folders and the authors' CSV files; trains nothing.
//!
//! | file | what it knows |
//! |---|---|
//! | `rows` | which stored run stands for which planned one, and what it holds |
//! | `authors` | the authors' published figures |
//! | `metric` | names of quantities and their values |
//! | `kinds`, `patterns` | kinds of gates; which of a unit's gates are live together |
//! | `claims`, `orders`, `noise`, `verdict` | a published value or an ordering held against runs |
//! | `drift` | the same point on several backends |
//! | `speedups` | times of the forward pass |
//! | `compare` | all claims of a spec, both runs at equal epochs |
//! | `frames` | polars frames, CSV and Parquet |
//! | `notes` | what has to be known about the runs |
//! | `grid`, `tables`, `markdown`, `html` | tables and the page for people |
//! | `figures` | one file a figure |
//! | `scene`, `axis`, `chart`, `style` | what figures are made of and how they look |
//! | `staging`, `write` | the folder; an experiment's report |
//! | `shares`, `across` | shares of live gates; the report on several experiments |

#![allow(
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "positions and ticks are small and, where they become unsigned, not negative"
)]

mod across;
mod authors;
mod axis;
mod chart;
mod claims;
mod compare;
mod drift;
mod error;
mod facets;
mod figures;
mod frames;
mod grid;
mod html;
mod kinds;
#[cfg(test)]
#[allow(dead_code, reason = "shared with tests/report.rs, which uses the rest")]
mod made_up;
#[cfg(test)]
#[allow(dead_code, reason = "shared with tests/report.rs, which uses the rest")]
mod made_up_texts;
mod markdown;
mod metric;
mod noise;
mod notes;
pub mod number;
mod orders;
mod patterns;
mod rows;
mod scene;
mod shares;
mod speedups;
mod staging;
mod style;
mod tables;
mod verdict;
mod write;

pub use across::{Task, across};
pub use claims::ValueLine;
pub use compare::{Comparison, EpochLine};
pub use error::ReportError;
pub use grid::{Grid, Head};
pub use metric::Metric;
pub use noise::{Noise, Origin};
pub use orders::OrderLine;
pub use scene::DrawError;
pub use tables::{orders as order_table, values as value_table};
pub use verdict::Verdict;
pub use write::{ReportPaths, check, write};
