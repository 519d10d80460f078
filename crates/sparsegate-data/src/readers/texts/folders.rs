//! Reads labelled texts from the folders of a `.tar.gz`, one folder for each class.

use std::io::{self, BufReader, Read};

use camino::{Utf8Path, Utf8PathBuf};
use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};

use super::source::{Place, Record, Source, Take, wrong};
use crate::DataError;
use crate::manifest::Folders;
use crate::readers::limits::{LONGEST, NOT_UTF8, too_long};

/// An archive, read sequentially without unpacking it to disk.
///
/// Files whose names begin with a dot, and files outside the folders of the classes, are skipped. Links are refused
/// where a text would stand.
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

    /// Whether a link of this name stands for a text, or for the folder of a class.
    fn stands_for_texts(&self, name: &str, kind: EntryType) -> bool {
        let file_name = name.rsplit('/').next().unwrap_or(name);
        let folder = kind.is_symlink() && !file_name.contains('.');
        self.place(name).is_some() || folder && self.place(&format!("{name}/text")).is_some()
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

/// Message for a link in place of a file. `tar` packs the second name of a file as a link.
const LINK: &str = "it is a link, not a file; pack with `tar --hard-dereference -h`";

impl Source for FoldersInTar {
    fn read(&self, take: &mut Take<'_>) -> Result<(), DataError> {
        let unpacked = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, fs_err::File::open(&self.file)?));
        let mut archive = Archive::new(unpacked);
        let mut last = String::new();
        for entry in archive.entries().map_err(|error| self.broken("", &error))? {
            let mut entry = entry.map_err(|error| self.broken(&last, &error))?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
            let kind = entry.header().entry_type();
            if (kind.is_hard_link() || kind.is_symlink()) && self.stands_for_texts(&name, kind) {
                return Err(wrong(&self.file, &Place::Member(name), LINK.to_owned()));
            }
            if kind.is_file()
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

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// The labels of an archive of a text, `train/pos/1.txt`, and a link.
    fn labels(kind: EntryType, link: &str) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = Utf8Path::from_path(folder.path()).unwrap().join("t.tar.gz");
        let packed = GzEncoder::new(fs_err::File::create(&file).unwrap(), Compression::fast());
        let mut archive = tar::Builder::new(packed);
        let mut header = tar::Header::new_gnu();
        header.set_size(4);
        header.set_mode(0o644);
        archive.append_data(&mut header, "train/pos/1.txt", &b"good"[..]).unwrap();
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        header.set_mode(0o644);
        archive.append_link(&mut header, link, "train/pos/1.txt").unwrap();
        archive.into_inner().unwrap().finish().unwrap();
        let folders = Folders { train: "train".into(), valid: None, test: None };
        let mut labels = Vec::new();
        let read = FoldersInTar::new(file, &folders, None).read(&mut |_, record| {
            labels.push(record.label);
            Ok(())
        });
        read.map(|()| labels).map_err(|error| error.to_string())
    }

    #[test]
    fn links_in_place_of_texts_are_refused() {
        for kind in [EntryType::Link, EntryType::Symlink] {
            let why = labels(kind, "train/neg/2.txt").unwrap_err();
            let expected = "t.tar.gz: train/neg/2.txt: it is a link, not a file; pack with `tar --hard-dereference -h`";
            assert!(why.contains(expected), "{why}");
            for elsewhere in ["train/urls.txt", "train/neg/.hidden", "more/neg/2.txt"] {
                assert_eq!(labels(kind, elsewhere).unwrap(), ["pos"], "{elsewhere}");
            }
        }
        let why = labels(EntryType::Symlink, "train/neg").unwrap_err();
        assert!(why.contains("t.tar.gz: train/neg: it is a link"), "{why}");
    }
}
