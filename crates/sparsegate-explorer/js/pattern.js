// Regular expressions of Rust's crate `regex`, by which some data sets split texts, in JavaScript.

/** What `\w`, `\d` and `\s` mean in Rust: they are classes of Unicode. */
const CLASSES = new Map([
    ["w", "\\p{Alphabetic}\\p{M}\\p{Decimal_Number}\\p{Pc}\\p{Join_Control}"],
    ["d", "\\p{Decimal_Number}"],
    ["s", "\\p{White_Space}"],
]);
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;

/** @param {string} letter @returns {string} the letter itself, wherever it stands */
const literal = (letter) => `\\u{${/** @type {number} */ (letter.codePointAt(0)).toString(16)}}`;

/**
 * Translates a regular expression. One whose meaning may differ between the languages is refused.
 * @param {string} pattern in Rust's syntax
 * @returns {RegExp}
 */
export function translate(pattern) {
    /** @param {string} what */
    const refuse = (what) => new Error(`this page does not know what ${what} means in the pattern ${pattern}`);
    const letters = Array.from(pattern);
    /** Where the characters of the class begin that we are in; 0 outside of one. */
    let inner = 0;
    let translated = "";
    for (let at = 0; at < letters.length; at += 1) {
        const letter = letters[at];
        const next = letters[at + 1] ?? "";
        if (letter === "\\") {
            const set = CLASSES.get(next.toLowerCase());
            if (set !== undefined) {
                translated += next === next.toLowerCase() ? `[${set}]` : `[^${set}]`;
            } else if (/^[ntrfv]$/.test(next)) {
                translated += letter + next;
            } else if (PUNCTUATION.test(next)) {
                translated += literal(next);
            } else {
                throw refuse(letter + next);
            }
            at += 1;
        } else if (inner > 0) {
            if (letter === "]") {
                inner = 0;
                translated += letter;
            } else if (letter === "[" || (letter === next && "&-~".includes(letter))) {
                throw refuse(letter + next);
            } else if (letter === "-" ? at === inner || next === "]" : PUNCTUATION.test(letter)) {
                translated += literal(letter);
            } else {
                translated += letter;
            }
        } else if (letter === "[") {
            const negated = next === "^";
            at += negated ? 1 : 0;
            inner = at + 1;
            translated += negated ? "[^" : "[";
            if (letters[inner] === "]") {
                throw refuse("[]");
            }
        } else if (letter === "(" && next === "?" && letters[at + 2] !== ":") {
            throw refuse("(?");
        } else {
            translated += letter === "." ? "[^\\n]" : letter;
        }
    }
    return new RegExp(translated, "gv");
}
