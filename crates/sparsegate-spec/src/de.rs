//! Deserialises a YAML tree into a type and records the path of an error.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

use super::mistake::Mistake;
use super::node::{Node, Step};

/// Deserialises a tree. An enum's variant is a text, or a mapping with the variant as its only key.
///
/// # Errors
/// The first error, with its path.
pub fn from_node<'de, T: Deserialize<'de>>(node: &'de Node) -> Result<T, Mistake> {
    T::deserialize(De(node))
}

struct De<'a>(&'a Node);

impl<'de> Deserializer<'de> for De<'de> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.0 {
            Node::Null => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(*value),
            Node::Negative(value) => visitor.visit_i64(*value),
            Node::Whole(value) => visitor.visit_u64(*value),
            Node::Real(value) => visitor.visit_f64(*value),
            Node::Text(value) => visitor.visit_borrowed_str(value),
            Node::List(items) => visitor.visit_seq(Items { items, next: 0 }),
            Node::Map(entries) => visitor.visit_map(Entries { entries, next: 0 }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.0 {
            Node::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        match self.0 {
            Node::Text(variant) => visitor.visit_enum(Variant { variant, value: None }),
            Node::Map(entries) if entries.len() == 1 => {
                visitor.visit_enum(Variant { variant: &entries[0].0, value: Some(&entries[0].1) })
            }
            Node::Map(_) => Err(Mistake::new(&[], "expected a mapping with exactly one key", "write one key")),
            _ => De(self.0).deserialize_any(visitor),
        }
    }

    /// A derived struct would also accept a list of its fields in order; a file must name its keys.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        match self.0 {
            Node::List(_) => Err(Mistake::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.integer(visitor)
    }
    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.integer(visitor)
    }
    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.integer(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

impl<'de> De<'de> {
    /// YAML reads `1e1` and `10.0` as real numbers; where a whole number is wanted, they are ten.
    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        /// Up to here, 2^53, every whole number is a real one.
        const MOST: f64 = 9_007_199_254_740_992.0;
        match self.0 {
            Node::Real(value) if value.fract() == 0.0 && value.abs() <= MOST => {
                if *value < 0.0 {
                    visitor.visit_i64(*value as i64)
                } else {
                    visitor.visit_u64(*value as u64)
                }
            }
            _ => self.deserialize_any(visitor),
        }
    }
}

struct Items<'a> {
    items: &'a [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Mistake;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mistake> {
        let Some(item) = self.items.get(self.next) else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(De(item)).map(Some).map_err(|mistake| mistake.under(Step::Index(index)))
    }
    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.next)
    }
}

struct Entries<'a> {
    entries: &'a [(String, Node)],
    next: usize,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Mistake;
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mistake> {
        let Some((key, _)) = self.entries.get(self.next) else { return Ok(None) };
        let text: StrDeserializer<'_, Mistake> = key.as_str().into_deserializer();
        seed.deserialize(text).map(Some).map_err(|mistake| mistake.in_key(key))
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mistake> {
        let Some((key, value)) = self.entries.get(self.next) else {
            return Err(Mistake::custom("a value was asked for after the last one"));
        };
        self.next += 1;
        seed.deserialize(De(value)).map_err(|mistake| mistake.under(Step::Key(key.clone())))
    }
}

struct Variant<'a> {
    variant: &'a str,
    value: Option<&'a Node>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Mistake;
    type Variant = Self;
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Mistake> {
        let text: StrDeserializer<'_, Mistake> = self.variant.into_deserializer();
        Ok((seed.deserialize(text)?, self))
    }
}

impl<'de> Variant<'de> {
    fn content(&self) -> Result<&'de Node, Mistake> {
        self.value.ok_or_else(|| {
            let variant = self.variant;
            Mistake::new(&[], format!("`{variant}` needs values"), format!("write `{{ {variant}: {{ ... }} }}`"))
        })
    }
    fn step(&self) -> Step {
        Step::Key(self.variant.to_owned())
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Mistake;
    fn unit_variant(self) -> Result<(), Mistake> {
        match self.value {
            None | Some(Node::Null) => Ok(()),
            Some(_) => Err(Mistake::invalid_type(Unexpected::Map, &"one of the known values, as text")),
        }
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mistake> {
        seed.deserialize(De(self.content()?)).map_err(|mistake| mistake.under(self.step()))
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mistake> {
        De(self.content()?).deserialize_any(visitor).map_err(|mistake| mistake.under(self.step()))
    }
    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Mistake> {
        De(self.content()?).deserialize_any(visitor).map_err(|mistake| mistake.under(self.step()))
    }
}
