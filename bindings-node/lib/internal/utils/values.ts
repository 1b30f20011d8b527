/** Small questions about values, and values made of others. */
import { OpenAIError } from '../../core/error';

/** Whether a text begins with a scheme. */
export const isAbsoluteURL = (url: string): boolean => /^[a-z][a-z0-9+.-]*:/i.test(url);

export const isArray = (val: unknown): val is unknown[] => Array.isArray(val);

export const isReadonlyArray = (val: unknown): val is readonly unknown[] => Array.isArray(val);

/** The value if it is an object, else an empty one. */
export function maybeObj(x: unknown): object {
  return typeof x === 'object' && x !== null ? x : {};
}

/** Whether there is no member that a loop would find, inherited ones included. */
export function isEmptyObj(obj: Object | null | undefined): boolean {
  for (const _ in obj ?? {}) return false;
  return true;
}

export function hasOwn<T extends object = object>(obj: T, key: PropertyKey): key is keyof T {
  return Object.prototype.hasOwnProperty.call(obj, key);
}

/** Whether it is an object and no list. */
export function isObj(obj: unknown): obj is Record<string, unknown> {
  return typeof obj === 'object' && obj !== null && !Array.isArray(obj);
}

/** The value; none is an error. */
export const ensurePresent = <T>(value: T | null | undefined): T => {
  if (value === null || value === undefined) throw new OpenAIError(`Expected a value to be given but received ${value} instead.`);
  return value;
};

/** A whole number from 0 on. */
export const validatePositiveInteger = (name: string, n: unknown): number => {
  if (typeof n !== 'number' || !Number.isInteger(n)) throw new OpenAIError(`${name} must be an integer`);
  if (n < 0) throw new OpenAIError(`${name} must be a positive integer`);
  return n;
};

export const coerceInteger = (value: unknown): number => {
  if (typeof value === 'number') return Math.round(value);
  if (typeof value === 'string') return Number.parseInt(value, 10);
  throw noNumber(value);
};

export const coerceFloat = (value: unknown): number => {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return Number.parseFloat(value);
  throw noNumber(value);
};

function noNumber(value: unknown): OpenAIError {
  return new OpenAIError(`Could not coerce ${value} (type: ${typeof value}) into a number`);
}

/** Of texts only `true` is true. */
export const coerceBoolean = (value: unknown): boolean => (typeof value === 'string' ? value === 'true' : Boolean(value));

const unlessMissing =
  <T>(coerce: (value: unknown) => T) =>
  (value: unknown): T | undefined =>
    value === null || value === undefined ? undefined : coerce(value);

export const maybeCoerceInteger = unlessMissing(coerceInteger);
export const maybeCoerceFloat = unlessMissing(coerceFloat);
export const maybeCoerceBoolean = unlessMissing(coerceBoolean);

/** JSON's value; `undefined` for a text that is none. */
export const safeJSON = (text: string): any => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
