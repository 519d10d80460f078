//! Tables and figures from stored runs. Reads run folders and the authors' CSV files; trains nothing.
//!
//! | file | content |
//! |---|---|
//! | `rows` | loads the stored run for each planned one |
//! | `points` | pools the finished seeds of each point |
//! | `sample` | mean, standard deviation, t interval, Welch's test, Holm's correction |
//! | `swept`, `summary` | columns of swept keys; one row a point |
//! | `best` | the best setting by validation |
//! | `authors` | the authors' published figures |
//! | `metric` | names of metrics and their values |
//! | `gate_kinds`, `patterns` | kinds of gates; units grouped by which of their gates are live |
//! | `seed_tests` | claims tested over several seeds |
//! | `claims`, `orders`, `noise_estimate`, `verdict` | comparison of a published value or an ordering with runs |
//! | `drift` | differences between backends for otherwise equal runs |
//! | `speedup` | timings of the forward pass |
//! | `compare` | all claims of a spec; our runs and the authors' at equal epochs |
//! | `frames` | polars frames, CSV and Parquet |
//! | `notes` | remarks on the runs for the reader |
//! | `grid`, `tables`, `markdown`, `html` | tables and pages |
//! | `figures` | the figures, one file each |
//! | `spread` | marks of intervals: bands, error bars, whiskers |
//! | `scene`, `axis`, `chart`, `style` | drawing primitives, axes, shared chart parts, and appearance |
//! | `staging`, `write` | the report's folder; an experiment's report |
//! | `live_gates`, `across` | fractions of live gates; the report across experiments |

#![allow(
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "positions and ticks are small, and non-negative where they are cast to unsigned"
)]

mod across;
mod authors;
mod axis;
mod best;
mod chart;
mod claims;
mod compare;
mod drift;
mod error;
mod figures;
#[cfg(test)]
#[allow(dead_code, reason = "shared with tests/report.rs, which uses the rest")]
mod fixtures;
mod frames;
mod gate_kinds;
mod grid;
mod html;
mod live_gates;
mod markdown;
mod metric;
mod noise_estimate;
mod notes;
pub mod number;
mod orders;
mod patterns;
mod points;
mod rows;
mod sample;
mod scene;
mod seed_tests;
mod settings;
mod speedup;
mod spread;
mod staging;
mod style;
mod summary;
mod swept;
mod tables;
#[cfg(test)]
#[allow(dead_code, reason = "shared with tests/report.rs, which uses the rest")]
mod text_fixtures;
mod verdict;
mod write;

pub use across::{PlannedExperiment, across};
pub use claims::ValueComparison;
pub use compare::{CollapsedRun, Comparison, EpochComparison};
pub use error::ReportError;
pub use grid::{ColumnHeader, TableData};
pub use metric::{Metric, best_epoch};
pub use noise_estimate::{EstimateSource, NoiseEstimate};
pub use orders::OrderComparison;
pub use scene::DrawError;
pub use seed_tests::SeedTest;
pub use tables::{orders as order_table, values as value_table};
pub use verdict::Verdict;
pub use write::{WrittenReport, check, write, write_with_explorer};

// The example of the README is a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
