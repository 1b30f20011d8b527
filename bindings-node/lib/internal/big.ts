/** JSON with whole numbers of any size, which `JSON.parse` rounds and `JSON.stringify` refuses. */
import { randomBytes } from 'node:crypto';

/** Marks a number while it stands as a text; no text of anybody else's begins so. */
const MARK = `threadline-integer-${randomBytes(12).toString('hex')}:`;
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LONG = /\d{16}/;

/** A value whose whole numbers beyond 2^53 are `bigint`. */
export function parseBig(text: string): unknown {
  if (!LONG.test(text)) return JSON.parse(text);
  const marked = text.replace(TOKENS, (token) =>
    /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${MARK}${token}"` : token,
  );
  return JSON.parse(marked, (_name, value) =>
    typeof value === 'string' && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  );
}

/** JSON of a value that may hold `bigint`. */
export function stringify(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError) || !/BigInt/.test(error.message)) throw error;
  }
  const marked = JSON.stringify(value, (_name, inner) => (typeof inner === 'bigint' ? `${MARK}${inner}` : inner));
  return marked.replaceAll(new RegExp(`"${MARK}(-?\\d+)"`, 'g'), '$1');
}

/** Levels of nesting that are read; the core has the same limit. */
const MAX_DEPTH = 128;

/** Whether JSON text is nested deeper than what is read. Most texts have too few brackets for that. */
export function isTooDeep(text: string): boolean {
  let brackets = 0;
  for (const bracket of ['[', '{']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      brackets += 1;
      if (brackets > MAX_DEPTH) return deepest(text) > MAX_DEPTH;
    }
  }
  return false;
}

function deepest(text: string): number {
  let depth = 0;
  let most = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = endOfText(text, at + 1);
    } else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > most) most = depth;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return most;
}

/** Place of the quote that ends a text. */
function endOfText(text: string, begin: number): number {
  for (let at = begin; ; ) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === 0x5c) slashes += 1;
    if (slashes % 2 === 0) return quote;
    at = quote + 1;
  }
}
