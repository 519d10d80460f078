//! Labelled texts as people write them into tables.

/// What `new task` says of 60 of [`rows`].
pub const SIXTY: &str = "48 for training, 6 for validation, 6 for the test; 2 classes: neg 30, pos 30";

/// `count` rows, below `head`, from a number, a text and one of two labels.
pub fn rows(head: &str, count: usize, row: impl Fn(usize, &str, &str) -> String) -> String {
    let line = |i: usize| {
        let (word, label) = if i.is_multiple_of(2) { ("lovely", "pos") } else { ("soggy", "neg") };
        row(i, &format!("tea number {i} from the corner shop was {word}"), label) + "\n"
    };
    head.to_owned() + &(0..count).map(line).collect::<String>()
}

/// A row with a comma between text and label.
pub fn commas(_: usize, text: &str, label: &str) -> String {
    format!("{text},{label}")
}
