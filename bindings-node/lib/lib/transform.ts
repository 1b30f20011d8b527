/** JSON Schema in the strict form of structured outputs: every member is asked for, and no other is taken. */
import { strictSchema } from '../internal/strict.js';

export { assertNoNestedSchemaIds, forEachJSONSchemaChild, hasOnlyRefAndAnnotations, resolveLocalRef } from '../internal/schema-children.js';

interface Schema {
  $ref?: unknown;
  type?: unknown;
  anyOf?: unknown;
  allOf?: unknown;
  items?: unknown;
  properties?: Record<string, unknown>;
  required?: unknown;
  additionalProperties?: unknown;
  default?: unknown;
  [keyword: string]: unknown;
}

/** Keywords whose members are schemas by name. */
const NAMED = ['properties', '$defs', 'definitions'];

/** Keywords that strict schemas cannot have. */
const UNSUPPORTED = [
  '$anchor', '$dynamicAnchor', '$dynamicRef', '$recursiveAnchor', '$recursiveRef', 'additionalItems', 'allOf', 'contains', 'contentEncoding',
  'contentMediaType', 'contentSchema', 'dependentRequired', 'dependentSchemas', 'dependencies', 'else', 'if', 'maxContains', 'maxProperties',
  'minContains', 'minProperties', 'not', 'oneOf', 'patternProperties', 'prefixItems', 'propertyNames', 'then', 'unevaluatedItems',
  'unevaluatedProperties', 'uniqueItems',
];

const OPTIONAL =
  'uses `.optional()` without `.nullable()` which is not supported by the API. ' +
  'See: https://platform.openai.com/docs/guides/structured-outputs?api-mode=responses#all-fields-must-be-required';

/** What a schema may have beside the reference that it is. */
const BESIDE = new Set(['$ref', '$schema', '$id', '$defs', 'definitions', '$comment', 'default', 'description', 'examples', 'readOnly', 'title', 'writeOnly']);

/** The strict form of a schema, in a copy. Refuses what has none, and says where. */
export function toStrictJsonSchema<T extends object>(schema: T): T {
  let found = withRoot(simpler(schema) as Schema);
  // Intersections have to be one object; the core knows how.
  if (JSON.stringify(found).includes('"allOf"')) found = { ...strictSchema(found), ...('$schema' in found ? { $schema: found['$schema'] } : undefined) };
  if (found.type !== 'object') {
    throw new Error(`Root schema must have type: 'object' but got type: ${found.type ? `'${String(found.type)}'` : 'undefined'}`);
  }
  if (found.anyOf !== undefined) {
    throw new Error('Root schema must not use `anyOf` because strict Structured Outputs requires a root object without a union.');
  }
  close(found, [], found);
  return found as T;
}

/** `allOf` and `type` of one as that one, without what is `undefined`. */
function simpler(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(simpler);
  if (typeof schema !== 'object' || schema === null) return schema;
  const out: Schema = {};
  const put = (name: string, value: unknown, target: object = out): void =>
    void Object.defineProperty(target, name, { value, configurable: true, enumerable: true, writable: true });
  for (const [keyword, inner] of Object.entries(schema)) {
    if (inner === undefined) continue;
    if (keyword === 'default' || keyword === 'const' || keyword === 'enum' || keyword === 'examples') put(keyword, structuredClone(inner));
    else if (keyword === 'type' && Array.isArray(inner) && inner.length === 1) put(keyword, inner[0]);
    else if (keyword === 'allOf' && Array.isArray(inner) && inner.length === 1 && typeof inner[0] === 'object') {
      for (const [name, value] of Object.entries(simpler(inner[0]) as object)) if (!(name in out)) put(name, value);
    } else if (NAMED.includes(keyword) && typeof inner === 'object' && inner !== null) {
      const members = {};
      for (const [name, one] of Object.entries(inner)) put(name, simpler(one), members);
      put(keyword, members);
    } else put(keyword === 'oneOf' ? 'anyOf' : keyword, simpler(inner));
  }
  return out;
}

/** A root that is only a reference, or the only one of its alternatives, as what it means, with the definitions. */
function withRoot(schema: Schema): Schema {
  const seen = new Set<unknown>();
  let found = schema;
  const { anyOf } = found;
  if (Array.isArray(anyOf) && anyOf.length === 1 && Object.keys(found).every((keyword) => keyword === 'anyOf' || BESIDE.has(keyword))) {
    const { anyOf: _, ...rest } = found;
    found = { ...(anyOf[0] as Schema), ...rest };
  }
  while (found.$ref !== undefined && Object.keys(found).every((keyword) => BESIDE.has(keyword))) {
    if (seen.has(found.$ref)) throw new Error(`Cyclic local $ref at \`<root>\` is not supported: ${JSON.stringify(found.$ref)}`);
    seen.add(found.$ref);
    const target = at(schema, found.$ref);
    if (target === undefined) {
      throw new Error(`Local $ref at \`<root>\` does not resolve to an object or boolean schema: ${JSON.stringify(found.$ref)}`);
    }
    const { $ref, ...rest } = found;
    found = { ...structuredClone(target), ...rest };
  }
  return found;
}

/** What a reference into this schema leads to; `place` is where it stands. */
function at(root: Schema, ref: unknown, place = '<root>'): Schema | undefined {
  if (typeof ref !== 'string') throw new TypeError(`Received non-string $ref - ${String(ref)}; path=${place}`);
  if (!ref.startsWith('#')) {
    throw new Error(`External $ref at \`${place}\` is not supported in strict Structured Outputs: ${JSON.stringify(ref)}`);
  }
  let found: unknown = root;
  for (const step of decodeURIComponent(ref.slice(1)).split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    found = typeof found === 'object' && found !== null && Object.hasOwn(found, name) ? (found as Schema)[name] : undefined;
  }
  return typeof found === 'object' && found !== null ? (found as Schema) : undefined;
}

function mayBeNull(schema: unknown, root: Schema, seen = new Set<unknown>()): boolean {
  if (typeof schema !== 'object' || schema === null || seen.has(schema)) return false;
  seen.add(schema);
  const { type, anyOf, $ref, enum: values, const: value } = schema as Schema;
  if ($ref !== undefined) return mayBeNull(at(root, $ref), root, seen);
  if (value === null || (Array.isArray(values) && values.includes(null))) return true;
  if (type === 'null' || (Array.isArray(type) && type.includes('null'))) return true;
  return Array.isArray(anyOf) && anyOf.some((one) => mayBeNull(one, root, seen));
}

function close(schema: unknown, path: string[], root: Schema): void {
  const place = path.join('/') || '<root>';
  if (typeof schema === 'boolean') throw new TypeError(`Expected object schema but got boolean; path=${path.join('/')}`);
  if (typeof schema !== 'object' || schema === null) {
    throw new TypeError(`Expected ${JSON.stringify(schema)} to be an object; path=${path.join('/')}`);
  }
  const found = schema as Schema;
  const { type, properties, $ref } = found;
  if ($ref !== undefined && at(root, $ref, place) === undefined) {
    throw new Error(`Local $ref at \`${place}\` does not resolve to an object or boolean schema: ${JSON.stringify($ref)}`);
  }
  if (type === 'object' || (Array.isArray(type) && type.includes('object')) || properties || found.required !== undefined) closeObject(found, path, root);
  if (Array.isArray(found.items)) {
    throw new TypeError(`Schema at \`${place}\` uses tuple-form \`items\`, which cannot be represented in strict Structured Outputs.`);
  }
  for (const keyword of UNSUPPORTED) {
    if (found[keyword] === undefined) continue;
    throw new Error(`Schema at \`${place}\` uses unsupported keyword \`${keyword}\` and cannot be represented in strict Structured Outputs.`);
  }
  if ((type === 'array' || (Array.isArray(type) && type.includes('array'))) && found.items === undefined) {
    throw new Error(`Schema at \`${place}\` declares an array without \`items\`, which cannot be represented in strict Structured Outputs.`);
  }
  for (const keyword of NAMED) {
    for (const [key, inner] of Object.entries((found[keyword] as object | undefined) ?? {})) close(inner, [...path, keyword, key], root);
  }
  if (Array.isArray(found.anyOf)) for (const [at, inner] of found.anyOf.entries()) close(inner, [...path, 'anyOf', String(at)], root);
  if (found.items !== undefined) close(found.items, [...path, 'items'], root);
  // To the service it means nothing.
  if (found.default === null) delete found.default;
}

function closeObject(schema: Schema, path: string[], root: Schema): void {
  const place = path.join('/') || '<root>';
  if (schema.additionalProperties === undefined) schema.additionalProperties = false;
  else if (schema.additionalProperties !== false) {
    throw new Error(`Object schema at \`${place}\` must set \`additionalProperties: false\` to be compatible with strict Structured Outputs.`);
  }
  const required = schema.required ?? [];
  if (!Array.isArray(required) || required.some((key) => typeof key !== 'string')) {
    throw new TypeError(`Expected \`required\` to be an array of strings; path=${place}`);
  }
  const properties = schema.properties ?? {};
  for (const key of required as string[]) {
    if (Object.hasOwn(properties, key)) continue;
    throw new Error(`Object schema at \`${place}\` requires property \`${key}\` but does not declare it in \`properties\`.`);
  }
  for (const [key, member] of Object.entries(properties)) {
    if (required.includes(key) || mayBeNull(member, root)) continue;
    throw new Error(`Schema field at \`${[...path, 'properties', key].join('/')}\` ${OPTIONAL}`);
  }
  if (schema.properties) schema.required = Object.keys(properties);
}
