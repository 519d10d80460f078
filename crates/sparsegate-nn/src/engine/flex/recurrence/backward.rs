//! The backward pass through time.

use std::ops::Range;

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use rayon::prelude::*;

use super::columns::Columns;
use super::ragged::RaggedLayout;
use crate::engine::extension::{RecurrenceGradients, RecurrenceSaved};
use crate::engine::flex::cells::{BackwardInputs, FlexCell, ProductGradients, State, SummedGradients, add};
use crate::engine::flex::matmul::{MatrixView, product, transpose};
use crate::engine::flex::tensor::{contiguous, dims, matrix};
use crate::engine::float::KernelFloat;
use crate::engine::simd::with_simd;

/// Inputs shared by all blocks.
struct BackwardShared<'a, T> {
    ragged: &'a RaggedLayout<'a>,
    units: usize,
    columns: Columns<'a>,
    /// Gradients of the hidden states from outside the recurrence, `[N, H]`.
    gradient: &'a [T],
    products: &'a [T],
    kept: &'a [T],
    /// The state [`FlexCell::ELEMENTWISE_STATE`]: its values after each step, and the initial ones; empty if there is
    /// none.
    carried: [&'a [T]; 2],
    /// Recurrent weights, transposed.
    recurrent: &'a [T],
    /// Of all preactivations.
    z_gates: &'a [T],
    bias: &'a [T],
    z_neurons: &'a [T],
}

/// The output rows of a block of sequences, by step.
struct BackwardBlock<'a, T> {
    sequences: Range<usize>,
    /// Gradients with respect to `x W`.
    input: Vec<&'a mut [T]>,
    /// Gradients with respect to `h U` if [`FlexCell::SEPARATE_PRODUCTS`]; empty otherwise.
    recurrent: Vec<&'a mut [T]>,
}

/// Gradients of a block that are summed over time steps; that of the bias also over the block's sequences.
struct BlockSums<T> {
    /// Of all preactivations.
    z_gates: Vec<T>,
    bias: Vec<T>,
    z_neurons: Vec<T>,
}

/// Runs the backward pass of a block over all steps.
fn scan<T: KernelFloat, R: FlexCell>(shared: &BackwardShared<'_, T>, mut block: BackwardBlock<'_, T>) -> BlockSums<T> {
    let BackwardShared { ragged, units, columns, .. } = *shared;
    let (width, count, kept_width) = (columns.width(), columns.count(), R::SAVED * units);
    let carried_width = if R::ELEMENTWISE_STATE.is_some() { units } else { 0 };
    let (split_width, split_count) = if R::SEPARATE_PRODUCTS { (width, count) } else { (0, 0) };
    let mut sums = BlockSums {
        z_gates: vec![T::default(); block.sequences.len() * width],
        bias: vec![T::default(); R::BIASES * units],
        z_neurons: vec![T::default(); block.sequences.len() * units],
    };
    let mut wide_products = columns.scratch();
    let (mut wide_input, mut wide_split) = (columns.scratch(), columns.scratch());
    wide_split.truncate(split_width);
    // Gradients of the hidden states of one step.
    let mut hidden = vec![T::default(); block.sequences.len() * units];
    let mut carried = vec![T::default(); block.sequences.len() * carried_width];
    for step in (0..ragged.steps()).rev() {
        let here = ragged.here(&block.sequences, step);
        if here == 0 {
            break;
        }
        let hidden = &mut hidden[..here * units];
        let next = if R::SEPARATE_PRODUCTS { block.recurrent.get(step + 1) } else { block.input.get(step + 1) };
        if let Some(next) = next {
            // The hidden state also enters the next step's products. Sequences that start there pass no gradient back.
            let (d, ut) = (MatrixView::new(next, here, count), MatrixView::new(shared.recurrent, count, units));
            product(hidden, d, ut, false);
        }
        let (input, recurrent) = (&mut *block.input[step], &mut *block.recurrent[step]);
        with_simd(
            #[inline(always)]
            || {
                for row in 0..here {
                    let (wide, narrow) = (row * width..(row + 1) * width, row * units..(row + 1) * units);
                    let input = &mut input[row * count..(row + 1) * count];
                    let recurrent = &mut recurrent[row * split_count..(row + 1) * split_count];
                    let sequence = block.sequences.start + row;
                    let place = ragged.row(step, sequence);
                    let [after, initial] = shared.carried;
                    let products = &shared.products[place * count..(place + 1) * count];
                    if !columns.are_all() {
                        columns.spread(products, &mut wide_products);
                    }
                    let saved = BackwardInputs {
                        products: if columns.are_all() { products } else { &wide_products },
                        kept: &shared.kept[place * kept_width..(place + 1) * kept_width],
                        before: ragged.before(step, sequence, after, initial, carried_width),
                        z_gates: &shared.z_gates[sequence * width..(sequence + 1) * width],
                        bias: shared.bias,
                        z_neurons: &shared.z_neurons[sequence * units..(sequence + 1) * units],
                    };
                    let out = ProductGradients {
                        input: if columns.are_all() { &mut *input } else { &mut wide_input[..] },
                        recurrent: if columns.are_all() { &mut *recurrent } else { &mut wide_split[..] },
                    };
                    let sums = SummedGradients {
                        z_gates: &mut sums.z_gates[wide],
                        bias: &mut sums.bias,
                        z_neurons: &mut sums.z_neurons[narrow.clone()],
                    };
                    let carried = &mut carried[row * carried_width..(row + 1) * carried_width];
                    let hidden = &mut hidden[narrow];
                    add(hidden, &shared.gradient[place * units..(place + 1) * units]);
                    R::backward(&saved, hidden, carried, out, sums);
                    if !columns.are_all() {
                        columns.collect(&wide_input, input);
                        if R::SEPARATE_PRODUCTS {
                            columns.collect(&wide_split, recurrent);
                        }
                    }
                }
            },
        );
    }
    sums
}

/// The gradients of the recurrence with a given rule.
pub(super) fn backward_by_rule<T: KernelFloat, R: FlexCell>(
    gradient: FloatTensor<Flex>,
    saved: RecurrenceSaved<Flex>,
) -> RecurrenceGradients<Flex> {
    let RecurrenceSaved { inputs, kept, hidden, second } = &saved;
    let ([rows, units], [total, count]) = (dims(&inputs.z_neurons), dims(&inputs.input));
    let ragged = RaggedLayout::new(&inputs.active, rows, total);
    let gradient = contiguous(gradient);
    let columns = Columns::new(R::PREACTIVATIONS * units, inputs.columns.as_deref());
    let z_gates = columns.spread_all(inputs.z_gates.storage::<T>());
    let transposed = transpose(inputs.recurrent.storage::<T>(), units, count);
    let (hidden, initial) = (hidden.storage::<T>(), inputs.hidden.storage::<T>());
    let shared = BackwardShared {
        ragged: &ragged,
        units,
        columns,
        gradient: gradient.storage(),
        products: inputs.input.storage(),
        kept: kept.storage(),
        carried: match R::ELEMENTWISE_STATE {
            Some(State::Hidden) => [hidden, initial],
            Some(State::Second) => [second.storage(), inputs.second.storage()],
            None => [&[], &[]],
        },
        recurrent: &transposed,
        z_gates: &z_gates,
        bias: inputs.bias.storage(),
        z_neurons: inputs.z_neurons.storage(),
    };
    let split_count = if R::SEPARATE_PRODUCTS { count } else { 0 };
    let mut input_out = vec![T::default(); total * count];
    let mut apart = vec![T::default(); total * split_count];
    let sums: Vec<BlockSums<T>> = ragged
        .blocks
        .iter()
        .zip(ragged.cut(&mut input_out, count))
        .zip(ragged.cut(&mut apart, split_count))
        .map(|((sequences, input), recurrent)| BackwardBlock { sequences: sequences.clone(), input, recurrent })
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|block| scan::<T, R>(&shared, block))
        .collect();

    let before = ragged.all_before(hidden, initial, units);
    let products = if R::SEPARATE_PRODUCTS { &apart } else { &input_out };
    let mut recurrent_out = vec![T::default(); units * count];
    let (h, d) = (MatrixView::new(&before, total, units).transposed(), MatrixView::new(products, total, count));
    product(&mut recurrent_out, h, d, true);
    let mut bias = vec![T::default(); R::BIASES * units];
    for block in &sums {
        for (sum, value) in bias.iter_mut().zip(&block.bias) {
            *sum = sum.add(*value);
        }
    }
    let z_gates: Vec<T> = sums.iter().flat_map(|block| block.z_gates.iter().copied()).collect();
    let z_gates = columns.collect_all(z_gates);
    let z_neurons: Vec<T> = sums.iter().flat_map(|block| block.z_neurons.iter().copied()).collect();
    RecurrenceGradients {
        input: matrix(input_out, [total, count]),
        recurrent: matrix(recurrent_out, [units, count]),
        z_gates: matrix(z_gates, [rows, count]),
        bias: matrix(bias, [1, R::BIASES * units]),
        z_neurons: matrix(z_neurons, [rows, units]),
    }
}
