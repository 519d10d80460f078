//! `new vectors`: writes a manifest for a file of pretrained vectors.

use std::io::{BufRead, BufReader, Read};
use std::process::ExitCode;

use camino::Utf8Path;

use super::manifest::{File, text};
use super::{Cached, VectorsArgs, check, write};
use crate::cli::args::Global;
use crate::cli::output;
use crate::cli::{CliError, Exit};
use sparsegate_data::manifest::Manifest;

pub(super) fn execute(global: &Global, args: &VectorsArgs) -> Result<ExitCode, CliError> {
    let target = Manifest::folder(&global.root).join(format!("{}.yaml", args.name));
    check(&args.name, &args.from, &[&target], args.force)?;
    let (reader, size) = look(&args.from)?;
    let about = format!("vectors of {size} numbers, from {}", args.from.file_name().unwrap_or_default());
    let file = File::of(&args.from, "vectors")?;
    let split = "none; vectors, for model.embedding.vectors";
    let manifest = text(&args.name, &about, &format!("  {reader}: {{ size: {size} }}\n"), &file, split);
    let cached = Cached::import(global, &Manifest::from_text(&target, &manifest)?, &args.from)?;
    write(&target, &manifest)?;
    cached.keep();
    output::print(&format!(
        "found:   {reader}, {size} numbers a vector\nwritten: {target}\n\
         next:    sparsegate run SPEC --set model.embedding.vectors={} --set model.embedding.size={size}\n",
        args.name
    ))?;
    Ok(Exit::Done.into())
}

/// The reader and the vector size, from the first line: word2vec's binary format begins with the number of words and
/// the size, `GloVe`'s with a word and its vector.
fn look(file: &Utf8Path) -> Result<(&'static str, usize), CliError> {
    /// Largest length of the first line in bytes.
    const LINE: u64 = 1 << 20;
    let mut line = Vec::new();
    let mut reader = BufReader::new(fs_err::File::open(file).map_err(CliError::data)?).take(LINE);
    reader.read_until(b'\n', &mut line).map_err(CliError::data)?;
    let first = String::from_utf8_lossy(&line);
    let values: Vec<&str> = first.split_whitespace().collect();
    if let [words, size] = values.as_slice()
        && let (Ok(_), Ok(size @ 1..)) = (words.parse::<u64>(), size.parse::<usize>())
    {
        return Ok(("word2vec-binary", size));
    }
    let size = values.iter().rev().take_while(|value| value.parse::<f32>().is_ok()).count();
    if size >= 2 && size < values.len() {
        return Ok(("glove-text", values.len() - 1));
    }
    let error = CliError::data(format!("{file} looks neither like GloVe's text format nor like word2vec's binary one"));
    Err(error.help("unpack it first; GloVe has a word and its numbers a line, word2vec a header of two numbers"))
}
