// The figures of index.html: values under the pointer and by keyboard, legends that switch series, and how they print.

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { axe, open } from "../../crates/sparsegate-explorer/tests/browser/open.mjs";

/** Sheets of A4 on which the page of this report prints. */
const PAGES = 3;

const [folder, program] = process.argv.slice(2);
const { browser, page, problems } = await open(program);
await page.goto(pathToFileURL(join(folder, "index.html")).href);
const box = page.locator(".values");
const spoken = page.locator(".spoken");
const picture = (name) => page.locator(`figure#${name} .picture`);
const values = (name) => page.locator(`figure#${name} > script`).evaluate((element) => JSON.parse(element.textContent));

/** The position in the window of one in a figure. */
const place = (name, x, y) =>
    picture(name).evaluate(async (element, [x, y]) => {
        const svg = element.querySelector("svg");
        svg.scrollIntoView({ block: "center" });
        // The event of scrolling, which closes the box, comes with the next frame.
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const at = new DOMPoint(x * 10, y * 10).matrixTransform(svg.getScreenCTM());
        return [at.x, at.y];
    }, [x, y]);
/** What the box says of a place in a figure; nothing if it is hidden. */
const under = async (name, x, y) => {
    await page.mouse.move(...(await place(name, x, y)));
    return (await box.isVisible()) ? (await box.innerText()).split(/\s*\n\s*|\t/) : null;
};

// A point, with the names and units of its values; beside it, nothing.
const quality = await values("quality-compression");
const point = quality.spots.find(({ n, a }) => n.startsWith("W+N") && a.length === 2);
const shown = await under("quality-compression", ...point.a);
assert.equal(shown[0], point.n);
// Both seeds have the same values, which have no deviation.
assert.match(shown.join(" "), /compression [\d.]+x \(n = 2\) test perplexity [\d.]+ \(n = 2\)$/);
assert.equal(await under("quality-compression", 3, 3), null);
// What is under the pointer is marked, and nothing of it once the pointer has left.
await under("quality-compression", ...point.a);
assert.equal(await page.locator("#quality-compression .pointer circle").count(), 2);
await page.mouse.move(2, 2);
assert.equal(await page.locator("#quality-compression .pointer *").count(), 0);

// A bar, a cell, and the curves at an epoch with all series.
const gates = await values("gates-by-kind");
const [left, top, right, bottom] = gates.spots.find(({ a }) => a.length === 4 && a[3] - a[1] > 8).a;
assert.match((await under("gates-by-kind", (left + right) / 2, (top + bottom) / 2)).join(" "), /gate [a-z], kept [\d.]+ /);
const { b, n, r, u } = (await values("gate-structure")).matrices[0];
const cell = await under("gate-structure", b[0] + 1, b[1] + 1);
assert.deepEqual(cell.slice(0, 4), [n, "unit", String(u[0]), r[0]]);
assert.match(cell[4], /^(live|constant at -?[\d.]+)$/);
const { plots } = await values("curves");
const middle = (plot) => [(plot.b[0] + plot.b[2]) / 2, (plot.b[1] + plot.b[3]) / 2];
const curves = await under("curves", ...middle(plots[0]));
assert.match(curves[0], /epoch \d+, validation perplexity/);
// Those of runs that have ended before are not listed.
const epoch = Number(/epoch (\d+)/.exec(curves[0])[1]);
const lasting = plots[0].c.filter(({ x, y }) => (y[x === undefined ? epoch - 1 : x.indexOf(epoch)] ?? null) !== null);
assert.ok(lasting.length > 2 && lasting.length < plots[0].c.length);
assert.equal(curves.length, 1 + 2 * lasting.length);

// A finger that taps, and Escape.
await page.mouse.move(2, 2);
const [x, y] = await place("quality-compression", ...point.a);
await picture("quality-compression").dispatchEvent("pointerdown", { clientX: x + 14, clientY: y, pointerType: "touch", bubbles: true });
assert.ok(await box.isVisible());
await picture("quality-compression").press("Escape");
assert.ok(!(await box.isVisible()));

// The arrow keys go through the values of a series and change the series; what they reach is announced.
await picture("quality-compression").focus();
const said = [];
for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowDown", "Home"]) {
    await page.keyboard.press(key);
    said.push(await spoken.textContent());
    assert.ok(await box.isVisible(), key);
}
assert.equal(said[0], said[2]);
assert.notEqual(said[0], said[1]);
assert.match(said[0], /^\S.*; compression .*x.*; test perplexity/);
await page.keyboard.press("Tab");
assert.ok(!(await box.isVisible()), "the box goes with the focus");

// The legend: a click hides a series and its values, the next one shows them again.
const entries = picture("curves").locator("[aria-pressed]");
const names = await entries.evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
const [weights, units, groups] = ["W (", "W+N (", "W+G+N ("].map((start) => names.find((name) => name.startsWith(start)));
assert.ok(weights && units && groups, names.join());
const entry = (name) => picture("curves").getByRole("button", { name, exact: true });
const series = (name) => picture("curves").locator(`[data-series~="${names.indexOf(name)}"]`);
const gone = async (name) => series(name).evaluateAll((all) => all.map((one) => getComputedStyle(one).display === "none"));
assert.ok((await gone(weights)).length >= 2);
await entry(weights).click();
assert.equal(await entry(weights).getAttribute("aria-pressed"), "false");
assert.deepEqual(new Set(await gone(weights)), new Set([true]));
assert.deepEqual(new Set(await gone(units)), new Set([false]));
const fewer = await under("curves", ...middle(plots[0]));
assert.deepEqual(fewer.filter((text) => /^W \(/.test(text)), []);
assert.equal(fewer.length, curves.length - 2);
await entry(weights).press("Enter");
assert.equal(await entry(weights).getAttribute("aria-pressed"), "true");
assert.deepEqual(new Set(await gone(weights)), new Set([false]));
// A double click, or a click with Alt, shows one series only, and the next one all again.
for (const only of [(name) => entry(name).dblclick(), (name) => entry(name).click({ modifiers: ["Alt"] }), (name) => entry(name).press("Alt+Space")]) {
    await only(units);
    assert.deepEqual(await Promise.all([weights, units, groups].map((name) => entry(name).getAttribute("aria-pressed"))), ["false", "true", "false"]);
    await only(units);
    assert.equal(await picture("curves").locator("[aria-pressed=false]").count(), 0);
}
// Other figures keep theirs.
await entry(weights).click();
assert.equal(await page.locator("[aria-pressed=false]").count(), 1);

// With a box, a series that is hidden and a legend, there is nothing that hinders.
await under("quality-compression", ...point.a);
await page.evaluate(axe());
const { violations } = await page.evaluate(() => globalThis.axe.run());
assert.deepEqual(violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) => `${id}: ${nodes[0].html}`), []);


// On paper: no buttons, boxes or links to files, and few pages.
await page.emulateMedia({ media: "print" });
for (const what of [".values", ".spoken", ".pointer", ".filters", ".files", ".contents", ".anchor"]) {
    const shown = await page.locator(what).evaluateAll((all) => all.filter((one) => getComputedStyle(one).display !== "none").length);
    assert.equal(shown, 0, what);
}
await page.emulateMedia({ media: null });
const pdf = (await page.pdf({ format: "A4" })).toString("latin1");
const pages = pdf.match(/\/Type\s*\/Page\b(?!s)/g)?.length ?? 0;
assert.ok(pages >= 1 && pages <= PAGES, `${pages} pages`);

await browser.close();
assert.deepEqual(problems, []);
console.log("figures: values by pointer and keyboard, legends, print");
