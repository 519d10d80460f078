//! A report's folder: files are first written to a temporary folder beside it, which then takes its place as a whole.
//!
//! Where two folders cannot be exchanged at once (other systems than Linux, some network file systems, a report folder
//! that is a link or a mount point), the files are moved one by one.

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
    /// Holds the lock of the temporary folder: without a lock it is left over from a process that was killed.
    _lock: Option<fs_err::File>,
    names: Vec<String>,
    obsolete: Vec<String>,
    folders: Vec<String>,
}

/// Beginning of the names of temporary folders.
const PREFIX: &str = ".report-";

impl<'a> Staging<'a> {
    /// Creates the folder `out` if necessary, and the temporary folder beside it, or in it where there is no room
    /// beside it. Removes temporary folders that were left over by killed processes.
    ///
    /// # Errors
    /// A folder cannot be created.
    pub fn new(out: &'a Utf8Path) -> Result<Self, ReportError> {
        let io = ReportError::write(out);
        fs_err::create_dir_all(out).map_err(&io)?;
        // While another process is between making its temporary folder and locking it, nobody may clear it.
        let _turn = fs_err::File::open(out).ok().filter(|folder| folder.lock().is_ok());
        let prefix = format!("{PREFIX}{}-", out.file_name().unwrap_or_default());
        clear(out, PREFIX);
        let beside = place_beside(out).inspect(|folder| clear(folder, &prefix));
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        let beside = beside.and_then(|folder| builder.tempdir_in(folder).ok());
        let work = beside.map_or_else(|| builder.tempdir_in(out), Ok).map_err(&io)?;
        let lock = fs_err::File::open(work.path()).ok().filter(|folder| folder.try_lock().is_ok());
        Ok(Self { out, work, _lock: lock, names: Vec::new(), obsolete: Vec::new(), folders: Vec::new() })
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

    /// Puts the files into place, all at once where this is possible, and returns their sorted paths. Other files of
    /// the folder stay.
    ///
    /// # Errors
    /// A file cannot be renamed, or an obsolete one cannot be removed. Earlier files are in place then. Or a folder
    /// that is not the report's own cannot be moved back into it; the error names the place where it stays.
    pub fn commit(mut self) -> Result<Vec<Utf8PathBuf>, ReportError> {
        let io = ReportError::write(self.out);
        if !self.take_place().map_err(&io)? {
            for name in &self.names {
                fs_err::rename(self.work()?.join(name), self.out.join(name)).map_err(&io)?;
            }
        }
        // Those in subfolders, which stay as they are, also where the whole folder was exchanged.
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

impl Staging<'_> {
    /// Exchanges the temporary folder with the report's; `false` if this is not possible, and nothing has changed then.
    fn take_place(&mut self) -> std::io::Result<bool> {
        let Some(work) = Utf8Path::from_path(self.work.path()).filter(|work| !work.starts_with(self.out)) else {
            return Ok(false);
        };
        let is_ours = |name: &str| self.names.iter().chain(&self.obsolete).any(|ours| ours == name);
        let mut folders = Vec::new();
        for entry in self.out.read_dir_utf8()? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.file_name().to_owned());
            } else if !is_ours(entry.file_name()) {
                // A second name for the file, so that it is in both folders.
                if fs_err::hard_link(entry.path(), work.join(entry.file_name())).is_err() {
                    return Ok(false);
                }
            }
        }
        fs_err::set_permissions(work, fs_err::metadata(self.out)?.permissions())?;
        if !exchange(work, self.out) {
            return Ok(false);
        }
        // Subfolders have one name only. One that cannot be moved must not be deleted with the old files.
        let moved = folders.iter().map(|name| fs_err::rename(work.join(name), self.out.join(name)));
        let failed: Vec<std::io::Error> = moved.filter_map(Result::err).collect();
        let Some(first) = failed.first() else { return Ok(true) };
        let problem = format!("{first}; what could not be moved stays in {work}");
        let error = std::io::Error::new(first.kind(), problem);
        self.work.disable_cleanup(true);
        Err(error)
    }
}

/// Exchanges two folders at once; `false` if that is not possible.
#[cfg(target_os = "linux")]
fn exchange(one: &Utf8Path, other: &Utf8Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};

    renameat_with(CWD, one.as_std_path(), CWD, other.as_std_path(), RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn exchange(_one: &Utf8Path, _other: &Utf8Path) -> bool {
    false
}

/// The folder that holds the report's folder, if it is on the same file system and `out` is no link.
fn place_beside(out: &Utf8Path) -> Option<&Utf8Path> {
    let parent = out.parent().map(|parent| if parent.as_str().is_empty() { Utf8Path::new(".") } else { parent })?;
    out.file_name().filter(|_| !out.is_symlink() && on_one_file_system(out, parent))?;
    Some(parent)
}

#[cfg(unix)]
fn on_one_file_system(one: &Utf8Path, other: &Utf8Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let device = |path: &Utf8Path| fs_err::metadata(path).ok().map(|found| found.dev());
    device(one).is_some() && device(one) == device(other)
}

#[cfg(not(unix))]
fn on_one_file_system(_one: &Utf8Path, _other: &Utf8Path) -> bool {
    false
}

/// Removes the temporary folders in `folder` whose process has ended. Failures are ignored: they only take space. A
/// folder with subfolders is left, because a report has none.
fn clear(folder: &Utf8Path, prefix: &str) {
    for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_folder || !entry.file_name().starts_with(prefix) {
            continue;
        }
        let holds_folders = |path: &Utf8Path| {
            path.read_dir_utf8()
                .is_ok_and(|mut found| found.any(|inner| inner.is_ok_and(|inner| inner.path().is_dir())))
        };
        let lock = fs_err::File::open(entry.path().as_std_path()).ok().filter(|file| file.try_lock().is_ok());
        if lock.is_some() && !holds_folders(entry.path()) {
            let _ = fs_err::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Utf8Path) -> Vec<String> {
        let mut names: Vec<String> =
            folder.read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_report_takes_its_place_and_leaves_what_is_not_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let out = root.join("reports/t");
        for (name, text) in [("index.html", "old"), ("gone.svg", "old"), ("own.txt", "a note"), ("sub/x", "inner")] {
            fs_err::create_dir_all(out.join(name).parent().unwrap()).unwrap();
            fs_err::write(out.join(name), text).unwrap();
        }
        // Of a process that was killed; and of one that is at work.
        for place in [out.join(".report-abc"), root.join("reports/.report-t-abc"), root.join("reports/.report-u-abc")] {
            fs_err::create_dir(&place).unwrap();
            fs_err::write(place.join("index.html"), "half").unwrap();
        }
        let other = Staging::new(&out).unwrap();
        let mut staging = Staging::new(&out).unwrap();
        staging.put("index.html", b"new").unwrap();
        staging.remove_file("gone.svg");
        assert_eq!(names(&root.join("reports")).len(), 4, "{:?}", names(&root.join("reports")));
        staging.commit().unwrap();
        assert_eq!(names(&out), ["index.html", "own.txt", "sub"]);
        assert_eq!(fs_err::read_to_string(out.join("index.html")).unwrap(), "new");
        assert_eq!(fs_err::read_to_string(out.join("sub/x")).unwrap(), "inner");
        drop(other);
        assert_eq!(names(&root.join("reports")), [".report-u-abc", "t"], "another report's folder is not ours");
    }

    #[test]
    fn a_folder_that_cannot_be_moved_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let out = root.join("reports/t");
        for inner in ["notes", "sub"] {
            fs_err::create_dir_all(out.join(inner)).unwrap();
            fs_err::write(out.join(inner).join("x"), "inner").unwrap();
        }
        let mut staging = Staging::new(&out).unwrap();
        staging.put("index.html", b"new").unwrap();
        // A file of the report has the name of a folder that is there.
        staging.put("notes", b"new").unwrap();
        let ReportError::Write { source, .. } = staging.commit().unwrap_err() else { panic!("another error") };
        assert_eq!(fs_err::read_to_string(out.join("sub/x")).unwrap(), "inner", "the others are moved");
        // Without the exchange of folders, it has not left its place.
        let reports = root.join("reports");
        let holds = |name: &String| reports.join(name).join("notes/x").exists();
        let place = names(&reports).into_iter().find(holds).expect("the folder is somewhere");
        assert!(place == "t" || source.to_string().contains(&place), "{place}: {source}");
        drop(Staging::new(&out).unwrap());
        assert!(holds(&place), "the next report does not remove it");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn two_folders_are_exchanged() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        for name in ["a", "b"] {
            fs_err::create_dir(root.join(name)).unwrap();
            fs_err::write(root.join(name).join(name), "").unwrap();
        }
        // A file system without the exchange (`EINVAL`) has no folder that is half replaced, either.
        let exchanged = exchange(&root.join("a"), &root.join("b"));
        assert_eq!(names(&root.join("a")), [if exchanged { "b" } else { "a" }]);
    }

    #[cfg(unix)]
    #[test]
    fn a_linked_folder_is_filled_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        fs_err::create_dir(root.join("there")).unwrap();
        std::os::unix::fs::symlink(root.join("there"), root.join("t")).unwrap();
        let out = root.join("t");
        let mut staging = Staging::new(&out).unwrap();
        staging.put("index.html", b"new").unwrap();
        staging.commit().unwrap();
        assert!(out.is_symlink());
        assert_eq!(names(&root.join("there")), ["index.html"]);
    }
}
