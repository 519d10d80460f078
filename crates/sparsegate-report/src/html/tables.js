// What one can do with a report's tables: sort them by a column, and show only the rows with certain values. Without
// scripts the page is complete, in the order of the plan.

/** Columns by which rows are chosen. */
const CHOICES = ["task", "data set", "cell", "level", "run", "seed", "backend", "state", "machine"];
/** Rows from which on a table has filters. */
const LONG = 8;

/** @param {HTMLTableRowElement} row @param {number} column @returns {string} */
const text = (row, column) => row.cells[column]?.textContent?.trim() ?? "";

/**
 * The first number of a cell such as `1.2x`, `36/64` or `12 (3)`.
 * @param {string} cell
 * @returns {number} not a number if there is none
 */
function number(cell) {
    const found = /^[-\u2212+]?[\d ,\u2009]*\d(\.\d+)?(e[-+]?\d+)?/.exec(cell);
    return found === null ? NaN : Number(found[0].replace(/[ ,\u2009]/g, "").replace("\u2212", "-"));
}

/** @param {string} a @param {string} b @returns {number} numbers by size, other texts by the alphabet, empty cells last */
function compare(a, b) {
    const [one, other] = [number(a), number(b)];
    if (!Number.isNaN(one) && !Number.isNaN(other)) {
        return one - other;
    }
    return Number(Number.isNaN(one)) - Number(Number.isNaN(other)) || a.localeCompare(b, "en");
}

/** @param {HTMLTableElement} table */
function sortable(table) {
    const body = table.tBodies[0];
    const original = [...body.rows];
    const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
    heads.forEach((head, column) => {
        const button = document.createElement("button");
        button.type = "button";
        button.append(...head.childNodes);
        head.append(button);
        button.addEventListener("click", () => {
            const before = head.getAttribute("aria-sort");
            heads.forEach((one) => one.removeAttribute("aria-sort"));
            const next = before === null ? "ascending" : before === "ascending" ? "descending" : null;
            const rows = [...original];
            if (next !== null) {
                head.setAttribute("aria-sort", next);
                const sign = next === "ascending" ? 1 : -1;
                // Empty cells stay last in either order.
                rows.sort((a, b) => {
                    const [one, other] = [text(a, column), text(b, column)];
                    return one === "" || other === "" ? Number(one === "") - Number(other === "") : sign * compare(one, other);
                });
            }
            body.append(...rows);
        });
    });
}

/** @param {HTMLTableElement} table */
function filterable(table) {
    const rows = [...table.tBodies[0].rows];
    const heads = [...(table.tHead?.rows[0]?.cells ?? [])].map((head) => head.textContent?.trim() ?? "");
    /** @type {Map<number, HTMLSelectElement>} */
    const chosen = new Map();
    const bar = document.createElement("div");
    bar.className = "filters";
    heads.forEach((head, column) => {
        const values = [...new Set(rows.map((row) => text(row, column)))].filter((value) => value !== "");
        // A value of its own in every row chooses nothing.
        if (!CHOICES.includes(head) || values.length < 2 || values.length === rows.length) {
            return;
        }
        const select = document.createElement("select");
        select.append(new Option("all", ""), ...values.sort(compare).map((value) => new Option(value, value)));
        select.addEventListener("change", show);
        chosen.set(column, select);
        const label = document.createElement("label");
        label.append(`${head} `, select);
        bar.append(label);
    });
    const count = document.createElement("span");
    count.setAttribute("aria-live", "polite");
    function show() {
        let shown = 0;
        for (const row of rows) {
            row.hidden = [...chosen].some(([column, { value }]) => value !== "" && text(row, column) !== value);
            shown += row.hidden ? 0 : 1;
        }
        count.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} rows`;
    }
    if (chosen.size > 0) {
        bar.append(count);
        (table.closest(".scroll") ?? table).before(bar);
    }
}

for (const table of document.querySelectorAll("table")) {
    if (table.tHead !== null && table.tBodies.length === 1 && table.tBodies[0].rows.length > 1) {
        if (table.tBodies[0].rows.length >= LONG) {
            filterable(table);
        }
        sortable(table);
    }
}
