// Reads every text of cases.json in the page, and compares what comes out with what the program said.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { open } from "./open.mjs";

const [folder, program] = process.argv.slice(2);
const networks = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"));
const { browser, page, problems } = await open(program);
await page.goto(pathToFileURL(join(folder, "explore.html")).href);

/** Largest difference of two lists. */
const apart = (a, b) => (a.length === b.length ? a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at])), 0) : Infinity);

const wrong = [];
const largest = { probabilities: 0, nats: 0, effects: 0, exact: 0 };
let count = 0;
let smallestSpread = Infinity;
for (const [index, network] of networks.entries()) {
    const found = await page.evaluate(({ index, texts, written }) => {
        const { readText, effects, goOn, sampler, networks } = globalThis.sparsegate;
        const { model } = networks[index];
        return {
            texts: texts.map(({ text, explained }) => {
                const reading = readText(model, text);
                const { tokens, probabilities, best, nats, likelihoods } = reading;
                return {
                    ids: tokens.map((token) => token.id), probabilities: [...probabilities], best, nats,
                    predicted: likelihoods.filter((one) => one !== null).length,
                    effects: explained ? effects(model, tokens, best).map(({ name, times, effect }) => [name, times, effect]) : null,
                };
            }),
            written: written.map(({ prompt, seed, temperature, length }) => goOn(model, prompt, sampler(seed, temperature), length).text),
        };
    }, { index, texts: network.texts.map(({ text, effects }) => ({ text, explained: effects !== undefined })), written: network.written });
    network.texts.forEach((wanted, at) => {
        const got = found.texts[at];
        const say = (what) => wrong.push(`${network.cell}, ${network.metric}, ${JSON.stringify(wanted.text)}: ${what}`);
        count += 1;
        if (JSON.stringify(got.ids) !== JSON.stringify(wanted.ids)) {
            say(`symbols ${got.ids}, not ${wanted.ids}`);
            return;
        }
        const between = apart(got.probabilities, wanted.probabilities);
        largest.probabilities = Math.max(largest.probabilities, between);
        if (!(between < 1e-5)) say(`probabilities are ${between} apart`);
        if (wanted.class !== undefined && wanted.class !== got.best) say(`class ${got.best}, not ${wanted.class}`);
        if (wanted.predicted !== undefined) {
            const nats = wanted.nats === null ? Number(got.nats !== null) : Math.abs(got.nats - wanted.nats);
            largest.nats = Math.max(largest.nats, nats);
            if (!(nats < 1e-5) || got.predicted !== wanted.predicted) say(`likelihood ${got.nats} of ${got.predicted}, not ${wanted.nats} of ${wanted.predicted}`);
        }
        if (wanted.exact !== undefined) {
            const exactly = apart(got.probabilities, wanted.exact);
            largest.exact = Math.max(largest.exact, exactly);
            if (!(exactly < 1e-11)) say(`in double precision, probabilities are ${exactly} apart`);
        }
        if (wanted.effects !== undefined) {
            // Two words may have nearly the same effect, and then stand in either order.
            const inOrder = (all) => [...all].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[2] - b[2]));
            const [all, known] = [inOrder(got.effects), inOrder(wanted.effects)];
            const same = all.length === known.length && all.every(([word, times], one) => word === known[one][0] && times === known[one][1]);
            const off = same ? apart(all.map((one) => one[2]), known.map((one) => one[2])) : Infinity;
            largest.effects = Math.max(largest.effects, off);
            if (!(off < 1e-4)) say(`effects ${JSON.stringify(all)}, not ${JSON.stringify(known)}`);
        }
    });
    // A network that answers all texts alike would agree with everything.
    const spread = network.texts.reduce((most, { probabilities }) => Math.max(most, apart(probabilities, network.texts[0].probabilities)), 0);
    smallestSpread = Math.min(smallestSpread, spread);
    if (!(spread > 0.02)) wrong.push(`${network.cell}, ${network.metric}: the answers to all texts are within ${spread}`);
    network.written.forEach(({ text }, at) => {
        if (text !== found.written[at]) {
            wrong.push(`${network.cell}, ${network.metric}, written: ${JSON.stringify(found.written[at])}, not ${JSON.stringify(text)}`);
        }
    });
}
await browser.close();
wrong.push(...problems);
console.log(`${count} texts of ${networks.length} models; largest differences ${JSON.stringify(largest)}; answers differ by ${smallestSpread.toFixed(3)} or more`);
if (wrong.length > 0) {
    console.log(`${wrong.length} are wrong:\n${wrong.slice(0, 20).join("\n")}`);
    process.exit(1);
}
