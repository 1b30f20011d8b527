/**
 * Requests that JavaScript sends by itself, hook by hook as the official package does: those of routes without a method, and those of
 * clients whose program looks at requests (a `fetch` of its own, overridden hooks, options of the request that no operation has).
 */
import { APIPromise } from '../core/api-promise';
import type { Client } from '../core/client';
import {
  APIConnectionError, APIConnectionTimeoutError, APIUserAbortError, castToError, isAbortError, OAuthError, SubjectTokenProviderError,
} from '../core/error';
import { PagePromise } from '../core/pagination';
import { keepsFolders, otherwise } from './as-official';
import { buildHeaders } from './headers';
import { nativeModule, row, type Plan } from './native';
import { addRequestID, defaultParseResponse, isResponse, withOutputText, type APIResponseProps } from './parse';
import { segments } from './path';
import { isProviderTimeoutError, type ProviderRequestContext, type ProviderRuntime } from './provider';
import type { FinalRequestOptions, RequestOptions } from './request-options';
import { retries } from './settings';
import type { PromiseOrValue } from './types';
import { hasUploadableValue, multipartFormRequestOptions } from './uploads';
import { formatRequestDetails, LEFT_OUT, loggerFor, redactURL } from './utils/log';

const plans: Array<Plan | undefined> = [];

/** Where the parts of an operation's request go. */
export function planOf(operation: number): Plan {
  return (plans[operation] ??= nativeModule().plan(operation));
}

/** A call of an operation: the route's method, where the client's hooks see it. */
export function call(client: any, operation: number, path: string[], params: object | undefined, options: RequestOptions | null | undefined): APIPromise<any> {
  const { verb, reply, vectors } = row(operation);
  const given = requestOf(client, operation, path, params, options);
  const promise: APIPromise<any> = client[verb.toLowerCase()](given.path, given.options);
  if (reply === 'empty') return promise._thenUnwrap((value) => (value === '' ? undefined : value));
  if (isResponse(operation)) return promise._thenUnwrap(withOutputText);
  if (!vectors) return promise;
  return promise._thenUnwrap((value) => {
    client._vectors(value, params);
    return value;
  });
}

/** A list of an operation. */
export function page(client: any, operation: number, path: string[], query: object | undefined, options: RequestOptions, pageClass: unknown): PagePromise<any, any> {
  const given = requestOf(client, operation, path, query, options);
  const verb = row(operation).verb.toLowerCase();
  // Some lists are the reply to a `POST`.
  const asked = verb === 'get' ? given.options : { method: verb, ...(given.options as RequestOptions) };
  return client.getAPIList(given.path, pageClass, asked);
}

function requestOf(
  client: any,
  operation: number,
  path: string[],
  params: object | undefined,
  options: RequestOptions | null | undefined,
): { path: string; options: PromiseOrValue<RequestOptions> } {
  const found = row(operation);
  const plan = planOf(operation);
  const { query, headers, body } = placed(plan, found.raw, params);
  const more: RequestOptions = {};
  if (plan.body !== 'none') more.body = body ?? (plan.body === 'json' ? {} : undefined);
  // Methods that take a query have one, also where nothing was given.
  if (plan.body === 'none' && plan.query.length > 0) more.query = query ?? {};
  else if (query && Object.keys(query).length > 0) more.query = query;
  const streams = typeof found.stream === 'string' ? ((params as any)?.[found.stream] ?? false) : found.stream;
  if (found.stream !== false) more.stream = streams;
  if (found.reply === 'binary') more.__binaryResponse = true;
  if (plan.named) more.__synthesizeEventData = true;
  const way = otherwise(operation, params, client.adminAPIKey !== null);
  const type = plan.body === 'raw' && plan.contentType ? { 'content-type': plan.contentType } : undefined;
  const __security = plan.admin || way === 'admin' ? { adminAPIKeyAuth: true } : { bearerAuth: true };
  const merged: RequestOptions = { ...more, ...options, __security };
  if (headers.length > 0 || type) merged.headers = buildHeaders([type, headers, options?.headers]);
  if (options?.extraBody) merged.body = { ...(merged.body as object | undefined), ...options.extraBody };
  const route = segments(found.path, found.pathParams, path);
  const isForm = (plan.body === 'multipart' && way !== 'json') || (found.uploads && plan.body !== 'raw' && hasUploadableValue(merged.body));
  return { path: route, options: isForm ? multipartFormRequestOptions(merged, client, { stripFilenames: !keepsFolders(operation) }) : merged };
}

/** Where the members of a call's parameters go. */
function placed(plan: Plan, raw: string | undefined, params: object | undefined): { query: any; headers: [string, string][]; body: any } {
  const headers = pairs(plan.headers);
  const names = new Map(pairs(plan.headerParams));
  if (plan.body === 'raw') {
    const whole = raw !== undefined && params && raw in params ? (params as Record<string, unknown>)[raw] : params;
    return { query: undefined, headers, body: whole };
  }
  const inQuery = plan.body === 'none' ? () => true : (name: string) => plan.query.includes(name);
  let query: Record<string, unknown> | undefined;
  let body: any = params;
  if (plan.body === 'none' || plan.query.length > 0 || names.size > 0) {
    body = {};
    for (const [name, value] of Object.entries(params ?? {})) {
      const header = names.get(name);
      if (header !== undefined) {
        if (value !== undefined && value !== null) headers.push([header, Array.isArray(value) ? value.join(',') : String(value)]);
      } else if (inQuery(name)) (query ??= {})[name] = value;
      else body[name] = value;
    }
  }
  const defaults = pairs(plan.defaults).filter(([name]) => (params as any)?.[name] === undefined);
  if (defaults.length > 0) body = { ...body, ...Object.fromEntries(defaults.map(([name, json]) => [name, JSON.parse(json)])) };
  return { query, headers, body };
}

function pairs(flat: string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) found.push([flat[at]!, flat[at + 1]!]);
  return found;
}

/** A request by these options. */
export function request(client: any, options: PromiseOrValue<FinalRequestOptions>, remaining: number | null = null): APIPromise<any> {
  return new APIPromise(client, client.makeRequest(options, remaining, undefined), parse as never);
}

/** A list by these options. */
export function requestList(client: any, Page: any, options: PromiseOrValue<FinalRequestOptions>): PagePromise<any, any> {
  return new PagePromise(client, client.makeRequest(options, null, undefined), Page);
}

/** Sends a request, again and again where that helps. */
export async function makeRequest(
  client: any,
  given: PromiseOrValue<FinalRequestOptions>,
  remaining: number | null,
  retryOf: string | undefined,
): Promise<APIResponseProps> {
  const options = await given;
  const most = retries(options.maxRetries ?? client.maxRetries);
  const left = remaining ?? most;
  await client.prepareOptions(options);
  const { req, url, timeout } = await client.buildRequest(options, { retryCount: most - left });
  await client.prepareRequest(req, { url, options });
  const { late, left: time } = await finished(client, req, { url, options, timeout });
  const canRepeat = options.__metadata?.['hasStreamingBody'] !== true;
  const id = `log_${Math.floor(Math.random() * (1 << 24)).toString(16).padStart(6, '0')}`;
  const log = loggerFor(client);
  const details = (more: Record<string, unknown>): unknown => formatRequestDetails({ retryOfRequestLogID: retryOf, url, ...more }, LEFT_OUT);
  const began = Date.now();
  if (client.logLevel === 'debug') log.debug(`[${id}] sending request`, details({ method: options.method, options, headers: req.headers }));
  const { signal } = options;
  if (signal?.aborted) throw userAbort(signal);
  const controller = new AbortController();
  const security = options.__security ?? { bearerAuth: true };
  const reply: Response | Error = late ?? (await client.fetchWithAuth(url, req, time, controller, security).catch(castToError));
  const durationMs = Date.now() - began;
  const again = `retrying, ${left} attempts remaining`;
  const final = canRepeat ? 'error; no more retries left' : 'error; streaming body cannot be retried';
  if (reply instanceof Error) {
    if (signal?.aborted) throw userAbort(signal);
    const isTimeout = reply instanceof APIConnectionTimeoutError || isAbortError(reply) || /timed? ?out/i.test(String(reply) + ('cause' in reply ? String(reply.cause) : ''));
    const what = isTimeout ? 'timed out' : 'failed';
    const why = left && canRepeat ? again : final;
    log.info(`[${id}] connection ${what} - ${why}`);
    log.debug(`[${id}] connection ${what} (${why})`, details({ durationMs, message: reply.message }));
    if (left && canRepeat) return client.retryRequest(options, left, retryOf ?? id);
    if (reply instanceof OAuthError || reply instanceof SubjectTokenProviderError) throw reply;
    if (isTimeout) throw Object.assign(new APIConnectionTimeoutError(), { cause: reply });
    throw new APIConnectionError({ message: undefined, cause: reply });
  }
  const { status, headers } = reply;
  const requestID = headers.get('x-request-id');
  const before = `${retryOf === undefined ? '' : `, retryOf: ${retryOf}`}${requestID === null ? '' : `, x-request-id: ${JSON.stringify(requestID)}`}`;
  const told = `[${id}${before}] ${req.method} ${redactURL(url, LEFT_OUT)} ${reply.ok ? 'succeeded' : 'failed'} with status ${status} in ${durationMs}ms`;
  const seen = { url: reply.url, status, headers, durationMs };
  if (reply.ok) {
    log.info(told);
    if (client.logLevel === 'debug') log.debug(`[${id}] response start`, details(seen));
    return { response: reply, options, controller, requestSignal: req.signal, requestLogID: id, retryOfRequestLogID: retryOf, startTime: began };
  }
  const wants = await client.shouldRetry(reply);
  if (left && wants && canRepeat) {
    discard(reply);
    log.info(`${told} - ${again}`);
    log.debug(`[${id}] response error (${again})`, details(seen));
    return client.retryRequest(options, left, retryOf ?? id, headers);
  }
  const why = wants ? final : 'error; not retryable';
  log.info(`${told} - ${why}`);
  const text = await reply.text().catch((error: unknown) => castToError(error).message);
  const body = parsed(text);
  const message = body ? undefined : text;
  log.debug(`[${id}] response error (${why})`, details({ ...seen, message, durationMs: Date.now() - began }));
  throw client.makeStatusError(status, body, message, headers);
}

/** What a provider adds to a request, and how many milliseconds are then left for it; `late`: none are. */
async function finished(client: any, req: any, context: ProviderRequestContext): Promise<{ late?: Error; left: number }> {
  const runtime = client._provider as ProviderRuntime | undefined;
  const { timeout = 0 } = context;
  if (!runtime?.prepareRequest) return { left: timeout };
  const began = performance.now();
  try {
    await runtime.prepareRequest(req, context);
  } catch (error) {
    if (!runtime.timeoutIncludesAuth || !isProviderTimeoutError(error)) throw error;
    return { late: error, left: 0 };
  }
  if (!runtime.timeoutIncludesAuth) return { left: timeout };
  const left = timeout - (performance.now() - began);
  return left > 0 ? { left } : { late: new APIConnectionTimeoutError(), left: 0 };
}

function userAbort(signal: AbortSignal): APIUserAbortError {
  const error = new APIUserAbortError();
  Object.defineProperty(error, 'cause', { value: signal.reason, writable: true, configurable: true });
  return error;
}

function parsed(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Lets go of the connection of a reply that nobody reads. */
function discard({ body }: Response): void {
  if (body === null || typeof body !== 'object') return;
  // Not waited for: that of a mock which keeps a copy ends when the copy does.
  if (typeof body.cancel === 'function' && !body.locked) body.cancel().catch(() => undefined);
}

/** Waits as the server asks for, or longer from time to time; then sends the request once more. */
export async function retryRequest(
  client: any,
  options: FinalRequestOptions,
  left: number,
  retryOf: string,
  headers: Headers | undefined,
): Promise<APIResponseProps> {
  let wait = asked(headers);
  // Who asks for more than a minute is not waited for.
  if (wait === undefined || !(wait >= 0 && wait <= 60_000)) {
    wait = client.calculateDefaultRetryTimeoutMillis(left, retries(options.maxRetries ?? client.maxRetries)) as number;
  }
  await pause(wait, options.signal);
  return client.makeRequest(options, left - 1, retryOf);
}

function asked(headers: Headers | undefined): number | undefined {
  const milliseconds = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (!Number.isNaN(milliseconds)) return milliseconds;
  const text = headers?.get('retry-after');
  if (!text) return undefined;
  const seconds = Number.parseFloat(text);
  return Number.isNaN(seconds) ? Date.parse(text) - Date.now() : seconds * 1000;
}

function pause(milliseconds: number, signal: AbortSignal | null | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(userAbort(signal!));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}

/** Calls `fetch`, for so many milliseconds until the head of the reply is there. */
export async function fetchWithTimeout(fetch: any, url: string, init: any, ms: number, controller: AbortController): Promise<Response> {
  const { signal, method, ...rest } = init ?? {};
  const abort = (): void => controller.abort();
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(abort, Math.min(ms, 0x7fffffff));
  const isStream = rest.body instanceof ReadableStream || (typeof rest.body === 'object' && rest.body !== null && Symbol.asyncIterator in rest.body);
  const given: Record<string, unknown> = { signal: controller.signal, ...(isStream ? { duplex: 'half' } : {}), method: 'GET', ...rest };
  if (method) given['method'] = method.toUpperCase();
  let reply: Response | undefined;
  try {
    reply = (await fetch.call(undefined, url, given)) as Response;
    return reply;
  } finally {
    clearTimeout(timer);
    // While a body is read the signal may still end it; one that outlives it must not hold on to it.
    if (signal && (reply === undefined || reply.body === null)) signal.removeEventListener('abort', abort);
    else if (signal && reply) forgetLater(reply, signal, abort);
  }
}

const read = new FinalizationRegistry<() => void>((forget) => forget());

/** What lets go of the signal of a reply whose body has been read. */
const forgets = new WeakMap<Response, () => void>();

function forgetLater(reply: Response, signal: AbortSignal, abort: () => void): void {
  const held = new WeakRef(signal);
  const forget = (): void => held.deref()?.removeEventListener('abort', abort);
  forgets.set(reply, forget);
  read.register(reply.body ?? reply, forget);
}

/** The value of a reply, within the time of its request. */
export async function parse(client: Client, props: APIResponseProps): Promise<unknown> {
  const { options, response, startTime, controller } = props;
  const whole = !options.stream && !options.__binaryResponse && response.status !== 204 && response.body !== null;
  if (!whole) return defaultParseResponse(client, props);
  const left = Math.max(0, startTime + (options.timeout ?? client.timeout) - Date.now());
  let timer: NodeJS.Timeout | undefined;
  let abort: (() => void) | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        controller.abort();
        reject(new APIConnectionTimeoutError());
      }, Math.min(left, 0x7fffffff));
      abort = () => reject(userAbort(options.signal!));
      if (options.signal?.aborted) abort();
      else options.signal?.addEventListener('abort', abort, { once: true });
    });
    return await Promise.race([defaultParseResponse(client, props), late]);
  } finally {
    clearTimeout(timer);
    if (abort) options.signal?.removeEventListener('abort', abort);
    forgets.get(response)?.();
  }
}

export { addRequestID };
