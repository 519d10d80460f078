//! The forward pass through time.

use std::ops::Range;

use burn::backend::Flex;
use rayon::prelude::*;

use super::columns::Columns;
use super::ragged::RaggedLayout;
use crate::engine::extension::{RecurrencePrimitives, RecurrenceSaved};
use crate::engine::flex::cells::{FlexCell, ForwardInputs, ForwardOutputs};
use crate::engine::flex::matmul::{MatrixView, product};
use crate::engine::flex::tensor::{contiguous, dims, matrix};
use crate::engine::float::KernelFloat;
use crate::engine::simd::with_simd;

/// Inputs shared by all blocks.
struct ForwardShared<'a, T> {
    ragged: &'a RaggedLayout<'a>,
    units: usize,
    columns: Columns<'a>,
    recurrent: &'a [T],
    /// Of all preactivations.
    z_gates: &'a [T],
    bias: &'a [T],
    z_neurons: &'a [T],
}

/// The output rows of a block of sequences, by step, and its current states.
struct ForwardBlock<'a, T> {
    sequences: Range<usize>,
    /// Input products on entry.
    products: Vec<&'a mut [T]>,
    kept: Vec<&'a mut [T]>,
    hiddens: Vec<&'a mut [T]>,
    seconds: Vec<&'a mut [T]>,
    /// Current states of all sequences of the block; those that have not started hold their initial states.
    hidden: Vec<T>,
    second: Vec<T>,
}

/// Runs the forward pass of a block over all steps.
fn scan<T: KernelFloat, R: FlexCell>(shared: &ForwardShared<'_, T>, mut block: ForwardBlock<'_, T>) {
    let ForwardShared { ragged, units, columns, .. } = *shared;
    let (width, count, kept_width) = (columns.width(), columns.count(), R::SAVED * units);
    let second_width = if R::TWO_STATES { units } else { 0 };
    // Scratch space for one step: small, and written and read at once, so it stays in the cache.
    let mut recurrent = vec![T::default(); block.sequences.len() * count];
    let (mut wide_products, mut wide_recurrent) = (columns.scratch(), columns.scratch());
    for step in 0..ragged.steps() {
        let here = ragged.here(&block.sequences, step);
        if here == 0 {
            continue;
        }
        let (products, kept) = (&mut *block.products[step], &mut *block.kept[step]);
        let (hidden, second) = (&mut block.hidden[..here * units], &mut block.second[..here * second_width]);
        let (h, u) = (MatrixView::new(hidden, here, units), MatrixView::new(shared.recurrent, units, count));
        let recurrent = &mut recurrent[..here * count];
        product(recurrent, h, u, false);
        with_simd(
            #[inline(always)]
            || {
                for row in 0..here {
                    let sequence = block.sequences.start + row;
                    let (products, recurrent) =
                        (&mut products[row * count..(row + 1) * count], &recurrent[row * count..(row + 1) * count]);
                    if !columns.are_all() {
                        columns.spread(products, &mut wide_products);
                        columns.spread(recurrent, &mut wide_recurrent);
                    }
                    let read = ForwardInputs {
                        recurrent: if columns.are_all() { recurrent } else { &wide_recurrent },
                        z_gates: &shared.z_gates[sequence * width..(sequence + 1) * width],
                        bias: shared.bias,
                        z_neurons: &shared.z_neurons[sequence * units..(sequence + 1) * units],
                    };
                    let write = ForwardOutputs {
                        products: if columns.are_all() { &mut *products } else { &mut wide_products[..] },
                        kept: &mut kept[row * kept_width..(row + 1) * kept_width],
                        hidden: &mut hidden[row * units..(row + 1) * units],
                        second: &mut second[row * second_width..(row + 1) * second_width],
                    };
                    R::forward(&read, write);
                    if !columns.are_all() {
                        columns.collect(&wide_products, products);
                    }
                }
            },
        );
        block.hiddens[step].copy_from_slice(hidden);
        block.seconds[step].copy_from_slice(second);
    }
}

/// The recurrence with a given rule.
pub(super) fn forward_by_rule<T: KernelFloat, R: FlexCell>(
    inputs: RecurrencePrimitives<Flex>,
) -> RecurrenceSaved<Flex> {
    let ([rows, units], [total, count]) = (dims(&inputs.z_neurons), dims(&inputs.input));
    let second_width = if R::TWO_STATES { units } else { 0 };
    let mut inputs: RecurrencePrimitives<Flex> = inputs.map(contiguous);
    let ragged = RaggedLayout::new(&inputs.active, rows, total);

    // The products that the backward pass needs overwrite the input products, unless their buffer is shared.
    let columns = Columns::new(R::PREACTIVATIONS * units, inputs.columns.as_deref());
    let z_gates = columns.spread_all(inputs.z_gates.storage::<T>());
    let products = inputs.input.storage_mut::<T>();
    let mut kept = vec![T::default(); total * R::SAVED * units];
    let mut hiddens = vec![T::default(); total * units];
    let mut seconds = vec![T::default(); total * second_width];
    let (hidden, second) = (inputs.hidden.storage::<T>(), inputs.second.storage::<T>());
    let shared = ForwardShared {
        ragged: &ragged,
        units,
        columns,
        recurrent: inputs.recurrent.storage(),
        z_gates: &z_gates,
        bias: inputs.bias.storage(),
        z_neurons: inputs.z_neurons.storage(),
    };
    ragged
        .blocks
        .iter()
        .zip(ragged.cut(products, count))
        .zip(ragged.cut(&mut kept, R::SAVED * units))
        .zip(ragged.cut(&mut hiddens, units))
        .zip(ragged.cut(&mut seconds, second_width))
        .map(|((((sequences, products), kept), hiddens), seconds)| ForwardBlock {
            products,
            kept,
            hiddens,
            seconds,
            hidden: hidden[sequences.start * units..sequences.end * units].to_vec(),
            second: second[sequences.start * second_width..sequences.end * second_width].to_vec(),
            sequences: sequences.clone(),
        })
        .collect::<Vec<_>>()
        .into_par_iter()
        .for_each(|block| scan::<T, R>(&shared, block));
    drop(z_gates);
    RecurrenceSaved {
        kept: matrix(kept, [total, R::SAVED * units]),
        hidden: matrix(hiddens, [total, units]),
        second: matrix(seconds, [total, second_width]),
        inputs,
    }
}
