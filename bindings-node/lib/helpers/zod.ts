/** Formats and tools described with zod (3 or 4), and answers parsed with it. */
import { readStructured } from '../internal/read-json.js';
import { zod3Schema } from '../internal/zod-v3.js';
import {
  makeParseableResponseFormat, makeParseableTextFormat, makeParseableTool, type AutoParseableResponseFormat,
  type AutoParseableTextFormat, type AutoParseableTool,
} from '../lib/parser.js';
import { makeParseableResponseTool, type AutoParseableResponseTool } from '../lib/ResponsesParser.js';
import { toStrictJsonSchema } from '../lib/transform.js';
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
  return toStrictJsonSchema(zod.toJSONSchema(schema, options) as Record<string, unknown>);
}

function parserOf<T extends ZodTypeLike>(schema: T): (text: string) => InferZodType<T> {
  return (text) => {
    const value = readStructured(text);
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
