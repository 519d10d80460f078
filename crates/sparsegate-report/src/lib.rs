//! Tables and figures from stored runs. Reads run folders and the authors' CSV files; trains nothing.
//!
//! | file | content |
//! |---|---|
//! | `rows` | loads the stored run for each planned one |
//! | `points` | pools the finished seeds of each point |
//! | `sample` | mean, standard deviation, t interval, Welch's test, Holm's correction |
//! | `decimals` | decimals of a column of means and deviations |
//! | `swept`, `summary` | columns of swept keys; one row a point |
//! | `best`, `recommend` | the best setting by validation; the smallest network that is about as good as the best |
//! | `authors` | the authors' published figures |
//! | `metric` | names of metrics and their values |
//! | `gate_kinds`, `patterns` | kinds of gates; units grouped by which of their gates are live |
//! | `seed_tests` | claims tested over several seeds |
//! | `claims`, `orders`, `noise_estimate`, `verdict` | comparison of a published value or an ordering with runs |
//! | `drift` | differences between backends for otherwise equal runs |
//! | `class_scores`, `class_frames` | results of classifiers by class |
//! | `speedup` | timings of the forward pass |
//! | `compare` | all claims of a spec; our runs and the authors' at equal epochs |
//! | `frames` | polars frames, CSV and Parquet |
//! | `paper_table` | the table of the paper, as text, CSV and LaTeX |
//! | `run_settings` | settings of the runs and sizes of their networks |
//! | `notes` | remarks on the runs for the reader |
//! | `grid`, `tables`, `markdown`, `html` | tables and pages |
//! | `figures` | the figures, one file each |
//! | `spread` | marks of intervals: bands, error bars, whiskers |
//! | `figure_width` | the width of figures for print |
//! | `scene`, `axis`, `chart`, `style` | drawing primitives, axes, shared chart parts, and appearance |
//! | `staging`, `write`, `data_files` | the report's folder; an experiment's report; its files of numbers |
//! | `reload` | the browser reads a page of unfinished runs again |
//! | `tensorboard` | event files for TensorBoard |
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
mod class_frames;
mod class_scores;
mod compare;
mod data_files;
mod decimals;
mod drift;
mod error;
mod figure_width;
mod figures;
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
mod paper_table;
mod patterns;
mod points;
mod recommend;
mod reload;
#[cfg(test)]
mod row_fixture;
mod rows;
mod run_settings;
mod sample;
mod scene;
mod seed_tests;
mod settings;
mod speedup;
mod spread;
mod staging;
mod stored_run;
mod style;
mod summary;
mod swept;
mod tables;
mod tensorboard;
mod verdict;
mod write;

pub use across::{PlannedExperiment, across};
pub use claims::ValueComparison;
pub use compare::{CollapsedRun, Comparison, EpochComparison};
pub use error::ReportError;
pub use figure_width::{FigureWidth, FigureWidthError};
pub use grid::{ColumnHeader, TableData};
pub use metric::{Metric, best_epoch};
pub use noise_estimate::{EstimateSource, NoiseEstimate};
pub use orders::OrderComparison;
pub use scene::DrawError;
pub use seed_tests::SeedTest;
pub use tables::{orders as order_table, values as value_table};
pub use tensorboard::{EVENT_FILE, event_bytes, event_folder, write_events};
pub use verdict::Verdict;
pub use write::{ReportOptions, WrittenReport, check, write, write_with};

// The example of the README is a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
