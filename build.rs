//! Lists the shipped experiments and manifests for `sparsegate init`, and lets the program find the libtorch that
//! `sparsegate-nn` was built against.

#![expect(clippy::disallowed_methods, reason = "a build script needs no dependency for this")]

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    shipped_files()?;
    search_libtorch_at_run_time();
    describe_build();
    Ok(())
}

/// Compiler and cargo features, for the provenance of runs.
fn describe_build() {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = std::process::Command::new(rustc).arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    println!("cargo:rustc-env=SPARSEGATE_RUSTC={version}");
    let features = env::vars().filter_map(|(name, _)| Some(name.strip_prefix("CARGO_FEATURE_")?.to_lowercase()));
    let mut features: Vec<String> = features.filter(|name| name != "default").collect();
    features.sort();
    println!("cargo:rustc-env=SPARSEGATE_FEATURES={}", features.join(" "));
}

/// Writes `shipped.rs`: the path and content of each YAML and CSV file of experiments/, and of each manifest in
/// datasets/.
fn shipped_files() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut files = Vec::new();
    // The folder, too, so that a new file is seen. Not datasets/, which has the cache of the data.
    println!("cargo:rerun-if-changed={}", root.join("experiments").display());
    collect(&root.join("experiments"), &mut files)?;
    for entry in fs::read_dir(root.join("datasets"))? {
        files.push(entry?.path());
    }
    files.retain(|file| file.extension().is_some_and(|end| end == "yaml" || end == "csv"));
    files.sort();
    let mut text = String::from("const SHIPPED: &[(&str, &str)] = &[\n");
    for file in &files {
        println!("cargo:rerun-if-changed={}", file.display());
        let name = file.strip_prefix(&root)?.to_string_lossy().replace('\\', "/");
        writeln!(text, "    ({name:?}, include_str!({:?})),", file.display().to_string())?;
    }
    text.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("shipped.rs"), text)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// Names the folders in which the system's loader looks for libtorch: that of the build, and those beside a program
/// that is carried to another machine. `LD_LIBRARY_PATH` comes first.
fn search_libtorch_at_run_time() {
    let Ok(libraries) = env::var("DEP_SPARSEGATE_NN_LIBTORCH") else { return };
    let os = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let beside = match os.as_str() {
        "linux" => ["$ORIGIN/../lib", "$ORIGIN/libtorch/lib", "$ORIGIN"],
        "macos" => ["@loader_path/../lib", "@loader_path/libtorch/lib", "@loader_path"],
        // Windows has no such thing; it looks beside the program by itself.
        _ => return,
    };
    for folder in std::iter::once(libraries).chain(beside.map(str::to_owned)) {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
    if os == "linux" {
        println!("cargo:rustc-link-arg=-Wl,--enable-new-dtags");
    }
}
