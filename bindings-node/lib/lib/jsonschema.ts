/** JSON Schema, as tools and formats are described with. */

export type JSONSchemaTypeName =
  | ({} & string) | 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'null';

export type JSONSchemaType = string | number | boolean | JSONSchemaObject | JSONSchemaArray | null;

export interface JSONSchemaObject {
  [key: string]: JSONSchemaType;
}

export interface JSONSchemaArray extends Array<JSONSchemaType> {}

export type JSONSchemaVersion = string;

/** A schema, or `true` for anything and `false` for nothing. */
export type JSONSchemaDefinition = JSONSchema | boolean;

type Schemas = Record<string, JSONSchemaDefinition> | undefined;

export interface JSONSchema {
  $schema?: JSONSchemaVersion | undefined;
  $id?: string | undefined;
  $ref?: string | undefined;
  $comment?: string | undefined;
  $defs?: Schemas;
  definitions?: Schemas;
  type?: JSONSchemaTypeName | JSONSchemaTypeName[] | undefined;
  enum?: JSONSchemaType[] | undefined;
  const?: JSONSchemaType | undefined;
  multipleOf?: number | undefined;
  maximum?: number | undefined;
  exclusiveMaximum?: number | undefined;
  minimum?: number | undefined;
  exclusiveMinimum?: number | undefined;
  maxLength?: number | undefined;
  minLength?: number | undefined;
  pattern?: string | undefined;
  format?: string | undefined;
  contentEncoding?: string | undefined;
  contentMediaType?: string | undefined;
  items?: JSONSchemaDefinition | JSONSchemaDefinition[] | undefined;
  additionalItems?: JSONSchemaDefinition | undefined;
  contains?: JSONSchemaDefinition | undefined;
  maxItems?: number | undefined;
  minItems?: number | undefined;
  uniqueItems?: boolean | undefined;
  properties?: Schemas;
  patternProperties?: Schemas;
  additionalProperties?: JSONSchemaDefinition | undefined;
  propertyNames?: JSONSchemaDefinition | undefined;
  maxProperties?: number | undefined;
  minProperties?: number | undefined;
  required?: string[] | undefined;
  if?: JSONSchemaDefinition | undefined;
  then?: JSONSchemaDefinition | undefined;
  else?: JSONSchemaDefinition | undefined;
  allOf?: JSONSchemaDefinition[] | undefined;
  anyOf?: JSONSchemaDefinition[] | undefined;
  oneOf?: JSONSchemaDefinition[] | undefined;
  not?: JSONSchemaDefinition | undefined;
  title?: string | undefined;
  description?: string | undefined;
  default?: JSONSchemaType | undefined;
  examples?: JSONSchemaType | undefined;
  readOnly?: boolean | undefined;
  writeOnly?: boolean | undefined;
}
