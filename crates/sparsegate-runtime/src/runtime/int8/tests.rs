//! Every path gives the sums of the definition, and whole networks the same bits on every path.

use alloc::vec;
use alloc::vec::Vec;

use pulp::Arch;

use super::columns::Int8Columns;
use super::lanes::Int8Lanes;
use super::states::{GroupStates, OneState};
use super::*;
use crate::Activation;
use crate::int8::QuantizedState;
use crate::runtime::sparse::SparseLists;

/// Pseudo-random numbers in [-1, 1).
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).max(1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f64::from(state) / f64::from(1_u32 << 31) - 1.0
    };
    (0..count).map(|_| next() as f32).collect()
}

/// Integer weights `[columns, units]` with extreme values, and the scale of each column.
fn weights(columns: usize, units: usize) -> (Vec<Vec<f32>>, Vec<f32>) {
    let scales: Vec<f32> = numbers(columns, 5).iter().map(|number| 1e-2 * number.abs()).collect();
    let of_column = |column: usize| {
        let extreme = column.is_multiple_of(5);
        let integer = |number: f32| if extreme { 127.0 * number.signum() } else { (127.0 * number).round() };
        numbers(units, 1 + column as u32).into_iter().map(|number| integer(number) * scales[column]).collect()
    };
    ((0..columns).map(of_column).collect(), scales)
}

fn lists(weights: &[Vec<f32>]) -> SparseLists {
    SparseLists::new(weights.len(), |add| {
        for (column, weights) in weights.iter().enumerate() {
            weights.iter().enumerate().for_each(|(unit, weight)| add(column, unit, *weight));
        }
    })
}

/// States that test the limits: random ones, the largest in every unit, zero, tiny and not finite.
fn states(units: usize) -> Vec<Vec<f32>> {
    let mut states: Vec<Vec<f32>> = (0..13).map(|seed| numbers(units, 100 + seed)).collect();
    states.push(vec![-1.0; units]);
    states.push(vec![0.0; units]);
    states.push(vec![1e-38; units]);
    let mut broken = numbers(units, 3);
    if let Some(last) = broken.last_mut() {
        *last = f32::INFINITY;
        states.push(broken.clone());
    }
    if let Some(last) = broken.last_mut() {
        *last = f32::NAN;
        states.push(broken);
    }
    states
}

/// `base + state * weights`, as defined.
fn defined(state: &[f32], weights: &[Vec<f32>], scales: &[f32], base: f32) -> Vec<f32> {
    let state = QuantizedState::new(state);
    let product = |(weights, scale): (&Vec<f32>, &f32)| state.product(weights.iter().copied().enumerate(), *scale);
    weights.iter().zip(scales).map(|column| base + product(column)).collect()
}

fn same(found: &[f32], wanted: &[f32]) -> bool {
    found.iter().zip(wanted).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
}

#[test]
fn one_state_and_eight_give_the_defined_bits_on_every_path() {
    for units in [1, 3, 4, 13, 64, 117, 404] {
        for slots in [vec![1], vec![2, 1], vec![3], vec![4, 3]] {
            let columns: usize = slots.iter().sum::<usize>() * WIDTH;
            let (weights, scales) = weights(columns, units);
            for path in Int8Path::all() {
                let matrix = Int8Columns::new(path, &lists(&weights), &slots, units, &scales);
                let base = [0.25; 4 * WIDTH];
                let mut one = OneState::zeros(units);
                // Twice: the buffer's padding must not matter.
                for state in states(units).iter().chain(&states(units)) {
                    one.set(state, matrix.offset());
                    let wanted = defined(state, &weights, &scales, 0.25);
                    let mut first = 0;
                    for (panel, slots) in slots.iter().enumerate() {
                        let mut out = vec![0.0; slots * WIDTH];
                        matrix.panel(panel, &one, &base, &mut out);
                        assert!(same(&out, &wanted[first..]), "{path:?}, {units} units, {slots} slots");
                        first += slots * WIDTH;
                    }
                }
                for eight in states(units).chunks_exact(8) {
                    let mut groups = GroupStates::zeros(1, units);
                    let hidden: Vec<f32> = (0..units * WIDTH).map(|at| eight[at % 8][at / WIDTH]).collect();
                    groups.set(1, (&hidden, hidden.len()), units, matrix.offset());
                    let scales_of: &[f32; 8] = groups.scales(0)[8..].first_chunk().unwrap();
                    if slots[0] < 4 {
                        let mut out = vec![0.0; 8 * slots[0] * WIDTH];
                        matrix.panel_of_states::<8>(0, (&groups.words(0)[8..], WIDTH), scales_of, &base, &mut out);
                        for (out, state) in out.chunks_exact(slots[0] * WIDTH).zip(eight) {
                            assert!(same(out, &defined(state, &weights, &scales, 0.25)), "{path:?}, {units} units");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn groups_of_sequences_give_the_defined_bits_on_every_path() {
    for units in [1, 5, 117, 404] {
        for (columns, groups) in [(1, 1), (12, 2), (31, 3), (40, 4)] {
            let (weights, scales) = weights(columns, units);
            let states: Vec<Vec<f32>> = states(units).into_iter().cycle().take(groups * WIDTH).collect();
            let mut hidden = vec![0.0; groups * units * WIDTH];
            for (sequence, state) in states.iter().enumerate() {
                for (unit, value) in state.iter().enumerate() {
                    hidden[sequence / WIDTH * units * WIDTH + unit * WIDTH + sequence % WIDTH] = *value;
                }
            }
            for path in Int8Path::all() {
                let matrix = Int8Lanes::new(path, &lists(&weights), units, &scales);
                let mut quantized = matrix.states(groups);
                let stride = columns.next_multiple_of(12) * WIDTH;
                let mut sums = vec![0.25; groups * stride];
                matrix.add(groups, &mut quantized, (&hidden, units * WIDTH), (&mut sums, stride));
                for (sequence, state) in states.iter().enumerate() {
                    let place = |column: usize| sequence / WIDTH * stride + column * WIDTH + sequence % WIDTH;
                    let found: Vec<f32> = (0..columns).map(|column| sums[place(column)]).collect();
                    assert!(same(&found, &defined(state, &weights, &scales, 0.25)), "{path:?}, {units}, {columns}");
                }
            }
        }
    }
}

/// Sequences in a batch, one alone and a stream, on every instruction set, for floats and for integers.
#[test]
fn a_network_gives_the_same_bits_on_every_path() {
    use crate::model::{Sizes, Task};
    use crate::runtime::{Options, Runtime};
    use crate::synthetic::ModelShape;
    use crate::{CellKind, Model};

    for cell in CellKind::ALL {
        let original = Sizes { symbols: 50, dimensions: 0, units: 90, outputs: 70 };
        let mut shape = ModelShape::dense(cell, Activation::Sigmoid, Task::LanguageModel, original);
        shape.live = vec![60, 90, 53, 70][..cell.preactivations().len()].to_vec();
        shape.weights.output /= 4;
        let model: Model<f32> = shape.model::<f32>(3).to_int8();
        assert!(model.int8.as_ref().is_some_and(|int8| int8.products.recurrent && int8.products.output));
        let sequences = 37;
        let symbols: Vec<u32> = (0..9 * sequences as u32).map(|at| at * 7 % 51).collect();
        let mut results: Vec<Vec<f32>> = Vec::new();
        let mut archs = vec![Arch::Scalar, Arch::new()];
        #[cfg(target_arch = "x86_64")]
        archs.extend(pulp::x86::V3::try_new().map(Arch::V3));
        for arch in archs {
            for path in Int8Path::all() {
                for threads in [1, 3] {
                    let options = Options { threads, ..Options::default() };
                    let runtime = Runtime::with_arch((arch, path), &model, &options).unwrap();
                    let mut out = vec![0.0; symbols.len() * 70];
                    runtime.batch(sequences).language_model(&symbols, &mut out);
                    results.push(out);
                    let own: Vec<u32> = symbols.iter().skip(5).step_by(sequences).copied().collect();
                    let mut alone = vec![0.0; own.len() * 70];
                    runtime.batch(1).language_model(&own, &mut alone);
                    let mut stream = runtime.stream();
                    for (step, symbol) in own.iter().enumerate() {
                        let batch = &results[0][(step * sequences + 5) * 70..][..70];
                        assert!(same(stream.step(*symbol), batch), "{cell:?}, {path:?}, step {step} of a stream");
                        assert!(same(&alone[step * 70..][..70], batch), "{cell:?}, {path:?}, step {step} alone");
                    }
                }
            }
        }
        assert!(results.iter().all(|result| same(result, &results[0])), "{cell:?}");
    }
}

/// Without units the logits are the biases, also if the file says that products are in integers.
#[test]
fn a_network_without_units_has_only_biases() {
    use crate::int8::IntegerProducts;
    use crate::model::{Sizes, Task};
    use crate::runtime::{Options, Runtime};
    use crate::synthetic::ModelShape;
    use crate::{CellKind, Model};

    let original = Sizes { symbols: 5, dimensions: 0, units: 9, outputs: 50 };
    let shape = ModelShape::dense(CellKind::Lstm, Activation::Sigmoid, Task::LanguageModel, original);
    let model: Model<f32> = ModelShape { units: 0, live: vec![0; 4], ..shape }.model(1);
    let model = model.to_int8_with(IntegerProducts { recurrent: true, output: true });
    for path in Int8Path::all() {
        let runtime = Runtime::with_arch((Arch::new(), path), &model, &Options::default()).unwrap();
        for sequences in [1, 3, 40] {
            let mut out = vec![0.0; 2 * sequences * 50];
            runtime.batch(sequences).language_model(&vec![2; 2 * sequences], &mut out);
            assert!(out.chunks_exact(50).all(|logits| same(logits, &model.output_bias)), "{path:?}, {sequences}");
        }
    }
}
