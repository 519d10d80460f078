//! Experiment and dataset YAML.
pub mod types;
