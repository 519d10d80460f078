//! Figures at the width of a printed column.

use sparsegate_report as report;
use sparsegate_testing::Project;

use crate::{FIGURES, read, sweep};

#[test]
fn figures_for_print_have_their_width_and_go_when_they_are_not_asked_for() {
    let project = Project::new();
    let (experiment, plan) = sweep(&project.root);
    let out = project.root.join("out");
    let options = report::ReportOptions { figure_width: Some("8.5cm".parse().expect("a width")), ..Default::default() };
    let paths = report::write_with(&project.root, &experiment, &plan, &out, options).expect("a report");
    for figure in FIGURES {
        let svg = read(&out.join(format!("{figure}-print.svg")));
        assert!(svg.starts_with("<svg width=\"8.500cm\"") && svg.contains("@font-face"), "{figure}");
        let pdf = fs_err::read(out.join(format!("{figure}-print.pdf"))).expect("a PDF file");
        assert!(pdf.starts_with(b"%PDF-") && pdf.len() > 5_000, "{figure}: {} bytes", pdf.len());
        let png = fs_err::read(out.join(format!("{figure}-print.png"))).expect("a PNG file");
        assert_eq!(u32::from_be_bytes([png[16], png[17], png[18], png[19]]), 832, "{figure}");
    }
    let print = paths.files.iter().filter(|file| file.as_str().contains("-print.")).count();
    assert_eq!(print, 3 * FIGURES.len());
    report::write(&project.root, &experiment, &plan, &out).expect("a report");
    assert!(!out.join("curves-print.pdf").exists() && out.join("curves.svg").exists());
}
