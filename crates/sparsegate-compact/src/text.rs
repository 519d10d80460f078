//! A text as symbol ids together with the symbols' names.

use std::collections::HashMap;

use sparsegate_data::Encoder;

/// The distinct symbols of a text, and which of them is at each step.
pub(super) struct EncodedText {
    /// For each step, the index of its symbol in `names` and `ids`.
    pub steps: Vec<u32>,
    /// The names of the symbols, known or not.
    pub names: Vec<String>,
    /// Their ids.
    pub ids: Vec<u32>,
}

impl EncodedText {
    pub(super) fn read(encoder: &Encoder, text: &str) -> Self {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let (mut names, mut ids) = (Vec::new(), Vec::new());
        let steps = encoder.encode_as(text, &mut |name, id| {
            if let Some(&number) = numbers.get(name) {
                return number;
            }
            let number = names.len() as u32;
            numbers.insert(name.to_owned(), number);
            names.push(name.to_owned());
            ids.push(id);
            number
        });
        Self { steps, names, ids }
    }
}
