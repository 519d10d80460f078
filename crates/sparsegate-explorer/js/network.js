// Runs a compact network in double precision: a port of `sparsegate_runtime::reference`.

import { evaluate } from "./cell.js";

/** @typedef {import("./format.js").Model} Model */
/** @typedef {import("./format.js").Matrix} Matrix */

/**
 * The states of one sequence, one after the other; the first H' values are the hidden state.
 * @typedef {Float64Array} State
 */

/**
 * What a step computed.
 * @typedef {object} Step
 * @property {State} state after the step
 * @property {Float64Array} values of all operations: that of operation o and unit u has the index o H' + u
 * @property {number} products multiplications by weights that are not zero
 */

/** @param {Model} model @returns {State} */
export function zeroState(model) {
    return new Float64Array(model.formula.states.length * model.units);
}

/**
 * Adds a row of a matrix, times `factor`, to the sums that its columns belong to.
 * @param {Matrix} matrix
 * @param {number} row
 * @param {number} factor
 * @param {Uint32Array | null} places the sum of each column; `null` if they are the columns
 * @param {Float64Array} sums
 * @returns {number} the number of products
 */
function addRow(matrix, row, factor, places, sums) {
    const start = row === 0 ? 0 : matrix.ends[row - 1];
    for (let at = start; at < matrix.ends[row]; at += 1) {
        const column = matrix.indices[at];
        sums[places === null ? column : places[column]] += factor * matrix.values[at];
    }
    return matrix.ends[row] - start;
}

/**
 * Reads one symbol. A symbol without a row contributes no input.
 * @param {Model} model
 * @param {number} id
 * @param {State} before
 * @returns {Step}
 */
export function step(model, id, before) {
    const { units, formula } = model;
    const sums = model.bias.slice();
    let products = 0;
    const row = model.rows.get(id);
    if (row !== undefined && model.embedding === null) {
        products += addRow(model.input, row, 1, model.inputSums, sums);
    } else if (row !== undefined && model.embedding !== null) {
        const vector = new Float64Array(model.embedding.columns);
        addRow(model.embedding, row, 1, null, vector);
        for (let dimension = 0; dimension < vector.length; dimension += 1) {
            if (vector[dimension] !== 0) {
                products += addRow(model.input, dimension, vector[dimension], model.inputSums, sums);
            }
        }
    }
    for (let unit = 0; unit < units; unit += 1) {
        products += addRow(model.recurrent, unit, before[unit], model.stateSums, sums);
    }
    const state = new Float64Array(before.length);
    const values = new Float64Array(formula.operations.length * units);
    const ofUnit = new Float64Array(formula.operations.length);
    for (let unit = 0; unit < units; unit += 1) {
        const factor = model.factor === null ? 1 : model.factor[unit];
        evaluate(
            formula, model.hard, (sum) => sums[sum * units + unit], (index) => before[index * units + unit], factor,
            ofUnit,
        );
        ofUnit.forEach((value, operation) => { values[operation * units + unit] = value; });
        formula.next.forEach((operation, index) => { state[index * units + unit] = ofUnit[operation]; });
    }
    return { state, values, products };
}

/** @param {Model} model @param {State} state @returns {Float64Array} the logits [O] */
export function logits(model, state) {
    const { ends, indices, values } = model.output;
    const sums = model.outputBias.slice();
    let at = 0;
    for (let output = 0; output < model.outputs; output += 1) {
        for (; at < ends[output]; at += 1) {
            sums[output] += values[at] * state[indices[at]];
        }
    }
    return sums;
}

/**
 * Probabilities of the classes or symbols; a single logit gives those of two classes.
 * @param {Float64Array} logits
 * @returns {Float64Array}
 */
export function probabilities(logits) {
    if (logits.length === 1) {
        const second = 1 / (1 + Math.exp(-logits[0]));
        return Float64Array.of(1 - second, second);
    }
    const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
    const powers = logits.map((logit) => Math.exp(logit - largest));
    const total = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => power / total);
}

/** @param {Iterable<number>} values @returns {number} the logarithm of the sum of the exponentials */
export function logSumExp(values) {
    const all = [...values];
    const largest = all.reduce((a, b) => Math.max(a, b), -Infinity);
    return Number.isFinite(largest) ? largest + Math.log(all.reduce((sum, value) => sum + Math.exp(value - largest), 0)) : largest;
}
