/** Schemas of zod 3 as they are, by the module inside of the official package that programs import. */
import { createRequire } from 'node:module';

const { z } = createRequire(import.meta.url)('zod/v3');

const part = z.object({ id: z.string() });
const tree = z.object({ v: z.number(), kids: z.lazy(() => z.array(tree)) });
const SCHEMAS = {
  texts: z.object({ a: z.string().min(2).max(5).email(), b: z.string().url().uuid(), c: z.string().regex(/^a/), d: z.string().datetime(), e: z.string().length(3).startsWith('a') }),
  numbers: z.object({ a: z.number().int().min(1).max(3).multipleOf(2), b: z.number().gt(1).lt(4), c: z.bigint(), d: z.date(), e: z.nan() }),
  values: z.object({ a: z.literal('a'), b: z.literal(1), c: z.enum(['a', 'b']), d: z.nativeEnum({ A: 'a', B: 1 }), e: z.null(), f: z.any(), g: z.unknown(), h: z.never() }),
  'what may be left out': z.object({ a: z.string().optional(), b: z.string().nullable(), c: z.string().default('x'), d: z.string().nullish(), e: z.object({ a: z.string() }).nullable(), f: z.undefined() }),
  lists: z.object({ a: z.array(z.string()).min(1).max(3), b: z.array(z.any()), c: z.array(z.number()).nonempty(), d: z.set(z.string()).min(1), e: z.map(z.string(), z.number()), f: z.tuple([z.string(), z.number()]), g: z.tuple([z.string()]).rest(z.number()) }),
  objects: z.object({ a: z.object({ a: z.string() }).strict(), b: z.object({ a: z.string() }).passthrough(), c: z.object({ a: z.string() }).catchall(z.number()), d: z.object({}), e: z.record(z.number()), f: z.record(z.enum(['a']), z.number()) }),
  alternatives: z.object({ a: z.union([z.string(), z.number()]), b: z.union([part, z.string()]), c: z.union([z.literal('a'), z.literal('b')]), d: z.discriminatedUnion('t', [z.object({ t: z.literal('x') }), z.object({ t: z.literal('y'), n: z.number() })]) }),
  wrappers: z.object({ a: z.string().refine(Boolean), b: z.string().transform(Number), c: z.string().pipe(z.string()), d: z.string().brand('x'), e: z.string().catch('q'), f: part.readonly(), g: z.promise(z.string()), h: z.intersection(part, z.object({ b: z.number() })) }),
  descriptions: z.object({ a: z.string().optional().describe('A'), b: z.number().describe('B').nullable() }).describe('O'),
  'parts that occur again': z.object({ x: part, y: part, l: z.array(part) }),
  'parts that hold themselves': tree,
  'what may be nothing at the root': z.string().optional(),
};
const OPTIONS = [undefined, 'N', { $refStrategy: 'none' }, { name: 'N', $refStrategy: 'none' }, { $refStrategy: 'seen' }, { definitions: { part } }, { effectStrategy: 'any' }, { pipeStrategy: 'input' }];

/** Without what the official package writes about schemas that hold themselves. */
function quietly(work) {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return work();
  } finally {
    console.warn = warn;
  }
}

export const programs = {
  ...Object.fromEntries(
    Object.entries(SCHEMAS).map(([name, schema]) => [
      name,
      ({ load }) => quietly(() => OPTIONS.map((options) => load('_vendor/zod-to-json-schema/zodToJsonSchema').zodToJsonSchema(schema, options))),
    ]),
  ),
  'the names of the module': ({ load }) => {
    const all = load('_vendor/zod-to-json-schema/index.js');
    const { isEmptyObj, zodDef } = load('_vendor/zod-to-json-schema/util.mjs');
    return [all.default === all.zodToJsonSchema, isEmptyObj({}), isEmptyObj({ a: 1 }), zodDef(part) === part._def];
  },
};
