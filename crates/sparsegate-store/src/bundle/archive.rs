//! Bundles as tar archives.

use std::io::{self, Read, Write};

use camino::Utf8Path;
use fs_err::File;

use super::{Bundle, BundleError, DESCRIPTION, DESCRIPTION_LIMIT, is_compressed};
use crate::StoreError;

/// Writes an archive: plain files, with neither times nor owners, so that the same runs give the same bytes.
pub(super) struct ArchiveWriter {
    tar: tar::Builder<Target>,
}

enum Target {
    Plain(File),
    Compressed(zstd::Encoder<'static, File>),
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Compressed(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Compressed(file) => file.flush(),
        }
    }
}

impl ArchiveWriter {
    pub(super) fn new(file: File, compressed: bool) -> io::Result<Self> {
        let target = if compressed { Target::Compressed(zstd::Encoder::new(file, 0)?) } else { Target::Plain(file) };
        Ok(Self { tar: tar::Builder::new(target) })
    }

    pub(super) fn put(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.append(name, bytes.len() as u64, bytes)
    }

    pub(super) fn put_file(&mut self, name: &str, from: &Utf8Path) -> io::Result<()> {
        let file = File::open(from)?;
        let size = file.metadata()?.len();
        // A file that grows meanwhile must not shift what follows; its checksum will not match.
        self.append(name, size, file.take(size))
    }

    fn append(&mut self, name: &str, size: u64, content: impl Read) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o644);
        self.tar.append_data(&mut header, name, content)
    }

    /// Completes the archive; the file is not synced yet.
    pub(super) fn finish(self) -> io::Result<File> {
        match self.tar.into_inner()? {
            Target::Plain(file) => Ok(file),
            Target::Compressed(file) => file.finish(),
        }
    }
}

/// Unpacks the archive `path` into `folder` and returns its description, which is its first file. Only plain files
/// that the description lists are unpacked, and of each no more bytes than it says.
///
/// # Errors
/// [`BundleError::NotABundle`] if it does not begin with a description; [`BundleError::Damaged`] for an entry that is
/// not listed, or an archive that breaks off; [`BundleError::Store`] if a file cannot be written.
pub(super) fn unpack(path: &Utf8Path, folder: &Utf8Path) -> Result<Bundle, BundleError> {
    let file = File::open(path).map_err(|e| StoreError::io("read", path, e))?;
    let reader: Box<dyn Read> = if is_compressed(path) {
        Box::new(zstd::Decoder::new(file).map_err(|e| StoreError::io("read", path, e))?)
    } else {
        Box::new(file)
    };
    let damaged = |problem: String| BundleError::damaged(path, problem);
    let broken = |e: io::Error| damaged(format!("it is not a whole archive: {e}"));
    let mut archive = tar::Archive::new(reader);
    let mut bundle: Option<Bundle> = None;
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let Some(known) = &bundle else {
            if name != DESCRIPTION {
                return Err(BundleError::NotABundle(path.to_owned()));
            }
            let mut bytes = Vec::new();
            entry.take(DESCRIPTION_LIMIT).read_to_end(&mut bytes).map_err(broken)?;
            bundle = Some(Bundle::parse(&path.join(DESCRIPTION), &bytes)?);
            continue;
        };
        // The names were checked with the description.
        let Some(sum) = known.files.get(&name).filter(|_| entry.header().entry_type().is_file()) else {
            return Err(damaged(format!("it has {name:?}, which bundle.json does not list as a file")));
        };
        if entry.size() != sum.bytes {
            return Err(damaged(format!("{name:?} has {} bytes, not {}", entry.size(), sum.bytes)));
        }
        let to = folder.join(&name);
        let parent = to.parent().unwrap_or(folder);
        fs_err::create_dir_all(parent).map_err(|e| StoreError::io("create", parent, e))?;
        let mut out = File::create(&to).map_err(|e| StoreError::io("write", &to, e))?;
        let copied = io::copy(&mut entry, &mut out);
        copied.map_err(|e| {
            if e.kind() == io::ErrorKind::UnexpectedEof { broken(e) } else { StoreError::io("write", &to, e).into() }
        })?;
    }
    bundle.ok_or_else(|| BundleError::NotABundle(path.to_owned()))
}
