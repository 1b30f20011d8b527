/** Headers as the official package takes them: every form, and `null` for those to leave out. */

type HeaderValue = string | undefined | null;

declare const brand: unique symbol;

/** Headers, and the names of those that are not to be sent. */
export type NullableHeaders = { [brand]: true; values: Headers; nulls: Set<string> };

export type HeadersLike =
  | Headers
  | readonly HeaderValue[][]
  | Record<string, HeaderValue | readonly HeaderValue[]>
  | undefined
  | null
  | NullableHeaders;

/** Names and values in their order; `null`: the header is left out; `undefined` values are skipped. */
export function headerPairs(given: HeadersLike): Array<[string, string | null]> {
  const pairs: Array<[string, string | null]> = [];
  if (!given) return pairs;
  if (isNullable(given)) {
    given.values.forEach((value, name) => pairs.push([name, value]));
    given.nulls.forEach((name) => pairs.push([name, null]));
    return pairs;
  }
  let entries: Iterable<readonly unknown[]>;
  if (given instanceof Headers) entries = given.entries();
  else if (Array.isArray(given)) entries = given as readonly unknown[][];
  else entries = Object.entries(given as Record<string, unknown>);
  for (const [name, value] of entries) {
    if (typeof name !== 'string') throw new TypeError('expected header name to be a string');
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) pairs.push([name, one === null ? null : String(one)]);
    }
  }
  return pairs;
}

function isNullable(given: object): given is NullableHeaders {
  return 'values' in given && 'nulls' in given && (given as NullableHeaders).nulls instanceof Set;
}

/** Several layers as one: later ones replace earlier ones. */
export function buildHeaders(layers: HeadersLike[]): NullableHeaders {
  const values = new Headers();
  const nulls = new Set<string>();
  for (const layer of layers) {
    const seen = new Set<string>();
    const isObject = layer && !isNullable(layer) && !(Symbol.iterator in layer);
    let last: string | undefined;
    for (const [name, value] of headerPairs(layer)) {
      if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) throw new TypeError(`Header name must be a valid HTTP token ["${name}"]`);
      const lower = name.toLowerCase();
      // Members of an object replace those that differ from them in case only.
      if (isObject && last !== name) seen.delete(lower);
      last = name;
      if (!seen.has(lower)) {
        values.delete(name);
        seen.add(lower);
      }
      if (value === null) {
        values.delete(name);
        nulls.add(lower);
      } else {
        values.append(name, value);
        nulls.delete(lower);
      }
    }
  }
  return { values, nulls } as NullableHeaders;
}

/** Whether nothing is in there. */
export function isEmptyHeaders(headers: HeadersLike): boolean {
  return headerPairs(headers).length === 0;
}
