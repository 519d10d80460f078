// One step in numbers: all units, and what the network would answer if the text ended here.

import { logits, probabilities } from "./network.js";
import { likeliest } from "./predict.js";
import { bars, create, fixed, table, visible } from "./table.js";

/** @typedef {import("./format.js").Model} Model */
/** @typedef {import("./predict.js").Reading} Reading */
/** @typedef {import("./heat.js").Row} Row */

/**
 * @param {Model} model
 * @param {Reading} reading
 * @param {Row[]} rows
 * @param {number[]} units in their order
 * @param {number} step
 * @param {() => void} close
 * @returns {HTMLElement}
 */
export function pinnedStep(model, reading, rows, units, step, close) {
    const chances = probabilities(logits(model, reading.steps[step].state));
    const { classes, words } = model.details;
    const named = model.classifies
        ? Array.from(chances, (probability, index) => ({ name: classes?.[index] ?? String(index), probability }))
        : likeliest(chances, 5).map((id) => ({ name: words[id], probability: chances[id] }));
    const columns = [{ text: "unit", numeric: true }, ...rows.map((row) => ({ text: row.name, numeric: true }))];
    const lines = units.map((unit) => [
        String(unit + 1),
        ...rows.map((row) => {
            const value = fixed(row.value(step, unit));
            return row.live(unit) ? value : create("span", { class: "constant", title: "constant" }, value);
        }),
    ]);
    const button = create("button", { type: "button" }, "Unpin");
    button.addEventListener("click", close);
    const scroll = create("div", { class: "scroll numbers", tabindex: "0", role: "region", "aria-label": "Values of the pinned step" });
    scroll.append(table(columns, lines));
    return create(
        "section", { class: "pinned" },
        create("h3", {}, `Step ${step + 1}: ${visible(reading.read[step].name)} `, button),
        create("p", { class: "soft" }, model.classifies ? "If the text ended here:" : "The most probable next symbols after it:"),
        bars(named),
        create("p", { class: "soft" }, "All values after this step; those in grey are constants."),
        scroll,
    );
}
