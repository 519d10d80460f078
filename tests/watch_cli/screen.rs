//! A terminal of 80 columns, as far as progress bars need one.

/// What a terminal shows after the output `text`, without empty rows at the end. The output must not scroll out of the
/// terminal's rows, which are as many as needed.
pub fn screen(text: &str) -> Vec<String> {
    const COLUMNS: usize = 80;
    let mut rows: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0usize, 0usize);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\r' => column = 0,
            '\n' => row += 1,
            '\x1b' if characters.next_if_eq(&'[').is_some() => {
                let mut parameter = String::new();
                let end = loop {
                    match characters.next() {
                        Some(c) if c.is_ascii_alphabetic() => break c,
                        Some(c) => parameter.push(c),
                        None => panic!("an escape sequence without an end"),
                    }
                };
                let count = parameter.parse().unwrap_or(1);
                match end {
                    'A' => row = row.saturating_sub(count),
                    'B' => row += count,
                    'C' => column = (column + count).min(COLUMNS - 1),
                    'D' => column = column.min(COLUMNS - 1).saturating_sub(count),
                    'K' if parameter == "2" => rows[row].clear(),
                    'K' => rows[row].truncate(column),
                    'm' | 'h' | 'l' => {}
                    other => panic!("unexpected sequence {parameter}{other}"),
                }
            }
            c if c.is_control() => {}
            c => {
                if column == COLUMNS {
                    (row, column) = (row + 1, 0);
                }
                rows.resize(rows.len().max(row + 1), Vec::new());
                let line = &mut rows[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = c;
                column += 1;
            }
        }
        rows.resize(rows.len().max(row + 1), Vec::new());
    }
    let mut lines: Vec<String> =
        rows.into_iter().map(|row| row.into_iter().collect::<String>().trim_end().to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

#[test]
fn a_screen_moves_erases_and_wraps() {
    assert_eq!(screen("ab\r\ncd\x1b[1A\r\x1b[2Kx\x1b[1B"), ["x", "cd"]);
    let full = "=".repeat(80);
    assert_eq!(screen(&format!("{full}^C")), [full.as_str(), "^C"], "after the last column begins a new row");
    assert_eq!(screen(&format!("{full}\r\x1b[2K.")), ["."]);
}
