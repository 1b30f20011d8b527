/** What writers and readers of queries need. */
import { RFC1738 } from './formats';
import type { DefaultEncoder, Format } from './types';

type Table = Record<PropertyKey, any>;

export const has = (obj: object, key: PropertyKey): boolean => Object.prototype.hasOwnProperty.call(obj, key);

/** A list as an object by its places. */
function byPlace(list: unknown[], plain: boolean | undefined): Table {
  const found: Table = plain ? Object.create(null) : {};
  list.forEach((item, at) => {
    if (item !== undefined) found[at] = item;
  });
  return found;
}

/** Puts one value into another: members to members, everything else side by side. */
export function merge(target: any, source: any, options: { plainObjects?: boolean; allowPrototypes?: boolean } = {}): any {
  if (!source) return target;
  if (typeof source !== 'object') {
    if (Array.isArray(target)) target.push(source);
    else if (target && typeof target === 'object') {
      if (options.plainObjects || options.allowPrototypes || !has(Object.prototype, source)) target[source] = true;
    } else return [target, source];
    return target;
  }
  if (!target || typeof target !== 'object') return [target].concat(source);
  if (Array.isArray(target) && Array.isArray(source)) {
    source.forEach((item, at) => {
      if (!has(target, at)) target[at] = item;
      else {
        const own = target[at];
        if (own && typeof own === 'object' && item && typeof item === 'object') target[at] = merge(own, item, options);
        else target.push(item);
      }
    });
    return target;
  }
  const into: Table = Array.isArray(target) ? byPlace(target, options.plainObjects) : target;
  for (const key of Object.keys(source)) into[key] = has(into, key) ? merge(into[key], source[key], options) : source[key];
  return into;
}

export function assign_single_source(target: any, source: any): any {
  return Object.assign(target, source);
}

/** A text of a query as it was before it was encoded; as it stands where it cannot be decoded. */
export function decode(str: string, _: any, charset: string): string {
  const text = str.replaceAll('+', ' ');
  if (charset === 'iso-8859-1') return text.replace(/%[0-9a-f]{2}/gi, (hex) => String.fromCharCode(Number.parseInt(hex.slice(1), 16)));
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A text for a query. In the older character set, what it lacks is written as an entity of HTML. */
export const encode: (str: any, defaultEncoder: DefaultEncoder, charset: string, type: 'key' | 'value', format: Format) => string = (
  str,
  _defaultEncoder,
  charset,
  _kind,
  format,
) => {
  const text = typeof str === 'symbol' ? Symbol.prototype.toString.call(str) : String(str);
  if (text.length === 0) return text;
  if (charset === 'iso-8859-1') {
    let found = '';
    for (let at = 0; at < text.length; at += 1) found += latin(text.charCodeAt(at), text[at]!);
    return found;
  }
  const plain = format === RFC1738 ? /[!'*]/g : /[!'()*]/g;
  return encodeURIComponent(paired(text)).replace(plain, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
};

/** Halves of a letter are taken for whole ones with what follows, so that nothing is refused; proper pairs stay as they are. */
function paired(text: string): string {
  return text.replace(/[\ud800-\udfff][\s\S]?/g, (two) => {
    const [high, low] = [two.charCodeAt(0) & 0x3ff, two.charCodeAt(1) & 0x3ff];
    return String.fromCodePoint(0x10000 + ((high << 10) | low));
  });
}

function latin(code: number, sign: string): string {
  if (/[A-Za-z0-9@*_+\-./]/.test(sign)) return sign;
  return code < 0x100 ? `%${code.toString(16).toUpperCase().padStart(2, '0')}` : `%26%23${code}%3B`;
}

/** Takes holes and `undefined` out of lists, at every depth. */
export function compact(value: any): any {
  const seen = new Set<unknown>();
  const lists: Array<{ holder: any; key: PropertyKey }> = [];
  const walk = (holder: any): void => {
    for (const key of Object.keys(holder)) {
      const inner = holder[key];
      if (typeof inner !== 'object' || inner === null || seen.has(inner)) continue;
      seen.add(inner);
      if (Array.isArray(inner)) lists.push({ holder, key });
      walk(inner);
    }
  };
  walk({ value });
  for (const { holder, key } of lists) {
    const kept = holder[key].filter((item: unknown) => item !== undefined);
    if (holder[key] === value) value = kept;
    holder[key] = kept;
  }
  return value;
}

export function is_regexp(obj: any): boolean {
  return Object.prototype.toString.call(obj) === '[object RegExp]';
}

export function is_buffer(obj: any): boolean {
  if (!obj || typeof obj !== 'object') return false;
  return Boolean(obj.constructor?.isBuffer?.(obj));
}

export function combine(a: any, b: any): any[] {
  return [].concat(a, b);
}

export function maybe_map<T>(val: T[], fn: (v: T) => T): T | T[] {
  return Array.isArray(val) ? val.map(fn) : fn(val);
}
