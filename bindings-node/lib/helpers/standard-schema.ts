/** Formats and tools described with any library that speaks Standard Schema, and answers parsed with it. */
import { OpenAIError } from '../core/error.js';
import { readStructured } from '../internal/read-json.js';
import type { JSONSchema } from '../lib/jsonschema.js';
import {
  makeParseableResponseFormat, makeParseableTextFormat, makeParseableTool, type AutoParseableResponseFormat,
  type AutoParseableTextFormat, type AutoParseableTool,
} from '../lib/parser.js';
import { makeParseableResponseTool, type AutoParseableResponseTool } from '../lib/ResponsesParser.js';
import { toStrictJsonSchema } from '../lib/transform.js';
import type { ResponseFormatTextJSONSchemaConfig } from '../resources/responses/responses.js';
import type { ResponseFormatJSONSchema } from '../resources/shared.js';

type Issue = {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
};

type Result<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] };

type JSONSchemaOptions = {
  readonly target: 'draft-07';
  readonly libraryOptions?: Record<string, unknown> | undefined;
};

/** What a schema must have: a way to validate, and perhaps one to describe itself. */
type StandardSchemaLike<Input = unknown, Output = Input> = {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    readonly validate: (value: unknown) => Result<Output> | Promise<Result<Output>>;
    readonly jsonSchema?:
      | {
          readonly input: (options: JSONSchemaOptions) => Record<string, unknown>;
          readonly output?: (options: JSONSchemaOptions) => Record<string, unknown>;
        }
      | undefined;
  };
};

type InferStandardOutput<Schema extends StandardSchemaLike> =
  [NonNullable<Schema['~standard']['types']>] extends [never] ? unknown
  : NonNullable<Schema['~standard']['types']> extends { readonly output: infer Output } ? Output
  : unknown;

/** The JSON Schema, for libraries that cannot give it. */
type SchemaProps = { schema?: JSONSchema | Record<string, unknown> | undefined };

type ResponseFormatProps = Omit<ResponseFormatJSONSchema.JSONSchema, 'schema' | 'strict' | 'name'> & SchemaProps;

type TextFormatProps = Omit<ResponseFormatTextJSONSchemaConfig, 'schema' | 'type' | 'strict' | 'name'> & SchemaProps;

type StandardToolFunction<Parameters extends StandardSchemaLike> = (
  args: InferStandardOutput<Parameters>,
) => unknown | Promise<unknown>;

type StandardToolOptions<Parameters extends StandardSchemaLike> = SchemaProps & {
  name: string;
  parameters: Parameters;
  function?: StandardToolFunction<Parameters> | undefined;
  description?: string | undefined;
};

type StandardResponsesToolOptions<Parameters extends StandardSchemaLike> = StandardToolOptions<Parameters> & {
  defer_loading?: boolean | undefined;
};

type ReturnOptions<
  Parameters extends StandardSchemaLike,
  ToolFunction extends StandardToolFunction<Parameters> | undefined,
> = { arguments: InferStandardOutput<Parameters>; name: string; function: ToolFunction };

function schemaOf(schema: StandardSchemaLike, given: SchemaProps['schema']): Record<string, unknown> {
  const found = given ?? schema['~standard'].jsonSchema?.input({ target: 'draft-07' });
  if (!found) {
    throw new OpenAIError(
      'Standard Schema helpers require a JSON Schema. Pass `schema` or use a schema that implements `~standard.jsonSchema.input()`.',
    );
  }
  return toStrictJsonSchema(found as Record<string, unknown>);
}

function parserOf<Schema extends StandardSchemaLike>(schema: Schema): (text: string) => InferStandardOutput<Schema> {
  return (text) => {
    const result = schema['~standard'].validate(readStructured(text));
    if (result instanceof Promise) {
      result.catch(() => undefined);
      throw new OpenAIError(
        'Standard Schema helpers only support synchronous validation. Use a schema with a synchronous `~standard.validate()` implementation.',
      );
    }
    if (result.issues) throw new OpenAIError(`Standard Schema validation failed: ${result.issues.map(described).join('; ')}`);
    return result.value as InferStandardOutput<Schema>;
  };
}

function described({ message, path }: Issue): string {
  const keys = (path ?? []).map((step) => String(typeof step === 'object' ? step.key : step));
  return keys.length > 0 ? `${keys.join('.')}: ${message}` : message;
}

/** `response_format` for a schema: `parse` and `stream` of chat completions give answers of its type. */
export function standardResponseFormat<Schema extends StandardSchemaLike>(
  standardSchema: Schema,
  name: string,
  props?: ResponseFormatProps,
): AutoParseableResponseFormat<InferStandardOutput<Schema>> {
  const { schema, ...rest } = props ?? {};
  return makeParseableResponseFormat(
    { type: 'json_schema', json_schema: { ...rest, name, strict: true, schema: schemaOf(standardSchema, schema) } },
    parserOf(standardSchema),
  );
}

/** `text.format` for a schema: `parse` and `stream` of responses give answers of its type. */
export function standardTextFormat<Schema extends StandardSchemaLike>(
  standardSchema: Schema,
  name: string,
  props?: TextFormatProps,
): AutoParseableTextFormat<InferStandardOutput<Schema>> {
  const { schema, ...rest } = props ?? {};
  return makeParseableTextFormat(
    { type: 'json_schema', ...rest, name, strict: true, schema: schemaOf(standardSchema, schema) },
    parserOf(standardSchema),
  );
}

/** A tool of chat completions with its arguments as a schema. */
export function standardFunction<
  Parameters extends StandardSchemaLike,
  ToolFunction extends StandardToolFunction<Parameters>,
>(
  options: StandardToolOptions<Parameters> & { function: ToolFunction },
): AutoParseableTool<ReturnOptions<Parameters, ToolFunction>>;
export function standardFunction<Parameters extends StandardSchemaLike>(
  options: StandardToolOptions<Parameters> & { function?: undefined },
): AutoParseableTool<ReturnOptions<Parameters, undefined>>;
export function standardFunction<Parameters extends StandardSchemaLike>(
  options: StandardToolOptions<Parameters>,
): AutoParseableTool<ReturnOptions<Parameters, StandardToolFunction<Parameters> | undefined>>;
export function standardFunction(options: StandardToolOptions<any>): any {
  const { name, parameters, description, schema } = options;
  return makeParseableTool<any>(
    {
      type: 'function',
      function: {
        name,
        parameters: schemaOf(parameters, schema),
        strict: true,
        ...(description ? { description } : undefined),
      },
    },
    { callback: options.function, parser: parserOf(parameters) },
  );
}

/** A tool of responses with its arguments as a schema. */
export function standardResponsesFunction<
  Parameters extends StandardSchemaLike,
  ToolFunction extends StandardToolFunction<Parameters>,
>(
  options: StandardResponsesToolOptions<Parameters> & { function: ToolFunction },
): AutoParseableResponseTool<ReturnOptions<Parameters, ToolFunction>>;
export function standardResponsesFunction<Parameters extends StandardSchemaLike>(
  options: StandardResponsesToolOptions<Parameters> & { function?: undefined },
): AutoParseableResponseTool<ReturnOptions<Parameters, undefined>>;
export function standardResponsesFunction<Parameters extends StandardSchemaLike>(
  options: StandardResponsesToolOptions<Parameters>,
): AutoParseableResponseTool<ReturnOptions<Parameters, StandardToolFunction<Parameters> | undefined>>;
export function standardResponsesFunction(options: StandardResponsesToolOptions<any>): any {
  const { name, parameters, description, defer_loading, schema } = options;
  return makeParseableResponseTool<any>(
    {
      type: 'function',
      name,
      parameters: schemaOf(parameters, schema),
      strict: true,
      ...(description ? { description } : undefined),
      ...(defer_loading === undefined ? undefined : { defer_loading }),
    },
    { callback: options.function, parser: parserOf(parameters) },
  );
}
