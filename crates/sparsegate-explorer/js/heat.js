// The heat map: for every unit the gates, the states and the output, step by step.

import { flowColor, gateColor, palette } from "./colors.js";
import { signals } from "./cell.js";
import { create, fixed, visible } from "./table.js";

/** @typedef {import("./format.js").Model} Model */
/** @typedef {import("./predict.js").Reading} Reading */

/**
 * A row of every unit: a gate, a value that passes, or a state.
 * @typedef {object} Row
 * @property {string} name
 * @property {"gate" | "flow" | "state"} kind
 * @property {number} largest magnitude that has the full colour
 * @property {(unit: number) => boolean} live whether it varies; a state always does
 * @property {(step: number, unit: number) => number} value
 */

/** @typedef {{unit: number, step: number, row: Row | null}} Place */

const ROW = 12;
const GAP = 8;
const LEFT = 104;
/** Widest column of a step, for short texts. */
const WIDE = 56;
/** Magnitude of a state above which its colour stays the same: tanh, through which a cell state is seen, is near 1. */
const SATURATED = 2;

/**
 * The rows of a model that has read a text.
 * @param {Model} model
 * @param {Reading} reading
 * @returns {Row[]}
 */
export function rowsOf(model, reading) {
    const { units, formula } = model;
    /** @type {Row[]} */
    const rows = signals(formula, model.names).map(({ name, operation, flow, sums }) => ({
        name,
        kind: flow ? "flow" : "gate",
        largest: 1,
        live: (unit) => sums.some((sum) => model.live[sum * units + unit] === 1),
        value: (step, unit) => reading.steps[step].values[operation * units + unit],
    }));
    // The hidden state last: it is what the others make.
    const order = [...formula.states.keys()].slice(1).concat(0);
    for (const index of order) {
        let largest = 0;
        for (const { state } of reading.steps) {
            for (let unit = 0; unit < units; unit += 1) {
                largest = Math.max(largest, Math.abs(state[index * units + unit]));
            }
        }
        rows.push({
            name: index === 0 ? "output" : formula.states[index],
            kind: "state",
            largest: Math.max(Math.min(largest, SATURATED), 1e-9),
            live: () => true,
            value: (step, unit) => reading.steps[step].state[index * units + unit],
        });
    }
    return rows;
}

/** @param {Row[]} rows @param {number} unit @returns {string} which gates vary, such as `i · o`, or a dash */
export function pattern(rows, unit) {
    const live = rows.filter((row) => row.kind !== "state" && row.live(unit)).map((row) => row.name);
    return live.length === 0 ? "\u2013" : live.join(" \u00b7 ");
}

/**
 * The units in the order in which they are shown.
 * @param {Row[]} rows
 * @param {number} units
 * @param {number} steps
 * @param {string} by `number`, `pattern` or `range`: how much the output varies
 * @returns {number[]}
 */
export function sorted(rows, units, steps, by) {
    const order = Array.from({ length: units }, (_, unit) => unit);
    if (by === "pattern") {
        const gates = rows.filter((row) => row.kind !== "state");
        // As a number: more live gates first, then the gates in their order.
        const rank = order.map((unit) => {
            const live = gates.map((row) => row.live(unit));
            return live.reduce((sum, one, index) => sum + (one ? 2 ** gates.length + 2 ** (gates.length - 1 - index) : 0), 0);
        });
        order.sort((a, b) => rank[b] - rank[a] || a - b);
    } else if (by === "range") {
        const output = rows[rows.length - 1];
        const range = order.map((unit) => {
            let [low, high] = [Infinity, -Infinity];
            for (let step = 0; step < steps; step += 1) {
                const value = output.value(step, unit);
                [low, high] = [Math.min(low, value), Math.max(high, value)];
            }
            return high - low;
        });
        order.sort((a, b) => range[b] - range[a] || a - b);
    }
    return order;
}

/**
 * A heat map, which draws only what is seen, so that a thousand units and a long text cost no more than a few.
 */
export class HeatMap {
    /** @param {(place: Place | null, pinned: boolean) => void} onPlace called when a place is pointed at, and when a step is pinned */
    constructor(onPlace) {
        this.onPlace = onPlace;
        /** @type {Row[]} */ this.rows = [];
        /** @type {number[]} */ this.units = [];
        /** @type {string[]} */ this.names = [];
        /** @type {number | null} */ this.pinned = null;
        /** @type {Place | null} */ this.at = null;
        /** Where the pointer is in the window; `null` if the place was reached with keys. @type {[number, number] | null} */
        this.pointer = null;
        this.column = 30;
        this.top = 20;
        /** Whether every step's symbol has one or two letters, which stand upright. */
        this.short = false;
        /** Units stand in so many panels side by side, so many in each. */
        this.panels = 1;
        this.perPanel = 0;
        this.canvas = create("canvas", { "aria-hidden": "true" });
        this.space = create("div", { class: "space" });
        this.space.append(this.canvas);
        this.element = create("div", {
            class: "map", tabindex: "0", role: "application",
            "aria-label": "Heat map of units by steps. Arrow keys move from step to step and from row to row, Enter pins the step.",
        }, this.space);
        this.element.addEventListener("scroll", () => this.draw());
        this.canvas.addEventListener("pointermove", (event) => {
            this.pointer = [event.clientX, event.clientY];
            this.point(this.placeAt(event));
        });
        this.canvas.addEventListener("pointerleave", () => this.point(null));
        this.canvas.addEventListener("click", (event) => this.pin(this.placeAt(event)));
        this.element.addEventListener("keydown", (event) => this.key(event));
        new ResizeObserver(() => this.fit()).observe(this.element);
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    }

    /**
     * @param {Row[]} rows the rows that are shown
     * @param {number[]} units in their order
     * @param {string[]} names of the steps
     */
    show(rows, units, names) {
        Object.assign(this, { rows, units, names: names.map(visible), at: null });
        const letters = Math.max(1, ...this.names.map((name) => Array.from(name).length));
        this.short = letters <= 2;
        this.top = this.short ? 22 : Math.min(14 + letters * 5.8, 90);
        if (this.pinned !== null && this.pinned >= names.length) {
            this.pinned = null;
        }
        this.fit();
    }

    /** Height of a unit with all its rows. */
    get block() {
        return this.rows.length * ROW + (this.rows.length > 1 ? GAP : 1);
    }

    /** Width of all steps of a unit, with the labels before them. The last name leans beyond its column. */
    get panel() {
        return LEFT + this.names.length * this.column + (this.short ? 8 : 40);
    }

    /** Lays the units out: in several panels side by side, if the text is short, with columns that fill the width. */
    fit() {
        const { units, names, element } = this;
        this.column = this.short ? 20 : 30;
        this.panels = Math.max(1, Math.min(Math.floor(element.clientWidth / this.panel), Math.ceil(units.length / 4)));
        const room = (element.clientWidth / this.panels - (this.panel - names.length * this.column)) / Math.max(names.length, 1);
        this.column = Math.floor(Math.min(Math.max(room, this.column), WIDE));
        this.perPanel = Math.ceil(units.length / this.panels);
        this.space.style.width = `${this.panel * this.panels}px`;
        this.space.style.height = `${this.top + this.perPanel * this.block + 4}px`;
        this.draw();
    }

    /** @param {PointerEvent | MouseEvent} event @returns {Place | null} */
    placeAt(event) {
        const { left, top } = this.canvas.getBoundingClientRect();
        const panel = Math.min(Math.floor((event.clientX - left) / this.panel), this.panels - 1);
        const x = event.clientX - left - panel * this.panel - LEFT;
        const y = event.clientY - top - this.top;
        const step = Math.floor((x + this.element.scrollLeft) / this.column);
        if (x < 0 || step >= this.names.length) {
            return null;
        }
        if (y < 0) {
            return { step, unit: -1, row: null };
        }
        const whole = y + this.element.scrollTop;
        const line = Math.floor(whole / this.block);
        const unit = line < this.perPanel ? this.units[panel * this.perPanel + line] : undefined;
        const row = this.rows[Math.floor((whole % this.block) / ROW)] ?? null;
        return unit === undefined ? null : { step, unit, row };
    }

    /** @param {Place | null} place */
    point(place) {
        this.at = place;
        this.onPlace(place, false);
        this.draw();
    }

    /** @param {Place | null} place */
    pin(place) {
        if (place !== null) {
            this.pinned = this.pinned === place.step ? null : place.step;
            this.onPlace(place, true);
            this.draw();
        }
    }

    /** @param {KeyboardEvent} event */
    key(event) {
        const moves = /** @type {Record<string, [number, number]>} */ ({
            ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
        });
        const move = moves[event.key];
        const lines = this.units.length * this.rows.length;
        if (event.key === "Enter" || event.key === " ") {
            this.pin(this.at ?? { step: 0, unit: -1, row: null });
        } else if (move !== undefined && lines > 0 && this.names.length > 0) {
            const at = this.at;
            const line = at === null || at.row === null ? 0 : this.units.indexOf(at.unit) * this.rows.length + this.rows.indexOf(at.row);
            /** @param {number} value @param {number} most */
            const within = (value, most) => Math.min(Math.max(value, 0), most - 1);
            const [step, next] = at === null ? [0, 0] : [within(at.step + move[0], this.names.length), within(line + move[1], lines)];
            const place = Math.floor(next / this.rows.length);
            this.pointer = null;
            this.bringIntoView(step, place);
            this.point({ step, unit: this.units[place], row: this.rows[next % this.rows.length] });
        } else {
            return;
        }
        event.preventDefault();
    }

    /** @param {number} step @param {number} place of a unit among those shown */
    bringIntoView(step, place) {
        const { element } = this;
        const x = this.panels > 1 ? 0 : step * this.column;
        const y = (place % this.perPanel) * this.block;
        element.scrollLeft = Math.min(Math.max(element.scrollLeft, x + LEFT + this.column - element.clientWidth), x);
        element.scrollTop = Math.min(Math.max(element.scrollTop, y + this.top + this.block - element.clientHeight), y);
    }

    /** Draws what is in view. */
    draw() {
        const { element, canvas, perPanel, units } = this;
        const width = element.clientWidth;
        const height = Math.min(element.clientHeight, this.top + perPanel * this.block + 4);
        const scale = devicePixelRatio || 1;
        canvas.width = Math.round(width * scale);
        canvas.height = Math.round(height * scale);
        canvas.style.width = `${width}px`;
        canvas.style.height = `${height}px`;
        const context = canvas.getContext("2d");
        if (context === null || width === 0) {
            return;
        }
        context.scale(scale, scale);
        const colors = palette();
        context.fillStyle = colors.paper;
        context.fillRect(0, 0, width, height);
        context.textBaseline = "middle";
        for (let panel = 0; panel < this.panels; panel += 1) {
            context.save();
            context.translate(panel * this.panel, 0);
            this.drawPanel(context, colors, units.slice(panel * perPanel, (panel + 1) * perPanel), width, height);
            context.restore();
        }
    }

    /**
     * @param {CanvasRenderingContext2D} context
     * @param {import("./colors.js").Palette} colors
     * @param {number[]} units of the panel
     * @param {number} width
     * @param {number} height
     */
    drawPanel(context, colors, units, width, height) {
        const { rows, names, element } = this;
        const { scrollLeft, scrollTop } = element;
        const font = getComputedStyle(document.body).fontFamily;
        /** @param {number} step */
        const x = (step) => LEFT + step * this.column - scrollLeft;
        const first = Math.max(Math.floor((scrollLeft - 1) / this.column), 0);
        const last = Math.min(Math.ceil((scrollLeft + width - LEFT) / this.column), names.length);
        const top = Math.max(Math.floor(scrollTop / this.block), 0);
        const bottom = Math.min(Math.ceil((scrollTop + height) / this.block), units.length);
        for (let place = top; place < bottom; place += 1) {
            const unit = units[place];
            const start = this.top + place * this.block - scrollTop;
            rows.forEach((row, index) => {
                const y = start + index * ROW;
                if (row.live(unit)) {
                    for (let step = first; step < last; step += 1) {
                        context.fillStyle = this.color(colors, row, row.value(step, unit));
                        context.fillRect(x(step) + 0.5, y + 0.5, this.column - 1, ROW - 1.5);
                    }
                } else if (last > first) {
                    // A constant: one flat band, thinner than the cells of what varies.
                    context.fillStyle = this.color(colors, row, row.value(0, unit));
                    context.fillRect(x(first), y + 3.5, x(last) - x(first), ROW - 7);
                }
            });
        }
        this.drawMarks(context, colors, units, x, this.top + units.length * this.block - scrollTop);
        this.drawLabels(context, colors, font, units, [top, bottom], height);
        this.drawNames(context, colors, font, x, [first, last]);
    }

    /** @param {import("./colors.js").Palette} colors @param {Row} row @param {number} value @returns {string} */
    color(colors, row, value) {
        return row.kind === "gate" ? gateColor(colors, value) : flowColor(colors, value / row.largest);
    }

    /**
     * The step that is pinned, and the cell that is pointed at.
     * @param {CanvasRenderingContext2D} context
     * @param {import("./colors.js").Palette} colors
     * @param {number[]} units
     * @param {(step: number) => number} x
     * @param {number} bottom
     */
    drawMarks(context, colors, units, x, bottom) {
        context.strokeStyle = colors.mark;
        if (this.pinned !== null) {
            context.lineWidth = 2;
            context.strokeRect(x(this.pinned), this.top - 1, this.column, bottom - this.top - GAP + 3);
        }
        const { at } = this;
        if (at !== null && at.row !== null && units.includes(at.unit)) {
            context.lineWidth = 1.5;
            const y = this.top + units.indexOf(at.unit) * this.block - this.element.scrollTop + this.rows.indexOf(at.row) * ROW;
            context.strokeRect(x(at.step) + 0.5, y, this.column - 1, ROW - 0.5);
        }
    }

    /**
     * The units and their rows, which stay at the left.
     * @param {CanvasRenderingContext2D} context
     * @param {import("./colors.js").Palette} colors
     * @param {string} font
     * @param {number[]} units
     * @param {[number, number]} places
     * @param {number} height
     */
    drawLabels(context, colors, font, units, [top, bottom], height) {
        const { rows } = this;
        context.fillStyle = colors.paper;
        context.fillRect(0, 0, LEFT - 2, height);
        for (let place = top; place < bottom; place += 1) {
            const unit = units[place];
            const start = this.top + place * this.block - this.element.scrollTop;
            context.fillStyle = colors.soft;
            context.font = `11px ${font}`;
            context.textAlign = "left";
            context.fillText(String(unit + 1), 4, start + ROW / 2);
            rows.forEach((row, index) => {
                const y = start + index * ROW + ROW / 2;
                const constant = !row.live(unit);
                context.textAlign = "right";
                context.font = `${constant ? "" : "600 "}10px ${font}`;
                context.fillStyle = constant ? colors.soft : colors.ink;
                const label = constant && this.names.length > 0 ? `${row.name} = ${fixed(row.value(0, unit), 2)}` : row.name;
                context.fillText(label, LEFT - 6, y);
            });
        }
    }

    /**
     * The symbols of the steps, which stay at the top.
     * @param {CanvasRenderingContext2D} context
     * @param {import("./colors.js").Palette} colors
     * @param {string} font
     * @param {(step: number) => number} x
     * @param {[number, number]} steps
     */
    drawNames(context, colors, font, x, [first, last]) {
        context.fillStyle = colors.paper;
        context.fillRect(0, 0, this.panel, this.top - 1);
        context.textAlign = "left";
        context.save();
        context.beginPath();
        context.rect(LEFT - 2, 0, this.panel - LEFT + 2, this.top);
        context.clip();
        for (let step = Math.max(first - 3, 0); step < last; step += 1) {
            const bold = step === this.pinned || step === this.at?.step;
            context.font = `${bold ? "600 " : ""}12px ${font}`;
            context.fillStyle = bold ? colors.mark : colors.ink;
            context.save();
            context.translate(x(step) + this.column / 2, this.top - 5);
            if (this.short) {
                context.textAlign = "center";
                context.translate(0, -4);
            } else {
                context.rotate(-Math.PI / 3.6);
            }
            const letters = Array.from(this.names[step]);
            context.fillText(letters.length > 15 ? `${letters.slice(0, 14).join("")}\u2026` : this.names[step], 0, 0);
            context.restore();
        }
        context.restore();
    }
}
