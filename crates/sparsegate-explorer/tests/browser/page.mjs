// What is seen on the page, and what can be done there.

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { axe, newPage, open } from "./open.mjs";

const [folder, program] = process.argv.slice(2);
const url = pathToFileURL(join(folder, "explore.html")).href;
const { browser, page, problems } = await open(program);
await page.goto(url);
await page.waitForSelector(".tokens button");

// What comes from data is text.
assert.equal(await page.locator("b:not(.tip b), i, img").count(), 0);
assert.equal(await page.locator("h1").textContent(), "<i>Test</i> & page");
assert.equal(await page.locator(".notes li").textContent(), "a <b>note</b>");

// A text is read as it is typed.
await page.fill("#text", "the zebra captain");
await page.waitForFunction(() => document.querySelectorAll(".tokens button").length === 4);
assert.deepEqual(await page.locator(".tokens button").allTextContents(), ["<eos>", "the", "zebra", "captain"]);
assert.equal(await page.locator(".token.unknown.predicted").textContent(), "zebra");
assert.equal(await page.locator("#answer .bars li").count(), 10);

// The networks of the group, between which one switches; both read the text.
assert.equal(await page.locator("#models-table tbody tr").count(), 2);
await page.locator("#models-table tbody tr").nth(0).click();
assert.equal(await page.locator("#models-table tr.chosen").count(), 1);
await page.waitForFunction(() => [...document.querySelectorAll("#models-table tbody tr")].every((row) => row.children[1].textContent !== ""));
const perplexities = await page.locator("#models-table tbody td:nth-child(2)").allTextContents();
assert.equal(perplexities[0], perplexities[1]);

// Pointing at a cell shows its number; a click pins the step, and another unpins it.
const map = page.locator(".map canvas");
const inside = { x: 130, y: 120 };
await map.hover({ position: inside });
assert.match(await page.locator(".readout").textContent(), /^unit 1, step 1, <eos>: \S+ = \S+/);
assert.match(await page.locator(".tip:visible").textContent(), /^\S+ = \S+( \(constant\))?unit 1, step 1, <eos>$/);
await map.click({ position: inside });
assert.equal(await page.locator(".pinned tbody tr").count(), 10);
const value = await page.evaluate(() => {
    const { model } = globalThis.sparsegate.networks[0];
    return globalThis.sparsegate.readText(model, "the zebra captain").steps[0].state[0];
});
const cells = await page.locator(".pinned tbody tr").first().locator("td").allTextContents();
assert.equal(Number(cells[cells.length - 1].replace("\u2212", "-")), Number(value.toFixed(3)));
await page.getByRole("button", { name: "Unpin" }).click();
assert.equal(await page.locator(".pinned").count(), 0);

// The same with keys.
await page.locator(".map").focus();
await page.keyboard.press("ArrowRight");
await page.keyboard.press("ArrowRight");
assert.match(await page.locator(".readout").textContent(), /^unit 1, step 2, the: i = /);
await page.keyboard.press("Enter");
assert.match(await page.locator(".pinned h3").textContent(), /^Step 2: the/);

// Units by the pattern of their live gates: fewer and fewer.
await page.selectOption("#sort", "pattern");
const order = await page.locator(".pinned tbody tr td:first-child").allTextContents();
const live = await page.evaluate((units) => {
    const { model } = globalThis.sparsegate.networks[0];
    return units.map((unit) => [0, 1, 2, 3].filter((kind) => model.live[kind * model.units + Number(unit) - 1] === 1).length);
}, order);
assert.deepEqual(live, [...live].sort((a, b) => b - a));
await page.selectOption("#rows", "o");
await page.selectOption("#rows", "all");

// It goes on writing what `generate` would write, and on with that.
await page.fill("#write-seed", "3");
await page.fill("#write-length", "5");
await page.click("#write");
const wanted = await page.evaluate(() => {
    const { networks, goOn, sampler } = globalThis.sparsegate;
    const sample = sampler(3, 0.8);
    const once = goOn(networks[0].model, "the zebra captain", sample, 5).text;
    return [once, goOn(networks[0].model, once, sample, 5).text];
});
assert.equal(await page.inputValue("#text"), wanted[0]);
await page.click("#write");
assert.equal(await page.inputValue("#text"), wanted[1]);
assert.notEqual(wanted[0], wanted[1]);
await page.fill("#write-length", "0");
await page.click("#write");
assert.equal(await page.locator("#problem").isVisible(), true);

// A classifier: classes and effects.
await page.selectOption("#group", { index: 1 });
const words = await page.evaluate(() => {
    const { model } = globalThis.sparsegate.networks[1];
    const { readText } = globalThis.sparsegate;
    return model.details.words.filter((word) => readText(model, word).tokens[0].read).slice(0, 3);
});
await page.fill("#text", [...words, "zebra"].join(" "));
await page.waitForFunction(() => document.querySelectorAll(".tokens button").length === 4);
const shares = (await page.locator("#answer .bars .n").allTextContents()).map((text) => Number(text.replace(" %", "")));
assert.ok(Math.abs(shares.reduce((a, b) => a + b, 0) - 100) < 0.2, String(shares));
await page.waitForSelector("#answer table");
assert.equal(await page.locator("img").count(), 0);

// A model whose rule the page does not have is listed with the reason.
await page.selectOption("#group", { index: 2 });
assert.match(await page.locator("#models-table tbody tr").textContent(), /cannot split texts by the rule "unicode-words"/);

// A text of thousands of symbols is refused, not read for minutes.
await page.selectOption("#group", { index: 0 });
await page.fill("#text", "the ".repeat(2001));
await page.waitForSelector("#problem:not([hidden])");
await page.fill("#text", "the captain");

// Nobody is shut out: light and dark, wide and narrow.
for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 400]) {
        const other = await newPage(browser, problems, { colorScheme, viewport: { width, height: 900 } });
        await other.goto(url);
        await other.waitForSelector(".tokens button");
        await other.locator(".map canvas").click({ position: { x: 130, y: 120 } });
        assert.equal(await other.evaluate(() => document.documentElement.scrollWidth), width);
        await other.evaluate(axe());
        const { violations } = await other.evaluate(() => globalThis.axe.run());
        const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
        assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).slice(0, 3)}`), [], `${colorScheme} ${width}`);
        await other.context().close();
    }
}

// Without scripts the table is there, with the reason.
const still = await newPage(browser, problems, { javaScriptEnabled: false });
await still.goto(url);
assert.equal(await still.locator("#models-table tbody tr").count(), 4);
assert.match(await still.locator("noscript").textContent(), /switched off/);

await browser.close();
assert.deepEqual(problems, []);
console.log("seen in light and dark, at 1280 and 400 pixels, with and without scripts");
