/** Modules below `internal/`, which tests reach where `openai` stands for its sources: the same functions come to the same. */
import { runInNewContext } from 'node:vm';

/** Values and errors in plain data. */
const told = (work) => {
  try {
    return shown(work());
  } catch (error) {
    return { failed: error.constructor.name };
  }
};

const shown = (value) =>
  JSON.parse(
    JSON.stringify(value, (_, inner) => {
      if (inner instanceof Uint8Array) return { bytes: [...inner] };
      if (typeof inner === 'bigint') return { bigint: String(inner) };
      return inner === undefined ? { nothing: true } : inner;
    }),
  );

/** Numbers that look like chance, and are the same each time. */
function dice(seed) {
  return (sides) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

const LEAVES = [1, 'a b', '', null, undefined, true, 'a.b', 'ü', "(x)!*'", '😀', '&=', 'a[b]', new Date(0), Buffer.from('q'), 10n, -1.5, 'a+b', '\ud800x'];

const OPTIONS = {
  arrayFormat: ['indices', 'brackets', 'repeat'], allowDots: [true], skipNulls: [true], strictNullHandling: [true], encodeValuesOnly: [true],
  addQueryPrefix: [true], format: ['RFC1738', 'RFC3986'], charset: ['utf-8', 'iso-8859-1'], charsetSentinel: [true], encode: [false],
  delimiter: [';'], allowEmptyArrays: [true], encodeDotInKeys: [true], sort: [(a, b) => (a < b ? -1 : 1)], indices: [false, true],
  filter: [['a', 'b'], (_, value) => (typeof value === 'number' ? value + 1 : value)], encoder: [(text) => `<${String(text)}>`],
};

function tree(roll, depth) {
  const kind = depth > 0 ? roll(6) : 0;
  if (kind < 3) return LEAVES[roll(LEAVES.length)];
  if (kind === 3) return Array.from({ length: roll(4) }, () => tree(roll, depth - 1));
  return Object.fromEntries(Array.from({ length: roll(4) }, () => [['a', 'b', 'c.d', 'e f', '[]'][roll(5)], tree(roll, depth - 1)]));
}

function queries(stringify) {
  const roll = dice(7);
  return Array.from({ length: 2000 }, () => {
    const value = { a: tree(roll, 3), 'x y': tree(roll, 2) };
    const options = {};
    for (const [name, values] of Object.entries(OPTIONS)) if (roll(6) === 0) options[name] = values[roll(values.length)];
    return told(() => stringify(value, options));
  });
}

function lines({ LineDecoder, findDoubleNewlineIndex }) {
  const roll = dice(3);
  const signs = ['a', 'é', '\n', '\r', '\r\n', '\n\n', '💙'];
  return Array.from({ length: 1000 }, () => {
    const bytes = Buffer.from(Array.from({ length: 1 + roll(8) }, () => signs[roll(7)]).join(''));
    const decoder = new LineDecoder();
    const found = [];
    for (let at = 0, size; at < bytes.length; at += size) {
      size = 1 + roll(3);
      found.push(decoder.decode(new Uint8Array(bytes.subarray(at, at + size))));
    }
    return [found, decoder.flush(), findDoubleNewlineIndex(new Uint8Array(bytes))];
  });
}

const ODD = [0, 1.5, -1, '3', 'x', 'true', '', true, false, null, undefined, {}, [], { a: 1 }, Infinity, Object.create({ a: 1 }), '1e3', 10n];
const PARAMS = ['', '.', '..', 'x', '%2e', '%2e%2E', 'a/b', 'ü', 0, null, undefined, {}, new Number(3), Math, [1], true, runInNewContext('({})')];
const PLACES = [['/a/', ''], ['', '/b'], ['/p/', '?x=', '#'], ['/../', ''], ['/p/', '.', ''], ['a'], ['/x?', '=y']];
const LAYERS = [undefined, null, {}, { a: '1' }, { A: null }, [['a', '2'], ['a', '3']], new Headers({ b: '1' }), { a: ['1', '2'] }, { a: ['x', null] }, { 'x y': '1' }, { a: 'é' }];

const NAMES = ['a.txt', 'dir/a.txt', '/abs/a.txt', '../up.txt', 'a\\b.txt', 'C:\\y\\z.txt', 'x/', 'a//b'];

async function names({ createForm, getName }, options) {
  const found = [];
  for (const name of NAMES) {
    try {
      const form = await createForm({ file: new File(['1'], name), more: [{ file: new File(['2'], name) }] }, globalThis.fetch, options);
      found.push([...form].map(([field, value]) => [field, value.name]));
    } catch (error) {
      found.push(error.constructor.name);
    }
  }
  return [found, [{ name: '/a/b' }, { url: 'https://x/y/z?q' }, { path: Buffer.from('/q/w') }, { filename: 'f' }, {}, 3].map((value) => getName(value) ?? null)];
}

export const programs = {
  'queries by every option': (p) => queries(p.file('internal/qs/index').stringify),
  'queries of calls': (p) => {
    const roll = dice(5);
    return Array.from({ length: 500 }, () => told(() => p.file('internal/utils/query').stringifyQuery({ a: tree(roll, 2), b: tree(roll, 1) })));
  },
  'options of queries that are none': (p) =>
    [{ allowEmptyArrays: 'x' }, { encodeDotInKeys: 1 }, { encoder: 3 }, { charset: 'x' }, { format: 'X' }, { arrayFormat: 'zz' }, { sort: 3 }].map((options) =>
      told(() => p.file('internal/qs/stringify').stringify({ a: [1, 2], b: null }, options)),
    ),
  'values of queries put together': (p) => {
    const { merge, combine, is_buffer, decode } = p.file('internal/qs/utils');
    const pairs = [[null, true], [{ a: 'b' }, { a: 'c' }], [{ foo: ['b', { f: 1 }] }, { foo: { s: 2 } }], [[{ a: 1 }], [{ b: 2 }, 3]], [{ a: 1 }, 'toString'], [['x'], 'y']];
    const texts = ['a%20b', '%zz', '%E4'].flatMap((text) => [decode(text, null, 'utf-8'), decode(text, null, 'iso-8859-1')]);
    return [pairs.map(([one, other]) => told(() => merge(structuredClone(one), other))), combine(1, [2]), is_buffer(Buffer.from('')), is_buffer({}), texts];
  },
  lines: (p) => lines(p.file('internal/decoders/line')),
  'questions about values': (p) => {
    const { ensurePresent, validatePositiveInteger, hasOwn, isAbsoluteURL, ...rest } = p.file('internal/utils/values');
    return [
      Object.entries(rest).map(([name, ask]) => [name, ODD.map((value) => told(() => ask(value)))]),
      ODD.map((value) => [told(() => ensurePresent(value)), told(() => validatePositiveInteger('n', value)), told(() => hasOwn(value, 'a'))]),
      ['https://x', 'X+y:z', '/a', '//a'].map(isAbsoluteURL),
    ];
  },
  'bytes and base64': (p) => {
    const { toBase64, fromBase64, toFloat32Array } = p.file('internal/utils/base64');
    const { concatBytes, encodeUTF8, decodeUTF8 } = p.file('internal/utils/bytes');
    return [
      ['', 'ü😀', null, new Uint8Array([1, 255])].map(toBase64), ['', 'aGk=', 'w7w', '!!'].map((text) => [...fromBase64(text)]),
      ['AACAPw==', 'AACAPwAAAEA=', 'AAC'].map((text) => told(() => toFloat32Array(text))), [...concatBytes([new Uint8Array(2), encodeUTF8('é')])], decodeUTF8(encodeUTF8('é')),
    ];
  },
  paths: (p) => {
    const { path, createPathTagFunction } = p.file('internal/utils/path');
    const why = (work) => {
      try {
        return work();
      } catch (error) {
        return error.message;
      }
    };
    const raw = createPathTagFunction((text) => text);
    return PLACES.flatMap((place) => PARAMS.map((param) => [path, raw].map((tag) => why(() => tag(place, ...[param, 'z'].slice(0, place.length - 1))))));
  },
  headers: (p) => {
    const { buildHeaders, isEmptyHeaders } = p.file('internal/headers');
    const built = (...layers) => told(() => (({ values, nulls }) => [[...values], [...nulls]])(buildHeaders(layers)));
    return LAYERS.map((one) => [isEmptyHeaders(one), LAYERS.map((other) => built(one, other, { a: null }))]);
  },
  'what logs leave out': (p) => {
    const { redactURL, isSensitiveHeader, isSensitiveQueryParameter } = p.file('internal/utils/log');
    const asked = ['Authorization', 'x-api-key', 'token', 'sig', 'cookie', 'client_secret', 'code', 'openai-project', 'X-Amz-Signature', 'key', 'password'];
    return [asked.map(isSensitiveHeader), asked.map(isSensitiveQueryParameter), redactURL('https://a:b@x.y/z?q=1&token=2#h')];
  },
  'the platform': (p) => {
    const { getPlatformHeaders, isRunningInBrowser } = p.file('internal/detect-platform');
    const { 'X-Stainless-Package-Version': _, ...rest } = getPlatformHeaders();
    return [rest, isRunningInBrowser(), getPlatformHeaders() === getPlatformHeaders()];
  },
  'waiting that is broken off': async (p) => {
    const { sleep } = p.file('internal/utils/sleep');
    const ended = (...args) => sleep(...args).then(() => 'waited', (reason) => `broken off: ${reason}`);
    return [await ended(1), await ended(60_000, AbortSignal.abort()), await ended(60_000, null, AbortSignal.timeout(1))];
  },
  'streams of items': async (p) => {
    const { ReadableStreamFrom, ReadableStreamToAsyncIterable, CancelReadableStream } = p.file('internal/shims');
    const seen = [];
    async function* items() {
      try {
        yield* [1, 2, 3];
      } finally {
        seen.push('left');
      }
    }
    for await (const item of ReadableStreamToAsyncIterable(ReadableStreamFrom([1, 2]))) seen.push(item);
    for await (const item of ReadableStreamFrom(items())) if (seen.push(item) > 3) break;
    await CancelReadableStream(ReadableStreamFrom(items(), { highWaterMark: 0 }));
    return seen;
  },
  'names of files in forms': async (p) => [await names(p.file('internal/uploads')), await names(p.file('internal/uploads'), { stripFilenames: false })],
  'JSON that has not ended': (p) => {
    const { partialParse, MalformedJSON } = p.load('_vendor/partial-json-parser/parser');
    const texts = ['{"a', '[1,2', '{"a":1,"b":tr', '"x', '-', '[1.', '{"a":[1,{"b":"c\\', '{"__proto__":1', '[true,fal'];
    return [texts.map((text) => told(() => partialParse(text))), told(() => { throw new MalformedJSON('x'); })];
  },
  'schemas inside of schemas': (p) => {
    const { forEachJSONSchemaChild, resolveLocalRef, hasOnlyRefAndAnnotations, assertNoNestedSchemaIds } = p.load('lib/transform');
    const inner = { $defs: { a: { type: 'string' }, 'b/c': { items: [{ x: 1 }] }, 'p~q': true }, properties: { d: { default: { z: 1 } }, e: { enum: [{ w: 1 }] } } };
    const schema = { ...inner, items: { anyOf: [{ v: 1 }] }, dependencies: { a: ['b'], c: {} }, not: true, if: { $id: 'x' }, additionalProperties: false, oneOf: [{}], const: { a: 1 } };
    const visited = [];
    forEachJSONSchemaChild(schema, ['#'], (child, path, keyword) => visited.push([child, path, keyword]));
    const refs = ['#', '#/$defs/a', '#/$defs/b~1c/items/0', '#/$defs/p~0q', '#/properties/d/default', '#/properties/e/enum/0', '#/items/anyOf/0', '#/items/anyOf/00', '#/%24defs/a', '#/$defs', 'x'];
    const only = ['title', 'deprecated', '$id', 'default', '$comment', 'type'].map((name) => hasOnlyRefAndAnnotations({ $ref: '#', [name]: 'x' }));
    return [visited, refs.map((ref) => resolveLocalRef(schema, ref) ?? null), only, [schema, inner, { $id: 'a' }].map((one) => told(() => assertNoNestedSchemaIds(one) ?? 'none'))];
  },
};
