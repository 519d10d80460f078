//! `predict` and `generate` on the command line: for hand-written files, and for runs.

mod files;
mod generate;
mod predict;
mod trained;
