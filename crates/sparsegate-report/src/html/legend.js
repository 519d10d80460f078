// The legends of figures: a click on an entry hides or shows its series, and with Alt, or a double click, hides all others.
// What a figure does not show stands in `data-hidden` of its picture: the numbers of the entries, with spaces between them.

/** @param {Element} element @returns {string[]} the series to which a group of shapes belongs */
const seriesOf = (element) => element.getAttribute("data-series")?.split(" ") ?? [];

/** @param {HTMLElement} picture */
function switchable(picture) {
    const groups = [...picture.querySelectorAll("[data-series]")];
    const entries = [...picture.querySelectorAll("[data-legend]")].map((element) => ({ element, series: element.getAttribute("data-legend") ?? "" }));
    const used = entries.filter(({ series }) => groups.some((group) => seriesOf(group).includes(series)));
    if (used.length < 2) {
        return;
    }
    /** @type {Set<string>} */
    const hidden = new Set();
    function show() {
        for (const group of groups) {
            group.classList.toggle("hidden", seriesOf(group).some((series) => hidden.has(series)));
        }
        for (const { element, series } of used) {
            element.setAttribute("aria-pressed", String(!hidden.has(series)));
        }
        picture.dataset.hidden = [...hidden].join(" ");
    }
    /** @param {string} series */
    function toggle(series) {
        if (!hidden.delete(series)) {
            hidden.add(series);
        }
        show();
    }
    // Series that never share a group stand beside each other, such as two levels; others, such as a level and the
    // authors' curves, qualify each other and stay.
    /** @param {string} one @param {string} other */
    const apart = (one, other) => one !== other && !groups.some((group) => seriesOf(group).includes(one) && seriesOf(group).includes(other));
    /** @param {string} series */
    function only(series) {
        const others = used.map((entry) => entry.series).filter((other) => apart(series, other));
        const alone = !hidden.has(series) && others.every((other) => hidden.has(other));
        hidden.clear();
        if (!alone) {
            others.forEach((other) => hidden.add(other));
        }
        show();
    }
    for (const { element, series } of used) {
        element.setAttribute("role", "button");
        element.setAttribute("tabindex", "0");
        element.setAttribute("aria-label", element.textContent?.trim() ?? "");
        // Between symbol and text there is something to click on, too.
        const { x, y, width, height } = /** @type {SVGGElement} */ (element).getBBox();
        const area = document.createElementNS(element.namespaceURI, "rect");
        const room = 30;
        Object.entries({ x: x - room, y: y - room, width: width + 2 * room, height: height + 2 * room, "fill-opacity": 0 }).forEach(([name, value]) => area.setAttribute(name, String(value)));
        element.prepend(area);
        const title = document.createElementNS(element.namespaceURI, "title");
        title.textContent = "Click: hide or show. Double click, or Alt and click: only this.";
        element.prepend(title);
        element.addEventListener("click", (event) => (/** @type {MouseEvent} */ (event).altKey ? only(series) : toggle(series)));
        element.addEventListener("dblclick", (event) => /** @type {MouseEvent} */ (event).altKey || only(series));
        element.addEventListener("keydown", (event) => {
            const { key, altKey } = /** @type {KeyboardEvent} */ (event);
            if (key === "Enter" || key === " ") {
                event.preventDefault();
                event.stopPropagation();
                altKey ? only(series) : toggle(series);
            }
        });
    }
    show();
}

for (const picture of document.querySelectorAll(".picture")) {
    switchable(/** @type {HTMLElement} */ (picture));
}
