//! What a page knows of its figures: values behind points, bars, cells and curves, and the series of the legends.

use serde_json::Value;
use sparsegate_report as report;
use sparsegate_testing::{Project, language_models};

use crate::{FIGURES, authors, read, sweep};

/// A figure of a page: its SVG without the namespace, and its values.
pub fn figure(page: &str, name: &str) -> (String, Value) {
    let start = format!("<figure id=\"{name}\">");
    let figure = page.split(&start).nth(1).and_then(|rest| rest.split("</figure>").next()).expect("a figure");
    let between = |from: &str, to: &str| {
        let at = figure.find(from).unwrap_or_else(|| panic!("{name} has {from}"));
        let end = figure[at..].find(to).expect("its end") + at;
        figure[at..end].to_owned()
    };
    let json = between("<script type=\"application/json\">", "</script>");
    let json = json.split_once('>').expect("a tag").1;
    (between("<svg ", "</svg>"), serde_json::from_str(json).expect("JSON"))
}

/// The text of a spot's value.
fn value<'a>(spot: &'a Value, name: &str) -> &'a str {
    let values = spot["v"].as_array().expect("values");
    let found = values.iter().find(|pair| pair[0] == name).unwrap_or_else(|| panic!("{name} in {spot}"));
    found[1].as_str().expect("a text")
}

#[test]
fn the_page_carries_the_values_and_series_of_every_figure() {
    let project = Project::new();
    let (mut experiment, plan) = sweep(&project.root);
    authors(&project.root, &mut experiment);
    let written = report::write(&project.root, &experiment, &plan, &project.root.join("out")).expect("a report");
    let page = read(&written.index);
    for name in FIGURES {
        let (svg, values) = figure(&page, name);
        // Nothing has moved: without the groups it is the file.
        let ungrouped: String =
            svg.split_inclusive('\n').filter(|line| !line.starts_with("<g ") && *line != "</g>\n").collect();
        let file = read(&written.out.join(format!("{name}.svg")));
        let file = file.replace(" xmlns=\"http://www.w3.org/2000/svg\"", "");
        assert_eq!(ungrouped.trim_end(), file.trim_end().trim_end_matches("</svg>").trim_end(), "{name}");
        let legend = values["series"].as_array().expect("a list").len();
        assert_eq!(svg.matches("<g data-legend=").count(), legend, "{name}");
        for list in ["spots", "plots", "matrices"] {
            for mark in values[list].as_array().expect("a list") {
                let place = mark["a"].as_array().or(mark["b"].as_array()).expect("a place");
                let across = place.iter().step_by(2).map(|x| x.as_f64().expect("a number"));
                assert!(across.clone().all(|x| (0.0..=820.0).contains(&x)), "{name}: {mark}");
            }
        }
    }

    let (svg, quality) = figure(&page, "quality-compression");
    let spots = quality["spots"].as_array().expect("a list");
    let ours = spots.iter().find(|spot| spot["n"] == "W+G+N, seed 0").unwrap_or_else(|| panic!("{quality}"));
    let last = language_models::epoch("W+G+N", 10, 10);
    assert_eq!(value(ours, "compression"), format!("{:.2}x", last.counts.compression));
    assert_eq!(value(ours, "test perplexity"), format!("{:.1}", last.test));
    assert_eq!((value(ours, "epoch"), &ours["s"]), ("10", &serde_json::json!([0])));
    assert!(spots.iter().any(|spot| spot["n"] == "W+G+N (authors)" && spot["s"] == serde_json::json!([1])));
    assert!(svg.contains("<g data-series=\"0\">") && svg.contains("<g data-series=\"1\">"), "ours and the authors'");

    let (_, gates) = figure(&page, "gates-by-kind");
    let kept = |name: &str| {
        let spots = gates["spots"].as_array().expect("a list");
        let of = spots.iter().filter(|spot| spot["n"] == "W+G+N, seed 0");
        let mut texts = of.filter_map(|spot| spot["v"].as_array()?.iter().find(|pair| pair[0] == name)?[1].as_str());
        texts.next_back().unwrap_or_else(|| panic!("{name} in {gates}")).to_owned()
    };
    assert_eq!(kept("forget gate f, kept"), last.counts.gates[1].kept.to_string());
    let all: u64 = last.counts.gates.iter().map(|gate| gate.kept).sum();
    assert_eq!(kept("gates kept, all kinds"), all.to_string());

    let (_, curves) = figure(&page, "curves");
    let plots = curves["plots"].as_array().expect("a list");
    assert_eq!((plots.len(), &plots[0]["x"]["n"]), (2, &serde_json::json!("epoch")));
    let curve = |name: &str| {
        let found = plots[0]["c"].as_array().expect("a list").iter().find(|curve| curve["n"] == name);
        found.unwrap_or_else(|| panic!("{name} in {}", plots[0])).clone()
    };
    let (ours, theirs) = (curve("W+G+N, seed 0"), curve("W+G+N (authors)"));
    assert_eq!((ours["y"].as_array().map(Vec::len), theirs["y"].as_array().map(Vec::len)), (Some(10), Some(20)));
    let end = ours["y"][9].as_f64().expect("a number");
    assert!((end / last.valid - 1.0).abs() < 1e-4, "{end} for {}", last.valid);
    assert_eq!(theirs["s"].as_array().map(Vec::len), Some(2), "the authors' and the level's");

    let (_, structure) = figure(&page, "gate-structure");
    let matrices = structure["matrices"].as_array().expect("a list");
    let live = matrices[0]["v"].as_array().expect("rows").iter().flat_map(|row| row.as_array().expect("cells"));
    assert!(live.clone().any(Value::is_null) && live.clone().any(Value::is_number), "live and constant gates");
}

#[test]
fn names_between_backticks_are_code_and_files_for_print_have_links() {
    let project = Project::new();
    let (experiment, plan) = sweep(&project.root);
    let out = project.root.join("out");
    let options = report::ReportOptions {
        figure_width: Some("8.5cm".parse().expect("a width")),
        explorer: None,
        reload_every: None,
    };
    report::write_with(&project.root, &experiment, &plan, &out, options).expect("a report");
    let page = read(&out.join("index.html"));
    assert!(page.contains("<code>gate-structure.csv</code> has all"), "of the table of patterns");
    let body =
        page.split("<body>").nth(1).and_then(|rest| rest.split("<script type=\"module\">").next()).expect("a body");
    assert!(!body.contains('`'));
    for name in FIGURES {
        for kind in ["svg", "pdf", "png"] {
            assert!(page.contains(&format!("<a href=\"{name}-print.{kind}\">")), "{name} {kind}");
        }
    }
    assert!(page.contains("for print, 8.5 cm wide: "));
    report::write(&project.root, &experiment, &plan, &out).expect("a report");
    assert!(!read(&out.join("index.html")).contains("-print."));
}

#[test]
fn a_report_of_one_experiment_removes_that_across_tasks_from_its_folder() {
    let project = Project::new();
    let (experiment, plan) = sweep(&project.root);
    let out = project.root.join("out");
    let across = out.join("across-tasks");
    let tasks = [report::PlannedExperiment { experiment: &experiment, plan: &plan }];
    report::across(&project.root, &tasks, &across, report::ReportOptions::default()).expect("a report");
    fs_err::write(across.join("mine.txt"), "mine").expect("written");
    report::write(&project.root, &experiment, &plan, &out).expect("a report");
    let left: Vec<_> = across.read_dir_utf8().expect("a folder").filter_map(Result::ok).collect();
    assert_eq!(left.iter().map(camino::Utf8DirEntry::file_name).collect::<Vec<_>>(), ["mine.txt"]);
    fs_err::remove_file(across.join("mine.txt")).expect("removed");
    report::write(&project.root, &experiment, &plan, &out).expect("a report");
    assert!(!across.exists());
}
