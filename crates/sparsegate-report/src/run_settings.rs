//! The settings of the runs and the sizes of their networks: what all runs of a part share, and what differs.

use sparsegate_spec::varying::{self, KEYS};

use super::metric::weights_total;
use super::number::count;
use super::rows::RunRow;

/// Values of a setting that are listed; of more, their number is given.
const LISTED: usize = 8;

/// A setting, or a size of the networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its key in an experiment file, such as `train.optimizer.adam.lr`, or the name of a size.
    pub name: String,
    /// Its values in each part, as text; empty if the part does not have it.
    pub values: Vec<String>,
}

/// The sizes of the networks, then the settings in the order in which docs/specs.md has them. A value that holds for
/// some levels or cells only names them, such as `best (dense), otherwise last`.
pub fn of(parts: &[&[RunRow]]) -> Vec<Setting> {
    let vocabulary = |row: &RunRow| row.last().map(|line| count(line.counts.vocabulary.total));
    let weights = |row: &RunRow| row.last().map(|line| count(weights_total(line)));
    let sizes = [
        ("vocabulary", parts.iter().map(|rows| values(*rows, vocabulary)).collect()),
        ("weights, without biases", parts.iter().map(|rows| values(*rows, weights)).collect()),
    ];
    let sizes = sizes.map(|(name, values): (&str, Vec<String>)| Setting { name: name.to_owned(), values });
    let settings: Vec<Vec<_>> =
        parts.iter().map(|rows| rows.iter().map(|row| varying::settings(&row.spec)).collect()).collect();
    let mut keys: Vec<&String> = settings.iter().flatten().flat_map(|one| one.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.sort_by_key(|key| KEYS.iter().position(|known| known == key).unwrap_or(KEYS.len()));
    keys.retain(|key| *key != "task");
    let of_key = |key: &String| {
        let of_part = |(rows, settings): (&&[RunRow], &Vec<std::collections::BTreeMap<_, serde_json::Value>>)| {
            let known = rows.iter().zip(settings).filter(|(_, one)| one.get(key).is_some_and(|value| !value.is_null()));
            let known: Vec<&RunRow> = known.map(|(row, _)| row).collect();
            values(known, |row| Some(varying::value_text(&row.spec, key)))
        };
        Setting { name: key.clone(), values: parts.iter().zip(&settings).map(of_part).collect() }
    };
    let all = sizes.into_iter().chain(keys.into_iter().map(of_key));
    all.filter(|setting| setting.values.iter().any(|value| !value.is_empty())).collect()
}

/// The different values in order of appearance.
fn values<'a>(rows: impl IntoIterator<Item = &'a RunRow>, of: impl Fn(&RunRow) -> Option<String>) -> String {
    let mut found: Vec<(String, Vec<&RunRow>)> = Vec::new();
    for row in rows {
        let Some(value) = of(row) else { continue };
        match found.iter_mut().find(|(known, _)| *known == value) {
            Some((_, runs)) => runs.push(row),
            None => found.push((value, vec![row])),
        }
    }
    if found.len() > 1
        && let Some(named) = named(&found, |row| row.level()).or_else(|| named(&found, |row| row.cell()))
    {
        return named;
    }
    let listed: Vec<&str> = found.iter().take(LISTED).map(|(value, _)| value.as_str()).collect();
    let more = if found.len() > LISTED { format!(" and {} more", found.len() - LISTED) } else { String::new() };
    listed.join(", ") + &more
}

/// The values with the names of the runs that have them, if a name tells the value.
fn named<'a>(found: &'a [(String, Vec<&RunRow>)], name: impl Fn(&'a RunRow) -> &'a str) -> Option<String> {
    let mut all: Vec<&str> = Vec::new();
    let mut texts = Vec::new();
    for (value, runs) in found {
        let mut names: Vec<&str> = Vec::new();
        for run in runs {
            let name = name(run);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.iter().any(|name| all.contains(name)) || names == [value.as_str()] {
            return None;
        }
        let last = texts.len() + 1 == found.len() && names.len() > 1;
        texts.push(if last { format!("otherwise {value}") } else { format!("{value} ({})", names.join(", ")) });
        all.extend(names);
    }
    Some(texts.join(", "))
}
