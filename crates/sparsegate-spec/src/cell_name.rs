//! `model.cell`: the name of a registered cell.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::LazyLock;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use sparsegate_core::cells::{self, CELLS};

/// A registered cell, serialised by its name.
#[derive(Clone, Copy)]
pub struct CellName(pub &'static dyn cells::Cell);

/// Names of the registered cells, in the order of registration.
pub static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| CELLS.iter().map(|cell| cell.name()).collect());

impl Deref for CellName {
    type Target = dyn cells::Cell;
    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl PartialEq for CellName {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for CellName {}

impl fmt::Debug for CellName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Default for CellName {
    fn default() -> Self {
        Self(CELLS[0])
    }
}

impl Serialize for CellName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for CellName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(CellVisitor)
    }
}

struct CellVisitor;

impl de::Visitor<'_> for CellVisitor {
    type Value = CellName;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "the name of a cell: {}", NAMES.join(", "))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<CellName, E> {
        cells::find(name).map(CellName).ok_or_else(|| E::unknown_variant(name, &NAMES))
    }
}

impl JsonSchema for CellName {
    fn schema_name() -> Cow<'static, str> {
        "Cell".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "The recurrent cell.", "type": "string", "enum": *NAMES })
    }
}
