/** The schemas inside of a JSON Schema: what stands behind keywords that hold schemas, and not in values like `enum` and `default`. */

type Schema = Record<string, any>;

/** Keywords by what they hold: one schema, a list of them, schemas by names. */
const ONE = [
  'additionalItems', 'additionalProperties', 'contains', 'contentSchema', 'else', 'if', 'not', 'propertyNames', 'then', 'unevaluatedItems',
  'unevaluatedProperties',
];
const LISTS = ['allOf', 'anyOf', 'items', 'oneOf', 'prefixItems'];
const NAMED = ['$defs', 'definitions', 'dependentSchemas', 'dependencies', 'patternProperties', 'properties'];

type Visit = (schema: unknown, path: string[], keyword: string) => void;

/** Visits the schemas right inside of one, with their paths and the keywords behind which they stand. */
export function forEachJSONSchemaChild(schema: object, path: string[], visit: Visit): void {
  const members = schema as Schema;
  for (const keyword of ONE) if (Object.hasOwn(members, keyword)) visit(members[keyword], [...path, keyword], keyword);
  for (const keyword of LISTS) {
    if (!Object.hasOwn(members, keyword)) continue;
    const inner: unknown = members[keyword];
    if (Array.isArray(inner)) inner.forEach((child, at) => visit(child, [...path, keyword, String(at)], keyword));
    else visit(inner, [...path, keyword], keyword);
  }
  for (const keyword of NAMED) {
    const inner: unknown = Object.hasOwn(members, keyword) ? members[keyword] : undefined;
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) continue;
    for (const [name, child] of Object.entries(inner)) {
      // Lists of names that a member asks for are no schemas.
      if (keyword !== 'dependencies' || !Array.isArray(child)) visit(child, [...path, keyword, name], keyword);
    }
  }
}

/** The schema that a reference inside of the document means; `undefined`: it means none. */
export function resolveLocalRef(root: object, ref: string): any {
  if (ref === '#') return root;
  if (!ref.startsWith('#/')) return undefined;
  let wanted: string[];
  try {
    wanted = decodeURIComponent(ref).slice(2).split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  } catch {
    return undefined;
  }
  let found: unknown = root;
  while (wanted.length > 0) {
    if (typeof found !== 'object' || found === null) return undefined;
    let next: { child: unknown; length: number } | undefined;
    forEachJSONSchemaChild(found, [], (child, path) => {
      if (path.every((part, at) => part === wanted[at])) next = { child, length: path.length };
    });
    if (next === undefined) return undefined;
    found = next.child;
    wanted = wanted.slice(next.length);
  }
  return typeof found === 'boolean' || (typeof found === 'object' && found !== null) ? found : undefined;
}

const ANNOTATIONS = new Set(['$ref', '$defs', 'definitions', '$comment', 'default', 'description', 'examples', 'readOnly', 'title', 'writeOnly']);

/** Whether there is nothing in a schema but a reference, definitions, and words about it. */
export function hasOnlyRefAndAnnotations(schema: object): boolean {
  return Object.keys(schema).every((name) => ANNOTATIONS.has(name));
}

/** Refuses schemas inside of one that begin a document of their own, as references would mean something else there. */
export function assertNoNestedSchemaIds(schema: object, path: string[] = []): void {
  forEachJSONSchemaChild(schema, path, (child, at) => {
    if (typeof child !== 'object' || child === null) return;
    if ('$id' in child) {
      throw new Error(`Nested $id at "${at.join('/')}" establishes a separate JSON Schema resource scope and cannot be represented in strict Structured Outputs.`);
    }
    assertNoNestedSchemaIds(child, at);
  });
}
