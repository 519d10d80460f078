//! The LSTM recurrence over time, forward and backward.
//!
//! The sequences of a batch are cut into blocks; a thread takes a block through all time steps without waiting for the
//! others. The recurrent weights' gradient is one product over all steps at the end.

use burn::backend::Flex;
use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;
use rayon::prelude::*;

use super::matmul::{Into, View, product, transpose};
use super::tensor::{contiguous, dims, matrix};
use crate::engine::extension::{LstmGradients, LstmPrimitives, LstmSaved};
use crate::engine::real::Real;
use crate::engine::vectorized::vectorized;

/// Sequences in a block, from the batch alone: small enough to share a small batch between threads, large enough for
/// the recurrent product to be arithmetic and not reading of weights.
fn block_rows(rows: usize) -> usize {
    if rows <= 32 { rows.div_ceil(2) } else { 32 }
}

/// Cuts a time-major array of `rows * width` values a step into blocks of sequences: `blocks[block][step]`.
fn by_block<T>(values: &mut [T], rows: usize, width: usize) -> Vec<Vec<&mut [T]>> {
    let block = block_rows(rows);
    let mut blocks: Vec<Vec<&mut [T]>> = (0..rows.div_ceil(block)).map(|_| Vec::new()).collect();
    for step in values.chunks_exact_mut(rows * width) {
        for (blocks, values) in blocks.iter_mut().zip(step.chunks_mut(block * width)) {
            blocks.push(values);
        }
    }
    blocks
}

/// What a forward step of one sequence reads.
struct Read<'a, T> {
    input: &'a [T],
    z_gates: &'a [T],
    bias: &'a [T],
    z_neurons: &'a [T],
    cell: &'a [T],
}

/// What a forward step of one sequence writes. `products` holds `h U` on entry.
struct Written<'a, T> {
    products: &'a mut [T],
    gates: &'a mut [T],
    cell: &'a mut [T],
    tanh_cell: &'a mut [T],
    hidden: &'a mut [T],
}

#[inline(always)]
fn step_forward<T: Real>(read: &Read<'_, T>, written: &mut Written<'_, T>) {
    let units = read.cell.len();
    preactivate(written.products, written.gates, read.input, read.z_gates, read.bias);
    let (input_forget, rest) = written.gates.split_at_mut(2 * units);
    let (update, output) = rest.split_at_mut(units);
    for value in input_forget.iter_mut() {
        *value = value.logistic();
    }
    for value in update.iter_mut() {
        *value = value.tangent();
    }
    for value in output.iter_mut() {
        *value = value.logistic();
    }
    let (input, forget) = input_forget.split_at(units);
    new_cell(written.cell, read.cell, input, forget, update);
    new_hidden(written.hidden, written.tanh_cell, written.cell, output, read.z_neurons);
}

#[inline(always)]
fn preactivate<T: Real>(products: &mut [T], gates: &mut [T], input: &[T], z_gates: &[T], bias: &[T]) {
    let width = products.len();
    let (gates, input) = (&mut gates[..width], &input[..width]);
    let (z_gates, bias) = (&z_gates[..width], &bias[..width]);
    for i in 0..width {
        products[i] = products[i].add(input[i]);
        gates[i] = products[i].fma(z_gates[i], bias[i]);
    }
}

#[inline(always)]
fn new_cell<T: Real>(cell: &mut [T], previous: &[T], input: &[T], forget: &[T], update: &[T]) {
    let units = cell.len();
    let (previous, input) = (&previous[..units], &input[..units]);
    let (forget, update) = (&forget[..units], &update[..units]);
    for i in 0..units {
        cell[i] = forget[i].fma(previous[i], input[i].mul(update[i]));
    }
}

#[inline(always)]
fn new_hidden<T: Real>(hidden: &mut [T], tanh_cell: &mut [T], cell: &[T], output: &[T], z_neurons: &[T]) {
    let units = hidden.len();
    let (tanh_cell, cell) = (&mut tanh_cell[..units], &cell[..units]);
    let (output, z_neurons) = (&output[..units], &z_neurons[..units]);
    for i in 0..units {
        tanh_cell[i] = cell[i].tangent();
        hidden[i] = output[i].mul(tanh_cell[i]).mul(z_neurons[i]);
    }
}

/// The recurrence; see [`crate::engine::RecurrenceInputs`] for shapes.
pub(super) fn forward<T: Real>(inputs: LstmPrimitives<Flex>) -> LstmSaved<Flex> {
    let [rows, units] = dims(&inputs.z_neurons);
    let width = 4 * units;
    let total = dims(&inputs.input)[0];
    let input = contiguous(inputs.input);
    let recurrent = contiguous(inputs.recurrent);
    let (z_gates, bias) = (contiguous(inputs.z_gates), contiguous(inputs.bias));
    let z_neurons = contiguous(inputs.z_neurons);
    let (input, recurrent) = (input.storage::<T>(), recurrent.storage::<T>());
    let (z_gates, bias, z_neurons) = (z_gates.storage::<T>(), bias.storage::<T>(), z_neurons.storage::<T>());

    let mut products = vec![T::default(); total * width];
    let mut gates = vec![T::default(); total * width];
    let mut tanh_cells = vec![T::default(); total * units];
    let mut cells = vec![T::default(); (total + rows) * units];
    let mut hiddens = vec![T::default(); (total + rows) * units];
    cells[..rows * units].copy_from_slice(&contiguous(inputs.cell).storage::<T>()[..rows * units]);
    hiddens[..rows * units].copy_from_slice(&contiguous(inputs.hidden).storage::<T>()[..rows * units]);

    let block = block_rows(rows);
    let states = by_block(&mut cells, rows, units).into_par_iter().zip(by_block(&mut hiddens, rows, units));
    by_block(&mut products, rows, width)
        .into_par_iter()
        .zip(by_block(&mut gates, rows, width))
        .zip(by_block(&mut tanh_cells, rows, units))
        .zip(states)
        .enumerate()
        .for_each(|(index, (((products, gates), tanh_cells), (mut cells, mut hiddens)))| {
            let first = index * block;
            let steps = products.into_iter().zip(gates).zip(tanh_cells).enumerate();
            for (step, ((products, gates), tanh_cell)) in steps {
                let here = tanh_cell.len() / units;
                let [hidden, next_hidden] = neighbours(&mut hiddens, step);
                let [cell, next_cell] = neighbours(&mut cells, step);
                let (h, u) = (View::new(hidden, here, units), View::new(recurrent, units, width));
                product(products, Into::Replaced, h, u, false);
                vectorized(
                    #[inline(always)]
                    || {
                        for row in 0..here {
                            let (wide, narrow) = (row * width..(row + 1) * width, row * units..(row + 1) * units);
                            let sequence = first + row;
                            let place = step * rows + sequence;
                            let read = Read {
                                input: &input[place * width..(place + 1) * width],
                                z_gates: &z_gates[sequence * width..(sequence + 1) * width],
                                bias,
                                z_neurons: &z_neurons[sequence * units..(sequence + 1) * units],
                                cell: &cell[narrow.clone()],
                            };
                            let mut written = Written {
                                products: &mut products[wide.clone()],
                                gates: &mut gates[wide],
                                cell: &mut next_cell[narrow.clone()],
                                tanh_cell: &mut tanh_cell[narrow.clone()],
                                hidden: &mut next_hidden[narrow],
                            };
                            step_forward(&read, &mut written);
                        }
                    },
                );
            }
        });
    LstmSaved {
        products: matrix(products, [total, width]),
        gates: matrix(gates, [total, width]),
        cells: matrix(cells, [total + rows, units]),
        tanh_cells: matrix(tanh_cells, [total, units]),
        hiddens: matrix(hiddens, [total + rows, units]),
    }
}

/// The slices of a step and of the one after it.
fn neighbours<'a, T>(steps: &'a mut [&mut [T]], step: usize) -> [&'a mut [T]; 2] {
    let (before, after) = steps.split_at_mut(step + 1);
    [&mut *before[step], &mut *after[0]]
}

/// The rows of a saved state after the initial one; `like` has as many rows as are wanted.
pub(super) fn without_first(states: &FloatTensor<Flex>, like: &FloatTensor<Flex>) -> FloatTensor<Flex> {
    let (all, wanted) = (states.shape()[0], like.shape()[0]);
    states.narrow(0, all - wanted, wanted)
}

/// Sums that a block of sequences gathers over its time steps.
struct Sums<T> {
    z_gates: Vec<T>,
    bias: Vec<T>,
    z_neurons: Vec<T>,
}

/// The rows of one sequence at one step that the backward reads.
struct Saved<'a, T> {
    gates: &'a [T],
    products: &'a [T],
    previous_cell: &'a [T],
    tanh_cell: &'a [T],
    z_gates: &'a [T],
    z_neurons: &'a [T],
}

/// One backward step of one sequence. `hidden` is the gradient of the hidden state, `cell` that of the cell state,
/// which it takes one step back; `out` receives the gradient of `x W + h U`.
#[inline(always)]
fn step_backward<T: Real>(saved: &Saved<'_, T>, hidden: &[T], cell: &mut [T], out: &mut [T], sums: [&mut [T]; 3]) {
    let units = cell.len();
    let [z_gates_sum, bias_sum, z_neurons_sum] = sums;
    gate_gradients(saved, hidden, cell, out, &mut z_neurons_sum[..units]);
    product_gradients(out, saved.products, saved.z_gates, z_gates_sum, bias_sum);
}

#[inline(always)]
fn gate_gradients<T: Real>(saved: &Saved<'_, T>, hidden: &[T], cell: &mut [T], out: &mut [T], z_sum: &mut [T]) {
    let units = cell.len();
    let one = T::of(1.0);
    let (gates_i, rest) = saved.gates.split_at(units);
    let (gates_f, rest) = rest.split_at(units);
    let (gates_g, gates_o) = rest.split_at(units);
    let (out_i, rest) = out.split_at_mut(units);
    let (out_f, rest) = rest.split_at_mut(units);
    let (out_g, out_o) = rest.split_at_mut(units);
    let (gates_o, out_o) = (&gates_o[..units], &mut out_o[..units]);
    let (previous, tanh, z) = (&saved.previous_cell[..units], &saved.tanh_cell[..units], &saved.z_neurons[..units]);
    let (hidden, z_sum) = (&hidden[..units], &mut z_sum[..units]);
    for k in 0..units {
        let (i, f, g, o, t) = (gates_i[k], gates_f[k], gates_g[k], gates_o[k], tanh[k]);
        z_sum[k] = o.mul(t).fma(hidden[k], z_sum[k]);
        let dh = hidden[k].mul(z[k]);
        let dc = dh.mul(o).fma(one.sub(t.mul(t)), cell[k]);
        out_i[k] = dc.mul(g).mul(i).mul(one.sub(i));
        out_f[k] = dc.mul(previous[k]).mul(f).mul(one.sub(f));
        out_g[k] = dc.mul(i).mul(one.sub(g.mul(g)));
        out_o[k] = dh.mul(t).mul(o).mul(one.sub(o));
        cell[k] = dc.mul(f);
    }
}

#[inline(always)]
fn product_gradients<T: Real>(out: &mut [T], products: &[T], z_gates: &[T], z_sum: &mut [T], bias_sum: &mut [T]) {
    let width = out.len();
    let (products, z_gates) = (&products[..width], &z_gates[..width]);
    let (z_sum, bias_sum) = (&mut z_sum[..width], &mut bias_sum[..width]);
    for k in 0..width {
        let d = out[k];
        bias_sum[k] = bias_sum[k].add(d);
        z_sum[k] = d.fma(products[k], z_sum[k]);
        out[k] = d.mul(z_gates[k]);
    }
}

/// The gradients of the recurrence.
pub(super) fn backward<T: Real>(
    gradient: FloatTensor<Flex>,
    saved: LstmSaved<Flex>,
    recurrent: FloatTensor<Flex>,
    z_gates: FloatTensor<Flex>,
    z_neurons: FloatTensor<Flex>,
) -> LstmGradients<Flex> {
    let [rows, units] = dims(&z_neurons);
    let width = 4 * units;
    let total = dims(&gradient)[0];
    let mut gradient = contiguous(gradient);
    let (recurrent, z_gates, z_neurons) = (contiguous(recurrent), contiguous(z_gates), contiguous(z_neurons));
    let recurrent_t = transpose(recurrent.storage::<T>(), units, width);
    let (z_gates, z_neurons) = (z_gates.storage::<T>(), z_neurons.storage::<T>());
    let (products, gates) = (saved.products.storage::<T>(), saved.gates.storage::<T>());
    let (cells, tanh_cells) = (saved.cells.storage::<T>(), saved.tanh_cells.storage::<T>());
    let hiddens = saved.hiddens.storage::<T>();

    let block = block_rows(rows);
    let mut out = vec![T::default(); total * width];
    let sums: Vec<Sums<T>> = by_block(&mut out, rows, width)
        .into_par_iter()
        .zip(by_block(gradient.storage_mut::<T>(), rows, units))
        .enumerate()
        .map(|(index, (mut out, mut hidden))| {
            let first = index * block;
            let here = block.min(rows - first);
            let mut sums = Sums {
                z_gates: vec![T::default(); here * width],
                bias: vec![T::default(); width],
                z_neurons: vec![T::default(); here * units],
            };
            let mut cell_gradient = vec![T::default(); here * units];
            for step in (0..out.len()).rev() {
                if let Some(next) = out.get(step + 1) {
                    // The hidden state also fed the next step's products.
                    let (d, ut) = (View::new(next, here, width), View::new(&recurrent_t, width, units));
                    product(hidden[step], Into::Added, d, ut, false);
                }
                let (out, hidden) = (&mut *out[step], &*hidden[step]);
                vectorized(
                    #[inline(always)]
                    || {
                        for row in 0..here {
                            let (wide, narrow) = (row * width..(row + 1) * width, row * units..(row + 1) * units);
                            let sequence = first + row;
                            let place = step * rows + sequence;
                            let saved = Saved {
                                gates: &gates[place * width..(place + 1) * width],
                                products: &products[place * width..(place + 1) * width],
                                previous_cell: &cells[place * units..(place + 1) * units],
                                tanh_cell: &tanh_cells[place * units..(place + 1) * units],
                                z_gates: &z_gates[sequence * width..(sequence + 1) * width],
                                z_neurons: &z_neurons[sequence * units..(sequence + 1) * units],
                            };
                            let sums = [
                                &mut sums.z_gates[wide.clone()],
                                &mut sums.bias[..],
                                &mut sums.z_neurons[narrow.clone()],
                            ];
                            let cell = &mut cell_gradient[narrow.clone()];
                            step_backward(&saved, &hidden[narrow], cell, &mut out[wide], sums);
                        }
                    },
                );
            }
            sums
        })
        .collect();

    let mut recurrent_out = vec![T::default(); units * width];
    let (h, d) = (View::new(hiddens, total, units).transposed(), View::new(&out, total, width));
    product(&mut recurrent_out, Into::Replaced, h, d, true);
    let mut bias = vec![T::default(); width];
    for block in &sums {
        for (sum, value) in bias.iter_mut().zip(&block.bias) {
            *sum = sum.add(*value);
        }
    }
    let z_gates_out: Vec<T> = sums.iter().flat_map(|block| block.z_gates.iter().copied()).collect();
    let z_neurons_out: Vec<T> = sums.iter().flat_map(|block| block.z_neurons.iter().copied()).collect();
    LstmGradients {
        input: matrix(out, [total, width]),
        recurrent: matrix(recurrent_out, [units, width]),
        z_gates: matrix(z_gates_out, [rows, width]),
        bias: matrix(bias, [1, width]),
        z_neurons: matrix(z_neurons_out, [rows, units]),
    }
}
