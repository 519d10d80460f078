//! A YAML document as a tree that keeps the order of keys, and paths into it.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// A YAML value. Mappings keep their order, which is the order of a sweep's axes.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// `null`, `~` or an empty value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A negative integer.
    Negative(i64),
    /// A non-negative integer.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping.
    Map(Vec<(String, Node)>),
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// The value of a key.
    Key(String),
    /// An element of a list, from 0.
    Index(usize),
}

/// Parses a path written as `a.b.c`.
pub fn dotted(path: &str) -> Vec<PathStep> {
    path.split('.').map(|key| PathStep::Key(key.to_owned())).collect()
}

/// Formats a path as `a.b[2].c`.
pub fn show(path: &[PathStep]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            PathStep::Key(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
            PathStep::Index(index) => text.extend(["[", &index.to_string(), "]"]),
        }
    }
    text
}

impl Node {
    /// The value of `key`, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match self {
            Node::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value at the end of `path`.
    pub fn at(&self, path: &[PathStep]) -> Option<&Node> {
        path.iter().try_fold(self, |node, step| match (step, node) {
            (PathStep::Key(key), node) => node.get(key),
            (PathStep::Index(index), Node::List(items)) => items.get(*index),
            _ => None,
        })
    }

    /// Sets the value at `path`, creating mappings where necessary.
    ///
    /// # Errors
    /// The length of the path's prefix that leads to a value that is not a mapping.
    pub fn set(&mut self, path: &[PathStep], value: Node) -> Result<(), usize> {
        let mut node = self;
        for (depth, step) in path.iter().enumerate() {
            if matches!(node, Node::Null) {
                *node = Node::Map(Vec::new());
            }
            let (Node::Map(entries), PathStep::Key(key)) = (node, step) else { return Err(depth) };
            let index = entries.iter().position(|(name, _)| name == key).unwrap_or_else(|| {
                entries.push((key.clone(), Node::Null));
                entries.len() - 1
            });
            node = &mut entries[index].1;
        }
        *node = value;
        Ok(())
    }

    /// Removes the value at `path`, if there is one.
    pub fn remove(&mut self, path: &[PathStep]) {
        let Some((PathStep::Key(last), outer)) = path.split_last() else { return };
        let mut node = self;
        for step in outer {
            let (Node::Map(entries), PathStep::Key(key)) = (node, step) else { return };
            let Some((_, value)) = entries.iter_mut().find(|(name, _)| name == key) else { return };
            node = value;
        }
        if let Node::Map(entries) = node {
            entries.retain(|(name, _)| name != last);
        }
    }

    /// Name of the type, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Node::Null => "nothing",
            Node::Bool(_) => "true or false",
            Node::Negative(_) | Node::Unsigned(_) | Node::Float(_) => "a number",
            Node::Text(_) => "text",
            Node::List(_) => "a list",
            Node::Map(_) => "a mapping",
        }
    }

    /// The value as one would write it on a command line: text without quotes, numbers in shortest form, a level by its
    /// name.
    pub fn label(&self) -> String {
        match self {
            Node::Null => "null".to_owned(),
            Node::Bool(value) => value.to_string(),
            Node::Negative(value) => value.to_string(),
            Node::Unsigned(value) => value.to_string(),
            Node::Float(value) => value.to_string(),
            Node::Text(value) => value.clone(),
            Node::List(items) => format!("[{}]", items.iter().map(Node::label).collect::<Vec<_>>().join(", ")),
            Node::Map(entries) => {
                if let Some(Node::Text(name)) = self.get("name") {
                    return name.clone();
                }
                let inner = entries.iter().map(|(key, value)| format!("{key}: {}", value.label()));
                format!("{{{}}}", inner.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl From<serde_json::Value> for Node {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match value {
            Json::Null => Node::Null,
            Json::Bool(value) => Node::Bool(value),
            Json::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(whole), _) => Node::Unsigned(whole),
                (None, Some(negative)) => Node::Negative(negative),
                (None, None) => Node::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Node::Text(text),
            Json::Array(items) => Node::List(items.into_iter().map(Node::from).collect()),
            Json::Object(map) => Node::Map(map.into_iter().map(|(key, value)| (key, Node::from(value))).collect()),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a YAML value without tags")
    }
    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }
    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(u64::try_from(value).map_or(Node::Negative(value), Node::Unsigned))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Unsigned(value))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Float(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        let mut seen = HashSet::new();
        while let Some(key) = access.next_key_seed(NewKey(&mut seen))? {
            let value = access.next_value()?;
            entries.push((key, value));
        }
        Ok(Node::Map(entries))
    }
}

/// Reads a key and refuses one that occurred before; failing here puts the error at the second of two equal keys.
struct NewKey<'a>(&'a mut HashSet<String>);

impl<'de> DeserializeSeed<'de> for NewKey<'_> {
    type Value = String;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NewKey<'_> {
    type Value = String;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a key, which is plain text")
    }
    fn visit_str<E: de::Error>(self, key: &str) -> Result<String, E> {
        if !self.0.insert(key.to_owned()) {
            return Err(E::custom(format!("the key `{key}` appears twice")));
        }
        Ok(key.to_owned())
    }
}
