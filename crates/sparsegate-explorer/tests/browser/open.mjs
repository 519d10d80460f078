// Opens the browser. What a page must never do is collected: errors, messages, requests for other files.

import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.SPARSEGATE_NODE_MODULES, "none.js"));
const { chromium } = require("playwright-core");

/** The script of axe-core. */
export const axe = () => require("axe-core").source;

/** @param {string} program that of the browser @param {object} options of the page */
export async function open(program, options = {}) {
    // Whoever runs the tests in a container is root, for whom Chromium has no sandbox.
    const browser = await chromium.launch({ executablePath: require("node:child_process").execFileSync("which", [program], { encoding: "utf8" }).trim(), args: ["--no-sandbox"] });
    const problems = [];
    const page = await newPage(browser, problems, options);
    return { browser, page, problems };
}

export async function newPage(browser, problems, options = {}) {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })).newPage();
    page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
    page.on("console", (message) => problems.push(`console: ${message.text()}`));
    page.on("request", (request) => {
        if (!/\/(index|explore)\.html(#.*)?$/.test(request.url())) problems.push(`request: ${request.url()}`);
    });
    return page;
}
