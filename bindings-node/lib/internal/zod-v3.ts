/** JSON Schema of zod 3 schemas, in the shape that structured outputs take. */
import { OpenAIError } from '../core/error.js';

export type Schema = Record<string, unknown>;

/** What every schema of zod 3 has. */
export interface Zod3 {
  _def: Record<string, any> & { typeName: string; description?: string };
}

/** Where schemas say which kind of schema they are. */
export const DRAFT = 'http://json-schema.org/draft-07/schema#';

/**
 * The schema of `root`, which is called `name`. What occurs again refers to a definition, which is called by where it occurred first; so do
 * schemas that hold themselves, and those of `named`. Members that may be left out are refused, unless they may be `null`: strict formats ask
 * for every member.
 */
export function zod3Schema(root: unknown, name: string, named: Record<string, unknown> = {}): Schema {
  const writer = new Writer(name, named);
  const schema = writer.schema(root as Zod3, [name]);
  const definitions = writer.definitions();
  if (writer.refers) definitions[name] = schema;
  const some = Object.keys(definitions).length > 0;
  return { ...schema, ...(some ? { definitions } : undefined), $schema: DRAFT };
}

class Writer {
  /** Whether something refers to a definition. */
  refers = false;
  /** What was written, with its name. */
  #seen = new Map<Zod3, string>();
  /** Definitions that something refers to, and those that the caller names. */
  #wanted = new Map<string, Zod3>();

  constructor(
    private readonly root: string,
    named: Record<string, unknown>,
  ) {
    for (const [name, schema] of Object.entries(named)) {
      this.#seen.set(schema as Zod3, name);
      this.#wanted.set(name, schema as Zod3);
    }
  }

  definitions(): Record<string, Schema> {
    const found = new Map<string, Schema>();
    // What they hold may want more of them.
    for (const [name, schema] of this.#wanted) found.set(name, this.#described(schema, [name], true));
    return Object.fromEntries(found);
  }

  schema(zod: Zod3, path: string[]): Schema {
    if (!zod?._def?.typeName) throw new OpenAIError(`${where(path)} is no zod schema`);
    const known = this.#seen.get(zod);
    if (known !== undefined) {
      if (known !== this.root) this.#wanted.set(known, zod);
      this.refers = true;
      return { $ref: `#/definitions/${known}` };
    }
    return this.#described(zod, path);
  }

  /** `anew`: although it was written before; then so is what stands in the same place. */
  #described(zod: Zod3, path: string[], anew = false): Schema {
    if (!anew || !this.#seen.has(zod)) this.#seen.set(zod, path.join('_'));
    const schema = this.#write(zod, path, anew);
    return zod._def.description ? { ...schema, description: zod._def.description } : schema;
  }

  #write(zod: Zod3, path: string[], anew: boolean): Schema {
    const def = zod._def;
    const within = (schema: Zod3): Schema => (anew ? this.#described(schema, path, true) : this.schema(schema, path));
    const inner = (schema: unknown, ...more: string[]) => this.schema(schema as Zod3, [...path, ...more]);
    switch (def.typeName) {
      case 'ZodString':
        return { type: 'string', ...textLimits(def['checks'] ?? []) };
      case 'ZodNumber':
        return numberOf(def['checks'] ?? []);
      case 'ZodBigInt':
        return { type: 'integer', format: 'int64' };
      case 'ZodBoolean':
        return { type: 'boolean' };
      case 'ZodDate':
        return { type: 'string', format: 'date-time' };
      case 'ZodNull':
        return { type: 'null' };
      case 'ZodNever':
      case 'ZodNaN':
        return { not: {} };
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
      case 'ZodArray': {
        const isAny = def['type']?._def?.typeName === 'ZodAny';
        return { type: 'array', ...(isAny ? undefined : { items: inner(def['type'], 'items') }), ...counts(def) };
      }
      case 'ZodSet':
        return { type: 'array', uniqueItems: true, items: inner(def['valueType'], 'items') };
      case 'ZodMap': {
        const items = [inner(def['keyType'], 'items', 'items', '0'), inner(def['valueType'], 'items', 'items', '1')];
        return { type: 'array', maxItems: 125, items: { type: 'array', items, minItems: 2, maxItems: 2 } };
      }
      case 'ZodTuple': {
        const items = (def['items'] as unknown[]).map((item, at) => inner(item, 'items', String(at)));
        const rest = def['rest'] ? { additionalItems: inner(def['rest'], 'additionalItems') } : { maxItems: items.length };
        return { type: 'array', minItems: items.length, ...rest, items };
      }
      case 'ZodRecord': {
        const { typeName, values } = def['keyType']?._def ?? {};
        const names = typeName === 'ZodEnum' ? { propertyNames: { enum: values } } : undefined;
        return { type: 'object', additionalProperties: inner(def['valueType'], 'additionalProperties'), ...names };
      }
      case 'ZodUnion':
      case 'ZodDiscriminatedUnion': {
        const options = [...def['options'].values()] as Zod3[];
        return simpleUnion(options) ?? { anyOf: options.map((one, at) => inner(one, 'anyOf', String(at))) };
      }
      case 'ZodIntersection':
        return { allOf: [inner(def['left'], 'allOf', '0'), inner(def['right'], 'allOf', '1')].map(opened) };
      case 'ZodNullable': {
        const type = primitive(def['innerType']);
        return type ? { type, nullable: true } : { anyOf: [inner(def['innerType'], 'anyOf', '0'), { type: 'null' }] };
      }
      case 'ZodOptional':
      case 'ZodReadonly':
      case 'ZodCatch':
        return within(def['innerType']);
      case 'ZodDefault':
        return { ...within(def['innerType']), default: def['defaultValue']() };
      case 'ZodBranded':
      case 'ZodPromise':
        return within(def['type']);
      case 'ZodEffects':
        return within(def['schema']);
      case 'ZodPipeline':
        return within(def['in']);
      case 'ZodLazy':
        return within(def['getter']());
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
    const required = Object.keys(shape);
    return { type: 'object', properties, ...(required.length > 0 ? { required } : undefined), additionalProperties: false };
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

const PRIMITIVE: Record<string, string> = {
  ZodString: 'string', ZodNumber: 'number', ZodBigInt: 'integer', ZodBoolean: 'boolean', ZodNull: 'null',
};

/** The type of a schema that says nothing else. */
export function primitive(zod: Zod3): string | undefined {
  const { typeName, checks } = zod._def as { typeName: string; checks?: unknown[] };
  return checks?.length ? undefined : PRIMITIVE[typeName];
}

/** Alternatives that need no list: of bare types, of values, of enums. */
export function simpleUnion(options: Zod3[]): Schema | undefined {
  const only = (types: unknown[]): unknown => (types.length > 1 ? types : types[0]);
  const types = options.map(primitive);
  if (types.every((type) => type !== undefined)) return { type: only([...new Set(types)]) };
  const are = (kind: string): boolean => options.every(({ _def }) => _def.typeName === kind && !_def.description);
  if (are('ZodLiteral')) {
    const values = options.map(({ _def }) => _def['value']);
    return { type: only([...new Set(values.map((value) => (value === null ? 'null' : typeof value)))]), enum: [...new Set(values)] };
  }
  if (!options.every(({ _def }) => _def.typeName === 'ZodEnum')) return undefined;
  return { type: 'string', enum: [...new Set(options.flatMap(({ _def }) => _def['values']))] };
}

/** A part of an intersection: what it does not name stands in the other part. */
export function opened(schema: Schema): Schema {
  const { additionalProperties, ...rest } = schema;
  return additionalProperties === false ? rest : schema;
}

const escaped = (text: string): string => text.replace(/[^A-Za-z0-9]/g, '\\$&');

/** Where several of a keyword stand. */
const BOTH: Record<string, string> = { format: 'anyOf', pattern: 'allOf' };

/** Keywords for the checks of texts. */
const CHECKS: Record<string, (check: any) => Schema> = {
  email: () => ({ format: 'email' }),
  uuid: () => ({ format: 'uuid' }),
  url: () => ({ format: 'uri' }),
  datetime: () => ({ format: 'date-time' }),
  date: () => ({ format: 'date' }),
  time: () => ({ format: 'time' }),
  duration: () => ({ format: 'duration' }),
  base64: () => ({ contentEncoding: 'base64' }),
  regex: (check) => ({ pattern: (check.regex as RegExp).source }),
  includes: (check) => ({ pattern: escaped(check.value) }),
  startsWith: (check) => ({ pattern: `^${escaped(check.value)}` }),
  endsWith: (check) => ({ pattern: `${escaped(check.value)}$` }),
  ip: ({ version }) => (version ? { format: `ip${version}` } : { anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] }),
};

export function textLimits(checks: any[]): Schema {
  const out: Record<string, any> = {};
  for (const check of checks) {
    const { kind, value } = check;
    if (kind === 'min' || kind === 'length') out['minLength'] = Math.max(out['minLength'] ?? 0, value);
    if (kind === 'max' || kind === 'length') out['maxLength'] = Math.min(out['maxLength'] ?? Infinity, value);
    const found = CHECKS[kind]?.(check) ?? {};
    for (const [keyword, said] of Object.entries(found)) {
      if (keyword in BOTH && out[keyword] !== undefined) {
        // Both hold.
        out[BOTH[keyword]!] = [{ [keyword]: out[keyword] }, { [keyword]: said }];
        delete out[keyword];
      } else if (keyword in BOTH && out[BOTH[keyword]!]) out[BOTH[keyword]!].push({ [keyword]: said });
      else out[keyword] = said;
    }
  }
  return out;
}

export function numberOf(checks: any[]): Schema {
  const out: Schema = { type: 'number' };
  for (const check of checks) {
    const exclusive = check.inclusive === false;
    const min: number | undefined = check.kind === 'min' ? check.value : undefined;
    const max: number | undefined = check.kind === 'max' ? check.value : undefined;
    if (check.kind === 'int') out['type'] = 'integer';
    if (check.kind === 'multipleOf') out['multipleOf'] = check.value;
    if (min !== undefined) out[exclusive ? 'exclusiveMinimum' : 'minimum'] = min;
    if (max !== undefined) out[exclusive ? 'exclusiveMaximum' : 'maximum'] = max;
  }
  return out;
}

export function counts(def: Record<string, any>): Schema {
  const out: Schema = {};
  const exact = def['exactLength']?.value;
  const least = exact ?? def['minLength']?.value;
  const most = exact ?? def['maxLength']?.value;
  if (least !== undefined) out['minItems'] = least;
  if (most !== undefined) out['maxItems'] = most;
  return out;
}

/** Values of an enum of TypeScript, without the names that its numbers are listed under. */
export function nativeEnum(values: Record<string, string | number>): Schema {
  const names = Object.keys(values).filter((name) => typeof values[values[name] as string] !== 'number');
  const found = names.map((name) => values[name]);
  const kinds = [...new Set(found.map((value) => typeof value))];
  return { type: kinds.length === 1 ? kinds[0] : kinds, enum: found };
}
