//! Reads labelled texts from the folders of a `.tar.gz`, one folder for each class.

use std::io::{self, BufReader, Read};

use camino::{Utf8Path, Utf8PathBuf};
use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry};

use super::source::{Place, Record, Source, Take, wrong};
use crate::DataError;
use crate::manifest::Folders;
use crate::readers::limits::{LONGEST, NOT_UTF8, too_long};

/// An archive, read sequentially without unpacking it to disk.
///
/// Files whose names begin with a dot, and files outside the folders of the classes, are skipped.
pub(super) struct FoldersInTar {
    file: Utf8PathBuf,
    /// Folder of each part; `None` for a part that is held out.
    prefixes: [Option<String>; 3],
    /// Folders to read as classes; `None` for all.
    classes: Option<Vec<String>>,
}

impl FoldersInTar {
    pub(super) fn new(file: Utf8PathBuf, folders: &Folders, classes: Option<Vec<String>>) -> Self {
        let prefixes = [Some(folders.train.clone()), folders.valid.clone(), folders.test.clone()];
        Self { file, prefixes, classes }
    }

    /// Part and class of the file with this name; `None` for a file to skip.
    fn place(&self, name: &str) -> Option<(usize, String)> {
        let prefixes = self.prefixes.iter().enumerate();
        let (part, inside) = prefixes
            .filter_map(|(part, prefix)| Some((part, name.strip_prefix(prefix.as_deref()?)?.strip_prefix('/')?)))
            .min_by_key(|(_, inside)| inside.len())?;
        let (class, rest) = inside.split_once('/')?;
        let hidden = rest.rsplit('/').next()?.starts_with('.');
        let wanted = self.classes.as_ref().is_none_or(|classes| classes.iter().any(|known| known == class));
        (wanted && !hidden).then(|| (part, class.to_owned()))
    }

    fn broken(&self, after: &str, error: &io::Error) -> DataError {
        let after = if after.is_empty() { String::new() } else { format!(" after {after}") };
        let problem = format!("the archive is broken or cut off{after}: {error}; replace it with an intact copy");
        DataError::Unusable { file: self.file.clone(), problem }
    }

    fn text(&self, entry: &mut Entry<'_, impl Read>, place: &Place, name: &str) -> Result<String, DataError> {
        if entry.size() > LONGEST {
            return Err(wrong(&self.file, place, too_long("the text")));
        }
        let mut bytes = Vec::with_capacity(entry.size() as usize);
        entry.read_to_end(&mut bytes).map_err(|error| self.broken(name, &error))?;
        String::from_utf8(bytes).map_err(|error| {
            let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
            let line = 1 + valid.matches('\n').count();
            wrong(&self.file, place, format!("line {line}: {NOT_UTF8}"))
        })
    }
}

impl Source for FoldersInTar {
    fn read(&self, take: &mut Take<'_>) -> Result<(), DataError> {
        let unpacked = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, fs_err::File::open(&self.file)?));
        let mut archive = Archive::new(unpacked);
        let mut last = String::new();
        for entry in archive.entries().map_err(|error| self.broken("", &error))? {
            let mut entry = entry.map_err(|error| self.broken(&last, &error))?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
            if entry.header().entry_type().is_file()
                && let Some((part, label)) = self.place(&name)
            {
                let place = Place::Member(name.clone());
                let text = self.text(&mut entry, &place, &name)?;
                take(part, Record { place, text, label })?;
            }
            last = name;
        }
        // Read on to the end of the stream, so that the decoder verifies the gzip checksum.
        io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|error| self.broken(&last, &error))?;
        Ok(())
    }

    fn file(&self, _part: usize) -> &Utf8Path {
        &self.file
    }

    fn label_key(&self) -> &'static str {
        "folders"
    }

    fn without_texts(&self, part: usize) -> DataError {
        let key = ["train", "valid", "test"][part];
        let folder = self.prefixes[part].as_deref().unwrap_or_default();
        let problem = format!(
            "there are no texts in the class folders of `{folder}/`; correct reader.labelled-texts.from.folders.{key} in the manifest"
        );
        DataError::Unusable { file: self.file.clone(), problem }
    }
}
