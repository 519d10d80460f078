//! Sets the runtime search path for libtorch and rejects a libtorch of an unsupported version.
//!
//! Does nothing without the feature `tch`. torch-sys's own build script runs before this one: it looks for libtorch and
//! compiles its C++ against the headers, which takes minutes and fails with compiler errors if the versions differ.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script needs no dependency for this; an unreadable file is treated as missing"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

/// The version whose headers torch-sys is written for; patch releases do not change them.
const LIBTORCH_VERSION: &str = "2.9";

const HINT: &str = "run scripts/get-libtorch.sh and set LIBTORCH as it says, or install PyTorch 2.9 and set \
                    LIBTORCH_USE_PYTORCH=1";

fn main() -> ExitCode {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(libtorch_cuda)");
    if env::var_os("CARGO_FEATURE_TCH").is_none() {
        return ExitCode::SUCCESS;
    }
    match prepare() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nerror: sparsegate with the feature `tch`: {message}\n");
            ExitCode::FAILURE
        }
    }
}

fn prepare() -> Result<(), String> {
    let Libtorch { libraries, version } = Libtorch::find()?;
    match version {
        Some(version) => {
            check(&version)?;
            println!("cargo:rustc-env=SPARSEGATE_LIBTORCH_VERSION={version}");
        }
        None => println!(
            "cargo:warning=the version of the libtorch in {} is unknown; {LIBTORCH_VERSION} is needed",
            libraries.display()
        ),
    }
    if ["libtorch_cuda.so", "libtorch_hip.so", "torch_cuda.dll"].iter().any(|name| libraries.join(name).exists()) {
        println!("cargo:rustc-cfg=libtorch_cuda");
    }
    search_at_run_time(&libraries);
    // For the build script of the program, which is linked on its own: DEP_SPARSEGATE_NN_LIBTORCH.
    println!("cargo:libtorch={}", libraries.display());
    Ok(())
}

/// Adds the folders in which the system's loader looks for libtorch: the one of the build and, for a program that is
/// copied to another machine, folders next to the program. `LD_LIBRARY_PATH` takes precedence.
fn search_at_run_time(libraries: &Path) {
    let os = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let beside = match os.as_str() {
        "linux" => ["$ORIGIN/../lib", "$ORIGIN/libtorch/lib", "$ORIGIN"],
        "macos" => ["@loader_path/../lib", "@loader_path/libtorch/lib", "@loader_path"],
        // Windows has no rpath; its loader looks in the program's folder by default.
        _ => return,
    };
    for folder in std::iter::once(libraries.display().to_string()).chain(beside.map(str::to_owned)) {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
    if os == "linux" {
        println!("cargo:rustc-link-arg=-Wl,--enable-new-dtags");
    }
}

/// Rejects any version but [`LIBTORCH_VERSION`], unless the user sets `LIBTORCH_BYPASS_VERSION_CHECK`.
fn check(version: &str) -> Result<(), String> {
    let minor: Vec<&str> = version.split('.').take(2).collect();
    if minor.join(".") == LIBTORCH_VERSION || env_var("LIBTORCH_BYPASS_VERSION_CHECK").is_some() {
        return Ok(());
    }
    Err(format!(
        "found libtorch {version}, but {LIBTORCH_VERSION} is needed: {HINT}; or set LIBTORCH_BYPASS_VERSION_CHECK=1 to try this \
         version anyway"
    ))
}

/// A libtorch installation, searched for in the same places as torch-sys does.
struct Libtorch {
    libraries: PathBuf,
    version: Option<String>,
}

impl Libtorch {
    fn find() -> Result<Self, String> {
        if env_var("LIBTORCH_USE_PYTORCH").is_some() {
            return Self::of_python().ok_or_else(|| format!("the Python on the PATH has no PyTorch: {HINT}"));
        }
        let system = || Some(PathBuf::from("/usr")).filter(|root| root.join("lib/libtorch.so").exists());
        let root = env_var("LIBTORCH").map(PathBuf::from).or_else(system).or_else(downloaded);
        let or_root = |name: &str| env_var(name).map(PathBuf::from).or_else(|| root.clone());
        let (Some(libraries), Some(headers)) = (or_root("LIBTORCH_LIB"), or_root("LIBTORCH_INCLUDE")) else {
            return Err(format!("no libtorch found: {HINT}"));
        };
        let libraries = libraries.join("lib");
        let names = ["libtorch_cpu.so", "libtorch_cpu.dylib", "torch_cpu.lib"];
        if !names.iter().any(|name| libraries.join(name).exists()) {
            return Err(format!("there is no libtorch in {}: {HINT}", libraries.display()));
        }
        let stated = || root.and_then(|root| fs::read_to_string(root.join("build-version")).ok());
        let version = version_of(&headers).or_else(stated);
        Ok(Self { libraries, version: version.map(|version| without_suffix(&version)) })
    }

    /// The libtorch of the installed PyTorch package, as reported by Python.
    fn of_python() -> Option<Self> {
        const SCRIPT: &str =
            "import os, torch; print(torch.__version__); print(os.path.join(os.path.dirname(torch.__file__), 'lib'))";
        let python = if env::var_os("VIRTUAL_ENV").is_some() || cfg!(windows) { "python" } else { "python3" };
        let output = Command::new(python).args(["-c", SCRIPT]).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let mut lines = text.lines();
        let (version, libraries) = (lines.next()?, lines.next()?);
        Some(Self { libraries: PathBuf::from(libraries), version: Some(without_suffix(version)) })
    }
}

/// The folder into which torch-sys unpacks the libtorch that it downloads if none is configured: its own build folder,
/// next to ours.
fn downloaded() -> Option<PathBuf> {
    let out = PathBuf::from(env::var_os("OUT_DIR")?);
    let scripts = out.parent()?.parent()?;
    let entries = fs::read_dir(scripts).ok()?.flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("torch-sys-"))
        .map(|entry| entry.path().join("out/libtorch/libtorch"))
        .filter(|folder| folder.exists())
        .collect();
    found.sort();
    found.pop()
}

/// The version stated in the headers.
fn version_of(root: &Path) -> Option<String> {
    let text = fs::read_to_string(root.join("include/torch/csrc/api/include/torch/version.h")).ok()?;
    let number = |part: &str| {
        let start = format!("#define TORCH_VERSION_{part} ");
        text.lines().find_map(|line| line.strip_prefix(&start)).map(str::trim)
    };
    Some(format!("{}.{}.{}", number("MAJOR")?, number("MINOR")?, number("PATCH")?))
}

/// A version without its local suffix, such as `+cu128`.
fn without_suffix(version: &str) -> String {
    version.trim().split('+').next().unwrap_or_default().to_owned()
}

/// An environment variable; cargo runs this script again when it changes.
fn env_var(name: &str) -> Option<String> {
    println!("cargo:rerun-if-env-changed={name}");
    env::var(name).ok()
}
