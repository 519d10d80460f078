//! `new vectors`: writes a manifest for a file of pretrained vectors.

use std::process::ExitCode;

use super::install::install;
use super::manifest::{File, text};
use super::{VectorsArgs, check, next_command};
use crate::cli::args::Global;
use crate::cli::output;
use crate::cli::{CliError, Exit};
use sparsegate_data::check_vectors;
use sparsegate_data::manifest::Manifest;
use sparsegate_data::sniff::{self, VectorFormat};

pub(super) fn execute(global: &Global, args: &VectorsArgs) -> Result<ExitCode, CliError> {
    let target = Manifest::folder(&global.root).join(format!("{}.yaml", args.name));
    check(&args.name, &[&args.from], &[&target], args.force)?;
    let (reader, size) = match sniff::vectors(&args.from)? {
        VectorFormat::GloveText(size) => ("glove-text", size),
        VectorFormat::Word2vecText(size) => ("word2vec-text", size),
        VectorFormat::Word2vecBinary(size) => ("word2vec-binary", size),
    };
    let about = format!("vectors of {size} numbers, from {}", args.from.file_name().unwrap_or_default());
    let files = [File::of(&args.from, "vectors")?];
    let split = "none; vectors, for model.embedding.vectors";
    let manifest = text(&args.name, &about, &format!("  {reader}: {{ size: {size} }}\n"), &files, split);
    let parsed = Manifest::from_text(&target, &manifest)?;
    check_vectors(&args.from, &parsed.reader)?;
    install(global, &parsed, &files, &[(&target, &manifest)])?;
    let (vectors, size_key) =
        (format!("model.embedding.vectors={}", args.name), format!("model.embedding.size={size}"));
    output::print(&format!(
        "found:   {reader}, {size} numbers a vector\nwritten: {target}\nnext:    {}\n",
        next_command(global, &["run", "SPEC", "--set", &vectors, "--set", &size_key])
    ))?;
    Ok(Exit::Done.into())
}
