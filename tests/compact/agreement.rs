//! Compares the compact model to the masked network.

use burn::tensor::DType;
use proptest::prelude::*;
use sparsegate_core::Batch;
use sparsegate_runtime::format::File;
use sparsegate_runtime::reference::{self, State};
use sparsegate_runtime::{Float, Model};

use crate::network::{Case, cases};

/// Five texts of decreasing length for a classifier, three streams for a language model; together they contain every
/// symbol.
fn batch(case: &Case) -> Batch {
    let symbols = case.sizes[0] as u32;
    if !case.classifies() {
        let ids: Vec<u32> = (0..21).map(|at| at * 5 % symbols).collect();
        return Batch::even(3, ids.clone(), ids);
    }
    let lengths = [7, 4, 4, 2, 1];
    let (mut active, mut inputs) = (Vec::new(), Vec::new());
    for left in (1..=7).rev() {
        let under_way = lengths.iter().filter(|length| **length >= left).count();
        active.push(under_way);
        inputs.extend((0..under_way as u32).map(|text| (text * 3 + left * 2) % symbols));
    }
    Batch { rows: 5, active, inputs, targets: vec![0; 5] }
}

/// Outputs of the compact model, in the order of the masked network's outputs.
fn compact<T: Float>(model: &Model<T>, case: &Case, batch: &Batch) -> Vec<f64> {
    let mut states: Vec<State<T>> = (0..batch.rows).map(|_| State::zero(model)).collect();
    let mut ids = batch.inputs.iter();
    let mut said = Vec::new();
    for active in &batch.active {
        for state in &mut states[..*active] {
            reference::step(model, *ids.next().unwrap(), state);
            if !case.classifies() {
                said.extend(reference::outputs(model, state));
            }
        }
    }
    if case.classifies() {
        said.extend(states.iter().flat_map(|state| reference::outputs(model, state)));
    }
    said.into_iter().map(Float::to_f64).collect()
}

fn worst(ours: &[f64], masked: &[f64]) -> f64 {
    assert_eq!(ours.len(), masked.len());
    ours.iter().zip(masked).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn compact_and_masked_say_the_same(case in cases()) {
        let batch = batch(&case);
        let model = case.compact();
        prop_assert_eq!(model.check(), Ok(()));
        let double = worst(&compact(&model, &case, &batch), &case.masked(&batch, DType::F64));
        prop_assert!(double < 1e-12, "f64: {double:e}");
        // The file stores single precision.
        let bytes = File { model: model.to(), details: String::new() }.write().unwrap();
        let stored = File::read(&bytes).unwrap().model;
        let single = worst(&compact(&stored, &case, &batch), &case.masked(&batch, DType::F32));
        prop_assert!(single < 1e-5, "f32: {single:e}");
    }

    /// The path that a cell without code in the runtime takes, for every cell: its formula.
    #[test]
    fn a_formula_says_the_same(case in cases()) {
        let batch = batch(&case);
        let model = case.described();
        prop_assert_eq!(model.check(), Ok(()));
        let found = compact(&model, &case, &batch);
        let double = worst(&found, &case.masked(&batch, DType::F64));
        prop_assert!(double < 1e-12, "f64: {double:e}");
        let built_in = worst(&found, &compact(&case.compact(), &case, &batch));
        prop_assert!(built_in < 1e-12, "f64: {built_in:e}");
        let bytes = File { model: model.to(), details: String::new() }.write().unwrap();
        let stored = File::read(&bytes).unwrap().model;
        let single = worst(&compact(&stored, &case, &batch), &compact(&case.compact().to::<f32>(), &case, &batch));
        prop_assert!(single < 1e-6, "f32: {single:e}");
    }

    #[test]
    fn nothing_that_no_output_depends_on_is_left(case in cases()) {
        let model = case.compact();
        let read = |unit: usize| {
            model.recurrent.row(unit).chain((0..model.outputs()).flat_map(|output| model.output.row(output).filter(move |(from, _)| *from == unit)))
                .any(|(_, weight)| weight != 0.0)
        };
        prop_assert!((0..model.units()).all(read));
        prop_assert!((0..model.symbols.stored.len()).all(|row| model.embedding.as_ref().unwrap_or(&model.input).row(row).any(|(_, weight)| weight != 0.0)));
        let (input, state) = (model.cell.input_kinds(), model.cell.state_kinds());
        let mut reached: Vec<(usize, usize)> = Vec::new();
        for (matrix, kinds) in [(&model.input, input), (&model.recurrent, state)] {
            let columns: Vec<_> = model.columns.units_of_kinds(kinds).collect();
            reached.extend((0..matrix.rows).flat_map(|row| matrix.row(row)).filter(|(_, weight)| *weight != 0.0).map(|(column, _)| columns[column]));
        }
        prop_assert!(model.columns.units_of_kinds(0..model.cell.kinds()).all(|column| reached.contains(&column)));
    }
}
