// The values of figures: the point, bar, cell or curve under the pointer, or the one that the arrow keys have reached, is
// described in a box beside it and, for screen readers, in a live region. The values stand as JSON beside each figure;
// scene/marks.rs in the program describes its keys.

/** @typedef {{s: number[], a: number[], n: string, v: [string, string][]}} Spot */
/** @typedef {{n: string, l: number, h: number, g: boolean}} Axis */
/** @typedef {{s: number[], n: string, k: string, x?: number[], y: (number | null)[], d?: number[], m: number}} Curve */
/** @typedef {{b: number[], n: string, x: Axis, y: Axis, c: Curve[]}} Plot */
/** @typedef {{b: number[], n: string, r: string[], u: number[], c: string, v: (number | null)[][], m?: number}} Matrix */
/** @typedef {{series: string[], spots: Spot[], plots: Plot[], matrices: Matrix[]}} Values */
/** A line of the box. @typedef {{name: string, text: string, color?: string, near?: boolean}} Line */
/** What the box describes: its outline, or points to mark, in the figure's pixels. @typedef {{title: string, lines: Line[], area?: number[], dots: number[][]}} Found */

/** Units of the view box in a pixel of the figure. */
const SCALE = 10;
/** Curves up to which all are listed; of more, those nearest to the pointer. */
const LISTED = 12;

const box = document.createElement("div");
box.className = "values";
box.hidden = true;
box.setAttribute("aria-hidden", "true");
const spoken = document.createElement("div");
spoken.className = "spoken";
spoken.setAttribute("aria-live", "polite");
(document.querySelector("main") ?? document.body).append(box, spoken);

/** @param {number} value @returns {string} about four significant digits, as in the tables */
function number(value) {
    const size = Math.abs(value);
    if (size > 0 && size < 1e-3) {
        return value.toExponential(2);
    }
    return value.toLocaleString("en", size >= 1e4 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 });
}

/** @param {Axis} axis @param {number} value @returns {number} 0 at the low end, 1 at the high end */
const position = ({ l, h, g }, value) => (g ? Math.log(Math.max(value, 1e-300) / l) / Math.log(h / l) : (value - l) / (h - l));

/** @param {Plot} plot @param {number} x @param {number} y @returns {number[]} */
const place = ({ b, x: across, y: up }, x, y) => [b[0] + position(across, x) * (b[2] - b[0]), b[3] - position(up, y) * (b[3] - b[1])];

/** @param {number[]} area @param {number[]} at */
const inside = ([left, top, right, bottom], [x, y]) => x >= left && x <= right && y >= top && y <= bottom;

/** @param {Curve} curve @returns {number[]} */
const across = (curve) => curve.x ?? curve.y.map((_, index) => index + 1);

/** @param {HTMLElement} picture @param {Values} values */
function explained(picture, { series, spots, plots, matrices }) {
    const svg = /** @type {SVGSVGElement} */ (picture.querySelector("svg"));
    const pointer = document.createElementNS(svg.namespaceURI, "g");
    pointer.setAttribute("class", "pointer");
    svg.append(pointer);
    /** @param {number[]} of */
    const visible = (of) => !of.some((one) => (picture.dataset.hidden ?? "").split(" ").includes(String(one)));

    /** @param {Spot} spot @returns {Found} */
    const ofSpot = ({ a, n, v }) => ({ title: n, lines: v.map(([name, text]) => ({ name, text })), ...(a.length === 4 ? { area: a, dots: [] } : { dots: [a] }) });

    /** @param {Matrix} matrix @param {number} row @param {number} column @returns {Found} */
    function ofCell({ b, n, r, u, c, v, m }, row, column) {
        const [wide, tall] = [(b[2] - b[0]) / u.length, (b[3] - b[1]) / r.length];
        const [left, top] = [b[0] + wide * column, b[1] + tall * row];
        const value = v[row][column];
        const state = m !== undefined ? `live in ${number(100 * (value ?? 0))} % of ${m} seeds` : value === null ? "live" : `constant at ${number(value)}`;
        return { title: n, lines: [{ name: c, text: String(u[column]) }, { name: r[row], text: state }], area: [left, top, left + wide, top + tall], dots: [] };
    }

    /** The visible curves of a plot at a horizontal value, from top to bottom. @param {Plot} plot @param {number} x @param {number} [near] vertical position of the pointer @returns {Found} */
    function ofPlot(plot, x, near) {
        const found = plot.c.filter(({ s }) => visible(s)).flatMap((curve) => {
            const index = across(curve).indexOf(x);
            const value = curve.y[index] ?? null;
            return value === null ? [] : [{ curve, value, sd: curve.d?.[index], at: place(plot, x, value) }];
        });
        /** @param {number[]} at */
        const far = (at) => Math.abs(at[1] - (near ?? 0));
        const nearest = near === undefined ? undefined : found.reduce((best, one) => (best === undefined || far(one.at) < far(best.at) ? one : best), found.at(0));
        const listed = near === undefined ? found.slice(0, LISTED) : [...found].sort((a, b) => far(a.at) - far(b.at)).slice(0, LISTED);
        listed.sort((a, b) => a.at[1] - b.at[1]);
        const lines = listed.map(({ curve, value, sd }) => ({
            name: curve.n,
            text: sd === undefined ? number(value) : `${number(value)} \u00b1 ${number(sd)} (n = ${curve.m})`,
            color: curve.k,
            near: curve === nearest?.curve,
        }));
        if (found.length > LISTED) {
            lines.push({ name: `and ${found.length - LISTED} more`, text: "", color: "transparent", near: false });
        }
        const title = [plot.n, `${plot.x.n} ${number(x)}`, plot.y.n].filter((part) => part !== "").join(", ");
        return { title, lines, dots: found.map(({ at }) => at).filter((at) => inside(plot.b, at)) };
    }

    /** @param {Plot} plot @returns {number[]} the horizontal values of the visible curves, in order */
    const stops = (plot) => [...new Set(plot.c.filter(({ s }) => visible(s)).flatMap(across))].sort((a, b) => a - b);

    /** @param {number[]} at @param {number} reach pixels of the figure @returns {Found | null} */
    function under([x, y], reach) {
        let best = null;
        let distance = reach;
        for (const spot of spots) {
            const [left, top] = spot.a;
            const away = spot.a.length === 2 ? Math.hypot(x - left, y - top) : inside(spot.a, [x, y]) ? 0 : Infinity;
            if (away <= distance && visible(spot.s)) {
                [best, distance] = [spot, away];
            }
        }
        if (best !== null) {
            return ofSpot(best);
        }
        const matrix = matrices.find(({ b }) => inside(b, [x, y]));
        if (matrix !== undefined) {
            const { b, r, u } = matrix;
            /** @param {number} share @param {number} count */
            const nth = (share, count) => Math.min(Math.floor(share * count), count - 1);
            return ofCell(matrix, nth((y - b[1]) / (b[3] - b[1]), r.length), nth((x - b[0]) / (b[2] - b[0]), u.length));
        }
        const plot = plots.find(({ b }) => inside(b, [x, y]));
        const values = plot === undefined ? [] : stops(plot);
        if (plot === undefined || values.length === 0) {
            return null;
        }
        /** @param {number} value */
        const far = (value) => Math.abs(place(plot, value, plot.y.l)[0] - x);
        return ofPlot(plot, values.reduce((a, b) => (far(b) < far(a) ? b : a)), y);
    }

    /** @param {Found} found @param {number[]} [beside] position in the window; without it beside what is found */
    function show(found, beside) {
        pointer.replaceChildren();
        // A light line around a dark one is visible on every colour.
        const lines = [["#ffffff", 42], ["#222222", 18]].map(([stroke, width]) => ({ fill: "none", stroke, "stroke-width": width }));
        /** @param {string} name @param {Record<string, string | number>} attributes */
        const add = (name, attributes) => {
            for (const line of lines) {
                const shape = document.createElementNS(svg.namespaceURI, name);
                Object.entries({ ...attributes, ...line }).forEach(([key, value]) => shape.setAttribute(key, String(value)));
                pointer.append(shape);
            }
        };
        if (found.area !== undefined) {
            const [left, top, right, bottom] = found.area.map((edge) => edge * SCALE);
            add("rect", { x: left, y: top, width: right - left, height: bottom - top });
        }
        found.dots.forEach(([x, y]) => add("circle", { cx: x * SCALE, cy: y * SCALE, r: 70 }));
        const title = document.createElement("b");
        title.textContent = found.title;
        const table = document.createElement("table");
        for (const { name, text, color, near } of found.lines) {
            const row = table.insertRow();
            row.classList.toggle("near", near === true);
            const head = row.insertCell();
            if (color !== undefined) {
                const swatch = document.createElement("i");
                swatch.style.background = color;
                head.append(swatch);
            }
            head.append(name);
            row.insertCell().textContent = text;
        }
        box.replaceChildren(title, table);
        box.hidden = false;
        const [x, y] = beside ?? middle(found);
        const { offsetWidth: width, offsetHeight: height } = box;
        const { clientWidth, clientHeight } = document.documentElement;
        box.style.left = `${Math.max(4, x + 16 + width < clientWidth ? x + 16 : x - 16 - width)}px`;
        box.style.top = `${Math.max(4, Math.min(y + 16, clientHeight - height - 4))}px`;
    }

    /** @param {Found} found @returns {number[]} its middle in the window */
    function middle({ area, dots }) {
        const [x, y] = area !== undefined ? [(area[0] + area[2]) / 2, (area[1] + area[3]) / 2] : dots[0] ?? [0, 0];
        const at = new DOMPoint(x * SCALE, y * SCALE).matrixTransform(svg.getScreenCTM() ?? undefined);
        return [at.x, at.y];
    }

    function hide() {
        pointer.replaceChildren();
        box.hidden = true;
    }

    /** @param {PointerEvent} event */
    function point(event) {
        const matrix = svg.getScreenCTM();
        if (matrix === null) {
            return;
        }
        const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
        // A finger is less exact than a mouse.
        const reach = (event.pointerType === "touch" ? 22 : 12) / (matrix.a * SCALE);
        const found = under([at.x / SCALE, at.y / SCALE], reach);
        found === null ? hide() : show(found, [event.clientX, event.clientY]);
    }
    picture.addEventListener("pointermove", point);
    picture.addEventListener("pointerdown", point);
    // A finger that leaves has not pointed elsewhere.
    picture.addEventListener("pointerleave", (event) => event.pointerType === "touch" || hide());
    picture.addEventListener("blur", hide);

    /** Rows of what the arrow keys go through: left and right one after the other, up and down between rows. @returns {(() => Found)[][]} */
    function rows() {
        /** @type {Map<string, (() => Found)[]>} */
        const bySeries = new Map();
        for (const spot of spots.filter(({ s }) => visible(s))) {
            const key = spot.s.join(" ");
            const stops = bySeries.get(key) ?? [];
            stops.push(() => ofSpot(spot));
            bySeries.set(key, stops);
        }
        const curves = plots.map((plot) => stops(plot).map((x) => () => ofPlot(plot, x)));
        const cells = matrices.flatMap((matrix) => matrix.r.map((_, row) => matrix.u.map((_, column) => () => ofCell(matrix, row, column))));
        return [...curves, ...bySeries.values(), ...cells].filter((row) => row.length > 0);
    }

    let [row, column] = [0, -1];
    picture.addEventListener("keydown", (event) => {
        // Those of a legend entry are its own.
        if (event.target !== picture || event.altKey || event.ctrlKey || event.metaKey) {
            return;
        }
        const all = rows();
        if (event.key === "Escape") {
            hide();
            return;
        }
        if (all.length === 0 || !["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) {
            return;
        }
        event.preventDefault();
        row = Math.min(row, all.length - 1);
        if (column < 0) {
            column = 0;
        } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
            row = Math.max(0, Math.min(row + (event.key === "ArrowUp" ? -1 : 1), all.length - 1));
        } else if (event.key === "Home" || event.key === "End") {
            column = event.key === "Home" ? 0 : Infinity;
        } else {
            // At an end of a row, the neighbouring row follows.
            column += event.key === "ArrowLeft" ? -1 : 1;
            if (column < 0 && row > 0) {
                row -= 1;
                column = Infinity;
            } else if (column >= all[row].length && row < all.length - 1) {
                row += 1;
                column = 0;
            }
        }
        column = Math.max(0, Math.min(column, all[row].length - 1));
        const found = all[row][column]();
        show(found);
        spoken.textContent = [found.title, ...found.lines.map(({ name, text }) => `${name} ${text}`)].join("; ");
    });
    picture.setAttribute("role", "application");
    picture.setAttribute("aria-roledescription", "figure");
    picture.setAttribute("aria-label", `${picture.getAttribute("aria-label")} Arrow keys go through the values of ${series.length > 0 ? "its series" : "the figure"}.`);
    window.addEventListener("scroll", hide, { passive: true });
}

for (const element of document.querySelectorAll("figure > script")) {
    const picture = /** @type {HTMLElement} */ (element.parentElement?.querySelector(".picture"));
    explained(picture, JSON.parse(element.textContent ?? ""));
}
