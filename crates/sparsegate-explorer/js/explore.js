// The page: reads the models in it, and shows what they make of the text.

import { readModel } from "./format.js";
import { flowColor, gateColor, palette } from "./colors.js";
import { HeatMap, pattern, rowsOf, sorted } from "./heat.js";
import { effects, goOn, likeliest, readText, sampler } from "./predict.js";
import { encoderOf } from "./tokens.js";
import { pinnedStep } from "./pinned.js";
import { bars, create, find, fixed, grouped, percent, signed, size, table, visible } from "./table.js";
import { wordsAsRead } from "./words.js";

/** @typedef {import("./format.js").Model} Model */
/** @typedef {import("./predict.js").Reading} Reading */

/**
 * What the program says about a model (`sparsegate_explorer`'s `run.rs`).
 * @typedef {object} Entry
 * @property {string} label
 * @property {string} group
 * @property {number} test
 * @property {number | null} compression
 * @property {number} bytes
 * @property {string | null} remark
 * @property {string[] | null} names
 * @property {string} file
 */

/** @typedef {{entry: Entry, model: Model | null, problem: string | null, reading: Reading | null}} Network */

/** Symbols that are read at most, so that the page stays quick. */
const LONGEST = 2000;

/** @param {Entry} entry @returns {Network} */
function open(entry) {
    try {
        const bytes = Uint8Array.from(atob(entry.file), (letter) => letter.charCodeAt(0));
        const model = readModel(bytes, entry.names ?? undefined);
        encoderOf(model);
        return { entry, model, problem: null, reading: null };
    } catch (error) {
        return { entry, model: null, problem: error instanceof Error ? error.message : String(error), reading: null };
    }
}

/** @type {Network[]} */
const networks = JSON.parse(find("models", HTMLScriptElement).textContent ?? "[]").map(open);
const textField = find("text", HTMLTextAreaElement);
const groupField = find("group", HTMLSelectElement);
let group = networks[0]?.entry.group ?? "";
/** @type {Network | undefined} */
let chosen;
/** Counts changes of the text, so that work for an earlier one is dropped. */
let version = 0;
let sortBy = "number";
let shown = "all";
/** @type {(() => string) | null} goes on writing with the same random numbers, as long as nothing else has changed */
let writer = null;

const inGroup = () => networks.filter(({ entry }) => entry.group === group);

/** @param {Model} model @returns {string} the perplexity or the bits per character that so many nats are */
const likelihood = (model, /** @type {number} */ nats) =>
    (model.details.run.metric === "bits_per_char" ? (nats / Math.LN2).toFixed(3) : Math.exp(nats).toFixed(1));

/** @param {Model} model */
const metricName = (model) => ({ bits_per_char: "bits per character" })[model.details.run.metric] ?? model.details.run.metric;

/** @param {Network} network */
function quality({ entry, model }) {
    return model?.classifies === true ? percent(entry.test) : entry.test.toFixed(model?.details.run.metric === "bits_per_char" ? 3 : 1);
}

/** @param {Model} model @returns {[number, number]} gates that vary, of those of all units before pruning */
function liveGates(model) {
    const kinds = model.live.length / Math.max(model.units, 1);
    return [model.live.reduce((a, b) => a + b, 0), kinds * model.original.units];
}

/** @param {Network} network @returns {string} what it makes of the text, in a word */
function verdict({ model, reading }) {
    if (model === null || reading === null) {
        return "";
    }
    if (model.classifies) {
        return `${model.details.classes?.[reading.best]} ${percent(reading.probabilities[reading.best])}`;
    }
    return reading.nats === null ? "\u2013" : likelihood(model, reading.nats);
}

/** The table of the group's networks; each row is a switch. */
function showNetworks() {
    const all = inGroup();
    const first = all.find(({ model }) => model !== null)?.model;
    const columns = [
        { text: "network" }, { text: first?.classifies === true ? "answer" : `${first ? metricName(first) : ""} of this text`, numeric: first?.classifies !== true },
        { text: first ? `test ${metricName(first)}` : "test", numeric: true },
        { text: "compression", numeric: true }, { text: "file", numeric: true }, { text: "words read", numeric: true },
        { text: "units", numeric: true }, { text: "live sums", numeric: true },
        { text: "multiply-adds a symbol", numeric: true },
    ];
    const rows = all.map((network, index) => {
        const { entry, model, problem, reading } = network;
        const radio = create("input", { type: "radio", name: "network", id: `network-${index}` });
        radio.checked = network === chosen;
        radio.disabled = model === null;
        radio.addEventListener("change", () => choose(network));
        const label = create("label", { for: radio.id }, radio, " ", entry.label);
        const of = (/** @type {number} */ part, /** @type {number} */ whole) => `${grouped(part)} / ${grouped(whole)}`;
        return [
            label, problem ?? verdict(network), quality(network), entry.compression === null ? "\u2013" : `${entry.compression.toFixed(1)}\u00d7`, size(entry.bytes),
            model === null ? "" : of(model.rows.size, model.original.symbols),
            model === null ? "" : of(model.units, model.original.units),
            model === null ? "" : of(...liveGates(model)),
            reading === null ? "" : grouped(reading.products / Math.max(reading.steps.length, 1)),
        ];
    });
    const built = table(columns, rows);
    built.querySelectorAll("tbody tr").forEach((row, index) => {
        row.classList.toggle("chosen", all[index] === chosen);
        row.addEventListener("click", () => choose(all[index]));
    });
    const holder = find("models-table", HTMLDivElement);
    const focused = document.activeElement?.id ?? "";
    holder.replaceChildren(built);
    if (focused.startsWith("network-")) {
        document.getElementById(focused)?.focus();
    }
    const remark = find("remark", HTMLParagraphElement);
    remark.hidden = chosen === undefined || chosen.entry.remark === null;
    remark.textContent = chosen?.entry.remark ?? "";
}

/** @param {Network} network */
function choose(network) {
    if (network.model !== null && network !== chosen) {
        chosen = network;
        writer = null;
        refresh();
    }
}

/** @param {Network} network */
function read(network) {
    const { model } = network;
    if (model !== null && network.reading === null) {
        network.reading = readText(model, textField.value);
    }
}

/** Reads the text with the chosen network and shows it; then, one after the other, with those beside it. */
function refresh() {
    version += 1;
    const mine = version;
    const problem = find("problem", HTMLParagraphElement);
    problem.hidden = true;
    if (chosen?.model == null) {
        showNetworks();
        return;
    }
    const { length } = encoderOf(chosen.model).encode(textField.value);
    if (length > LONGEST) {
        problem.textContent = `The text has ${length} symbols. This page reads at most ${LONGEST}; \`sparsegate predict\` reads any.`;
        problem.hidden = false;
        return;
    }
    read(chosen);
    showNetworks();
    showAnswer(null);
    showHeat();
    const waiting = inGroup().filter((network) => network.model !== null && network.reading === null);
    const next = () => {
        if (version !== mine) {
            return;
        }
        const network = waiting.shift();
        if (network !== undefined) {
            read(network);
            showNetworks();
            setTimeout(next);
        } else {
            explain(mine);
        }
    };
    setTimeout(next);
}

/** @param {number} mine the version of the text */
function explain(mine) {
    const { model, reading } = chosen ?? {};
    if (model?.classifies === true && reading != null && version === mine) {
        showAnswer(effects(model, reading.tokens, reading.best));
    }
}

/** @param {import("./predict.js").Effect[] | null} found effects, once they are known */
function showAnswer(found) {
    const { model, reading } = chosen ?? {};
    if (model == null || reading == null) {
        return;
    }
    find("words", HTMLDivElement).replaceChildren(wordsAsRead(model, reading, found, (step) => pin(step, true)));
    find("answer-title", HTMLHeadingElement).textContent = model.classifies ? "What it answers" : "What comes next";
    const answer = find("answer", HTMLDivElement);
    if (!model.classifies) {
        const next = likeliest(reading.probabilities, 10).map((id) => ({ name: model.details.words[id], probability: reading.probabilities[id] }));
        answer.replaceChildren(bars(next), writingControls());
        return;
    }
    const classes = Array.from(reading.probabilities, (probability, index) => ({
        name: model.details.classes?.[index] ?? String(index), probability, best: index === reading.best,
    }));
    answer.replaceChildren(bars(classes));
    if (found !== null && found.length > 0) {
        const rows = found.slice(0, 12).map(({ name, times, effect }) => [signed(effect), times > 1 ? `${visible(name)} (${times} times)` : visible(name)]);
        answer.append(
            create("h3", {}, "Effect of each word"),
            create("p", { class: "soft" }, "Log odds of the answer, minus what they are without the word."),
            table([{ text: "effect", numeric: true }, { text: "word" }], rows),
        );
    }
}

/** @type {{length: string, temperature: string, seed: string}} */
const writing = { length: "20", temperature: "0.8", seed: "0" };

/** @returns {HTMLElement} what goes on writing */
function writingControls() {
    /** @param {keyof typeof writing} name @param {string} label @param {Record<string, string>} limits */
    const field = (name, label, limits) => {
        const input = create("input", { type: "number", id: `write-${name}`, value: writing[name], ...limits });
        input.addEventListener("input", () => {
            writing[name] = input.value;
            writer = null;
        });
        return create("label", {}, `${label} `, input);
    };
    const button = create("button", { type: "button", id: "write" }, "Go on writing");
    button.addEventListener("click", write);
    return create(
        "div", { class: "writing" }, button, field("length", "symbols", { min: "1", max: "500", step: "1" }),
        field("temperature", "temperature", { min: "0", step: "0.1" }), field("seed", "seed", { min: "0", step: "1" }),
    );
}

function write() {
    const model = chosen?.model;
    const [length, temperature, seed] = [Number(writing.length), Number(writing.temperature), Number(writing.seed)];
    const valid = Number.isInteger(length) && length >= 1 && length <= 500 && temperature >= 0 && Number.isSafeInteger(seed) && seed >= 0;
    if (model == null || !valid) {
        const problem = find("problem", HTMLParagraphElement);
        problem.textContent = "Write 1 to 500 symbols, at a temperature of 0 or above, with a seed that is a whole number.";
        problem.hidden = false;
        return;
    }
    if (writer === null) {
        const sample = sampler(seed, temperature);
        writer = () => goOn(model, textField.value, sample, length).text;
    }
    textField.value = writer();
    changed();
    document.getElementById("write")?.focus();
}

/** The text has another content: what was read is void. */
function changed() {
    for (const network of networks) {
        network.reading = null;
    }
    refresh();
}

const heat = new HeatMap((place, pinned) => {
    showPlace(place);
    if (pinned) {
        showPinned();
    }
});
const readout = create("p", { class: "readout", "aria-live": "polite" });
const tools = create("div", { class: "tools" });
find("heat", HTMLDivElement).append(tools, heat.element, readout);

/** @param {string} label @param {string} id @param {string} value @param {[string, string][]} options @param {(value: string) => void} onChange */
function selection(label, id, value, options, onChange) {
    const select = create("select", { id }, ...options.map(([key, text]) => create("option", { value: key }, text)));
    select.value = value;
    select.addEventListener("change", () => onChange(select.value));
    return create("span", { class: "choice" }, create("label", { for: id }, label), " ", select);
}

function showTools() {
    const { model, reading } = chosen ?? {};
    if (model == null || reading == null) {
        return;
    }
    const rows = rowsOf(model, reading);
    if (shown !== "all" && !rows.some((row) => row.name === shown)) {
        shown = "all";
    }
    /** @type {[string, string][]} */
    const kinds = rows.map((row) => [row.name, row.kind === "state" ? row.name : `gate ${row.name}`]);
    const patterns = new Map();
    for (let unit = 0; unit < model.units; unit += 1) {
        const of = pattern(rows, unit);
        patterns.set(of, (patterns.get(of) ?? 0) + 1);
    }
    const counted = [...patterns].sort((a, b) => b[1] - a[1]).map(([of, count]) => `${count} \u00d7 ${of === "\u2013" ? "nothing" : of}`);
    tools.replaceChildren(
        selection("Show", "rows", shown, [["all", "all rows of a unit"], ...kinds], (value) => { shown = value; showHeat(); }),
        selection("Sort units by", "sort", sortBy, [["number", "number"], ["pattern", "pattern of live gates"], ["range", "range of the output"]], (value) => { sortBy = value; showHeat(); }),
        legend(rows),
        create("p", { class: "soft" }, model.units === 0 ? "No unit is left." : `What varies, by units: ${counted.slice(0, 8).join(", ")}${counted.length > 8 ? ", \u2026" : ""}.`),
    );
}

/** @param {import("./heat.js").Row[]} rows */
function legend(rows) {
    const colors = palette();
    const flow = `linear-gradient(90deg, ${[-1, 0, 1].map((value) => flowColor(colors, value)).join(", ")})`;
    const gate = `linear-gradient(90deg, ${gateColor(colors, 0)}, ${gateColor(colors, 1)})`;
    /** @param {string} name @param {string} low @param {string} high @param {string} background */
    const scale = (name, low, high, background) => {
        const bar = create("span", { class: "scale" });
        bar.style.background = background;
        return create("span", { class: "key" }, `${name} ${low} `, bar, ` ${high}`);
    };
    const keys = [];
    if (rows.some((row) => row.kind === "gate")) {
        keys.push(scale("gate", "0", "1", gate));
    }
    if (rows.some((row) => row.kind === "flow")) {
        keys.push(scale("flow", "\u22121", "1", flow));
    }
    for (const row of rows.filter((one) => one.kind === "state")) {
        const digits = Number.isInteger(row.largest) ? 0 : 2;
        keys.push(scale(row.name, fixed(-row.largest, digits), fixed(row.largest, digits), flow));
    }
    keys.push(create("span", { class: "key" }, create("span", { class: "scale thin" }), " constant"));
    return create("div", { class: "legend" }, ...keys);
}

function showHeat() {
    const { model, reading } = chosen ?? {};
    if (model == null || reading == null) {
        return;
    }
    const rows = rowsOf(model, reading);
    showTools();
    const units = sorted(rows, model.units, reading.steps.length, sortBy);
    heat.show(shown === "all" ? rows : rows.filter((row) => row.name === shown), units, reading.read.map((token) => token.name));
    showPlace(null);
    showPinned();
}

/** Beside the pointer, what the line below the heat map says. */
const tip = create("div", { class: "tip", "aria-hidden": "true" });
tip.hidden = true;
document.body.append(tip);

/** @param {import("./heat.js").Place | null} place */
function showPlace(place) {
    const reading = chosen?.reading;
    tip.hidden = place === null || heat.pointer === null;
    if (place === null || reading == null) {
        readout.textContent = "Point at a cell for its value; click a step to pin it.";
        return;
    }
    const { row, unit, step } = place;
    const name = `step ${step + 1}, ${visible(reading.read[step].name)}`;
    const value = row === null ? "" : `${row.name} = ${fixed(row.value(step, unit), 4)}${row.live(unit) ? "" : " (constant)"}`;
    readout.textContent = row === null ? name : `unit ${unit + 1}, ${name}: ${value}`;
    if (heat.pointer !== null) {
        const [x, y] = heat.pointer;
        tip.replaceChildren(create("b", {}, row === null ? "" : value), create("span", {}, row === null ? name : `unit ${unit + 1}, ${name}`));
        tip.style.left = `${Math.max(Math.min(x + 14, innerWidth - tip.offsetWidth - 8), 0)}px`;
        tip.style.top = `${y + 18 + tip.offsetHeight > innerHeight ? y - tip.offsetHeight - 10 : y + 18}px`;
    }
}

function showPinned() {
    const { model, reading } = chosen ?? {};
    const holder = find("pinned", HTMLDivElement);
    if (heat.pinned === null || model == null || reading == null || heat.pinned >= reading.steps.length) {
        holder.replaceChildren();
        return;
    }
    holder.replaceChildren(pinnedStep(model, reading, rowsOf(model, reading), heat.units, heat.pinned, () => pin(null, false)));
}

/** @param {number | null} step @param {boolean} scroll */
function pin(step, scroll) {
    heat.pinned = step;
    heat.draw();
    showPinned();
    if (scroll && step !== null) {
        heat.bringIntoView(step, 0);
        heat.element.scrollIntoView({ block: "nearest", behavior: "smooth" });
    }
}

/**
 * A text to begin with: of a language model, one that it writes; of a classifier, words that speak for each class.
 * @param {Model} model
 * @returns {string}
 */
function firstText(model) {
    if (!model.classifies) {
        const letters = model.details.run.metric === "bits_per_char";
        return goOn(model, "", sampler(0, 0.7), letters ? 60 : 14).text.trim();
    }
    const { details } = model;
    const { splitter } = encoderOf(model);
    const ids = details.words_of === "all" ? details.words.map((_, id) => id) : [...model.rows.keys()];
    const words = details.words.filter((word, index) => model.rows.has(ids[index]) && !splitter.special.has(word) && ids[index] !== details.start && ids[index] !== details.unknown);
    const found = words.slice(0, 1000).map((word) => ({ word, probabilities: readText(model, word).probabilities }));
    const classes = details.classes?.length ?? 2;
    const strongest = Array.from({ length: classes }, (_, of) => [...found].sort((a, b) => b.probabilities[of] - a.probabilities[of]).slice(0, 2).map(({ word }) => word));
    return [...new Set([0, 1].flatMap((place) => strongest.map((of) => of[place])))].filter((word) => word !== undefined).join(" ");
}

/** Shows the networks of the group that is chosen, the smallest of which reads first. */
function startGroup() {
    const able = inGroup().filter(({ model }) => model !== null);
    chosen = able[able.length - 1];
    writer = null;
    heat.pinned = null;
    if (chosen?.model != null) {
        textField.value = firstText(chosen.model);
    }
    changed();
}

const groups = [...new Set(networks.map(({ entry }) => entry.group))];
groupField.append(...groups.map((name) => create("option", { value: name }, name)));
find("groups", HTMLDivElement).hidden = groups.length < 2;
groupField.addEventListener("change", () => {
    group = groupField.value;
    startGroup();
});
let typing = 0;
textField.addEventListener("input", () => {
    writer = null;
    clearTimeout(typing);
    typing = setTimeout(changed, 80);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTools);
startGroup();

// For the browser's console, and for the tests: the models, and what they make of a text.
Object.assign(globalThis, { sparsegate: { networks, readText, effects, goOn, sampler, likeliest, readModel } });
