// Colours of values: those of the report's figures, with darker ends on a dark page.

/** @typedef {[number, number, number]} Rgb */
/** @typedef {{ink: string, soft: string, line: string, paper: string, mark: string, closed: Rgb, open: Rgb, minus: Rgb, zero: Rgb, plus: Rgb}} Palette */

/** @returns {Palette} that of the page as it is shown now */
export function palette() {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const style = getComputedStyle(document.documentElement);
    const [ink, soft, line, paper, mark] = ["ink", "soft", "line", "paper", "mark"].map((name) => style.getPropertyValue(`--${name}`).trim());
    const page = { ink, soft, line, paper, mark };
    return dark
        ? { ...page, closed: [48, 44, 34], open: [92, 184, 236], minus: [236, 142, 34], zero: [42, 48, 56], plus: [166, 152, 222] }
        : { ...page, closed: [251, 243, 220], open: [44, 143, 196], minus: [224, 130, 20], zero: [240, 240, 240], plus: [128, 115, 172] };
}

/** @param {Rgb} from @param {Rgb} to @param {number} share @returns {Rgb} */
export function mix(from, to, share) {
    const clamped = Math.min(Math.max(share, 0), 1);
    /** @param {0 | 1 | 2} at */
    const one = (at) => Math.round(from[at] + (to[at] - from[at]) * clamped);
    return [one(0), one(1), one(2)];
}

/** @param {Rgb} color @returns {string} */
export const css = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;

/** @param {Palette} colors @param {number} value of a gate, 0 (closed) to 1 (open) @returns {string} */
export const gateColor = (colors, value) => css(mix(colors.closed, colors.open, value));

/** @param {Palette} colors @param {number} value from -1 to 1 @returns {string} */
export const flowColor = (colors, value) => css(mix(colors.zero, value < 0 ? colors.minus : colors.plus, Math.abs(value)));
