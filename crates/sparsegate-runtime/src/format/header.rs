//! The JSON in the metadata entry `sparsegate-compact`.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::CellFormula;

#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    pub format: u32,
    pub cell: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formula: Option<CellFormula>,
    pub activation: String,
    pub task: String,
    pub symbols: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u32>,
    pub units: u32,
    pub outputs: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub int8: Option<Products>,
    pub live: Vec<u32>,
    pub original: Original,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Original {
    pub symbols: u32,
    pub dimensions: u32,
    pub units: u32,
    pub outputs: u32,
}

/// Whether products with the hidden state are computed in integers.
#[derive(Serialize, Deserialize)]
pub(super) struct Products {
    pub recurrent: bool,
    pub output: bool,
}

/// Only the version, read first because a newer header may have other fields.
#[derive(Deserialize)]
pub(super) struct Version {
    pub format: u32,
}

pub(super) const LANGUAGE_MODEL: &str = "language-model";
pub(super) const CLASSIFICATION: &str = "classification";
