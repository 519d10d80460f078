//! A report's folder: files are first written to a temporary folder inside it, then moved into place.

use std::io::Write as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::ReportError;
use super::figure_width::FigureWidth;
use super::figures::DrawnFigure;
use super::html::FigureHtml;
use super::scene::Scene;

/// Files waiting to be moved into a folder. If dropped before [`Staging::commit`], the folder stays unchanged.
pub struct Staging<'a> {
    out: &'a Utf8Path,
    work: tempfile::TempDir,
    names: Vec<String>,
    obsolete: Vec<String>,
    folders: Vec<String>,
}

impl<'a> Staging<'a> {
    /// Creates the folder `out` if necessary, and the temporary folder in it.
    ///
    /// # Errors
    /// A folder cannot be created.
    pub fn new(out: &'a Utf8Path) -> Result<Self, ReportError> {
        let io = ReportError::write(out);
        fs_err::create_dir_all(out).map_err(&io)?;
        let work = tempfile::Builder::new().prefix(".report-").tempdir_in(out).map_err(&io)?;
        Ok(Self { out, work, names: Vec::new(), obsolete: Vec::new(), folders: Vec::new() })
    }

    fn work(&self) -> Result<&Utf8Path, ReportError> {
        let not_text = || ReportError::write(self.out)(std::io::Error::other("the path is not UTF-8"));
        Utf8Path::from_path(self.work.path()).ok_or_else(not_text)
    }

    /// Adds a file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), ReportError> {
        fs_err::write(self.work()?.join(name), bytes).map_err(ReportError::write(self.out))?;
        self.names.push(name.to_owned());
        Ok(())
    }

    /// Adds a file in pieces, which need not be in memory at once.
    ///
    /// # Errors
    /// It cannot be written, or `pieces` gives an error.
    pub fn put_pieces(
        &mut self,
        name: &str,
        pieces: impl Iterator<Item = Result<Vec<u8>, ReportError>>,
    ) -> Result<(), ReportError> {
        let io = ReportError::write(self.out);
        let mut file = fs_err::File::create(self.work()?.join(name)).map_err(&io)?;
        for piece in pieces {
            file.write_all(&piece?).map_err(&io)?;
        }
        self.names.push(name.to_owned());
        Ok(())
    }

    /// Adds a figure's `.svg` and `.png`, and its files for print if it is also drawn for that, and returns what the
    /// page shows of it.
    ///
    /// # Errors
    /// It cannot be drawn or written.
    pub fn draw(
        &mut self,
        name: &str,
        picture: DrawnFigure,
        print: Option<(FigureWidth, DrawnFigure)>,
    ) -> Result<FigureHtml, ReportError> {
        let failed = |source| ReportError::Draw { figure: name.to_owned(), source };
        let svg = picture.scene.svg().map_err(failed)?;
        self.put(&format!("{name}.svg"), svg.as_bytes())?;
        let png = format!("{name}.png");
        picture.scene.png(&self.work()?.join(&png)).map_err(failed)?;
        self.names.push(png);
        match &print {
            Some((width, printed)) => self.draw_for_print(name, &printed.scene, *width)?,
            None => self.remove_print(name),
        }
        Ok(FigureHtml {
            name: name.to_owned(),
            svg: picture.scene.svg_with_marks().map_err(failed)?,
            values: picture.scene.values(),
            printed: print.map(|(width, _)| width),
            caption: picture.caption,
        })
    }

    /// Adds a figure for print: `NAME-print.svg` and `.pdf` with their fonts inside, and `.png`.
    ///
    /// # Errors
    /// It cannot be drawn or written.
    fn draw_for_print(&mut self, name: &str, scene: &Scene, width: FigureWidth) -> Result<(), ReportError> {
        let failed = |source| ReportError::Draw { figure: name.to_owned(), source };
        let svg = scene.svg_for_print(width.centimetres()).map_err(failed)?;
        self.put(&format!("{name}-print.svg"), svg.as_bytes())?;
        self.put(&format!("{name}-print.pdf"), &scene.pdf(width.points()).map_err(failed)?)?;
        let png = format!("{name}-print.png");
        scene.png(&self.work()?.join(&png)).map_err(failed)?;
        self.names.push(png);
        Ok(())
    }

    /// Marks a figure as absent from this report; its files from an earlier report are removed.
    pub fn remove_figure(&mut self, name: &str) {
        self.obsolete.extend([format!("{name}.svg"), format!("{name}.png")]);
        self.remove_print(name);
    }

    /// Marks a figure for print as absent from this report.
    fn remove_print(&mut self, name: &str) {
        self.obsolete.extend(["svg", "pdf", "png"].map(|kind| format!("{name}-print.{kind}")));
    }

    /// Marks a file as absent from this report; a file of this name from an earlier report is removed.
    pub fn remove_file(&mut self, name: &str) {
        self.obsolete.push(name.to_owned());
    }

    /// Marks a folder in the report as absent from it: these files of an earlier report are removed, and the folder if
    /// it has no others.
    pub fn remove_folder(&mut self, name: &str, files: impl IntoIterator<Item = String>) {
        self.obsolete.extend(files.into_iter().map(|file| format!("{name}/{file}")));
        self.folders.push(name.to_owned());
    }

    /// Moves the files into place one by one, in the order in which they were added, and returns their sorted paths.
    ///
    /// # Errors
    /// A file cannot be renamed, or an obsolete one cannot be removed. Earlier files are in place then.
    pub fn commit(self) -> Result<Vec<Utf8PathBuf>, ReportError> {
        let io = ReportError::write(self.out);
        for name in &self.names {
            fs_err::rename(self.work()?.join(name), self.out.join(name)).map_err(&io)?;
        }
        let replaced = |name: &&String| !self.names.contains(name);
        for old in self.obsolete.iter().filter(replaced).map(|name| self.out.join(name)).filter(|old| old.exists()) {
            fs_err::remove_file(old).map_err(&io)?;
        }
        for folder in self.folders.iter().map(|name| self.out.join(name)) {
            let empty = folder.read_dir_utf8().is_ok_and(|mut entries| entries.next().is_none());
            if empty {
                fs_err::remove_dir(folder).map_err(&io)?;
            }
        }
        let mut files: Vec<Utf8PathBuf> = self.names.iter().map(|name| self.out.join(name)).collect();
        files.sort();
        Ok(files)
    }
}
