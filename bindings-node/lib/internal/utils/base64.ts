/** Base64, and the vectors that come in it. */
import { toVector } from '../vectors';
import { encodeUTF8 } from './bytes';

/** Bytes, or a text as UTF-8, as base64; of nothing an empty text. */
export const toBase64 = (data: string | Uint8Array | null | undefined): string => {
  if (!data) return '';
  return Buffer.from(typeof data === 'string' ? encodeUTF8(data) : data).toString('base64');
};

/** The bytes that a text in base64 stands for. */
export const fromBase64 = (str: string): Uint8Array => {
  const bytes = Buffer.from(str, 'base64');
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};

/** The 32-bit numbers in a text in base64. */
export const toFloat32Array = (base64Str: string): Array<number> => {
  const { length } = fromBase64(base64Str);
  if (length % 4 !== 0) throw new RangeError(`A vector of 32-bit numbers cannot have ${length} bytes: invalid base64, or a part of it is missing`);
  return toVector(base64Str, false) as number[];
};
