//! Metadata of a bundle: an RO-Crate 1.2 description (<https://w3id.org/ro/crate/1.2>) and a `CITATION.cff` 1.2.0
//! (<https://citation-file-format.github.io>).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::DESCRIPTION;
use super::names::{CITATION, RO_CRATE};
use crate::manifest::Checksum;
use crate::{StoredRun, format::RunRecord};

/// The paper that the program reproduces.
const PAPER: &str = "https://arxiv.org/abs/1812.05692";
const PAPER_TITLE: &str = "Bayesian Sparsification of Gated Recurrent Neural Networks";
/// Family names and given names.
const PAPER_AUTHORS: [(&str, &str); 3] = [("Lobacheva", "Ekaterina"), ("Chirkova", "Nadezhda"), ("Vetrov", "Dmitry")];
/// Id of the program among the entities of the crate.
const PROGRAM: &str = "#sparsegate";

/// Who made the runs, and how they may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// Title of the bundle.
    pub title: String,
    /// Names of the authors, each `Family, Given` or one name.
    pub authors: Vec<String>,
    /// SPDX identifier of the licence.
    pub license: String,
    /// Date of publication, `YYYY-MM-DD`.
    pub date: String,
}

/// Family and given name; of one name alone no given name.
fn names(author: &str) -> (&str, Option<&str>) {
    author.split_once(',').map_or((author.trim(), None), |(family, given)| (family.trim(), Some(given.trim())))
}

/// The content of `CITATION.cff`. Strings are written as JSON, which YAML contains.
pub(super) fn cff(citation: &Citation) -> String {
    let text = |text: &str| Value::from(text).to_string();
    let person = |(family, given): (&str, Option<&str>), indent: &str| match given {
        Some(given) => {
            format!("{indent}- family-names: {}\n{indent}  given-names: {}\n", text(family), text(given))
        }
        None => format!("{indent}- name: {}\n", text(family)),
    };
    let authors: String = citation.authors.iter().map(|author| person(names(author), "  ")).collect();
    let of_paper: String =
        PAPER_AUTHORS.into_iter().map(|(family, given)| person((family, Some(given)), "      ")).collect();
    format!(
        "cff-version: 1.2.0\nmessage: If you use these results, please cite them as below.\ntype: dataset\ntitle: \
         {}\nauthors:\n{authors}license: {}\ndate-released: {}\nreferences:\n  - type: article\n    title: {}\n    \
         authors:\n{of_paper}    url: {PAPER}\n    year: 2018\n",
        text(&citation.title),
        text(&citation.license),
        text(&citation.date),
        text(PAPER_TITLE),
    )
}

/// The content of `ro-crate-metadata.json`: the bundle as a data set of its files, and each run as an action of the
/// program that made them.
pub(super) fn ro_crate(citation: &Citation, runs: &[StoredRun], files: &BTreeMap<String, Checksum>) -> String {
    let ids = |ids: Vec<String>| ids.into_iter().map(|id| json!({ "@id": id })).collect::<Vec<_>>();
    let license = format!("https://spdx.org/licenses/{}", citation.license);
    let people: Vec<(String, Value)> =
        citation.authors.iter().enumerate().map(|(at, author)| person(at, author)).collect();
    let mut graph = vec![
        json!({
            "@id": RO_CRATE,
            "@type": "CreativeWork",
            "conformsTo": { "@id": "https://w3id.org/ro/crate/1.2" },
            "about": { "@id": "./" },
        }),
        json!({
            "@id": "./",
            "@type": "Dataset",
            "name": citation.title,
            "description": format!("{} trained recurrent networks: records, curves, structures, compact models", runs.len()),
            "datePublished": citation.date,
            "license": { "@id": license },
            "author": ids(people.iter().map(|(id, _)| id.clone()).collect()),
            "citation": { "@id": PAPER },
            "hasPart": ids(files.keys().map(String::as_str).chain([DESCRIPTION, CITATION]).map(encoded).collect()),
            "mentions": ids(runs.iter().map(|run| action_id(run.dir.key())).collect()),
        }),
        json!({ "@id": license, "@type": "CreativeWork", "name": citation.license, "identifier": citation.license }),
        json!({
            "@id": PAPER,
            "@type": "ScholarlyArticle",
            "name": PAPER_TITLE,
            "author": PAPER_AUTHORS.map(|(family, given)| format!("{given} {family}")),
        }),
        json!({
            "@id": PROGRAM,
            "@type": "SoftwareApplication",
            "name": "sparsegate",
            "softwareVersion": env!("CARGO_PKG_VERSION"),
        }),
    ];
    graph.extend(people.into_iter().map(|(_, person)| person));
    graph.extend(runs.iter().filter_map(|run| Some(action(run, run.record.as_ref()?, files))));
    let of_bundle = [DESCRIPTION, CITATION].map(|name| json!({ "@id": name, "@type": "File", "name": name }));
    graph.extend(of_bundle);
    for (name, sum) in files {
        graph.push(json!({
            "@id": encoded(name),
            "@type": "File",
            "name": name,
            "contentSize": sum.bytes.to_string(),
            "encodingFormat": format_of(name),
        }));
    }
    let text = json!({ "@context": "https://w3id.org/ro/crate/1.2/context", "@graph": graph });
    serde_json::to_string_pretty(&text).unwrap_or_default() + "\n"
}

fn person(at: usize, author: &str) -> (String, Value) {
    let id = format!("#author-{}", at + 1);
    let (family, given) = names(author);
    let entity = match given {
        Some(given) => json!({
            "@id": id, "@type": "Person", "name": format!("{given} {family}"),
            "familyName": family, "givenName": given,
        }),
        None => json!({ "@id": id, "@type": "Organization", "name": family }),
    };
    (id, entity)
}

fn action_id(key: &str) -> String {
    format!("#run-{key}")
}

/// The training of a run.
fn action(run: &StoredRun, record: &RunRecord, files: &BTreeMap<String, Checksum>) -> Value {
    let prefix = format!("runs/{}/", run.dir.key());
    let results: Vec<Value> =
        files.keys().filter(|name| name.starts_with(&prefix)).map(|name| json!({ "@id": encoded(name) })).collect();
    let spec = &record.spec;
    let level = &spec.sparsity.name;
    json!({
        "@id": action_id(run.dir.key()),
        "@type": "CreateAction",
        "name": format!("Training of {} on {}, sparsity {level}, seed {}", spec.model.cell.name(), spec.dataset, spec.seed),
        "instrument": { "@id": PROGRAM },
        "result": results,
    })
}

fn format_of(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("json") => "application/json",
        Some("jsonl") => "application/jsonl",
        Some("yaml" | "cff") => "application/yaml",
        Some("txt") => "text/plain",
        _ => "application/octet-stream",
    }
}

/// A path as a relative URI.
fn encoded(path: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn citation() -> Citation {
        Citation {
            title: "Runs: \"small\"".into(),
            authors: vec!["Noether, Emmy".into(), "A Laboratory".into()],
            license: "CC-BY-4.0".into(),
            date: "2026-01-31".into(),
        }
    }

    #[test]
    fn a_citation_file_is_yaml_with_what_the_format_requires() {
        let found: Value = serde_yaml::from_str(&cff(&citation())).unwrap();
        assert_eq!((&found["cff-version"], &found["title"]), (&json!("1.2.0"), &json!("Runs: \"small\"")));
        assert_eq!(found["authors"][0], json!({ "family-names": "Noether", "given-names": "Emmy" }));
        assert_eq!(found["authors"][1], json!({ "name": "A Laboratory" }));
        assert_eq!(found["references"][0]["authors"].as_array().unwrap().len(), 3);
        assert_eq!(found["date-released"], "2026-01-31");
    }

    /// Adds the ids that a value refers to; that of an entity at the `top` is its own.
    fn references<'a>(value: &'a Value, top: bool, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(map) => {
                if let (false, Some(id)) = (top, map.get("@id")) {
                    found.extend(id.as_str());
                }
                map.values().for_each(|value| references(value, false, found));
            }
            Value::Array(all) => all.iter().for_each(|value| references(value, false, found)),
            _ => {}
        }
    }

    #[test]
    fn every_id_of_the_crate_is_described_once() {
        let sum = Checksum { bytes: 7, blake3: String::new() };
        let files = BTreeMap::from([("experiments/a b.yaml".to_owned(), sum)]);
        let found: Value = serde_json::from_str(&ro_crate(&citation(), &[], &files)).unwrap();
        let graph = found["@graph"].as_array().unwrap();
        let described: Vec<&str> = graph.iter().map(|entity| entity["@id"].as_str().unwrap()).collect();
        let mut unique = described.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), described.len());
        let mut referred = Vec::new();
        for entity in graph {
            references(entity, true, &mut referred);
        }
        let profile = "https://w3id.org/ro/crate/1.2";
        for id in referred.into_iter().filter(|id| *id != profile) {
            assert!(described.contains(&id), "{id} of {described:?}");
        }
        assert!(described.contains(&"experiments/a%20b.yaml"), "{described:?}");
    }
}
