//! The table of the paper in LaTeX, for a document with the package booktabs.

use std::fmt::Write as _;

use super::text::{metric_text, ours, theirs};
use super::{CAPTION, PaperTable};

/// A `table*` environment over both columns of a page: one block of rows for each task, headed by its name and metric,
/// and below each quantity one column of ours and one of the authors' if there are any. `name` becomes the label
/// `tab:name`.
pub fn latex(table: &PaperTable<'_>, name: &str) -> String {
    let of_each = if table.has_authors { 2 } else { 1 };
    let lead = if table.has_cells { 3 } else { 2 };
    let mut text = String::from("% Needs \\usepackage{booktabs} in the preamble.\n\\begin{table*}\n  \\centering\n");
    let _ = writeln!(text, "  \\caption{{{}}}", escape(CAPTION));
    let label: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let _ = writeln!(text, "  \\label{{tab:{label}}}");
    text.push_str("  \\scriptsize\n  \\setlength{\\tabcolsep}{2pt}\n");
    let aligned = ["l".repeat(lead - 1), "r".repeat(1 + of_each * table.quantities.len())].concat();
    let _ = writeln!(text, "  \\begin{{tabular}}{{@{{}}{aligned}@{{}}}}\n    \\toprule");

    let mut head = vec!["Level".to_owned()];
    if table.has_cells {
        head.push("Cell".to_owned());
    }
    head.push("$n$".to_owned());
    let titles = table.quantities.iter().map(|quantity| capital(quantity.title));
    if table.has_authors {
        let over: Vec<String> = titles.map(|title| format!("\\multicolumn{{2}}{{c}}{{{title}}}")).collect();
        let rules = (0..table.quantities.len()).map(|index| {
            let first = lead + 1 + 2 * index;
            format!("\\cmidrule(lr){{{first}-{}}}", first + 1)
        });
        let empty = vec![""; lead].join(" & ");
        let _ = writeln!(text, "    {empty} & {} \\\\\n    {}", over.join(" & "), rules.collect::<String>());
        head.extend(table.quantities.iter().flat_map(|_| ["ours".to_owned(), "theirs".to_owned()]));
    } else {
        head.extend(titles);
    }
    let _ = writeln!(text, "    {} \\\\", head.join(" & "));

    let decimals = table.decimals();
    let mut before: Option<&str> = None;
    for row in &table.rows {
        if before != Some(&row.task) {
            before = Some(&row.task);
            let metric = metric_text(row.metric());
            let metric = if metric.is_empty() { String::new() } else { format!(" ({metric})") };
            let (columns, task) = (lead + of_each * table.quantities.len(), escape(&(row.task.clone() + &metric)));
            let _ = writeln!(text, "    \\midrule\n    \\multicolumn{{{columns}}}{{@{{}}l}}{{\\emph{{{task}}}}} \\\\");
        }
        let mut cells = vec![escape(&row.level())];
        if table.has_cells {
            cells.push(escape(row.point.first().cell()));
        }
        cells.push(row.n().to_string());
        for (index, (quantity, pair)) in table.quantities.iter().zip(&row.pairs).enumerate() {
            let metric = row.metric().filter(|_| quantity.column == "test");
            cells.push(escape(&ours(pair, metric, decimals[row.task.as_str()][index])));
            if table.has_authors {
                cells.push(escape(&theirs(pair, metric)));
            }
        }
        let _ = writeln!(text, "    {} \\\\", cells.join(" & "));
    }
    text.push_str("    \\bottomrule\n  \\end{tabular}\n\\end{table*}\n");
    text
}

fn capital(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Text with LaTeX's special characters as commands, so that names from specs stay text.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => escaped.extend(['\\', character]),
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '<' => escaped.push_str("$<$"),
            '>' => escaped.push_str("$>$"),
            '|' => escaped.push_str("$|$"),
            '±' => escaped.push_str("$\\pm$"),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn names_stay_text() {
        assert_eq!(
            escape("a_b & 50 % {x} \\end ^~ <b> ± 1\n"),
            "a\\_b \\& 50 \\% \\{x\\} \\textbackslash{}end \\textasciicircum{}\\textasciitilde{} $<$b$>$ $\\pm$ 1 "
        );
    }
}
