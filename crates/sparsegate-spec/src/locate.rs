//! Finds line and column of a path in a YAML text.
//!
//! `serde_yaml` reports positions only in errors, so this follows the path and raises an error at its end.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::error::Place;
use super::node::Step;

/// The part of an entry to point at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its key.
    Key,
    /// Its value.
    Value,
}

/// The position of `path` in `text`, or of its longest prefix that exists.
pub fn locate(text: &str, path: &[Step], part: Part) -> Option<Place> {
    (0..=path.len()).rev().find_map(|length| {
        let part = if length == path.len() { part } else { Part::Value };
        exact(text, &path[..length], part)
    })
}

/// The position of `path` in `text`, if it exists.
fn exact(text: &str, path: &[Step], part: Part) -> Option<Place> {
    let walk = Walk { path, part };
    let error = walk.deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
    if !error.to_string().contains(FOUND) {
        return None;
    }
    let at = error.location()?;
    Some(Place { line: at.line(), column: at.column() })
}

const FOUND: &str = "\u{1}found\u{1}";

struct Walk<'a> {
    path: &'a [Step],
    part: Part,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Walk<'_> {
    fn scalar<E: de::Error>(&self) -> Result<(), E> {
        if self.path.is_empty() { Err(E::custom(FOUND)) } else { Ok(()) }
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
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
        let Step::Index(wanted) = self.path[0] else { return drain_seq(access) };
        let mut index = 0;
        loop {
            let more = if index == wanted {
                access.next_element_seed(Walk { path: &self.path[1..], part: self.part })?.is_some()
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
        let Step::Key(wanted) = &self.path[0] else { return drain_map(access) };
        let fail = self.path.len() == 1 && self.part == Part::Key;
        while let Some(hit) = access.next_key_seed(KeyIs { wanted, fail })? {
            if hit {
                access.next_value_seed(Walk { path: &self.path[1..], part: self.part })?;
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

struct KeyIs<'a> {
    wanted: &'a str,
    fail: bool,
}

impl<'de> DeserializeSeed<'de> for KeyIs<'_> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyIs<'_> {
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

    fn at(path: &[Step], part: Part) -> Option<(usize, usize)> {
        locate(TEXT, path, part).map(|place| (place.line, place.column))
    }

    #[test]
    fn finds_keys_values_elements_and_dotted_keys() {
        assert_eq!(at(&dotted("model.hidden"), Part::Key), Some((3, 3)));
        assert_eq!(at(&dotted("model.hidden"), Part::Value), Some((3, 11)));
        let inner = [Step::Key("model".into()), Step::Key("list".into()), Step::Index(1), Step::Key("a".into())];
        assert_eq!(at(&inner, Part::Value), Some((4, 17)));
        let swept = [Step::Key("sweep".into()), Step::Key("product".into()), Step::Key("model.cell".into())];
        assert_eq!(at(&swept, Part::Key), Some((7, 5)));
    }

    #[test]
    fn falls_back_to_what_is_there() {
        assert_eq!(at(&dotted("model.nothing.here"), Part::Key), Some((3, 3)));
    }
}
