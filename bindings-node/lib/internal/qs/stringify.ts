/** Objects as query texts. */
import { default_format, default_formatter, formatters } from './formats';
import type { Encoder, Format, StringifyOptions } from './types';
import { encode, is_buffer, maybe_map } from './utils';

type Prefix = (prefix: string, key: string) => string;

/** How items of lists are named; `comma` has one name for all of them. */
const LISTS: Record<string, Prefix> = {
  brackets: (prefix) => `${prefix}[]`,
  indices: (prefix, key) => `${prefix}[${key}]`,
  repeat: (prefix) => prefix,
  comma: (prefix) => prefix,
};

interface Settings {
  list: Prefix;
  isComma: boolean;
  roundTrip: boolean;
  allowDots: boolean;
  allowEmptyArrays: boolean;
  encodeDotInKeys: boolean;
  encodeValuesOnly: boolean;
  strictNullHandling: boolean;
  skipNulls: boolean;
  charset: string;
  encoder: Encoder | null;
  filter: StringifyOptions['filter'] | null;
  sort: ((a: any, b: any) => number) | null;
  serializeDate: (date: Date) => any;
  format: Format;
  formatter: (text: PropertyKey) => string;
}

/** An object's members as a query. */
export function stringify(object: any, opts: StringifyOptions = {}): string {
  const settings = settingsOf(opts);
  const { filter, sort } = settings;
  const whole = typeof filter === 'function' ? filter('', object) : object;
  if (typeof whole !== 'object' || whole === null) return '';
  const keys = Array.isArray(filter) ? (filter as string[]) : Object.keys(whole);
  const sorted = sort ? [...keys].sort(sort) : keys;
  const pairs: string[] = [];
  for (const key of sorted) {
    if (settings.skipNulls && whole[key] === null) continue;
    pairs.push(...written(whole[key], key, settings, settings.encoder, new Set([whole])));
  }
  const text = pairs.join(opts.delimiter === undefined ? '&' : opts.delimiter);
  let before = opts.addQueryPrefix === true ? '?' : '';
  // A sign by which a server sees the character set: in the older one it is an entity of HTML.
  if (opts.charsetSentinel) before += settings.charset === 'iso-8859-1' ? 'utf8=%26%2310003%3B&' : 'utf8=%E2%9C%93&';
  return text.length > 0 ? before + text : '';
}

function settingsOf(opts: StringifyOptions): Settings {
  for (const name of ['allowEmptyArrays', 'encodeDotInKeys'] as const) {
    if (opts[name] !== undefined && typeof opts[name] !== 'boolean') {
      throw new TypeError(`\`${name}\` option can only be \`true\` or \`false\`, when provided`);
    }
  }
  if (opts.encoder !== null && opts.encoder !== undefined && typeof opts.encoder !== 'function') throw new TypeError('Encoder has to be a function.');
  const charset = opts.charset === undefined ? 'utf-8' : opts.charset;
  if (charset !== 'utf-8' && charset !== 'iso-8859-1') throw new TypeError('The charset option must be either utf-8, iso-8859-1, or undefined');
  const format = opts.format ?? default_format;
  if (!Object.hasOwn(formatters, format)) throw new TypeError('Unknown format option provided.');
  if (opts.commaRoundTrip !== undefined && typeof opts.commaRoundTrip !== 'boolean') throw new TypeError('`commaRoundTrip` must be a boolean, or absent');
  const arrayFormat = listFormat(opts);
  const isOn = (name: keyof StringifyOptions): boolean => (typeof opts[name] === 'boolean' ? (opts[name] as boolean) : false);
  const encodes = opts.encode ?? true;
  return {
    list: LISTS[arrayFormat]!,
    isComma: arrayFormat === 'comma',
    roundTrip: arrayFormat === 'comma' && opts.commaRoundTrip === true,
    allowDots: opts.allowDots === undefined ? opts.encodeDotInKeys === true : Boolean(opts.allowDots),
    allowEmptyArrays: isOn('allowEmptyArrays'),
    encodeDotInKeys: isOn('encodeDotInKeys'),
    encodeValuesOnly: isOn('encodeValuesOnly'),
    strictNullHandling: isOn('strictNullHandling'),
    skipNulls: isOn('skipNulls'),
    charset,
    encoder: encodes ? (typeof opts.encoder === 'function' ? opts.encoder : (encode as Encoder)) : null,
    filter: typeof opts.filter === 'function' || Array.isArray(opts.filter) ? opts.filter : null,
    sort: typeof opts.sort === 'function' ? opts.sort : null,
    serializeDate: typeof opts.serializeDate === 'function' ? opts.serializeDate : (date) => Date.prototype.toISOString.call(date),
    format,
    formatter: formatters[format] ?? default_formatter,
  };
}

function listFormat({ arrayFormat, indices }: StringifyOptions): string {
  if (arrayFormat && Object.hasOwn(LISTS, arrayFormat)) return arrayFormat;
  if (indices !== undefined) return indices ? 'indices' : 'repeat';
  return 'indices';
}

/** A member's pairs. `above`: the objects in which it is, so that one that holds itself is found. */
function written(given: any, prefix: string, settings: Settings, encoder: Encoder | null, above: Set<unknown>): string[] {
  const { filter, formatter, format, charset, encodeValuesOnly, isComma } = settings;
  if (above.has(given)) throw new RangeError('Cyclic object value');
  let value = given;
  if (typeof filter === 'function') value = filter(prefix, value);
  else if (value instanceof Date) value = settings.serializeDate(value);
  else if (isComma && Array.isArray(value)) {
    value = maybe_map(value, (item) => (item instanceof Date ? settings.serializeDate(item) : item));
  }
  const name = (): string => (encoder && !encodeValuesOnly ? encoder(prefix, encode as any, charset, 'key', format) : prefix);
  if (value === null) {
    if (settings.strictNullHandling) return [name()];
    value = '';
  }
  if (value === undefined) return [];
  if (typeof value !== 'object' && typeof value !== 'function' || is_buffer(value)) {
    const text = encoder ? encoder(value, encode as any, charset, 'value', format) : String(value);
    return [`${formatter(name())}=${formatter(text)}`];
  }
  const isList = Array.isArray(value);
  const inner = new Set(above).add(given);
  const dotted = settings.encodeDotInKeys ? prefix.replaceAll('.', '%2E') : prefix;
  if (isComma && isList) {
    const items = encodeValuesOnly && encoder ? value.map((item: any) => (encoder as any)(item)) : value;
    const joined = items.length > 0 ? items.join(',') || null : undefined;
    if (joined === undefined && settings.allowEmptyArrays) return [`${dotted}[]`];
    if (joined === null && settings.skipNulls) return [];
    const at = settings.roundTrip && items.length === 1 ? `${dotted}[]` : dotted;
    return written(joined, at, settings, encodeValuesOnly ? null : encoder, inner);
  }
  if (isList && value.length === 0 && settings.allowEmptyArrays) return [`${dotted}[]`];
  const keys = Array.isArray(filter) ? (filter as string[]) : Object.keys(value);
  const pairs: string[] = [];
  for (const key of settings.sort ? [...keys].sort(settings.sort) : keys) {
    const item = value[key];
    if (settings.skipNulls && item === null) continue;
    const own = settings.allowDots && settings.encodeDotInKeys ? String(key).replaceAll('.', '%2E') : String(key);
    const at = isList ? settings.list(dotted, own) : dotted + (settings.allowDots ? `.${own}` : `[${own}]`);
    pairs.push(...written(item, at, settings, encoder, inner));
  }
  return pairs;
}
