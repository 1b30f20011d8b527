/** JSON Schema of zod 3 schemas, in the shape that structured outputs take. */
import { OpenAIError } from '../core/error.js';

type Schema = Record<string, unknown>;

/** What every schema of zod 3 has. */
interface Zod3 {
  _def: Record<string, any> & { typeName: string; description?: string };
}

/** Where schemas say which kind of schema they are. */
export const DRAFT = 'http://json-schema.org/draft-07/schema#';

/**
 * The schema of `root`, which is called `name`. Schemas that hold themselves, and those of `named`, are definitions.
 * Members that may be left out are refused, unless they may be `null`: strict formats ask for every member.
 */
export function zod3Schema(root: unknown, name: string, named: Record<string, unknown> = {}): Schema {
  const writer = new Writer(new Map(Object.entries(named).map(([name, schema]) => [schema as Zod3, name])));
  const schema = writer.schema(root as Zod3, [name]);
  const definitions = writer.definitions();
  const some = Object.keys(definitions).length > 0;
  return { ...schema, ...(some ? { definitions } : undefined), $schema: DRAFT };
}

const CHECKS: Record<string, (check: any) => Schema> = {
  min: (check) => ({ min: check.value, exclusive: check.inclusive === false }),
  max: (check) => ({ max: check.value, exclusive: check.inclusive === false }),
  email: () => ({ format: 'email' }),
  uuid: () => ({ format: 'uuid' }),
  url: () => ({ format: 'uri' }),
  datetime: () => ({ format: 'date-time' }),
  date: () => ({ format: 'date' }),
  time: () => ({ format: 'time' }),
  duration: () => ({ format: 'duration' }),
  ip: (check) => ({ format: check.version === 'v6' ? 'ipv6' : 'ipv4' }),
  regex: (check) => ({ pattern: (check.regex as RegExp).source }),
};

/** Kinds of schemas that can hold themselves. */
const HOLDERS = new Set(['ZodObject', 'ZodArray', 'ZodUnion', 'ZodDiscriminatedUnion', 'ZodRecord', 'ZodTuple']);

class Writer {
  /** Schemas that are being written, with the name that each would have. */
  #open = new Map<Zod3, string>();
  /** Names that something refers to. */
  #wanted = new Set<string>();
  #found = new Map<string, Schema>();

  constructor(readonly names: Map<Zod3, string>) {}

  definitions(): Record<string, Schema> {
    for (const [schema, name] of this.names) this.#define(schema, name);
    return Object.fromEntries(this.#found);
  }

  #define(schema: Zod3, name: string): void {
    if (this.#found.has(name)) return;
    this.#found.set(name, {});
    this.#found.set(name, this.#described(schema, [name]));
  }

  schema(zod: Zod3, path: string[]): Schema {
    if (!zod?._def?.typeName) throw new OpenAIError(`${where(path)} is no zod schema`);
    const named = this.names.get(zod);
    if (named !== undefined) this.#define(zod, named);
    const name = named ?? this.#open.get(zod);
    if (name !== undefined) {
      this.#wanted.add(name);
      return { $ref: `#/definitions/${name}` };
    }
    if (!HOLDERS.has(zod._def.typeName)) return this.#described(zod, path);
    const own = path.join('_');
    this.#open.set(zod, own);
    const schema = this.#described(zod, path);
    this.#open.delete(zod);
    if (this.#wanted.has(own)) this.#found.set(own, schema);
    return schema;
  }

  #described(zod: Zod3, path: string[]): Schema {
    const schema = this.#write(zod, path);
    return zod._def.description ? { ...schema, description: zod._def.description } : schema;
  }

  #write(zod: Zod3, path: string[]): Schema {
    const def = zod._def;
    const inner = (schema: unknown, ...more: string[]) => this.schema(schema as Zod3, [...path, ...more]);
    switch (def.typeName) {
      case 'ZodString':
        return { type: 'string', ...textLimits(def['checks'] ?? []) };
      case 'ZodNumber':
        return numberOf(def['checks'] ?? []);
      case 'ZodBigInt':
        return { type: 'integer' };
      case 'ZodBoolean':
        return { type: 'boolean' };
      case 'ZodDate':
        return { type: 'string', format: 'date-time' };
      case 'ZodNull':
        return { type: 'null' };
      case 'ZodLiteral':
        return { type: def['value'] === null ? 'null' : typeof def['value'], const: def['value'] };
      case 'ZodEnum':
        return { type: 'string', enum: def['values'] };
      case 'ZodNativeEnum':
        return nativeEnum(def['values']);
      case 'ZodAny':
      case 'ZodUnknown':
        return {};
      case 'ZodObject':
        return this.#object(zod, path);
      case 'ZodArray':
        return { type: 'array', items: inner(def['type'], 'items'), ...counts(def) };
      case 'ZodSet':
        return { type: 'array', uniqueItems: true, items: inner(def['valueType'], 'items') };
      case 'ZodTuple': {
        const items = (def['items'] as unknown[]).map((item, at) => inner(item, String(at)));
        return { type: 'array', minItems: items.length, maxItems: items.length, items };
      }
      case 'ZodRecord':
        return { type: 'object', additionalProperties: inner(def['valueType'], 'additionalProperties') };
      case 'ZodUnion':
      case 'ZodDiscriminatedUnion':
        return anyOf([...def['options'].values()].map((one, at) => inner(one, 'anyOf', String(at))));
      case 'ZodIntersection':
        return { allOf: [inner(def['left'], 'allOf', '0'), inner(def['right'], 'allOf', '1')] };
      case 'ZodNullable':
        return nullable(inner(def['innerType']));
      case 'ZodOptional':
      case 'ZodReadonly':
      case 'ZodCatch':
        return inner(def['innerType']);
      case 'ZodDefault':
        return { ...inner(def['innerType']), default: def['defaultValue']() };
      case 'ZodBranded':
      case 'ZodPromise':
        return inner(def['type']);
      case 'ZodEffects':
        return inner(def['schema']);
      case 'ZodPipeline':
        return inner(def['in']);
      case 'ZodLazy':
        return inner(def['getter']());
      default:
        throw new OpenAIError(`${where(path)}: ${def.typeName} has no JSON Schema`);
    }
  }

  #object(zod: Zod3, path: string[]): Schema {
    const shape = zod._def['shape']() as Record<string, Zod3>;
    const properties: Record<string, Schema> = {};
    for (const [key, member] of Object.entries(shape)) {
      if (mayBeLeftOut(member) && !mayBeNull(member)) {
        throw new Error(
          `Zod field at \`${where([...path, 'properties', key])}\` uses \`.optional()\` without \`.nullable()\` which is not supported by the API. ` +
            'See: https://platform.openai.com/docs/guides/structured-outputs?api-mode=responses#all-fields-must-be-required',
        );
      }
      const value = this.schema(member, [...path, 'properties', key]);
      Object.defineProperty(properties, key, { value, configurable: true, enumerable: true, writable: true });
    }
    return { type: 'object', properties, required: Object.keys(shape), additionalProperties: false };
  }
}

const where = (path: string[]): string => ['#', 'definitions', ...path].join('/');

function mayBeLeftOut(zod: Zod3): boolean {
  const { typeName } = zod._def;
  if (typeName === 'ZodOptional') return true;
  return ['ZodNullable', 'ZodReadonly'].includes(typeName) && mayBeLeftOut(zod._def['innerType']);
}

function mayBeNull(zod: Zod3): boolean {
  const { typeName } = zod._def;
  if (typeName === 'ZodNullable' || typeName === 'ZodNull') return true;
  return ['ZodOptional', 'ZodReadonly', 'ZodDefault'].includes(typeName) && mayBeNull(zod._def['innerType']);
}

const PRIMITIVE = new Set<unknown>(['string', 'number', 'integer', 'boolean', 'null']);

/** Alternatives; those that are nothing but a primitive type need no list. */
function anyOf(schemas: Schema[]): Schema {
  const plain = schemas.every((schema) => PRIMITIVE.has(schema['type']) && Object.keys(schema).length === 1);
  return plain ? { type: [...new Set(schemas.map((schema) => schema['type']))] } : { anyOf: schemas };
}

function nullable(schema: Schema): Schema {
  const { type } = schema;
  const plain = PRIMITIVE.has(type) && Object.keys(schema).length === 1;
  return plain ? { type, nullable: true } : { anyOf: [schema, { type: 'null' }] };
}

function textLimits(checks: any[]): Schema {
  const out: Schema = {};
  for (const check of checks) {
    const found = CHECKS[check.kind]?.(check) ?? {};
    if ('min' in found) out['minLength'] = found['min'];
    else if ('max' in found) out['maxLength'] = found['max'];
    else if (check.kind === 'length') out['minLength'] = out['maxLength'] = check.value;
    else Object.assign(out, found);
  }
  return out;
}

function numberOf(checks: any[]): Schema {
  const out: Schema = { type: 'number' };
  for (const check of checks) {
    const { min, max, exclusive } = (CHECKS[check.kind]?.(check) ?? {}) as { min?: number; max?: number; exclusive?: boolean };
    if (check.kind === 'int') out['type'] = 'integer';
    if (check.kind === 'multipleOf') out['multipleOf'] = check.value;
    if (min !== undefined) out[exclusive ? 'exclusiveMinimum' : 'minimum'] = min;
    if (max !== undefined) out[exclusive ? 'exclusiveMaximum' : 'maximum'] = max;
  }
  return out;
}

function counts(def: Record<string, any>): Schema {
  const out: Schema = {};
  const exact = def['exactLength']?.value;
  const least = exact ?? def['minLength']?.value;
  const most = exact ?? def['maxLength']?.value;
  if (least !== undefined) out['minItems'] = least;
  if (most !== undefined) out['maxItems'] = most;
  return out;
}

/** Values of an enum of TypeScript, without the names that its numbers are listed under. */
function nativeEnum(values: Record<string, string | number>): Schema {
  const names = Object.keys(values).filter((name) => typeof values[values[name] as string] !== 'number');
  const found = names.map((name) => values[name]);
  const kinds = [...new Set(found.map((value) => typeof value))];
  return { type: kinds.length === 1 ? kinds[0] : kinds, enum: found };
}
