/** Formats and tools of schemas: zod 3 and 4, Standard Schema, JSON Schema. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const versions = { 3: require('zod/v3'), 4: require('zod/v4') };

/** What both versions of zod, and the official package, take. */
const SCHEMAS = {
  members: (z) => z.object({ a: z.string(), b: z.number().int().min(1).max(5), c: z.boolean(), d: z.enum(['x', 'y']), e: z.literal('l'), f: z.null() }),
  descriptions: (z) => z.object({ a: z.string().describe('the a'), b: z.object({ c: z.number().describe('c') }).describe('b') }).describe('root'),
  'what may be null': (z) => z.object({ a: z.string().nullable(), b: z.object({ c: z.string() }).nullable(), d: z.string().nullish(), e: z.enum(['x']).nullable() }),
  defaults: (z) => z.object({ a: z.string().default('x'), b: z.array(z.string()).min(1).max(3) }),
  alternatives: (z) => z.object({ a: z.union([z.string(), z.number()]), b: z.union([z.literal('x'), z.literal(1)]), c: z.union([z.object({ x: z.string() }), z.null()]) }),
  'alternatives by a member': (z) => z.object({ a: z.discriminatedUnion('k', [z.object({ k: z.literal('x') }), z.object({ k: z.literal('y'), n: z.number() })]) }),
  'a part in two places': (z) => {
    const part = z.object({ name: z.string(), phone: z.string().nullable() });
    return z.object({ x: part, y: part, z: z.array(part) });
  },
  'parts in parts': (z) => {
    const leaf = z.object({ a: z.string().describe('leaf') });
    const middle = z.object({ l: leaf, m: leaf });
    return z.object({ x: middle, y: middle, z: leaf });
  },
  'a root that holds itself': (z) => {
    const node = z.lazy(() => z.object({ value: z.string(), kids: z.array(node) }));
    return node;
  },
  'a member that holds itself': (z) => {
    const list = z.object({ value: z.string(), next: z.lazy(() => list).nullable() });
    return z.object({ list });
  },
  'two that hold each other': (z) => {
    const a = z.lazy(() => z.object({ b: b.nullable() }));
    const b = z.lazy(() => z.object({ a: a.nullable() }));
    return z.object({ a });
  },
  formats: (z) => z.object({ a: z.string().email(), b: z.string().regex(/^a+$/), c: z.string().min(2).max(9), d: z.string().startsWith('a.'), e: z.number().multipleOf(2).positive() }),
  'nothing in it': (z) => z.object({}),
  'what may be missing': (z) => z.object({ a: z.string().optional() }),
  'parts in wrappers': (z) => {
    const base = z.string();
    const early = z.object({ value: base });
    const [defaulted, branded, frozen] = [base.default('x'), base.brand('B'), base.readonly()];
    const late = z.object({ value: base });
    return z.object({ early, again: early, defaulted, later: defaulted, branded, brandedAgain: branded, frozen, frozenAgain: frozen, late, last: late });
  },
  'the same that may be null': (z) => {
    const text = z.string().nullable();
    return z.object({ a: text, b: text, c: z.array(text) });
  },
};

/** Only what zod 4 says, as the official package refuses more of zod 3 from one version to the next. */
const REFUSED = {
  'a root that is no object': (z) => z.array(z.string()),
  'a root of alternatives': (z) => z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]),
  'open objects': (z) => z.looseObject({ a: z.string() }),
  nothing: (z) => z.object({ a: z.never() }),
  'encoded texts': (z) => z.object({ a: z.base64() }),
  tuples: (z) => z.object({ a: z.tuple([z.string(), z.number()]) }),
  'null by default': (z) => z.object({ a: z.string().nullable().default(null) }),
};

const plain = (work) => {
  try {
    return JSON.parse(JSON.stringify(work()));
  } catch (error) {
    return { failed: error.message };
  }
};

function formats({ load }, schema) {
  const zod = load('helpers/zod');
  return [
    plain(() => zod.zodResponseFormat(schema, 'name')), plain(() => zod.zodTextFormat(schema, 'name', { description: 'd' })),
    plain(() => zod.zodFunction({ name: 'f', parameters: schema })), plain(() => zod.zodResponsesFunction({ name: 'f', parameters: schema, description: 'd' })),
  ];
}

const standard = (more, validate = (value) => ({ value })) => ({
  '~standard': { version: 1, vendor: 'v', validate, jsonSchema: { input: () => ({ type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }) }, ...more },
});

const O = (properties, more = {}) => ({ type: 'object', properties, required: Object.keys(properties), ...more });
const S = { type: 'string' };

export const programs = {
  ...Object.fromEntries(
    Object.entries(SCHEMAS).flatMap(([name, make]) => Object.entries(versions).map(([version, z]) => [`zod ${version}: ${name}`, (p) => formats(p, make(z))])),
  ),
  ...Object.fromEntries(Object.entries(REFUSED).map(([name, make]) => [`zod 4: ${name}`, (p) => formats(p, make(versions[4]))])),
  'zod 3: parts by names of the program': ({ load }) => {
    const z = versions[3];
    const part = z.object({ n: z.string() });
    return load('helpers/zod').zodResponseFormat(z.object({ a: part, b: z.array(part) }), 'name', { schemaDefinitions: { Part: part, Other: z.enum(['x']) } });
  },
  'Standard Schema': ({ load }) => {
    const { standardResponseFormat, standardResponsesFunction } = load('helpers/standard-schema');
    const read = (schema) => plain(() => ({ value: standardResponseFormat(schema, 'name').$parseRaw('{"a":"x"}') }));
    return [
      plain(() => standardResponseFormat(standard(), 'name', { description: 'd' })), plain(() => standardResponsesFunction({ name: 'f', parameters: standard() })),
      plain(() => standardResponseFormat(standard({ jsonSchema: undefined }), 'name')), plain(() => standardResponseFormat(standard({ jsonSchema: undefined }), 'name', { schema: O({ b: S }) })),
      read(standard({}, (value) => ({ value: { ...value, more: 1 } }))), read(standard({}, () => ({ issues: [{ message: 'bad', path: ['a', { key: 'b' }, 0] }, { message: 'worse' }] }))),
      read(standard({}, async (value) => ({ value }))),
    ];
  },
  'strict schemas': ({ load }) => {
    const { toStrictJsonSchema } = load('lib/transform');
    return [
      O({ a: S }), { type: 'object', properties: { a: S } }, { type: 'object', properties: { a: { type: ['string', 'null'] } } }, O({ a: O({ b: S }) }), O({ a: S }, { additionalProperties: true }),
      { $ref: '#/definitions/x', definitions: { x: O({ z: S }) } }, { $ref: '#/definitions/y', definitions: {} }, { type: 'string' }, { anyOf: [O({ a: S })] }, O({ a: { allOf: [S] } }), O({ a: { not: {} } }),
      O({ a: { type: 'string', default: null } }), O({ a: true }), { type: 'object', required: ['z'], properties: {} }, O({ a: { type: 'array' } }), O({ a: { type: 'array', items: [S] } }), O({ a: { $ref: 'http://x' } }),
      { type: 'object', properties: { a: { $ref: '#/definitions/n' } }, definitions: { n: { type: ['string', 'null'] } } }, { type: 'object', properties: { a: { enum: ['x', null] } } }, { type: ['object'], properties: {} },
    ].map((schema) => plain(() => toStrictJsonSchema(schema)));
  },
};
