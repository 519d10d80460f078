//! Writing a report's folder: everything is made first, then put in place.

use camino::{Utf8Path, Utf8PathBuf};

use crate::plan::Plan;
use crate::spec::Experiment;

use super::authors::Authors;
use super::compare::compare;
use super::figures::{self, FigureData};
use super::grid::{self, Grid};
use super::html::{Drawn, Page};
use super::{ReportError, frames, markdown, rows};

/// A written report.
#[derive(Debug, Clone)]
pub struct ReportPaths {
    /// Its folder.
    pub out: Utf8PathBuf,
    /// The page.
    pub index: Utf8PathBuf,
    /// Every file, sorted.
    pub files: Vec<Utf8PathBuf>,
    /// Run folders that cannot be read and claims that cannot be held against a run, one sentence each.
    pub warnings: Vec<String>,
    /// Stale, missing, failed and unfinished runs and figures left out, one sentence each; includes the warnings.
    pub notes: Vec<String>,
    /// The results, for the terminal.
    pub table: Grid,
}

/// Writes the report of `experiment` into the folder `out` from the runs stored under `root`: `results.csv` and
/// `.parquet`, `curves.csv`, `table.md`, `index.html`, and each figure as `.svg` and `.png`. The same stored runs
/// give the same bytes. Files are finished in a temporary folder inside `out` and then renamed one by one, the page
/// last; other files in `out` are left alone.
///
/// # Errors
/// No planned run is stored; the authors' figures are unreadable; `out` is not writable. A run folder that cannot be
/// read is not an error: it is named in the warnings.
pub fn write(
    root: &Utf8Path,
    experiment: &Experiment,
    plan: &Plan,
    out: &Utf8Path,
) -> Result<ReportPaths, ReportError> {
    let mut found = rows::collect(root, experiment, plan)?;
    let authors = Authors::load(experiment)?;
    let comparison = compare(experiment, &mut found, authors.as_ref());

    let io = ReportError::write(out);
    fs_err::create_dir_all(out).map_err(&io)?;
    let work = tempfile::Builder::new().prefix(".report-").tempdir_in(out).map_err(&io)?;
    let work_path =
        Utf8Path::from_path(work.path()).ok_or_else(|| io(std::io::Error::other("the path is not UTF-8")))?;
    let mut names: Vec<String> = Vec::new();
    let put = |name: &str, bytes: &[u8], names: &mut Vec<String>| -> Result<(), ReportError> {
        names.push(name.to_owned());
        fs_err::write(work_path.join(name), bytes).map_err(&io)
    };

    let encode = |file: &'static str| move |source| ReportError::Encode { file: file.into(), source };
    let mut results = frames::results(&experiment.name, &found.rows).map_err(encode("results.csv"))?;
    put("results.csv", &frames::csv(&mut results).map_err(encode("results.csv"))?, &mut names)?;
    put("results.parquet", &frames::parquet(&mut results).map_err(encode("results.parquet"))?, &mut names)?;
    let mut curves = frames::curves(&found.rows).map_err(encode("curves.csv"))?;
    put("curves.csv", &frames::csv(&mut curves).map_err(encode("curves.csv"))?, &mut names)?;

    let (mut drawn, mut skipped, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
    for figure in figures::all() {
        let name = figure.name();
        let (svg_name, png_name) = (format!("{name}.svg"), format!("{name}.png"));
        match figure.draw(FigureData { rows: &found.rows, authors: authors.as_ref() }) {
            Err(reason) => {
                skipped.push((name.to_owned(), reason.0));
                dropped.extend([svg_name, png_name]);
            }
            Ok(picture) => {
                let draw = |source| ReportError::Draw { figure: name.to_owned(), source };
                let svg = picture.scene.svg().map_err(draw)?;
                put(&svg_name, svg.as_bytes(), &mut names)?;
                picture.scene.png(&work_path.join(&png_name)).map_err(draw)?;
                names.push(png_name);
                drawn.push(Drawn { name: name.to_owned(), svg, caption: picture.caption });
            }
        }
    }
    let page = Page { experiment, found: &found, comparison: &comparison, figures: &drawn, skipped: &skipped };
    put("table.md", markdown::document(&page).as_bytes(), &mut names)?;
    put("index.html", page.render().as_bytes(), &mut names)?;

    // Everything is on the disk: put it in place, the page last.
    for name in &names {
        fs_err::rename(work_path.join(name), out.join(name)).map_err(&io)?;
    }
    for name in dropped {
        let old = out.join(name);
        if old.exists() {
            fs_err::remove_file(old).map_err(&io)?;
        }
    }
    let mut files: Vec<Utf8PathBuf> = names.iter().map(|name| out.join(name)).collect();
    files.sort();
    Ok(ReportPaths {
        out: out.to_owned(),
        index: out.join("index.html"),
        files,
        notes: page.notes(),
        table: grid::results(&found.rows),
        warnings: found.warnings,
    })
}
