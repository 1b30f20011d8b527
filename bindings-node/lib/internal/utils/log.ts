/** Writing about calls to the user's logger. Keys and contents are never written. */
import type { Call } from '../call';

export type LogLevel = 'off' | 'error' | 'warn' | 'info' | 'debug';

type Write = (message: string, ...rest: unknown[]) => void;

export type Logger = { error: Write; warn: Write; info: Write; debug: Write };

const LEVELS: Record<LogLevel, number> = { off: 0, error: 200, warn: 300, info: 400, debug: 500 };

interface Logging {
  logger: Logger;
  logLevel: LogLevel | undefined;
}

/** A level by its name; a name that is none is warned of. */
export function parseLogLevel(name: string | undefined, source: string, client: Logging): LogLevel | undefined {
  if (!name) return undefined;
  if (Object.prototype.hasOwnProperty.call(LEVELS, name)) return name as LogLevel;
  loggerFor(client).warn(`${source} was set to ${JSON.stringify(name)}, expected one of ${JSON.stringify(Object.keys(LEVELS))}`);
  return undefined;
}

const nothing = (): void => undefined;

/** The logger, without the levels that nobody wants. */
export function loggerFor(client: Logging): Logger {
  const { logger } = client;
  const most = LEVELS[client.logLevel ?? 'off'];
  const level = (name: 'error' | 'warn' | 'info' | 'debug'): Write =>
    logger && LEVELS[name] <= most ? (logger[name] as Write).bind(logger) : nothing;
  return { error: level('error'), warn: level('warn'), info: level('info'), debug: level('debug') };
}

/** What is written about one call. */
export interface CallLog {
  ended(status: number, milliseconds: number): void;
  failed(error: Error, milliseconds: number): void;
}

/** Writes that a call begins. */
export function logOf(client: Logging, call: Call): CallLog {
  const logger = loggerFor(client);
  const id = `log_${Math.floor(Math.random() * (1 << 24)).toString(16).padStart(6, '0')}`;
  const { method } = call.finalOptions();
  const url = call.url();
  logger.debug(`[${id}] sending request`, { method, url });
  return {
    ended: (status, milliseconds) =>
      logger.info(`[${id}] ${method} ${url} succeeded with status ${status} in ${milliseconds}ms`),
    failed: (error, milliseconds) => {
      const status = (error as { status?: number }).status;
      logger.info(`[${id}] ${method} ${url} failed${status ? ` with status ${status}` : ''} in ${milliseconds}ms`);
    },
  };
}

const SECRET_HEADERS = new Set([
  'authorization', 'proxy-authorization', 'api-key', 'x-api-key', 'x-amz-security-token', 'cookie', 'set-cookie', 'x-session-token',
  'x-session-id', 'x-auth-token', 'x-id-token',
]);
const SECRET_PARAMETERS = /^x?(?:api-?key|(?:access|refresh|session|id|auth)?token|authorization|password|(?:client|signing)?secret|sig(?:nature)?|session-?id|(?:goog|amz)?(?:signature|credential)|amzsecuritytoken)$/i;

/** Whether a parameter of this name has a value that opens something. */
export function isSensitiveQueryParameter(name: string): boolean {
  return SECRET_PARAMETERS.test(name.replace(/[-_]/g, ''));
}

/** Whether a header of this name has a value that opens something. */
export function isSensitiveHeader(name: string): boolean {
  return SECRET_HEADERS.has(name.toLowerCase()) || isSensitiveQueryParameter(name);
}

/** What stands in records of requests for what is left out. */
export const LEFT_OUT = '[REDACTED]';

/** A URL without the values that open something. */
export function redactURL(text: string, mark = '***'): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  url.username = '';
  url.password = '';
  url.hash = '';
  for (const name of [...url.searchParams.keys()]) if (isSensitiveQueryParameter(name)) url.searchParams.set(name, '***');
  return mark === '***' ? url.href : url.href.replaceAll('***', mark);
}

/** What is written about a request: nothing that opens something. */
export function formatRequestDetails(details: Record<string, any>, mark = '***'): Record<string, unknown> {
  const { retryOfRequestLogID, ...shown } = details;
  if (retryOfRequestLogID) shown['retryOf'] = retryOfRequestLogID;
  if (shown['options']) {
    const { headers, ...options } = shown['options'];
    if (options.query) {
      const pairs = Object.entries(options.query).map(([name, value]) => [name, isSensitiveQueryParameter(name) ? mark : value]);
      options.query = Object.fromEntries(pairs);
    }
    shown['options'] = options;
  }
  if (shown['url']) shown['url'] = redactURL(shown['url'], mark);
  if (shown['headers']) {
    const entries: [string, unknown][] = shown['headers'] instanceof Headers ? [...shown['headers']] : Object.entries(shown['headers']);
    shown['headers'] = Object.fromEntries(
      entries.map(([name, value]) => [name, isSensitiveHeader(name) ? mark : value]),
    );
  }
  return shown;
}
