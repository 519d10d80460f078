//! Finds line and column of a path in a YAML text.
//!
//! `serde_yaml` reports positions only in errors, so this follows the path and raises an error at its end.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::error::SourcePosition;
use super::node::PathStep;

/// The part of an entry to point at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryPart {
    /// Its key.
    Key,
    /// Its value.
    Value,
}

/// The position of `path` in `text`, or of its longest prefix that exists.
pub fn locate(text: &str, path: &[PathStep], part: EntryPart) -> Option<SourcePosition> {
    (0..=path.len()).rev().find_map(|length| {
        let part = if length == path.len() { part } else { EntryPart::Value };
        exact(text, &path[..length], part)
    })
}

/// The position of `path` in `text`, if it exists.
fn exact(text: &str, path: &[PathStep], part: EntryPart) -> Option<SourcePosition> {
    let walk = PathSeed { path, part };
    let error = walk.deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
    if !error.to_string().contains(FOUND) {
        return None;
    }
    let at = error.location()?;
    Some(SourcePosition { line: at.line(), column: at.column() })
}

const FOUND: &str = "\u{1}found\u{1}";

struct PathSeed<'a> {
    path: &'a [PathStep],
    part: EntryPart,
}

impl<'de> DeserializeSeed<'de> for PathSeed<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl PathSeed<'_> {
    fn scalar<E: de::Error>(&self) -> Result<(), E> {
        if self.path.is_empty() { Err(E::custom(FOUND)) } else { Ok(()) }
    }
}

impl<'de> Visitor<'de> for PathSeed<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.scalar()
    }
    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        self.scalar()
    }
    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        self.scalar()
    }
    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        self.scalar()
    }
    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        self.scalar()
    }
    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        self.scalar()
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        self.scalar()?;
        let PathStep::Index(wanted) = self.path[0] else { return drain_seq(access) };
        let mut index = 0;
        loop {
            let more = if index == wanted {
                access.next_element_seed(PathSeed { path: &self.path[1..], part: self.part })?.is_some()
            } else {
                access.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                return Ok(());
            }
            index += 1;
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        self.scalar()?;
        let PathStep::Key(wanted) = &self.path[0] else { return drain_map(access) };
        let fail = self.path.len() == 1 && self.part == EntryPart::Key;
        while let Some(hit) = access.next_key_seed(KeySeed { wanted, fail })? {
            if hit {
                access.next_value_seed(PathSeed { path: &self.path[1..], part: self.part })?;
            } else {
                access.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

fn drain_seq<'de, A: SeqAccess<'de>>(mut access: A) -> Result<(), A::Error> {
    while access.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn drain_map<'de, A: MapAccess<'de>>(mut access: A) -> Result<(), A::Error> {
    while access.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

struct KeySeed<'a> {
    wanted: &'a str,
    fail: bool,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = bool;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_str<E: de::Error>(self, key: &str) -> Result<bool, E> {
        let hit = key == self.wanted;
        if hit && self.fail { Err(E::custom(FOUND)) } else { Ok(hit) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::node::dotted;
    use super::*;

    const TEXT: &str =
        "name: x\nmodel:\n  hidden: 3\n  list: [1, {a: 2}]\nsweep:\n  product:\n    model.cell: [lstm]\n";

    fn at(path: &[PathStep], part: EntryPart) -> Option<(usize, usize)> {
        locate(TEXT, path, part).map(|place| (place.line, place.column))
    }

    #[test]
    fn finds_keys_values_elements_and_dotted_keys() {
        assert_eq!(at(&dotted("model.hidden"), EntryPart::Key), Some((3, 3)));
        assert_eq!(at(&dotted("model.hidden"), EntryPart::Value), Some((3, 11)));
        let inner = [
            PathStep::Key("model".into()),
            PathStep::Key("list".into()),
            PathStep::Index(1),
            PathStep::Key("a".into()),
        ];
        assert_eq!(at(&inner, EntryPart::Value), Some((4, 17)));
        let swept =
            [PathStep::Key("sweep".into()), PathStep::Key("product".into()), PathStep::Key("model.cell".into())];
        assert_eq!(at(&swept, EntryPart::Key), Some((7, 5)));
    }

    #[test]
    fn falls_back_to_what_is_there() {
        assert_eq!(at(&dotted("model.nothing.here"), EntryPart::Key), Some((3, 3)));
    }
}
