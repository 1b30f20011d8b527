/** Bytes and texts. */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One array of bytes after the other. */
export function concatBytes(buffers: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(buffers.reduce((length, buffer) => length + buffer.length, 0));
  let at = 0;
  for (const buffer of buffers) {
    whole.set(buffer, at);
    at += buffer.length;
  }
  return whole;
}

/** A text as UTF-8. */
export function encodeUTF8(str: string): Uint8Array {
  return encoder.encode(str);
}

/** UTF-8 as a text. */
export function decodeUTF8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
