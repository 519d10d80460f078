//! Looks at arbitrary bytes as a new file. The first byte chooses the file's name.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sparsegate_data::sniff::{self, Format, Hints, Wanted};

const NAMES: [&str; 6] = ["a.csv", "a.tsv", "a.json", "a.txt", "a.csv.gz", "a"];

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, bytes)) = bytes.split_first() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let name = NAMES[usize::from(first) % NAMES.len()];
    let file = camino::Utf8PathBuf::from_path_buf(folder.path().join(name)).expect("UTF-8");
    std::fs::write(&file, bytes).expect("written");
    let _ = sniff::vectors(&file);
    let Ok(look) = sniff::look(&file, &Hints::default()) else { return };
    match look.format {
        Format::Text => {
            let _ = sniff::lines(&file, &look).map(|lines| sniff::warnings(&lines));
        }
        Format::Table(format) => {
            // See `readers` for why Parquet is left out.
            if format.name() == "parquet" {
                return;
            }
            let Ok(sample) = sniff::sample(&file, format, &look) else { return };
            if let Ok(choice) = sniff::choose(&file, &sample, Wanted::default()) {
                assert!(choice.text != choice.label);
                let _ = sniff::tokens(&choice.texts);
            }
        }
    }
});
