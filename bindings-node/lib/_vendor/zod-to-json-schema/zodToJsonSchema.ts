/** Schemas of zod 3 as JSON Schema, at the place where programs of the official package find it. */
import { DRAFT } from '../../internal/zod-v3';
import { plainSchema, type PlainOptions } from '../../internal/zod-v3-plain';

export type Options = PlainOptions;

/** The JSON Schema of a zod 3 schema; of anything else one that takes all. */
export function zodToJsonSchema(schema: any, options?: Options | string): any {
  return schema?._def?.typeName === undefined ? { $schema: DRAFT } : plainSchema(schema, options);
}
