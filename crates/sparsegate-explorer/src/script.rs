//! The scripts as one.

/// The modules, each after those that it imports from.
const MODULES: &[(&str, &str)] = &[
    ("cell.js", include_str!("../js/cell.js")),
    ("format.js", include_str!("../js/format.js")),
    ("network.js", include_str!("../js/network.js")),
    ("pattern.js", include_str!("../js/pattern.js")),
    ("tokens.js", include_str!("../js/tokens.js")),
    ("draws.js", include_str!("../js/draws.js")),
    ("predict.js", include_str!("../js/predict.js")),
    ("colors.js", include_str!("../js/colors.js")),
    ("table.js", include_str!("../js/table.js")),
    ("heat.js", include_str!("../js/heat.js")),
    ("pinned.js", include_str!("../js/pinned.js")),
    ("words.js", include_str!("../js/words.js")),
    ("explore.js", include_str!("../js/explore.js")),
];

/// The modules as the text of one module: each in a block of its own, so that only what it exports is seen by the
/// others. A file cannot import from itself, hence no `import` and no `export` is left.
pub fn script() -> String {
    let mut whole = String::new();
    for (name, text) in MODULES {
        let mut exported = Vec::new();
        let mut body = String::new();
        for line in text.lines() {
            if line.starts_with("import ") {
                continue;
            }
            let (line, exports) = line.strip_prefix("export ").map_or((line, false), |rest| (rest, true));
            if exports {
                exported.extend(declared(line));
            }
            body += line;
            body.push('\n');
        }
        let names = exported.join(", ");
        whole += &if names.is_empty() {
            format!("// {name}\n{{\n{body}}}\n")
        } else {
            format!("// {name}\nconst {{ {names} }} = (() => {{\n{body}return {{ {names} }};\n}})();\n")
        };
    }
    whole
}

/// The name that a line declares.
fn declared(line: &str) -> Option<&str> {
    let rest = ["async function ", "function ", "const ", "class "].iter().find_map(|word| line.strip_prefix(word))?;
    rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body of a page's script would end at a `</script`.
    #[test]
    fn the_script_is_whole_and_fits_into_a_page() {
        let whole = script();
        assert!(!whole.to_lowercase().contains("</script") && !whole.contains("<!--"));
        assert!(!whole.lines().any(|line| line.starts_with("import ") || line.starts_with("export ")));
        assert!(whole.contains("const { translate } = (() => {"));
    }

    /// Only what is imported on one line, from a module before it, is found in the page.
    #[test]
    fn modules_import_on_one_line_what_modules_before_them_export() {
        let mut known: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, text) in MODULES {
            for line in text.lines().filter(|line| line.starts_with("import ")) {
                let (names, from) = line["import {".len()..].split_once("} from \"./").expect(line);
                let from = from.trim_end_matches("\";");
                let exports = known.iter().find(|(known, _)| *known == from).map(|(_, exports)| exports);
                let exports = exports.unwrap_or_else(|| panic!("{name} imports from {from}, which comes after it"));
                for one in names.split(',') {
                    assert!(exports.contains(&one.trim()), "{name}: {one} of {from}");
                }
            }
            let exports = text.lines().filter_map(|line| line.strip_prefix("export "));
            known.push((name, exports.filter_map(declared).collect()));
        }
    }
}
