/** Structured answers by a JSON schema that no library made: checked by the core. */
import { OpenAIError, fromNative } from '../core/error.js';
import { nativeModule } from '../internal/native.js';
import {
  makeParseableResponseFormat, makeParseableTextFormat, makeParseableTool, type AutoParseableResponseFormat,
  type AutoParseableTextFormat, type AutoParseableTool,
} from '../lib/parser.js';
import { makeParseableResponseTool, type AutoParseableResponseTool } from '../lib/ResponsesParser.js';

/** A type by its schema. */
export interface JSONSchemaType {
  name: string;
  description?: string;
  schema: Record<string, unknown>;
}

/** JSON that is not of its schema. */
export class SchemaMismatchError extends OpenAIError {
  override readonly kind = 'decode';

  constructor(why: string) {
    super(why);
    this.name = 'SchemaMismatchError';
  }
}

/** The schema in the strict form that structured outputs ask for, with what the format says besides. */
function strict({ name, description, schema }: JSONSchemaType): any {
  try {
    const made = JSON.parse(nativeModule().strict(JSON.stringify(schema)));
    return { name, ...(description === undefined ? {} : { description }), strict: true, schema: made };
  } catch (error) {
    throw fromNative(error);
  }
}

function parser<T>(name: string, schema: unknown): (text: string) => T {
  const rule = JSON.stringify(schema);
  return (text) => {
    let value: T;
    try {
      value = JSON.parse(text) as T;
    } catch {
      // What the model said stays out of messages.
      throw new SchemaMismatchError('the answer is no JSON');
    }
    const why = nativeModule().checkSchema(text, rule);
    if (why !== null) throw new SchemaMismatchError(`the answer does not fit \`${name}\`: ${why}`);
    return value;
  };
}

/** A response format of chat completions. */
export function jsonSchemaResponseFormat<T = unknown>(type: JSONSchemaType): AutoParseableResponseFormat<T> {
  const json_schema = strict(type);
  return makeParseableResponseFormat({ type: 'json_schema', json_schema }, parser<T>(type.name, json_schema.schema));
}

/** A text format of responses. */
export function jsonSchemaTextFormat<T = unknown>(type: JSONSchemaType): AutoParseableTextFormat<T> {
  const format = strict(type);
  return makeParseableTextFormat({ type: 'json_schema', ...format }, parser<T>(type.name, format.schema));
}

/** A function of chat completions whose arguments are of the schema. */
export function jsonSchemaFunction<A = any>(
  type: JSONSchemaType & { function?: (args: A) => unknown },
): AutoParseableTool<{ name: string; arguments: A; function?: (args: A) => unknown }> {
  const { schema: parameters, ...rest } = strict(type);
  const tool = { type: 'function' as const, function: { ...rest, parameters } };
  return makeParseableTool(tool, { parser: parser(type.name, parameters), callback: type.function as any }) as any;
}

/** A function of responses whose arguments are of the schema. */
export function jsonSchemaResponseFunction<A = any>(
  type: JSONSchemaType & { function?: (args: A) => unknown },
): AutoParseableResponseTool<{ name: string; arguments: A; function?: (args: A) => unknown }> {
  const { schema: parameters, ...rest } = strict(type);
  const tool = { type: 'function' as const, ...rest, parameters };
  return makeParseableResponseTool(tool, { parser: parser(type.name, parameters), callback: type.function as any });
}
