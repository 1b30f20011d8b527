/** JSON Schema of zod 3 schemas as they are: not in the shape of structured outputs, but for programs that want the schema itself. */
import { DRAFT, counts, nativeEnum, numberOf, opened, primitive, simpleUnion, textLimits, type Schema, type Zod3 } from './zod-v3';

/** How a schema is written. */
export interface PlainOptions {
  /** The schema stands among the definitions by this name, or has it as its title. */
  name?: string | undefined;
  nameStrategy?: 'ref' | 'title' | (string & {});
  /** What is seen again: refers to where it stands (`root`), stands again (`none`), or is anything (`seen`). */
  $refStrategy?: 'root' | 'none' | 'seen' | (string & {});
  basePath?: string[];
  definitionPath?: string;
  definitions?: Record<string, unknown>;
  target?: 'jsonSchema7' | 'jsonSchema2019-09' | 'openApi3';
  effectStrategy?: 'input' | 'any';
  pipeStrategy?: 'input' | 'output' | 'all';
}

/** The JSON Schema of a zod 3 schema. */
export function plainSchema(schema: unknown, given: PlainOptions | string = {}): Schema {
  const options: PlainOptions = typeof given === 'string' ? { name: given } : given;
  const { name, nameStrategy = 'ref', basePath = ['#'], definitionPath = 'definitions', target = 'jsonSchema7' } = options;
  const writer = new Plain(options);
  const isNamed = name !== undefined && nameStrategy !== 'title';
  const definitions: Record<string, Schema> = {};
  for (const [key, value] of Object.entries(options.definitions ?? {})) {
    writer.seen.set((value as Zod3)._def, [...basePath, definitionPath, key]);
    definitions[key] = writer.written(value as Zod3, [...basePath, definitionPath, key]);
  }
  const found = writer.schema(schema as Zod3, isNamed ? [...basePath, definitionPath, name] : basePath) ?? {};
  const draft = target === 'jsonSchema7' ? { $schema: DRAFT } : target === 'jsonSchema2019-09' ? { $schema: `${DRAFT2019}#` } : undefined;
  if (!isNamed) {
    const some = Object.keys(definitions).length > 0;
    return { ...found, ...(name === undefined ? undefined : { title: name }), ...(some ? { [definitionPath]: definitions } : undefined), ...draft };
  }
  const $ref = [...(options.$refStrategy === 'relative' ? [] : basePath), definitionPath, name].join('/');
  return { $ref, [definitionPath]: { ...definitions, [name]: found }, ...draft };
}

const DRAFT2019 = 'https://json-schema.org/draft/2019-09/schema';

class Plain {
  /** Where schemas stand. */
  readonly seen = new Map<object, string[]>();
  /** Schemas whose writing has not ended. */
  #open = new Set<object>();

  constructor(private readonly options: PlainOptions) {}

  /** `undefined`: there is nothing to say, and no member of that name. */
  schema(zod: Zod3, path: string[]): Schema | undefined {
    const def = zod._def;
    const known = this.seen.get(def);
    const { $refStrategy = 'root' } = this.options;
    if (known !== undefined) {
      if ($refStrategy === 'root') return { $ref: known.join('/') };
      if ($refStrategy === 'seen' || this.#open.has(def)) return {};
    }
    this.seen.set(def, path);
    return this.written(zod, path);
  }

  written(zod: Zod3, path: string[]): Schema {
    const def = zod._def;
    this.#open.add(def);
    const found = this.#write(zod, path);
    this.#open.delete(def);
    return def.description && found ? { ...found, description: def.description } : (found as Schema);
  }

  #write(zod: Zod3, path: string[]): Schema | undefined {
    const def = zod._def;
    const inner = (schema: unknown, ...more: string[]): Schema => this.schema(schema as Zod3, [...path, ...more]) ?? {};
    const within = (schema: unknown): Schema | undefined => this.schema(schema as Zod3, path);
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
      case 'ZodUndefined':
        return { not: {} };
      case 'ZodAny':
      case 'ZodUnknown':
        return {};
      case 'ZodLiteral': {
        const { value } = def as { value?: unknown };
        return { type: value === null ? 'null' : typeof value, const: value };
      }
      case 'ZodEnum':
        return { type: 'string', enum: [...(def['values'] as string[])] };
      case 'ZodNativeEnum':
        return nativeEnum(def['values']);
      case 'ZodObject':
        return this.#object(def, path);
      case 'ZodArray': {
        const isAny = def['type']?._def?.typeName === 'ZodAny';
        return { type: 'array', ...(isAny ? undefined : { items: inner(def['type'], 'items') }), ...counts(def) };
      }
      case 'ZodSet':
        return { type: 'array', uniqueItems: true, items: inner(def['valueType'], 'items'), ...sizes(def) };
      case 'ZodMap': {
        const items = [inner(def['keyType'], 'items', 'items', '0'), inner(def['valueType'], 'items', 'items', '1')];
        return { type: 'array', maxItems: 125, items: { type: 'array', items, minItems: 2, maxItems: 2 } };
      }
      case 'ZodTuple': {
        const items = (def['items'] as unknown[]).map((item, at) => inner(item, 'items', String(at)));
        if (!def['rest']) return { type: 'array', minItems: items.length, maxItems: items.length, items };
        return { type: 'array', minItems: items.length, items, additionalItems: inner(def['rest'], 'additionalItems') };
      }
      case 'ZodRecord': {
        const { typeName, values } = def['keyType']?._def ?? {};
        const names = typeName === 'ZodEnum' ? { propertyNames: { enum: values } } : undefined;
        return { type: 'object', additionalProperties: inner(def['valueType'], 'additionalProperties'), ...names };
      }
      case 'ZodUnion':
      case 'ZodDiscriminatedUnion': {
        const all = [...def['options'].values()] as Zod3[];
        return simpleUnion(all) ?? { anyOf: all.map((one, at) => inner(one, 'anyOf', String(at))) };
      }
      case 'ZodIntersection':
        return { allOf: [inner(def['left'], 'allOf', '0'), inner(def['right'], 'allOf', '1')].map(opened) };
      case 'ZodNullable':
        return this.#nullable(def['innerType'], path);
      case 'ZodOptional':
        // As a member it may be left out; elsewhere, nothing may stand in its place.
        return path.at(-2) === 'properties' ? within(def['innerType']) : { anyOf: [{ not: {} }, inner(def['innerType'], 'anyOf', '1')] };
      case 'ZodReadonly':
      case 'ZodCatch':
        return within(def['innerType']);
      case 'ZodDefault':
        return { ...within(def['innerType']), default: def['defaultValue']() };
      case 'ZodBranded':
      case 'ZodPromise':
        return within(def['type']);
      case 'ZodEffects':
        return this.options.effectStrategy === 'any' ? {} : within(def['schema']);
      case 'ZodPipeline': {
        const { pipeStrategy = 'all' } = this.options;
        if (pipeStrategy !== 'all') return within(def[pipeStrategy === 'input' ? 'in' : 'out']);
        return { allOf: [inner(def['in'], 'allOf', '0'), inner(def['out'], 'allOf', '1')] };
      }
      case 'ZodLazy':
        return within(def['getter']());
      default:
        return undefined;
    }
  }

  #nullable(schema: Zod3, path: string[]): Schema {
    const type = primitive(schema);
    const isOpenApi = this.options.target === 'openApi3';
    if (type) return isOpenApi ? { type, nullable: true } : { type: [type, 'null'] };
    const inner = this.schema(schema, isOpenApi ? path : [...path, 'anyOf', '0']) ?? {};
    if (!isOpenApi) return { anyOf: [inner, { type: 'null' }] };
    return '$ref' in inner ? { allOf: [inner], nullable: true } : { ...inner, nullable: true };
  }

  #object(def: Record<string, any>, path: string[]): Schema {
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    for (const [key, member] of Object.entries(def['shape']() as Record<string, Zod3 & { isOptional(): boolean }>)) {
      const value = this.schema(member, [...path, 'properties', key]);
      if (value === undefined) continue;
      Object.defineProperty(properties, key, { value, configurable: true, enumerable: true, writable: true });
      if (!member.isOptional()) required.push(key);
    }
    const isOpen = def['catchall']._def.typeName === 'ZodNever';
    const additionalProperties = isOpen ? def['unknownKeys'] === 'passthrough' : (this.schema(def['catchall'], [...path, 'additionalProperties']) ?? true);
    return { type: 'object', properties, ...(required.length > 0 ? { required } : undefined), additionalProperties };
  }
}

function sizes(def: Record<string, any>): Schema {
  return { ...(def['minSize'] ? { minItems: def['minSize'].value } : undefined), ...(def['maxSize'] ? { maxItems: def['maxSize'].value } : undefined) };
}
