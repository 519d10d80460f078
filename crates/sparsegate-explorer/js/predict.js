// What a model makes of a text: a port of the predictions, explanations and drawn texts of `sparsegate_compact`.

import { draws } from "./draws.js";
import { logits, logSumExp, probabilities, step, zeroState } from "./network.js";
import { encoderOf, NO_ID } from "./tokens.js";

/** @typedef {import("./format.js").Model} Model */
/** @typedef {import("./network.js").Step} Step */
/** @typedef {import("./tokens.js").Token} Token */

/**
 * A text, read by a model.
 * @typedef {object} Reading
 * @property {Token[]} tokens the symbols of the text
 * @property {Token[]} read the symbols of all steps: a language model reads the end of a line before a text
 * @property {Step[]} steps one for each symbol of `read`
 * @property {Float64Array} probabilities of the classes or of the next symbols, after the last step
 * @property {number} best the predicted class, or the most probable next symbol
 * @property {(number | null)[]} likelihoods for each token of a language model, its probability; `null` if it has none
 * @property {number | null} nats mean negative log likelihood of the text's symbols; `null` for a classifier
 * @property {number} products multiplications by weights that are not zero, of all steps and outputs
 */

/** @param {Float64Array} outputs @returns {number} the class, or symbol, with the largest logit */
function classOf(outputs) {
    if (outputs.length === 1) {
        return outputs[0] >= 0 ? 1 : 0;
    }
    // Of equal ones, the lowest.
    return outputs.reduce((best, output, index) => (output > outputs[best] ? index : best), 0);
}

/**
 * Reads a text from the start of a sequence.
 * @param {Model} model
 * @param {string} text
 * @returns {Reading}
 */
export function readText(model, text) {
    const { encode, end } = encoderOf(model);
    const tokens = encode(text);
    const read = model.classifies || end === null ? tokens : [end, ...tokens];
    const before = read.length - tokens.length;
    /** @type {Step[]} */
    const steps = [];
    let state = zeroState(model);
    let outputs = null;
    let products = 0;
    let nats = 0;
    /** @type {(number | null)[]} */
    const likelihoods = [];
    const evaluate = () => {
        products += model.output.values.length;
        return logits(model, state);
    };
    read.forEach((token, index) => {
        if (!model.classifies && index >= before) {
            const predicted = index > 0 && token.id !== NO_ID;
            outputs = predicted ? evaluate() : null;
            const loss = outputs === null ? null : logSumExp(outputs) - outputs[token.id];
            nats += loss ?? 0;
            likelihoods.push(loss === null ? null : Math.exp(-loss));
        }
        const one = step(model, token.id, state);
        products += one.products;
        state = one.state;
        steps.push(one);
    });
    const last = evaluate();
    const predicted = likelihoods.filter((one) => one !== null).length;
    return {
        tokens,
        read,
        steps,
        probabilities: probabilities(last),
        best: classOf(last),
        likelihoods,
        nats: predicted === 0 ? null : nats / predicted,
        products,
    };
}

/** @param {Float64Array} outputs @param {number} of a class @returns {number} ln(p / (1 - p)) */
function logOdds(outputs, of) {
    if (outputs.length === 1) {
        return of === 0 ? -outputs[0] : outputs[0];
    }
    return outputs[of] - logSumExp(outputs.filter((_, index) => index !== of));
}

/** @typedef {{name: string, id: number, times: number, effect: number}} Effect */

/**
 * The effect of each word on the prediction of a class: the log odds of the class, minus what they are when every step of
 * the word is a step without input. Only words that the model reads have one. A word that is spelled like a special symbol
 * is not that symbol.
 * @param {Model} model a classifier
 * @param {Token[]} tokens
 * @param {number} of the class
 * @returns {Effect[]} the largest first
 */
export function effects(model, tokens, of) {
    /** @param {(token: Token) => boolean} leftOut */
    const without = (leftOut) => {
        let state = zeroState(model);
        for (const token of tokens) {
            state = step(model, leftOut(token) ? NO_ID : token.id, state).state;
        }
        return logOdds(logits(model, state), of);
    };
    const whole = without(() => false);
    const words = new Map(tokens.filter((token) => token.read).map((token) => [`${token.id} ${token.name}`, token]));
    const found = [...words.values()].map(({ name, id }) => {
        /** @param {Token} token */
        const same = (token) => token.name === name && token.id === id;
        return { name, id, times: tokens.filter(same).length, effect: whole - without(same) };
    });
    return found.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
}

/**
 * The most probable symbols.
 * @param {Float64Array} probabilities
 * @param {number} most
 * @returns {number[]} ids, the most probable first; of equal ones, the smaller first
 */
export function likeliest(probabilities, most) {
    const order = Array.from(probabilities, (_, id) => id);
    return order.sort((a, b) => probabilities[b] - probabilities[a] || a - b).slice(0, most);
}

/**
 * Draws symbols as `sparsegate generate` does.
 * @param {number} seed
 * @param {number} temperature 0 always takes the most probable symbol
 * @returns {(logits: Float64Array) => number} the next symbol's id
 */
export function sampler(seed, temperature) {
    const draw = draws("sparsegate 2026 generated text", seed);
    return (outputs) => {
        const number = draw();
        const largest = outputs.reduce((a, b) => Math.max(a, b), -Infinity);
        if (temperature === 0) {
            return outputs.indexOf(largest);
        }
        const weights = outputs.map((output) => Math.exp((output - largest) / temperature));
        let rest = number * weights.reduce((a, b) => a + b, 0);
        let last = 0;
        for (let id = 0; id < weights.length; id += 1) {
            if (weights[id] > 0) {
                if (rest < weights[id]) return id;
                rest -= weights[id];
                last = id;
            }
        }
        return last;
    };
}

/**
 * Writes symbols as text: blanks between words, a line break for the symbol at the end of a line.
 * @param {Model} model
 * @returns {(symbol: string) => string} what a symbol adds to the text
 */
function speller(model) {
    const { reader, run } = model.details;
    const key = typeof reader === "string" ? reader : Object.keys(reader)[0];
    const { end } = encoderOf(model).splitter;
    const planted = key === "planted-words" || key === "planted-characters";
    const blanks = key === "ptb-characters" || key === "planted-characters";
    const apart = run.metric !== "bits_per_char";
    let fresh = true;
    return (symbol) => {
        const ends = symbol === end;
        const spelled = blanks && symbol === "_" ? " " : symbol;
        const text = ends ? (planted ? ".\n" : "\n") : spelled;
        const blank = apart && !fresh && !text.startsWith("\n");
        fresh = ends;
        return blank ? ` ${text}` : text;
    };
}

/**
 * A text that a language model goes on with.
 * @param {Model} model
 * @param {string} prompt
 * @param {(logits: Float64Array) => number} sample
 * @param {number} length symbols to draw
 * @returns {{text: string, ids: number[]}} the prompt, as the model knows it, with what was drawn; the drawn ids
 */
export function goOn(model, prompt, sample, length) {
    const { tokens, steps } = readText(model, prompt);
    const spell = speller(model);
    let text = tokens.map((token) => spell(model.details.words[token.id] ?? token.name)).join("");
    let state = steps.length === 0 ? zeroState(model) : steps[steps.length - 1].state;
    const ids = [];
    for (let drawn = 0; drawn < length; drawn += 1) {
        const id = sample(logits(model, state));
        ids.push(id);
        text += spell(model.details.words[id]);
        state = step(model, id, state).state;
    }
    return { text, ids };
}
