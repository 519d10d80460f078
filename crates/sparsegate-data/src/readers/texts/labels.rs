//! Which labels are the same class, although they are written differently.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization as _;

/// The labels found so far, each under its first spelling.
pub(super) struct Labels {
    written: Vec<String>,
    /// Provisional number by the spelling that equal labels share.
    numbers: HashMap<String, u32>,
}

impl Labels {
    /// Begins with the labels of a manifest, in their order.
    pub(super) fn new(listed: impl Iterator<Item = String>) -> Self {
        let mut labels = Self { written: Vec::new(), numbers: HashMap::new() };
        listed.for_each(|label| {
            labels.add(&label);
        });
        labels
    }

    /// The number of a label that is known in this or an equal spelling.
    pub(super) fn find(&self, label: &str) -> Option<u32> {
        self.numbers.get(label).or_else(|| self.numbers.get(&common(label))).copied()
    }

    /// Adds a label and returns its number.
    pub(super) fn add(&mut self, label: &str) -> u32 {
        let number = *self.numbers.entry(common(label)).or_insert(self.written.len() as u32);
        if number as usize == self.written.len() {
            self.written.push(label.to_owned());
        }
        number
    }

    /// All labels, in the order of their numbers.
    pub(super) fn written(&self) -> &[String] {
        &self.written
    }

    pub(super) fn into_written(self) -> Vec<String> {
        self.written
    }
}

/// Whether a label stands for a missing value: it is empty, or what programs write in its place.
pub(crate) fn is_missing(label: &str) -> bool {
    matches!(label, "" | "NaN" | "nan" | "NAN" | "null" | "NULL" | "<NA>")
}

/// The spelling that equal labels share: equal numbers, `true` in lower or upper case, and the composed and decomposed
/// forms of a letter are the same to people.
pub(crate) fn common(label: &str) -> String {
    if let Some(number) = number(label) {
        return number;
    }
    if label.eq_ignore_ascii_case("true") || label.eq_ignore_ascii_case("false") {
        return label.to_ascii_lowercase();
    }
    label.nfc().collect()
}

/// A decimal number in a form that equal numbers share, exact for any number of digits; `None` for other text.
fn number(text: &str) -> Option<String> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    let zeros = all.len() - all.trim_end_matches('0').len();
    let exponent = i64::from(exponent) - fraction.len() as i64 + zeros as i64;
    Some(format!("{}{significant}e{exponent}", if negative { "-" } else { "" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_and_letters_are_one_label() {
        for (a, b) in [
            ("1", "1.0"),
            ("5", "5.00"),
            ("-0.5", "-.5"),
            ("10", "1e1"),
            ("0", "-0.0"),
            ("+3", "3."),
            ("True", "true"),
            ("s\u{ed}", "si\u{301}"),
        ] {
            assert_eq!(common(a), common(b), "{a} {b}");
        }
        for (a, b) in [
            ("1", "10"),
            ("1", "-1"),
            ("9007199254740993", "9007199254740992"),
            ("1,5", "1.5"),
            ("good", "Good"),
            (".", "0"),
            ("e1", "0"),
            ("inf", "infinity"),
        ] {
            assert_ne!(common(a), common(b), "{a} {b}");
        }
    }

    #[test]
    fn the_first_spelling_stays() {
        let mut labels = Labels::new(["5".to_owned()].into_iter());
        assert_eq!((labels.find("5.0"), labels.find("1")), (Some(0), None));
        assert_eq!((labels.add("1.0"), labels.add("1"), labels.written().len()), (1, 1, 2));
        assert_eq!(labels.into_written(), ["5", "1.0"]);
    }
}
