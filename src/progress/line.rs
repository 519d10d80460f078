//! Lines that fit a terminal of 80 columns, in a log as well.

use super::terminal::MARGIN;

/// Columns of a line: those of a terminal of 80 columns without its margin.
pub(super) const COLUMNS: usize = 80 - MARGIN as usize;

/// A line about a run: its label, then parts, two blanks apart. Where that is too long, parts are left out, those with
/// the highest rank first (0 stays), and then the label is shortened in its middle. Labels are padded to `width` where
/// there is room.
pub(super) fn fitted(label: &str, width: usize, parts: &[(u8, String)]) -> String {
    let mut shown: Vec<&(u8, String)> = parts.iter().filter(|(_, text)| !text.is_empty()).collect();
    let length =
        |shown: &[&(u8, String)]| shown.iter().map(|(_, text)| text.chars().count() + GAP.len()).sum::<usize>();
    let label_length = label.chars().count();
    while label_length + length(&shown) > COLUMNS
        && let Some(rank) = shown.iter().map(|(rank, _)| *rank).max().filter(|rank| *rank > 0)
    {
        shown.retain(|(other, _)| *other != rank);
    }
    let room = COLUMNS.saturating_sub(length(&shown));
    let label = shortened(label, room.max(SHORTEST));
    let mut line = format!("{label:width$}", width = width.min(room));
    for (_, text) in shown {
        line.push_str(GAP);
        line.push_str(text);
    }
    line
}

/// Between two parts.
const GAP: &str = "  ";
/// Columns that a label keeps in any case.
const SHORTEST: usize = 8;

/// At most `width` characters of a label: its beginning and its end, where the values that vary most are.
pub(super) fn shortened(label: &str, width: usize) -> String {
    let characters: Vec<char> = label.chars().collect();
    if characters.len() <= width {
        return label.to_owned();
    }
    let kept = width.saturating_sub(2);
    let (begin, end) = (kept.div_ceil(2), kept / 2);
    characters[..begin].iter().chain(&['.', '.']).chain(&characters[characters.len() - end..]).collect()
}

/// A text broken between words; the lines after the first are indented. A longer word has a line of its own.
pub(super) fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let blanks = text.chars().take_while(|c| *c == ' ').count();
    let mut line = " ".repeat(blanks);
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            lines.push(std::mem::replace(&mut line, " ".repeat(blanks + 4)));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push(line);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch() -> Vec<(u8, String)> {
        let parts = [
            (0, "epoch 12/40"),
            (2, "objective 4.123"),
            (0, "perplexity 123.45"),
            (1, "compression 24.5x"),
            (0, "2h 10m left"),
        ];
        parts.map(|(rank, text)| (rank, text.to_owned())).to_vec()
    }

    #[test]
    fn parts_are_left_out_before_the_label_is_shortened() {
        assert_eq!(fitted("W", 5, &epoch()[..1]), "W      epoch 12/40");
        let of = |label: &str| fitted(label, label.len(), &epoch());
        assert_eq!(of("W+G+N"), "W+G+N  epoch 12/40  perplexity 123.45  compression 24.5x  2h 10m left");
        assert_eq!(
            of("W+N, gru, lr 0.002, seed 1"),
            "W+N, gru, lr 0.002, seed 1  epoch 12/40  perplexity 123.45  2h 10m left"
        );
        let long = of(&format!("imdb, W+G+N, {} seed 12", "x".repeat(90)));
        assert!(
            long.starts_with("imdb, W+G+N, ") && long.contains("..xx") && long.contains("seed 12  epoch 12/40"),
            "{long}"
        );
        assert_eq!(long.chars().count(), COLUMNS);
    }

    #[test]
    fn text_is_broken_between_words() {
        assert_eq!(wrapped("  hint: short"), "  hint: short");
        let text = wrapped(&format!("  hint: {}", "lower it ".repeat(20)));
        assert!(text.lines().count() == 3 && text.lines().all(|line| line.len() <= COLUMNS), "{text}");
        assert!(
            text.lines().skip(1).all(|line| line.starts_with("      lower") || line.starts_with("      it")),
            "{text}"
        );
    }
}
