//! Files are read back as they were written; damaged files are errors.

mod common;

use common::shapes;
use proptest::prelude::*;
use sparsegate_runtime::format::{File, FormatError};
use sparsegate_runtime::reference;

fn file(seed: u64, shape: &sparsegate_runtime::synthetic::ModelShape) -> File {
    File { model: shape.model(seed), details: r#"{"words": ["a", "\u00e9"]}"#.to_owned() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(shape in shapes(), seed: u64) {
        let file = file(seed, &shape);
        prop_assert_eq!(file.model.check(), Ok(()));
        let bytes = file.write().unwrap();
        prop_assert_eq!(&bytes, &file.write().unwrap());
        let back = File::read(&bytes).unwrap();
        prop_assert_eq!(&back.details, &file.details);
        // The storage may differ, the values may not.
        prop_assert_eq!(back.model.recurrent.to_dense(), file.model.recurrent.to_dense());
        prop_assert_eq!(back.model.output.to_dense(), file.model.output.to_dense());
        let symbols: Vec<u32> = (0..9).map(|n| n * 7 % (file.model.symbols.total + 1)).collect();
        prop_assert_eq!(reference::classify(&back.model, &symbols), reference::classify(&file.model, &symbols));
    }

    #[test]
    fn damage_is_an_error_or_a_model_that_runs(shape in shapes(), seed: u64, damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
        let mut bytes = file(seed, &shape).write().unwrap();
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(file) = File::read(&bytes) {
            reference::classify(&file.model, &[0, 1, 2]);
        }
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(File::read(&bytes).is_err());
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let read = |bytes: &[u8]| File::read(bytes).unwrap_err();
    assert!(matches!(read(b""), FormatError::Container(_)));
    let foreign = b"\x08\0\0\0\0\0\0\0{}      ";
    assert_eq!(read(foreign), FormatError::NotCompact);
    let header = |json: &str| {
        let quoted = json.replace('"', "\\\"");
        let head = format!("{{\"__metadata__\":{{\"sparsegate-compact\":\"{quoted}\"}}}}");
        [&(head.len() as u64).to_le_bytes()[..], head.as_bytes()].concat()
    };
    assert_eq!(read(&header(r#"{"format": 2, "news": []}"#)), FormatError::TooNew(2));
    assert!(matches!(read(&header(r#"{"format": 1}"#)), FormatError::Header(_)));
    let huge = r#"{"format":1,"cell":"lstm","activation":"sigmoid","task":"classification","symbols":4294967295,"units":1,"outputs":1,"live":[0,0,0,0],"original":{"symbols":1,"dimensions":0,"units":1,"outputs":1}}"#;
    assert!(read(&header(huge)).to_string().contains("a size of 4294967295 is above"));
    let missing = huge.replace("4294967295", "3");
    assert_eq!(read(&header(&missing)).to_string(), "tensor `columns` is missing");
}
