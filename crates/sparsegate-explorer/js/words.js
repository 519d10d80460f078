// The text as the model reads it.

import { create, percent, signed, visible } from "./table.js";

/** @typedef {import("./format.js").Model} Model */
/** @typedef {import("./predict.js").Reading} Reading */
/** @typedef {import("./tokens.js").Token} Token */

/**
 * How a symbol is marked: one that is not read is grey; where the file has all words, unknown ones are told apart.
 * @param {Model} model
 * @param {Token} token
 * @returns {"read" | "unread" | "unknown"}
 */
function mark(model, token) {
    if (!token.known && model.details.words_of === "all") {
        return "unknown";
    }
    return token.read ? "read" : "unread";
}

/**
 * @param {Model} model
 * @param {Reading} reading
 * @param {import("./predict.js").Effect[] | null} effects of the words, for a classifier
 * @param {(step: number) => void} pin
 * @returns {HTMLElement}
 */
export function wordsAsRead(model, reading, effects, pin) {
    const before = reading.read.length - reading.tokens.length;
    const largest = Math.max(1e-9, ...(effects ?? []).map(({ effect }) => Math.abs(effect)));
    const tokens = reading.read.map((token, index) => {
        const kind = mark(model, token);
        const button = create("button", { type: "button", class: `token ${kind}` }, visible(token.name));
        const facts = [{ read: "read", unread: "not read: it has no weights left", unknown: "unknown" }[kind]];
        const effect = effects?.find(({ name, id }) => name === token.name && id === token.id);
        if (effect !== undefined) {
            button.classList.add(effect.effect >= 0 ? "for" : "against");
            button.style.setProperty("--share", (Math.abs(effect.effect) / largest).toFixed(3));
            facts.push(`effect ${signed(effect.effect)}`);
        }
        const likelihood = index < before ? null : (reading.likelihoods[index - before] ?? null);
        if (likelihood !== null) {
            button.classList.add("predicted");
            button.style.setProperty("--share", likelihood.toFixed(3));
            facts.push(`probability ${percent(likelihood)}`);
        }
        if (index < before) {
            facts.push("read before the text");
            button.classList.add("before");
        }
        button.title = facts.join(", ");
        button.addEventListener("click", () => pin(index));
        return button;
    });
    const count = reading.tokens.filter((token) => token.read).length;
    const sample = (/** @type {string} */ name, /** @type {string} */ text) => create("span", { class: `token ${name}` }, text);
    const legend = create("p", { class: "legend" });
    legend.append(`${count} of ${reading.tokens.length} symbols are read. `);
    if (model.rows.size < model.total) {
        legend.append(sample("unread", "grey"), " has no weights left. ");
    }
    if (model.details.words_of === "all") {
        legend.append(sample("unknown", "dotted"), " is unknown. ");
    }
    if (model.classifies) {
        legend.append(sample("for", "blue"), " speaks for the answer, ", sample("against", "orange"), " against it.");
    } else {
        legend.append("The bar below a symbol is its probability given those before it.");
    }
    const joined = create("div", { class: `tokens${model.details.run.metric === "bits_per_char" ? " letters" : ""}` }, ...tokens);
    return create("div", {}, joined, legend);
}
