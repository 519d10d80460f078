//! Rows of tables, one module for each format. The readers and the look at a new file share them.

mod objects;
mod parquet;
mod quotes;
mod separated;

pub(crate) use objects::{Objects, shorten};
pub(crate) use parquet::ParquetTable;
pub(crate) use separated::{Dialect, SeparatedRows, utf8};

#[cfg(test)]
mod properties;
