// A text as symbols, by the rules by which the data set was read: a port of `sparsegate_data::Encoder`.

import { translate } from "./pattern.js";

/** @typedef {import("./format.js").Model} Model */

/**
 * Splits a text into the names of its symbols.
 * @typedef {object} Splitter
 * @property {(text: string) => string[]} split
 * @property {string | null} end the symbol at the end of a line or sentence, which also precedes a text
 * @property {(names: string[]) => string[]} frame what is put around the symbols of a text to classify
 * @property {Set<string>} special names that no word of a text has
 */

/** The id of a symbol that has none. */
export const NO_ID = -1;

/** White space as Unicode defines it; `\s` of JavaScript also means U+FEFF, and not U+0085. */
const BLANK = /[\p{White_Space}]+/u;
const ASCII_BLANK = /[ \t\n\f\r]+/;
const KERAS_BLANK = /[ !"#$%&()*+,\-./:;<=>?@[\\\]^_`{|}~\t\n]+/;
const START = "<start>";
const UNKNOWN = "<unk>";
const END_OF_LINE = "<eos>";
const STOP = ".";

/** @param {string} text @param {RegExp} blank @returns {string[]} */
const parts = (text, blank) => text.split(blank).filter((part) => part !== "");

/** @param {string} text @returns {string} with only A to Z in lower case */
const asciiLower = (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** @param {string} text @param {RegExp} pattern @returns {string[]} what is between its matches, without empty parts */
function between(text, pattern) {
    const found = [];
    let start = 0;
    for (const match of text.matchAll(pattern)) {
        found.push(text.slice(start, match.index));
        start = match.index + match[0].length;
    }
    found.push(text.slice(start));
    return found.filter((part) => part !== "");
}

/** @param {string} text @returns {string[]} the characters as people see them; a run of white space is one blank */
function characters(text) {
    const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
    return parts(text, BLANK).flatMap((part, index) => {
        const letters = Array.from(segmenter.segment(part), ({ segment }) => segment);
        return index === 0 ? letters : [" ", ...letters];
    });
}

/**
 * The manifest's rule for splitting a text into words.
 * @param {any} tokens
 * @param {boolean} lower
 * @returns {(text: string) => string[]}
 */
function words(tokens, lower) {
    const split = (() => {
        if (tokens === "blanks") return (/** @type {string} */ text) => parts(text, BLANK);
        if (tokens === "keras") return (/** @type {string} */ text) => parts(asciiLower(text), KERAS_BLANK);
        if (tokens === "characters") return characters;
        if (typeof tokens?.split === "string") {
            const pattern = translate(tokens.split);
            return (/** @type {string} */ text) => between(text, pattern);
        }
        throw new Error(`this page cannot split texts by the rule ${JSON.stringify(tokens)}`);
    })();
    return lower ? (text) => split(text.toLowerCase()) : split;
}

/** @param {string} text @returns {string[]} its lines, without the line ends */
function lines(text) {
    const found = text.split("\n");
    if (found[found.length - 1] === "") {
        found.pop();
    }
    // A carriage return belongs to the line end only if a line feed follows.
    const open = text.endsWith("\n") ? found.length : found.length - 1;
    return found.map((line, index) => (index < open && line.endsWith("\r") ? line.slice(0, -1) : line));
}

/**
 * A rule for lines of a stream; the last line is unfinished unless the text ends with a newline.
 * @param {(line: string) => string[]} line
 * @param {string | null} end
 * @returns {Splitter}
 */
function stream(line, end) {
    /** @param {string} text */
    const split = (text) => {
        const all = lines(text);
        return all.flatMap((one, index) => {
            const ended = end !== null && (index < all.length - 1 || text.endsWith("\n"));
            return ended ? [...line(one), end] : line(one);
        });
    };
    return { split, end, frame: (names) => names, special: new Set() };
}

/** @param {string} line @returns {string[]} */
function ptbCharacters(line) {
    return Array.from(line.replace(/^ +| +$/g, ""), (letter) => (letter === " " ? "_" : letter));
}

/** @param {string} text @returns {string[]} words of the synthetic language, spelled */
function spelled(text) {
    const all = parts(text, BLANK);
    const letters = all.flatMap((word) => (word === STOP ? ["\n"] : [...word, "_"]));
    if (all[all.length - 1] !== STOP && !/[\p{White_Space}]$/u.test(text)) {
        letters.pop();
    }
    return letters;
}

/** @param {any} rules those of labelled texts @param {boolean} shifted @returns {Set<string>} special symbols */
function specialSymbols(rules, shifted) {
    if (shifted && rules.words !== undefined) {
        const after = [];
        for (let id = Math.max(rules.words, 4); id < Math.max(rules.words, 1) + 3; id += 1) {
            after.push(`<unused ${id}>`);
        }
        return new Set(["<pad>", START, UNKNOWN, "<unused 3>", ...after]);
    }
    return new Set(rules.start_symbol ? [UNKNOWN, START] : [UNKNOWN]);
}

/**
 * How a model's texts are split.
 * @param {Model} model
 * @returns {Splitter}
 */
export function splitterOf({ details }) {
    const { reader } = details;
    const [key, rules] = typeof reader === "string" ? [reader, {}] : Object.entries(reader)[0];
    /** @param {boolean} start @param {number} length @returns {(names: string[]) => string[]} */
    const frame = (start, length) => (names) => {
        const inner = names.length === 0 ? [UNKNOWN] : names;
        return (start ? [START, ...inner] : inner).slice(0, length);
    };
    const none = new Set(/** @type {string[]} */ ([]));
    switch (key) {
        case "labelled-texts": {
            const special = specialSymbols(rules, details.reading?.shift_ids === true);
            const split = words(rules.tokens, rules.lower === true);
            return { split, end: null, frame: frame(details.start !== undefined, rules.length ?? Infinity), special };
        }
        case "planted-texts":
            return { split: words("blanks", false), end: null, frame: frame(details.start !== undefined, Infinity), special: none };
        case "ptb-words":
            return stream((line) => parts(line, ASCII_BLANK), END_OF_LINE);
        case "ptb-characters":
            return stream(ptbCharacters, "\n");
        case "plain-text": {
            const ends = rules.line_ends !== false;
            if (rules.unit === "word") {
                return stream(words(rules.tokens ?? "blanks", rules.lower === true), ends ? END_OF_LINE : null);
            }
            const lower = (/** @type {string} */ line) => Array.from(line).flatMap((letter) => [...letter.toLowerCase()]);
            return stream(rules.lower === true ? lower : (line) => Array.from(line), ends ? "\n" : null);
        }
        case "planted-words":
            return { split: (text) => parts(text, BLANK), end: STOP, frame: (names) => names, special: none };
        case "planted-characters":
            return { split: spelled, end: "\n", frame: (names) => names, special: none };
        default:
            throw new Error(`this page cannot read texts as ${key} does`);
    }
}

/**
 * A symbol of a text.
 * @typedef {object} Token
 * @property {string} name as the rules normalise it
 * @property {number} id that of the unknown word, or `NO_ID`, if it has none
 * @property {boolean} known whether the file has a word of this name
 * @property {boolean} read whether the model reads it: the symbol has a row
 */

/** @typedef {{encode: (text: string) => Token[], end: Token | null, splitter: Splitter}} Encoder */

/** @type {WeakMap<Model, Encoder>} */
const encoders = new WeakMap();

/** @param {Model} model @returns {Encoder} what turns texts into symbols for a model */
export function encoderOf(model) {
    let encoder = encoders.get(model);
    if (encoder === undefined) {
        encoder = makeEncoder(model);
        encoders.set(model, encoder);
    }
    return encoder;
}

/** @param {Model} model @returns {Encoder} */
function makeEncoder(model) {
    const splitter = splitterOf(model);
    const { details } = model;
    const ids = details.words_of === "all" ? details.words.map((_, id) => id) : [...model.rows.keys()];
    /** @type {Map<string, number>} */
    const known = new Map();
    details.words.forEach((word, index) => {
        if (!splitter.special.has(word)) {
            known.set(word, ids[index]);
        }
    });
    /** @param {string} name @param {number | undefined} id @param {boolean} isKnown @returns {Token} */
    const token = (name, id, isKnown) => {
        const found = id ?? NO_ID;
        return { name, id: found, known: isKnown, read: model.rows.has(found) };
    };
    /** @param {string} name */
    const ofText = (name) => token(name, known.get(name) ?? details.unknown, known.has(name));
    // The symbols that the rules put around a text keep their ids; the same spelling in a text is an ordinary word.
    /** @param {string} text */
    const encode = (text) => {
        const names = splitter.split(text);
        const framed = splitter.frame(names);
        const before = details.start !== undefined && splitter.end === null ? 1 : 0;
        return framed.map((name, index) => {
            if (index < before) return token(name, details.start, true);
            if (splitter.end === null && names.length === 0) return token(name, details.unknown, true);
            return ofText(name);
        });
    };
    return { encode, end: splitter.end === null ? null : ofText(splitter.end), splitter };
}
