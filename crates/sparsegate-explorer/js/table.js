// Elements of the page, and numbers as the page writes them. What comes from data is only ever set as text.

/**
 * A new element.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function create(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
}

/**
 * The element of the page with this id.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function find(id, type) {
    const found = document.getElementById(id);
    if (!(found instanceof type)) {
        throw new Error(`the page has no ${type.name} ${id}`);
    }
    return found;
}

/**
 * A table.
 * @param {{text: string, numeric?: boolean}[]} columns
 * @param {(Node | string)[][]} rows
 * @returns {HTMLTableElement}
 */
export function table(columns, rows) {
    /** @param {number} index @returns {Record<string, string>} */
    const classes = (index) => (columns[index].numeric === true ? { class: "n" } : {});
    const head = columns.map(({ text }, index) => create("th", { scope: "col", ...classes(index) }, text));
    const body = rows.map((row) => create("tr", {}, ...row.map((cell, index) => create("td", classes(index), cell))));
    return create("table", {}, create("thead", {}, create("tr", {}, ...head)), create("tbody", {}, ...body));
}

/** @param {number} value @returns {string} with the minus sign of typography */
export function fixed(value, digits = 3) {
    const text = value.toFixed(digits);
    return Number(text) === 0 ? (0).toFixed(digits) : text.replace("-", "\u2212");
}

/** @param {number} value @returns {string} with a sign */
export const signed = (value, digits = 2) => (value >= 0 ? "+" : "") + fixed(value, digits);

/** @param {number} value @returns {string} with blanks between thousands */
export const grouped = (value) => Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, "\u2009");

/** @param {number} bytes @returns {string} */
export const size = (bytes) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(bytes < 1e4 ? 1 : 0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** @param {number} probability @returns {string} */
export const percent = (probability) => `${(probability * 100).toFixed(probability < 0.0995 ? 2 : 1)} %`;

/** @param {string} symbol @returns {string} its name where a blank or a line end would not be seen */
export const visible = (symbol) => (symbol === "\n" ? "\u23ce" : symbol === " " ? "\u2423" : symbol);

/**
 * Probabilities with bars.
 * @param {{name: string, probability: number, best?: boolean}[]} all
 * @returns {HTMLElement}
 */
export function bars(all) {
    const rows = all.map(({ name, probability, best }) => {
        const bar = create("span", { class: "bar" });
        bar.style.setProperty("--share", String(probability));
        return create(
            "li", best === true ? { class: "best" } : {}, create("span", { class: "name" }, visible(name)), bar,
            create("span", { class: "n" }, percent(probability)),
        );
    });
    return create("ol", { class: "bars" }, ...rows);
}
