// Measures the page of a thousand runs: how soon it is there, shows a value and switches a series.

import assert from "node:assert/strict";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { newPage, open } from "../../crates/sparsegate-explorer/tests/browser/open.mjs";

/** How often each is measured. */
const TIMES = 5;

const [folder, program] = process.argv.slice(2);
const url = pathToFileURL(join(folder, "index.html")).href;
const { browser, problems } = await open(program);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const text = (values) => `median ${Math.round(median(values))} ms, fastest ${Math.round(Math.min(...values))} ms`;
const found = { loaded: [], drawn: [], hover: [], hide: [], show: [] };

for (let time = 0; time < TIMES; time += 1) {
    const page = await newPage(browser, problems);
    await page.goto(url, { timeout: 120_000 });
    const timing = await page.evaluate(() => performance.getEntriesByType("navigation")[0].toJSON());
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
    found.loaded.push(timing.domContentLoadedEventEnd);
    found.drawn.push(paint);

    // From the event of the pointer to the first frame with the box: two frames, of which the second follows the drawing.
    const hover = await page.evaluate(async () => {
        const figure = document.querySelector("figure#quality-compression");
        const { spots } = JSON.parse(figure.querySelector("script").textContent);
        const svg = figure.querySelector("svg");
        svg.scrollIntoView({ block: "center" });
        const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        await frames();
        const [x, y] = spots.find(({ a }) => a.length === 2).a;
        const at = new DOMPoint(x * 10, y * 10).matrixTransform(svg.getScreenCTM());
        const begun = performance.now();
        const event = { clientX: at.x, clientY: at.y, pointerType: "mouse", bubbles: true };
        document.elementFromPoint(at.x, at.y).dispatchEvent(new PointerEvent("pointermove", event));
        await frames();
        const took = performance.now() - begun;
        return { took, shown: getComputedStyle(document.querySelector(".values")).display !== "none" };
    });
    assert.ok(hover.shown, "the box of values is there");
    found.hover.push(hover.took);

    // From a click on an entry of the legend to the first frame without its series.
    for (const kind of ["hide", "show"]) {
        found[kind].push(
            await page.evaluate(async () => {
                const entry = document.querySelector("figure#curves [aria-pressed]");
                entry.scrollIntoView({ block: "center" });
                const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
                await frames();
                const before = entry.getAttribute("aria-pressed");
                const begun = performance.now();
                entry.dispatchEvent(new MouseEvent("click", { bubbles: true }));
                await frames();
                const took = performance.now() - begun;
                if (entry.getAttribute("aria-pressed") === before) throw new Error("nothing was switched");
                return took;
            }),
        );
    }
    await page.context().close();
}
const version = browser.version();
await browser.close();
assert.deepEqual(problems, []);
console.log(`${cpus()[0].model}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}; Chromium ${version}; ${TIMES} times`);
console.log(`first paint         ${text(found.drawn)}`);
console.log(`DOMContentLoaded    ${text(found.loaded)}`);
console.log(`hover to its value  ${text(found.hover)}`);
console.log(`hide a series       ${text(found.hide)}`);
console.log(`show a series       ${text(found.show)}`);
