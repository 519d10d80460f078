//! A text as symbol ids together with the symbols' names.

use std::collections::HashMap;

use sparsegate_data::Encoder;

/// The distinct symbols of a text, and which of them is at each step.
pub(super) struct Text {
    /// For each step, the index of its symbol in `names` and `ids`.
    pub places: Vec<u32>,
    /// The names of the symbols, known or not.
    pub names: Vec<String>,
    /// Their ids.
    pub ids: Vec<u32>,
}

impl Text {
    pub(super) fn read(encoder: &Encoder, text: &str) -> Self {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let (mut names, mut ids) = (Vec::new(), Vec::new());
        let places = encoder.encode_as(text, &mut |name, id| {
            if let Some(&number) = numbers.get(name) {
                return number;
            }
            let number = names.len() as u32;
            numbers.insert(name.to_owned(), number);
            names.push(name.to_owned());
            ids.push(id);
            number
        });
        Self { places, names, ids }
    }
}
