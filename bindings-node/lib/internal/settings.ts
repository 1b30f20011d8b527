/** Options of calls and settings of clients as the native module reads them (`threadline::settings`). */
import { headerPairs } from './headers';
import type { RequestOptions } from './request-options';

/** Milliseconds as seconds. */
export function seconds(milliseconds: number): number {
  return milliseconds === Infinity ? 1e9 : milliseconds / 1000;
}

/** Options of a call as JSON; `undefined`: there are none. */
export function callOptions(options: RequestOptions | undefined | null): Record<string, unknown> | undefined {
  if (!options) return undefined;
  const json: Record<string, unknown> = {};
  if (options.timeout !== undefined) json['timeout'] = seconds(options.timeout);
  if (options.idleTimeout !== undefined) json['idle_timeout'] = seconds(options.idleTimeout);
  if (options.firstEventTimeout !== undefined) json['first_event_timeout'] = seconds(options.firstEventTimeout);
  if (options.hedgeAfter !== undefined) json['hedge_after'] = seconds(options.hedgeAfter);
  if (options.maxRetries !== undefined) json['max_retries'] = retries(options.maxRetries);
  if (options.idempotencyKey !== undefined) json['idempotency_key'] = options.idempotencyKey;
  if (options.headers) json['headers'] = headerPairs(options.headers);
  if (options.query) json['query'] = queryPairs(options.query as Record<string, unknown>);
  if (options.extraBody) json['body'] = options.extraBody;
  return json;
}

/** What is no number of retries is the default. */
export function retries(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? Math.min(value, 0xffffffff) : 2;
}

/** Parameters as pairs; lists as `name[]`, objects as `name[key]`, as the API writes them. */
export function queryPairs(query: Record<string, unknown>): Array<[string, string]> {
  const pairs: Array<[string, string]> = [];
  const add = (name: string, value: unknown): void => {
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) value.forEach((item) => add(`${name}[]`, item));
    else if (value instanceof Date) pairs.push([name, value.toISOString()]);
    else if (typeof value === 'object') {
      for (const [key, inner] of Object.entries(value)) add(`${name}[${key}]`, inner);
    } else pairs.push([name, String(value)]);
  };
  for (const [name, value] of Object.entries(query)) add(name, value);
  return pairs;
}

/** A variable of the environment, without blanks around it; `undefined` where it is missing or empty. */
export function readEnv(name: string): string | undefined {
  return process.env[name]?.trim() || undefined;
}
