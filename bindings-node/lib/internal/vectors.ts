/** Embeddings: from base64 of little-endian 32-bit floats, or from numbers that came apart from their reply's text. */

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The numbers of a vector: as a list, or typed. */
export function toVector(base64: string, typed: boolean): number[] | Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  const { buffer, byteOffset, length } = bytes;
  let floats: Float32Array;
  if (isLittleEndian && byteOffset % 4 === 0) {
    floats = new Float32Array(buffer, byteOffset, length >> 2);
  } else {
    floats = new Float32Array(length >> 2);
    for (let at = 0; at < floats.length; at += 1) floats[at] = bytes.readFloatLE(at * 4);
  }
  if (typed) return byteOffset === 0 && buffer.byteLength === length ? floats : floats.slice();
  const list = new Array<number>(floats.length);
  for (let at = 0; at < list.length; at += 1) list[at] = floats[at]!;
  return list;
}

/** A reply of embeddings: each vector's count of numbers in its text gives way to so many of the numbers. */
export function withNumbers([text, bytes]: [string, Uint8Array]): unknown {
  const reply = JSON.parse(text);
  const { buffer, byteOffset, length } = bytes;
  let numbers: Float64Array;
  if (isLittleEndian && byteOffset % 8 === 0) {
    numbers = new Float64Array(buffer, byteOffset, length >> 3);
  } else {
    const view = new DataView(buffer, byteOffset, length);
    numbers = new Float64Array(length >> 3);
    for (let at = 0; at < numbers.length; at += 1) numbers[at] = view.getFloat64(at * 8, true);
  }
  let from = 0;
  for (const item of reply.data) {
    const list = new Array<number>(item.embedding[0]);
    for (let at = 0; at < list.length; at += 1) list[at] = numbers[from + at]!;
    from += list.length;
    item.embedding = list;
  }
  return reply;
}
