/** Formats and tools described with zod (3 or 4), and answers parsed with it. */
import { strictSchema } from '../internal/strict.js';
import { DRAFT, zod3Schema } from '../internal/zod-v3.js';
import {
  makeParseableResponseFormat, makeParseableTextFormat, makeParseableTool, type AutoParseableResponseFormat,
  type AutoParseableTextFormat, type AutoParseableTool,
} from '../lib/parser.js';
import { makeParseableResponseTool, type AutoParseableResponseTool } from '../lib/ResponsesParser.js';
import type { RealtimeFunctionTool } from '../resources/realtime/realtime.js';
import type { ResponseFormatTextJSONSchemaConfig } from '../resources/responses/responses.js';
import type { ResponseFormatJSONSchema } from '../resources/shared.js';

type ZodTypeLike = ({ _output: unknown } | { _zod: { output: unknown } }) & {
  parse?: (data: unknown) => unknown;
};

type InferZodType<T extends ZodTypeLike> =
  T extends { _output: infer Output } ? Output
  : T extends { _zod: { output: infer Output } } ? Output
  : never;

type ZodSchemaDefinitions = Record<string, ZodTypeLike>;

type ZodResponseFormatProps = Omit<ResponseFormatJSONSchema.JSONSchema, 'schema' | 'strict' | 'name'> & {
  /** Schemas that become definitions of these names, wherever they stand. */
  schemaDefinitions?: ZodSchemaDefinitions | undefined;
};

/** A schema of zod 4. */
const isZod4 = (schema: unknown): boolean => typeof schema === 'object' && schema !== null && '_zod' in schema;

/** The strict JSON Schema of a schema of zod. */
function schemaOf(schema: ZodTypeLike, name: string, definitions?: ZodSchemaDefinitions): Record<string, unknown> {
  if (!isZod4(schema)) return zod3Schema(schema, name, definitions);
  const zod = require('zod/v4') as any;
  let options: Record<string, unknown> = { target: 'draft-7' };
  if (definitions) {
    const registry = zod.registry();
    for (const [id, one] of Object.entries(definitions)) registry.add(one, { id });
    options = { ...options, metadata: registry };
  }
  const found = simpler(zod.toJSONSchema(schema, options)) as Shape;
  // Intersections have to be one object; the core knows how.
  const one = JSON.stringify(found).includes('"allOf"') ? { ...strictSchema(found), $schema: DRAFT } : found;
  close(one as Shape, []);
  return one;
}

/** Keywords whose members are schemas by name. */
const NAMED = ['properties', '$defs', 'definitions'];

/** `allOf` of one as that one, and `oneOf`, which strict formats do not know, as `anyOf`. */
function simpler(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(simpler);
  if (typeof schema !== 'object' || schema === null) return schema;
  const found = Object.entries(schema).flatMap(([keyword, inner]): [string, unknown][] => {
    if (keyword === 'default' || keyword === 'const' || keyword === 'enum') return [[keyword, inner]];
    if (keyword === 'allOf' && inner.length === 1) return Object.entries(simpler(inner[0]) as object);
    if (!NAMED.includes(keyword)) return [[keyword === 'oneOf' ? 'anyOf' : keyword, simpler(inner)]];
    const members = Object.entries(inner as object).map(([name, one]) => [name, simpler(one)]);
    return [[keyword, Object.fromEntries(members)]];
  });
  return Object.fromEntries(found);
}

interface Shape {
  type?: unknown;
  anyOf?: Shape[];
  items?: unknown;
  properties?: Record<string, Shape>;
  required?: string[];
  additionalProperties?: unknown;
  [keyword: string]: unknown;
}

const mayBeNull = ({ type, anyOf }: Shape): boolean =>
  type === 'null' || (Array.isArray(type) && type.includes('null')) || Boolean(anyOf?.some(mayBeNull));

/**
 * Makes objects strict: every member is asked for, and no other is taken. One that may be left out and may be `null` is
 * sent as that; what cannot be said in a strict schema is refused.
 */
function close(schema: Shape, path: string[]): void {
  const place = path.join('/');
  if (schema.type === 'object' || schema.properties) {
    if (schema.additionalProperties !== undefined && schema.additionalProperties !== false) {
      throw new Error(`Object schema at \`${place}\` must set \`additionalProperties: false\` to be compatible with strict Structured Outputs.`);
    }
    const properties = schema.properties ?? {};
    for (const [key, member] of Object.entries(properties)) {
      if (schema.required?.includes(key) || mayBeNull(member)) continue;
      const at = [...path, 'properties', key].join('/');
      throw new Error(
        `Schema field at \`${at}\` uses \`.optional()\` without \`.nullable()\` which is not supported by the API. ` +
          'See: https://platform.openai.com/docs/guides/structured-outputs?api-mode=responses#all-fields-must-be-required',
      );
    }
    schema.required = Object.keys(properties);
    schema.additionalProperties = false;
  }
  if (Array.isArray(schema.items)) {
    throw new Error(`Schema at \`${place}\` uses tuple-form \`items\`, which cannot be represented in strict Structured Outputs.`);
  }
  for (const keyword of NAMED) {
    for (const [key, inner] of Object.entries((schema[keyword] as Record<string, Shape> | undefined) ?? {})) {
      close(inner, [...path, keyword, key]);
    }
  }
  for (const [at, inner] of (schema.anyOf ?? []).entries()) close(inner, [...path, 'anyOf', String(at)]);
  if (schema.items && typeof schema.items === 'object') close(schema.items as Shape, [...path, 'items']);
}

function parserOf<T extends ZodTypeLike>(schema: T): (text: string) => InferZodType<T> {
  return (text) => {
    const value: unknown = JSON.parse(text);
    // Schemas of `zod/mini` have no methods.
    const parsed = schema.parse ? schema.parse(value) : (require('zod/v4') as any).parse(schema, value);
    return parsed as InferZodType<T>;
  };
}

/** `response_format` for a schema: `parse` and `stream` of chat completions give answers of its type. */
export function zodResponseFormat<ZodInput extends ZodTypeLike>(
  zodObject: ZodInput,
  name: string,
  props?: ZodResponseFormatProps,
): AutoParseableResponseFormat<InferZodType<ZodInput>> {
  const { schemaDefinitions, ...rest } = props ?? {};
  return makeParseableResponseFormat(
    { type: 'json_schema', json_schema: { ...rest, name, strict: true, schema: schemaOf(zodObject, name, schemaDefinitions) } },
    parserOf(zodObject),
  );
}

/** `text.format` for a schema: `parse` and `stream` of responses give answers of its type. */
export function zodTextFormat<ZodInput extends ZodTypeLike>(
  zodObject: ZodInput,
  name: string,
  props?: Omit<ResponseFormatTextJSONSchemaConfig, 'schema' | 'type' | 'strict' | 'name'>,
): AutoParseableTextFormat<InferZodType<ZodInput>> {
  return makeParseableTextFormat(
    { type: 'json_schema', ...props, name, strict: true, schema: schemaOf(zodObject, name) },
    parserOf(zodObject),
  );
}

interface ZodFunctionOptions<Parameters extends ZodTypeLike> {
  name: string;
  /** Schema of the arguments. */
  parameters: Parameters;
  /** What answers the calls; `runTools` needs it. */
  function?: ((args: InferZodType<Parameters>) => unknown | Promise<unknown>) | undefined;
  /** What the function does, for the model. */
  description?: string | undefined;
}

type ZodFunctionTool<
  Parameters extends ZodTypeLike,
  Callback extends ZodFunctionOptions<Parameters>['function'],
> = AutoParseableTool<{ arguments: InferZodType<Parameters>; name: string; function: Callback }>;

/** A tool of chat completions with its arguments as a schema. */
export function zodFunction<Parameters extends ZodTypeLike>(
  options: ZodFunctionOptions<Parameters> & { function: NonNullable<ZodFunctionOptions<Parameters>['function']> },
): ZodFunctionTool<Parameters, NonNullable<ZodFunctionOptions<Parameters>['function']>>;
export function zodFunction<Parameters extends ZodTypeLike>(
  options: ZodFunctionOptions<Parameters>,
): ZodFunctionTool<Parameters, ZodFunctionOptions<Parameters>['function']>;
export function zodFunction<Parameters extends ZodTypeLike>(options: ZodFunctionOptions<Parameters>): any {
  const { name, parameters, description } = options;
  return makeParseableTool<any>(
    {
      type: 'function',
      function: {
        name,
        parameters: schemaOf(parameters, name),
        strict: true,
        ...(description ? { description } : undefined),
      },
    },
    { callback: options.function, parser: parserOf(parameters) },
  );
}

/** A tool of responses with its arguments as a schema. */
export function zodResponsesFunction<Parameters extends ZodTypeLike>(options: {
  name: string;
  parameters: Parameters;
  function?: ((args: InferZodType<Parameters>) => unknown | Promise<unknown>) | undefined;
  description?: string | undefined;
  defer_loading?: boolean | undefined;
}): AutoParseableResponseTool<{
  arguments: InferZodType<Parameters>;
  name: string;
  function: (args: InferZodType<Parameters>) => unknown;
}> {
  const { name, parameters, description, defer_loading } = options;
  return makeParseableResponseTool<any>(
    {
      type: 'function',
      name,
      parameters: schemaOf(parameters, name),
      strict: true,
      ...(description ? { description } : undefined),
      ...(defer_loading === undefined ? undefined : { defer_loading }),
    },
    { callback: options.function, parser: parserOf(parameters) },
  ) as any;
}

/** A tool of realtime sessions with its arguments as a schema. */
export function zodRealtimeFunction<Parameters extends ZodTypeLike>(options: {
  name: string;
  parameters: Parameters;
  description?: string | undefined;
}): RealtimeFunctionTool {
  const { name, parameters, description } = options;
  return { type: 'function', name, parameters: schemaOf(parameters, name), ...(description ? { description } : undefined) };
}
