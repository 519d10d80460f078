//! Rows of tables, one module for each format. The readers and the look at a new file share them.

mod array;
mod objects;
mod parquet;
mod quotes;
mod separated;

pub(crate) use objects::{Objects, find, shorten};
pub(crate) use parquet::{ParquetTable, same_name};
pub(crate) use separated::{Dialect, SeparatedRows, utf8};

#[cfg(test)]
mod properties;
