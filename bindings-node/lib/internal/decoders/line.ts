/** Lines of bytes that come in pieces. */
import { decodeUTF8, encodeUTF8 } from '../utils/bytes';

export type Bytes = string | ArrayBuffer | Uint8Array | null | undefined;

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Gives lines as soon as they end, with a line feed, a carriage return or both. */
export class LineDecoder {
  static NEWLINE_CHARS = new Set(['\n', '\r']);
  static NEWLINE_REGEXP = /\r\n|[\n\r]/g;

  /** Bytes of the line that has not ended: the first `#length` of these. */
  #buffer = new Uint8Array(0);
  #length = 0;
  /** The last line ended with a carriage return: a line feed next to it belongs to the same end. */
  #endedByReturn = false;

  decode(chunk: Bytes): string[] {
    if (chunk === null || chunk === undefined) return [];
    const bytes = typeof chunk === 'string' ? encodeUTF8(chunk) : chunk instanceof ArrayBuffer ? new Uint8Array(chunk) : chunk;
    if (bytes.length === 0) return [];
    const from = this.#length;
    this.#append(bytes);
    return this.#lines(from);
  }

  /** What is left: a line without an end. */
  flush(): string[] {
    if (this.#length === 0) return [];
    const rest = decodeUTF8(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
    return [rest];
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = needed;
  }

  /** Lines that end behind this place; what stands before it was looked at. */
  #lines(from: number): string[] {
    const found: string[] = [];
    const bytes = this.#buffer;
    let start = 0;
    for (let at = from; at < this.#length; at += 1) {
      const byte = bytes[at];
      if (byte === NEWLINE && this.#endedByReturn) {
        start = at + 1;
        this.#endedByReturn = false;
        continue;
      }
      this.#endedByReturn = byte === RETURN;
      if (byte !== NEWLINE && byte !== RETURN) continue;
      found.push(decodeUTF8(bytes.subarray(start, at)));
      start = at + 1;
    }
    if (start > 0) {
      // A new one, as lines may be views of what was there.
      this.#length -= start;
      this.#buffer = bytes.slice(start, start + this.#length);
    }
    return found;
  }
}

/** Where it goes on behind the first empty line; -1: there is none. */
export function findDoubleNewlineIndex(buffer: Uint8Array): number {
  let at = 0;
  while (at < buffer.length) {
    const one = lineEnd(buffer, at);
    if (one === 0) {
      at += 1;
      continue;
    }
    const two = lineEnd(buffer, at + one);
    if (two > 0) return at + one + two;
    at += one;
  }
  return -1;
}

/** How many bytes the line end here has; 0: there is none. */
function lineEnd(buffer: Uint8Array, at: number): number {
  if (buffer[at] === NEWLINE) return 1;
  if (buffer[at] !== RETURN) return 0;
  return buffer[at + 1] === NEWLINE ? 2 : 1;
}
