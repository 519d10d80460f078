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
        // A word that is spelled like a special symbol is not that symbol.
        let mut numbers: HashMap<(String, u32), u32> = HashMap::new();
        let (mut names, mut ids) = (Vec::new(), Vec::new());
        let steps = encoder.encode_as(text, &mut |name, id| {
            let key = (name.to_owned(), id);
            if let Some(&number) = numbers.get(&key) {
                return number;
            }
            let number = names.len() as u32;
            numbers.insert(key, number);
            names.push(name.to_owned());
            ids.push(id);
            number
        });
        Self { steps, names, ids }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sparsegate_data::Known;
    use sparsegate_spec::types::Reading;

    #[test]
    fn a_word_that_is_spelled_like_the_start_symbol_keeps_its_own_id() {
        let reader = "labelled-texts: { from: { table: { format: csv, text: a, label: b } }, tokens: blanks, start_symbol: true }";
        let reader = sparsegate_spec::yaml::parse("test.yaml".into(), reader).unwrap();
        let names = ["<unk>", "<start>", "good"].map(str::to_owned);
        let words = &mut (0..).zip(names.iter().map(String::as_str));
        let known = Known { words, unknown: Some(0), start: Some(1) };
        let encoder = Encoder::new(&reader, Reading::default(), known).unwrap();
        let EncodedText { steps, ids, .. } = EncodedText::read(&encoder, "good <start> good");
        let read: Vec<u32> = steps.iter().map(|step| ids[*step as usize]).collect();
        assert_eq!(read, encoder.encode("good <start> good"));
        assert_eq!(read, [1, 2, 0, 2]);
    }
}
