// The random numbers by which `sparsegate generate` draws, so that a seed gives the same text here: a port of
// `sparsegate_data::Draws`. A ChaCha8 stream, whose key is BLAKE3's `derive_key` of a purpose and the seed.

const IV = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
/** The state's columns, then its diagonals. */
const QUARTERS = [
    [0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
    [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14],
];
const CHUNK_START = 1;
const CHUNK_END = 2;
const ROOT = 8;
const DERIVE_KEY_CONTEXT = 32;
const DERIVE_KEY_MATERIAL = 64;

/** @param {number} word @param {number} bits @returns {number} */
const rotateRight = (word, bits) => (word >>> bits) | (word << (32 - bits));

/** @param {Uint8Array} bytes @param {number} count @returns {number[]} little-endian words, filled up with zeros */
function words(bytes, count) {
    const padded = new Uint8Array(count * 4);
    padded.set(bytes);
    const view = new DataView(padded.buffer);
    return Array.from({ length: count }, (_, at) => view.getUint32(at * 4, true));
}

/**
 * BLAKE3 of at most 64 bytes, which are a single block.
 * @param {number[]} key
 * @param {Uint8Array} bytes
 * @param {number} flags
 * @returns {number[]} eight words
 */
function blake3(key, bytes, flags) {
    if (bytes.length > 64) {
        throw new Error("only one block is implemented");
    }
    const s = Int32Array.from([...key, ...IV.slice(0, 4), 0, 0, bytes.length, flags | CHUNK_START | CHUNK_END | ROOT]);
    let message = words(bytes, 16);
    for (let round = 0; round < 7; round += 1) {
        QUARTERS.forEach(([a, b, c, d], at) => {
            s[a] += s[b] + message[2 * at];
            s[d] = rotateRight(s[d] ^ s[a], 16);
            s[c] += s[d];
            s[b] = rotateRight(s[b] ^ s[c], 12);
            s[a] += s[b] + message[2 * at + 1];
            s[d] = rotateRight(s[d] ^ s[a], 8);
            s[c] += s[d];
            s[b] = rotateRight(s[b] ^ s[c], 7);
        });
        message = PERMUTATION.map((from) => message[from]);
    }
    return Array.from({ length: 8 }, (_, at) => (s[at] ^ s[at + 8]) >>> 0);
}

/** @param {number[]} key @param {number} block its number @returns {number[]} sixteen words of the ChaCha8 stream */
function chacha8(key, block) {
    const start = [
        0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, ...key, block >>> 0, Math.floor(block / 2 ** 32), 0, 0,
    ];
    const s = Int32Array.from(start);
    for (let pair = 0; pair < 4; pair += 1) {
        for (const [a, b, c, d] of QUARTERS) {
            s[a] += s[b];
            s[d] = rotateRight(s[d] ^ s[a], 16);
            s[c] += s[d];
            s[b] = rotateRight(s[b] ^ s[c], 20);
            s[a] += s[b];
            s[d] = rotateRight(s[d] ^ s[a], 24);
            s[c] += s[d];
            s[b] = rotateRight(s[b] ^ s[c], 25);
        }
    }
    return start.map((word, at) => (word + s[at]) >>> 0);
}

/**
 * A source of numbers in [0, 1).
 * @param {string} purpose
 * @param {number} seed a whole number, 0 to 2^53 - 1
 * @returns {() => number} the next number
 */
export function draws(purpose, seed) {
    const number = new Uint8Array(8);
    new DataView(number.buffer).setBigUint64(0, BigInt(seed), true);
    const context = blake3(IV, new TextEncoder().encode(purpose), DERIVE_KEY_CONTEXT);
    const key = blake3(context, number, DERIVE_KEY_MATERIAL);
    let block = 0;
    /** @type {number[]} */
    let left = [];
    return () => {
        if (left.length === 0) {
            left = chacha8(key, block);
            block += 1;
        }
        const [low, high] = left.splice(0, 2);
        return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
    };
}
