// The step of a recurrent cell as a list of elementwise operations, which one interpreter runs for every cell.
//
// A compact file of a cell that the runtime has no code for holds such a list (`sparsegate_runtime::formula`). The cells
// that it has code for are written down here in the same form, as `sparsegate_runtime::cell` defines them:
//
//   lstm   c' = s(f) c + s(i) tanh(g)              h' = s(o) tanh(c')
//   gru    n = tanh(n_in + s(r) n_hn)              h' = (1 - s(z)) n + s(z) h
//   rnn    h' = tanh(h)
//
// `gru-zhstate` is a GRU that multiplies its new state by a factor of the unit.

/**
 * An operation. Operands are indices of earlier operations; `sum` and `state` count sums and states.
 * @typedef {"unit-factor" | {sum: number} | {state: number} | {add: [number, number]} | {sub: [number, number]}
 *   | {mul: [number, number]} | {complement: number} | {gate: number} | {tanh: number}} Operation
 */

/**
 * The step of a cell. The sums are what the weight matrices compute, in this order: those that read the input, the
 * input and the hidden state, only the state, and those that are a bias alone. The first state is the hidden state.
 * @typedef {object} Formula
 * @property {{input: number, both: number, state: number, bias: number}} sums
 * @property {string[]} states
 * @property {Operation[]} operations
 * @property {number[]} next for each state, the operation that gives its value after the step
 */

/**
 * A gate, or a value that passes, of every unit: a row of the heat map.
 * @typedef {object} Signal
 * @property {string} name
 * @property {number} operation the operation whose value it is
 * @property {boolean} flow whether it is a value that passes, from -1 to 1, and not a gate, from 0 to 1
 * @property {number[]} sums the sums that it depends on
 */

/** @param {boolean} factor whether the new state is multiplied by the unit's factor @returns {Formula} */
function gru(factor) {
    /** @type {Operation[]} */
    const operations = [
        { sum: 0 }, { sum: 1 }, { gate: 1 }, { sum: 3 }, { mul: [2, 3] }, { add: [0, 4] }, { tanh: 5 },
        { sum: 2 }, { gate: 7 }, { complement: 8 }, { mul: [9, 6] }, { state: 0 }, { mul: [8, 11] }, { add: [10, 12] },
    ];
    if (factor) {
        operations.push("unit-factor", { mul: [14, 13] });
    }
    return { sums: { input: 1, both: 2, state: 1, bias: 0 }, states: ["hidden"], operations, next: [factor ? 15 : 13] };
}

/** @type {Record<string, {formula: Formula, names: string[]}>} The cells that the runtime has code for. */
const BUILT_IN = {
    lstm: {
        formula: {
            sums: { input: 0, both: 4, state: 0, bias: 0 },
            states: ["hidden", "cell"],
            operations: [
                { sum: 0 }, { gate: 0 }, { sum: 1 }, { gate: 2 }, { sum: 2 }, { tanh: 4 }, { sum: 3 }, { gate: 6 },
                { state: 1 }, { mul: [3, 8] }, { mul: [1, 5] }, { add: [9, 10] }, { tanh: 11 }, { mul: [7, 12] },
            ],
            next: [13, 11],
        },
        names: ["i", "f", "g", "o"],
    },
    gru: { formula: gru(false), names: ["n", "r", "z", "n"] },
    "gru-zhstate": { formula: gru(true), names: ["n", "r", "z", "n"] },
    rnn: {
        formula: {
            sums: { input: 0, both: 1, state: 0, bias: 0 },
            states: ["hidden"],
            operations: [{ sum: 0 }, { tanh: 0 }],
            next: [1],
        },
        names: ["h"],
    },
};

/**
 * The formula of a cell, and the name of the gate that each of its sums belongs to.
 * @param {string} name the cell's name
 * @param {Formula | undefined} formula that of the file, if it has one
 * @param {string[] | undefined} names those of the formula's sums, if they are known
 * @returns {{formula: Formula, names: string[]}}
 */
export function cellOf(name, formula, names) {
    if (formula === undefined) {
        const cell = BUILT_IN[name];
        if (cell === undefined) {
            throw new Error(`there is no cell ${name}`);
        }
        return cell;
    }
    const sums = countSums(formula);
    return { formula, names: names ?? Array.from({ length: sums }, (_, sum) => `sum ${sum}`) };
}

/** @param {Formula} formula @returns {number} the number of sums */
export function countSums({ sums }) {
    return sums.input + sums.both + sums.state + sums.bias;
}

/** @param {Operation} operation @returns {number[]} the operations that it reads */
function operands(operation) {
    if (operation === "unit-factor" || "sum" in operation || "state" in operation) {
        return [];
    }
    return Object.values(operation).flat();
}

/**
 * What is shown of a cell: every gate, and every tanh of sums that reads no state. (That of an LSTM's cell state is part
 * of the output, which is shown anyway.)
 * @param {Formula} formula
 * @param {string[]} names of the sums
 * @returns {Signal[]}
 */
export function signals(formula, names) {
    /** @type {{sums: number[], state: boolean}[]} */
    const reads = [];
    /** @type {Signal[]} */
    const found = [];
    formula.operations.forEach((operation, index) => {
        const parts = operands(operation).map((part) => reads[part]);
        const sums = parts.flatMap((part) => part.sums);
        let state = parts.some((part) => part.state);
        if (typeof operation === "object" && "sum" in operation) {
            sums.push(operation.sum);
        }
        state ||= typeof operation === "object" && "state" in operation;
        reads.push({ sums: [...new Set(sums)], state });
        const gate = typeof operation === "object" && "gate" in operation;
        const flow = typeof operation === "object" && "tanh" in operation && !state;
        if ((gate || flow) && sums.length > 0) {
            const name = names[operands(operation).map((part) => reads[part].sums[0])[0]];
            found.push({ name, operation: index, flow, sums: reads[index].sums });
        }
    });
    // In the order of the sums, so that an LSTM's are i, f, g, o.
    return found.sort((a, b) => a.sums[0] - b.sums[0]);
}

/** @param {boolean} hard whether the gates have hard sigmoids @param {number} sum @returns {number} */
function gate(hard, sum) {
    return hard ? Math.min(Math.max(0.2 * sum + 0.5, 0), 1) : 1 / (1 + Math.exp(-sum));
}

/**
 * The values of all operations for one unit.
 * @param {Formula} formula
 * @param {boolean} hard whether the gates have hard sigmoids
 * @param {(sum: number) => number} sum
 * @param {(state: number) => number} state
 * @param {number} factor the unit's
 * @param {Float64Array} values one for each operation; they are overwritten
 */
export function evaluate(formula, hard, sum, state, factor, values) {
    formula.operations.forEach((operation, index) => {
        values[index] = value(operation);
    });
    /** @param {Operation} operation @returns {number} */
    function value(operation) {
        if (operation === "unit-factor") return factor;
        if ("sum" in operation) return sum(operation.sum);
        if ("state" in operation) return state(operation.state);
        if ("add" in operation) return values[operation.add[0]] + values[operation.add[1]];
        if ("sub" in operation) return values[operation.sub[0]] - values[operation.sub[1]];
        if ("mul" in operation) return values[operation.mul[0]] * values[operation.mul[1]];
        if ("complement" in operation) return 1 - values[operation.complement];
        if ("gate" in operation) return gate(hard, values[operation.gate]);
        return Math.tanh(values[operation.tanh]);
    }
}
