//! Lets the program find the libtorch that `sparsegate-nn` was built against.

/// Folders in which the system's loader looks: that of the build, and those beside a program that is carried to another
/// machine. `LD_LIBRARY_PATH` comes first.
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let Ok(libraries) = std::env::var("DEP_SPARSEGATE_NN_LIBTORCH") else { return };
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
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
