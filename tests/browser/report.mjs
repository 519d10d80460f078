// index.html of a report: its tables, and what those see who see less; and the explorer beside it.

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { axe, newPage, open } from "../../crates/sparsegate-explorer/tests/browser/open.mjs";

const [folder, program] = process.argv.slice(2);
const url = pathToFileURL(join(folder, "index.html")).href;
const { browser, page, problems } = await open(program);
await page.goto(url);
assert.equal(await page.locator(".about b").count(), 0);

// Every anchor leads somewhere, and no two parts have the same.
const { links, ids } = await page.evaluate(() => ({
    links: [...document.querySelectorAll('a[href^="#"]')].map((link) => link.getAttribute("href").slice(1)),
    ids: [...document.querySelectorAll("[id]")].map((element) => element.id),
}));
assert.ok(links.length > 5);
assert.deepEqual(links.filter((link) => !ids.includes(link)), []);
assert.equal(new Set(ids).size, ids.length);

// The table with a row for each run, and the baseline.
const table = page.locator("table").filter({ has: page.locator("thead th", { hasText: /^seed$/ }) }).filter({ has: page.locator("tbody tr:nth-child(12)") }).first();
const column = async (head) => {
    const heads = await table.locator("thead th").allTextContents();
    const cells = await table.locator(`tbody tr:visible td:nth-child(${heads.indexOf(head) + 1})`).allTextContents();
    return cells.map((cell) => cell.trim());
};
const original = await column("seed");
const sort = table.locator("thead button", { hasText: /^seed$/ });
await sort.click();
const upwards = (await column("seed")).filter((seed) => seed !== "");
assert.deepEqual(upwards, [...upwards].sort());
assert.equal(await table.locator("th[aria-sort=ascending]").count(), 1);
await sort.click();
assert.deepEqual((await column("seed")).filter((seed) => seed !== ""), [...upwards].reverse());
await sort.click();
assert.deepEqual(await column("seed"), original);

// The filters above it.
const filters = table.locator("xpath=preceding::*[contains(concat(' ', @class, ' '), ' filters ')][1]");
const seeds = filters.locator("label", { hasText: "seed" }).locator("select");
await seeds.selectOption("1");
assert.deepEqual([...new Set(await column("seed"))], ["1"]);
assert.match(await filters.textContent(), /6 of 1[23] rows/);
await seeds.selectOption("");
assert.deepEqual(await column("seed"), original);

// Wide and narrow, light and dark.
for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 400]) {
        const other = await newPage(browser, problems, { colorScheme, viewport: { width, height: 900 } });
        await other.goto(url);
        assert.equal(await other.evaluate(() => document.documentElement.scrollWidth), width);
        await other.evaluate(axe());
        const { violations } = await other.evaluate(() => globalThis.axe.run());
        const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
        assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).slice(0, 3)}`), [], `${colorScheme} ${width}`);
        await other.context().close();
    }
}

// Without scripts, the same rows and figures.
const still = await newPage(browser, problems, { javaScriptEnabled: false });
await still.goto(url);
for (const what of ["tbody tr", "figure svg", "h2"]) {
    assert.equal(await still.locator(what).count(), await page.locator(what).count(), what);
}

// The link to the explorer, in which the twelve networks stand in two groups, one for each cell.
await page.getByRole("link", { name: "Explore the networks" }).click();
await page.waitForSelector(".tokens button");
assert.equal(await page.locator("#group option").count(), 2);
const labels = (await page.locator("#models-table tbody label").allTextContents()).map((label) => label.trim());
assert.deepEqual(labels, ["dense, seed 0", "dense, seed 1", "W, seed 0", "W, seed 1", "W+N, seed 0", "W+N, seed 1"]);
await page.waitForFunction(() => [...document.querySelectorAll("#models-table tbody tr")].every((row) => row.children[1].textContent !== ""));

await browser.close();
assert.deepEqual(problems, []);
console.log("index.html: anchors, sorting, filters, four looks, without scripts; and the way to explore.html");
