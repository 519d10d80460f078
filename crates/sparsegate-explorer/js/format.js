// Reads a compact model's file: one safetensors file, as `sparsegate_runtime::format` describes it. The program has
// checked it before it put it into the page.

import { cellOf, countSums } from "./cell.js";

/** @typedef {import("./cell.js").Formula} Formula */

/**
 * A matrix by rows: the values of row r are those from `ends[r - 1]` (or 0) to `ends[r]`, each with its column.
 * @typedef {object} Matrix
 * @property {number} rows
 * @property {number} columns
 * @property {Uint32Array} ends
 * @property {Uint32Array} indices
 * @property {Float64Array} values
 */

/**
 * What a text needs: the metadata entry `details` of the file (`sparsegate_compact::Details`).
 * @typedef {object} Details
 * @property {{experiment: string, key: string, dataset: string, sparsity: string, metric: string, test: number}} run
 * @property {any} reader how texts become symbols, as in the data set's manifest
 * @property {{shift_ids?: boolean}} [reading]
 * @property {"all" | "stored"} words_of
 * @property {string[]} words
 * @property {number} [unknown]
 * @property {number} [start]
 * @property {string[]} [classes]
 */

/**
 * A compact network. H' units, O outputs; a sum of unit u and kind k has the index k H' + u.
 * @typedef {object} Model
 * @property {string} cell name of the cell
 * @property {Formula} formula its step
 * @property {string[]} names of its sums
 * @property {boolean} hard whether the gates have hard sigmoids
 * @property {boolean} classifies whether the outputs are logits of classes after the last step
 * @property {number} total number of ids
 * @property {Map<number, number>} rows the row of each id that has one
 * @property {Matrix | null} embedding [V', E']
 * @property {Matrix} input [E' or V', input columns]
 * @property {Matrix} recurrent [H', state columns]
 * @property {Uint32Array} inputSums the sum that each column of `input` belongs to
 * @property {Uint32Array} stateSums the same for `recurrent`
 * @property {Uint8Array} live whether each sum is not constant
 * @property {Float64Array} bias of each sum; the value of a constant one
 * @property {Float64Array | null} factor of each unit
 * @property {Matrix} output [O, H']
 * @property {Float64Array} outputBias
 * @property {number} units
 * @property {number} outputs
 * @property {{symbols: number, dimensions: number, units: number, outputs: number}} original sizes before pruning
 * @property {Details} details
 */

/** @typedef {{dtype: string, shape: number[], data_offsets: [number, number]}} TensorEntry */

/**
 * @param {Uint8Array} bytes the file
 * @param {string[]} [names] of the sums of a cell that has a formula
 * @returns {Model}
 */
export function readModel(bytes, names) {
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
    const entries = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    const header = JSON.parse(entries.__metadata__["sparsegate-compact"]);
    const data = bytes.subarray(8 + length);

    /** @param {string} name @returns {ArrayLike<number>} */
    const numbers = (name) => {
        const { dtype, data_offsets } = /** @type {TensorEntry} */ (entries[name]);
        // A copy of its own: the bytes of a tensor need not be aligned.
        const { buffer } = data.slice(...data_offsets);
        switch (dtype) {
            case "U8": return new Uint8Array(buffer);
            case "U16": return new Uint16Array(buffer);
            case "U32": return new Uint32Array(buffer);
            case "F32": return new Float32Array(buffer);
            default: throw new Error(`tensor ${name} is ${dtype}`);
        }
    };

    /** @param {string} name @param {number} rows @param {number} columns @returns {Matrix} */
    const matrix = (name, rows, columns) => {
        if (name in entries) {
            return sparse(rows, columns, numbers(name));
        }
        let end = 0;
        const ends = Uint32Array.from(numbers(`${name}.counts`), (count) => (end += count));
        const indices = Uint32Array.from(numbers(`${name}.places`));
        return { rows, columns, ends, indices, values: Float64Array.from(numbers(`${name}.values`)) };
    };

    const { formula, names: sumNames } = cellOf(header.cell, header.formula, names);
    const { units, outputs, symbols: total } = header;
    const kinds = countSums(formula);
    const stored = "symbols" in entries ? Array.from(numbers("symbols")) : Array.from({ length: total }, (_, id) => id);

    // The live sums of each kind; the columns of a matrix are those of the kinds that read it, in order.
    const live = new Uint8Array(kinds * units);
    const columns = numbers("columns");
    /** @type {number[][]} */
    const byKind = [];
    let at = 0;
    header.live.forEach((/** @type {number} */ count, /** @type {number} */ kind) => {
        byKind.push(Array.from({ length: count }, (_, place) => kind * units + columns[at + place]));
        byKind[kind].forEach((sum) => { live[sum] = 1; });
        at += count;
    });
    const { input, both, state } = formula.sums;
    const inputSums = Uint32Array.from(byKind.slice(0, input + both).flat());
    const stateSums = Uint32Array.from(byKind.slice(input, input + both + state).flat());
    const dimensions = header.dimensions;

    return {
        cell: header.cell,
        formula,
        names: sumNames,
        hard: header.activation === "hard-sigmoid",
        classifies: header.task === "classification",
        total,
        rows: new Map(stored.map((id, row) => [id, row])),
        embedding: dimensions === undefined ? null : matrix("embedding", stored.length, dimensions),
        input: matrix("input", dimensions ?? stored.length, inputSums.length),
        recurrent: matrix("recurrent", units, stateSums.length),
        inputSums,
        stateSums,
        live,
        bias: Float64Array.from(numbers("bias")),
        factor: "state_factor" in entries ? Float64Array.from(numbers("state_factor")) : null,
        output: matrix("output", outputs, units),
        outputBias: Float64Array.from(numbers("output_bias")),
        units,
        outputs,
        original: header.original,
        details: JSON.parse(entries.__metadata__.details),
    };
}

/** @param {number} rows @param {number} columns @param {ArrayLike<number>} dense row by row @returns {Matrix} */
function sparse(rows, columns, dense) {
    const ends = new Uint32Array(rows);
    /** @type {number[]} */
    const indices = [];
    /** @type {number[]} */
    const values = [];
    for (let row = 0; row < rows; row += 1) {
        for (let column = 0; column < columns; column += 1) {
            const value = dense[row * columns + column];
            if (value !== 0) {
                indices.push(column);
                values.push(value);
            }
        }
        ends[row] = values.length;
    }
    return { rows, columns, ends, indices: Uint32Array.from(indices), values: Float64Array.from(values) };
}
