//! `predict` and `generate` as a user types them: on files written by hand, and on runs.

mod files;
mod generate;
mod predict;
mod trained;
