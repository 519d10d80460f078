//! Finds out which libtorch this process has loaded, and checks its version.

use std::path::{Path, PathBuf};

use crate::engine::OpenError;
use sparsegate_core::Backend;

/// The version of the headers that the program was built with, if the build script found it.
const BUILT: Option<&str> = option_env!("SPARSEGATE_LIBTORCH_VERSION");

/// Rejects a libtorch of another minor version than the build's, because its tensors have another memory layout.
pub(super) fn check(wanted: Backend) -> Result<(), OpenError> {
    let (Some(built), Some(library)) = (BUILT, loaded()) else { return Ok(()) };
    match version(&library) {
        Some(found) if minor(&found) != minor(built) => {
            Err(OpenError::LibtorchMismatch { backend: wanted, library: library.display().to_string(), found, built })
        }
        _ => Ok(()),
    }
}

/// A device with libtorch's version and folder, as far as they are known.
pub(in crate::engine) fn describe(device: &str) -> String {
    let library = loaded();
    let version = library.as_deref().and_then(version).or_else(|| BUILT.map(str::to_owned));
    let version = version.map(|version| format!(" {version}")).unwrap_or_default();
    let folder = library.as_deref().and_then(Path::parent).map(|folder| format!(" in {}", folder.display()));
    format!("{device}, libtorch{version}{}", folder.unwrap_or_default())
}

/// Path of the loaded `libtorch_cpu.so`; known on Linux only.
fn loaded() -> Option<PathBuf> {
    let maps = fs_err::read_to_string("/proc/self/maps").ok()?;
    library_in(&maps)
}

fn library_in(maps: &str) -> Option<PathBuf> {
    let line = maps.lines().find(|line| line.ends_with("/libtorch_cpu.so"))?;
    line.find('/').map(|start| PathBuf::from(&line[start..]))
}

/// The version of a library according to the files next to it: the header of an archive or of an installed PyTorch,
/// else the archive's `build-version`, else the package's `version.py`.
fn version(library: &Path) -> Option<String> {
    let root = library.parent()?.parent()?;
    let read = |path: &str| fs_err::read_to_string(root.join(path)).ok();
    let header = read("include/torch/csrc/api/include/torch/version.h").and_then(|text| version_in_header(&text));
    let stated = || read("build-version").map(|text| text.trim().split('+').next().unwrap_or_default().to_owned());
    let python = || read("version.py").and_then(|text| version_in_python(&text));
    header.or_else(stated).or_else(python)
}

fn version_in_header(text: &str) -> Option<String> {
    let number = |part: &str| {
        let start = format!("#define TORCH_VERSION_{part} ");
        text.lines().find_map(|line| line.strip_prefix(&start)).map(str::trim)
    };
    Some(format!("{}.{}.{}", number("MAJOR")?, number("MINOR")?, number("PATCH")?))
}

fn version_in_python(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("__version__"))?;
    let stated = line.split('\'').nth(1)?;
    stated.split('+').next().map(str::to_owned)
}

fn minor(version: &str) -> Vec<&str> {
    version.split('.').take(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_found_among_the_maps() {
        let maps =
            "55d0-55d1 r--p 00000000 00:1f 7 /usr/bin/x\n7f00-7f10 r-xp 0001 fd:00 12   /opt/a b/lib/libtorch_cpu.so\n";
        assert_eq!(library_in(maps), Some(PathBuf::from("/opt/a b/lib/libtorch_cpu.so")));
        assert_eq!(library_in("7f00-7f10 r-xp 0001 fd:00 12   /opt/lib/libtorch_cpu.so.1\n"), None);
    }

    #[test]
    fn versions_are_read_from_each_of_the_files() {
        let header = "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 11\n#define TORCH_VERSION_PATCH 0\n";
        assert_eq!(version_in_header(header).as_deref(), Some("2.11.0"));
        assert_eq!(version_in_python("debug = False\n__version__ = '2.9.1+cpu'\n").as_deref(), Some("2.9.1"));
        assert_ne!(minor("2.11.0"), minor("2.1.0"));
        assert_eq!(minor("2.9.0"), minor("2.9.1"));
    }

    #[test]
    fn the_libtorch_of_this_build_is_taken() {
        assert_eq!(check(Backend::Tch { cuda: None }), Ok(()));
    }
}
