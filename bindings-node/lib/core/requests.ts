/**
 * Requests to routes, and the hooks that subclasses override. As long as nobody overrides one and nobody looks at the requests, the calls
 * of resources do not pass here: they go to the core.
 */
import type { OpenAI } from '../client';
import { buildHeaders, type HeadersLike, type NullableHeaders } from '../internal/headers';
import type { Encoded, FinalizedRequestInit, HeadersInput } from '../internal/build-request';
import type { APIResponseProps } from '../internal/parse';
import type { ProviderRuntime } from '../internal/provider';
import type { FinalRequestOptions, RequestOptions } from '../internal/request-options';
import type { Fetch, MergedRequestInit, PromiseOrValue } from '../internal/types';
import { VERSION } from '../version';
import type { APIPromise } from './api-promise';
import type { ClientOptions } from './client';
import * as Errors from './error';
import type { AbstractPage, PagePromise } from './pagination';

/** Which credentials a request takes. */
type Schemes = { bearerAuth?: boolean; adminAPIKeyAuth?: boolean };

const ALL: Schemes = { bearerAuth: true, adminAPIKeyAuth: true };

const official = (): typeof import('../internal/official') => require('../internal/official');
const building = (): typeof import('../internal/build-request') => require('../internal/build-request');

/** The part of a client below its calls. */
export abstract class Requests {
  declare apiKey: string | null;
  declare adminAPIKey: string | null;
  declare organization: string | null;
  declare project: string | null;
  declare baseURL: string;
  declare maxRetries: number;
  declare timeout: number;
  declare fetchOptions: MergedRequestInit | undefined;
  declare protected _options: ClientOptions;
  /** What this client has of its provider, where it has one. */
  declare _provider?: ProviderRuntime | undefined;
  declare protected idempotencyHeader?: string;

  /** Sends what this class sends. */
  protected abstract get fetch(): Fetch;

  abstract _callApiKey(capture?: (apiKey: string | null) => void): Promise<boolean>;

  protected defaultQuery(): Record<string, string | undefined> | undefined {
    return this._options.defaultQuery;
  }

  /** Headers of every request. */
  _defaultHeaders(): HeadersLike {
    return this._options.defaultHeaders;
  }

  protected stringifyQuery(query: object | Record<string, unknown>): string {
    return (require('../internal/utils/query') as typeof import('../internal/utils/query')).stringifyQuery(query);
  }

  /** The URL of a path below the base, with these parameters and those of every request. */
  buildURL(path: string, query: Record<string, unknown> | null | undefined, defaultBaseURL?: string | undefined): string {
    const isDefault = this.baseURL === 'https://api.openai.com/v1';
    const base = (isDefault && defaultBaseURL) || this.baseURL;
    const absolute = /^[a-z][a-z0-9+.-]*:/i.test(path);
    let url: URL;
    let inherited: Record<string, string> = {};
    let repeated: [string, string][] = [];
    if (absolute) url = new URL(path);
    else if (base.includes('?')) {
      const root = new URL(base);
      inherited = Object.fromEntries(root.searchParams);
      const { searchParams } = root;
      repeated = [...searchParams].filter(([name]) => searchParams.getAll(name).length > 1);
      root.search = '';
      root.hash = '';
      const text = root.toString();
      url = new URL(text + (text.endsWith('/') && path.startsWith('/') ? path.slice(1) : path));
    } else url = new URL(base + (base.endsWith('/') && path.startsWith('/') ? path.slice(1) : path));
    const own: Record<string, unknown> = { ...Object.fromEntries(url.searchParams), ...this.defaultQuery(), ...query };
    // What stands in the base several times stays so, unless it is said anew.
    repeated = repeated.filter(([name]) => !Object.hasOwn(own, name));
    for (const [name] of repeated) delete inherited[name];
    const merged = { ...inherited, ...own };
    if (Object.keys(merged).length > 0) url.search = this.stringifyQuery(merged);
    for (const [name, value] of repeated) url.searchParams.append(name, value);
    return url.toString();
  }

  get<Rsp>(path: string, opts?: PromiseOrValue<RequestOptions>): APIPromise<Rsp> {
    return this.methodRequest('get', path, opts);
  }

  post<Rsp>(path: string, opts?: PromiseOrValue<RequestOptions>): APIPromise<Rsp> {
    return this.methodRequest('post', path, opts);
  }

  patch<Rsp>(path: string, opts?: PromiseOrValue<RequestOptions>): APIPromise<Rsp> {
    return this.methodRequest('patch', path, opts);
  }

  put<Rsp>(path: string, opts?: PromiseOrValue<RequestOptions>): APIPromise<Rsp> {
    return this.methodRequest('put', path, opts);
  }

  delete<Rsp>(path: string, opts?: PromiseOrValue<RequestOptions>): APIPromise<Rsp> {
    return this.methodRequest('delete', path, opts);
  }

  private methodRequest<Rsp>(
    method: FinalRequestOptions['method'],
    path: string,
    opts?: PromiseOrValue<RequestOptions>,
  ): APIPromise<Rsp> {
    return this.request(Promise.resolve(opts).then((opts) => ({ method, path, ...opts })));
  }

  /** A request to a route that has no method of its own. */
  request<Rsp>(options: PromiseOrValue<FinalRequestOptions>, remainingRetries: number | null = null): APIPromise<Rsp> {
    return official().request(this, options, remainingRetries);
  }

  /** A list of a route that has no method of its own. */
  getAPIList<Item, PageClass extends AbstractPage<Item> = AbstractPage<Item>>(
    path: string,
    Page: new (...args: any[]) => PageClass,
    opts?: PromiseOrValue<RequestOptions>,
  ): PagePromise<PageClass, Item> {
    const isPromise = opts && typeof (opts as Promise<RequestOptions>).then === 'function';
    const whole = (opts: RequestOptions | undefined): FinalRequestOptions => ({ method: 'get', path, ...opts });
    return this.requestAPIList(Page, isPromise ? (opts as Promise<RequestOptions>).then(whole) : whole(opts as RequestOptions));
  }

  /** A list by these options; that of a page leads to the next one. */
  requestAPIList<Item = unknown, PageClass extends AbstractPage<Item> = AbstractPage<Item>>(
    Page: new (...args: any[]) => PageClass,
    options: PromiseOrValue<FinalRequestOptions>,
  ): PagePromise<PageClass, Item> {
    return official().requestList(this, Page, options);
  }

  /** Hook: may change the options of each attempt. */
  protected async prepareOptions(_options: FinalRequestOptions): Promise<void> {}

  /** Hook: may change each request before it is sent. */
  protected async prepareRequest(_request: RequestInit, _about: { url: string; options: FinalRequestOptions }): Promise<void> {}

  private makeRequest(
    options: PromiseOrValue<FinalRequestOptions>,
    retriesRemaining: number | null,
    retryOfRequestLogID: string | undefined,
  ): Promise<APIResponseProps> {
    return official().makeRequest(this, options, retriesRemaining, retryOfRequestLogID);
  }

  private retryRequest(
    options: FinalRequestOptions,
    retriesRemaining: number,
    requestLogID: string,
    responseHeaders?: Headers,
  ): Promise<APIResponseProps> {
    return official().retryRequest(this, options, retriesRemaining, requestLogID, responseHeaders);
  }

  /** Whether a reply that failed is worth another attempt. */
  private async shouldRetry(response: Response): Promise<boolean> {
    const asked = response.headers.get('x-should-retry');
    if (asked === 'true' || asked === 'false') return asked === 'true';
    const { status } = response;
    return status === 408 || status === 409 || status === 429 || status >= 500;
  }

  private calculateDefaultRetryTimeoutMillis(retriesRemaining: number, maxRetries: number): number {
    const seconds = Math.min(0.5 * 2 ** (maxRetries - retriesRemaining), 8);
    return seconds * (1 - Math.random() / 4) * 1000;
  }

  /** The request of these options, as it is handed to `fetch`. */
  buildRequest(
    options: FinalRequestOptions,
    { retryCount = 0 }: { retryCount?: number } = {},
  ): Promise<{ req: FinalizedRequestInit; url: string; timeout: number }> {
    return building().buildRequest(this as never, options, retryCount);
  }

  private buildHeaders(given: HeadersInput): Promise<Headers> {
    return building().requestHeaders(this as never, given);
  }

  private buildBody({ options }: { options: FinalRequestOptions }): Encoded {
    return building().encodeBody(this as never, options);
  }

  async fetchWithAuth(
    url: string,
    init: RequestInit,
    timeout: number,
    controller: AbortController,
    _schemes: Schemes = ALL,
  ): Promise<Response> {
    return this.fetchWithTimeout(url, init, timeout, controller);
  }

  fetchWithTimeout(url: string, init: RequestInit | undefined, ms: number, controller: AbortController): Promise<Response> {
    return official().fetchWithTimeout(this.fetch, url, init, ms, controller);
  }

  /** The headers that authenticate a request. */
  protected async authHeaders(options: FinalRequestOptions, schemes: Schemes = ALL): Promise<NullableHeaders | undefined> {
    const key = schemes.bearerAuth ? await this.bearerAuth(options) : null;
    // Who has no key for administration tries the other one.
    const admin = schemes.adminAPIKeyAuth ? ((await this.adminAPIKeyAuth(options)) ?? (await this.bearerAuth(options))) : null;
    return buildHeaders([key, admin]);
  }

  protected async bearerAuth(_options: FinalRequestOptions): Promise<NullableHeaders | undefined> {
    let key: string | null = null;
    await this._callApiKey((found) => (key = found));
    return key === null ? undefined : buildHeaders([{ Authorization: `Bearer ${key}` }]);
  }

  protected async adminAPIKeyAuth(_options: FinalRequestOptions): Promise<NullableHeaders | undefined> {
    return this.adminAPIKey === null ? undefined : buildHeaders([{ Authorization: `Bearer ${this.adminAPIKey}` }]);
  }

  protected validateHeaders({ values, nulls }: NullableHeaders, _schemes: Schemes = ALL): void {
    const known = ['authorization', 'api-key'];
    if (known.some((name) => values.get(name) || nulls.has(name))) return;
    throw new Error(
      'Could not resolve authentication method. Expected either apiKey or adminAPIKey to be set. ' +
        'Or for one of the "Authorization" or "api-key" headers to be explicitly omitted',
    );
  }

  private getUserAgent(): string {
    return `${this.constructor.name}/JS ${VERSION}`;
  }

  protected defaultIdempotencyKey(): string {
    return `threadline-node-retry-${crypto.randomUUID()}`;
  }

  protected makeStatusError(status: number, error: Object, message: string | undefined, headers: Headers): Errors.APIError {
    const whole = error && typeof error === 'object' && (error as { error?: unknown }).error == null ? { error } : error;
    return Errors.APIError.generate(status, whole, message, headers);
  }
}

/** Names by which programs change what is sent, or see it. */
const HOOKS = [
  'get', 'post', 'patch', 'put', 'delete', 'methodRequest', 'request', 'getAPIList', 'requestAPIList', 'prepareOptions', 'prepareRequest',
  'makeRequest', 'retryRequest', 'shouldRetry', 'calculateDefaultRetryTimeoutMillis', 'buildRequest', 'buildHeaders', 'buildBody', 'buildURL',
  'fetchWithAuth', 'fetchWithTimeout', 'authHeaders', 'bearerAuth', 'adminAPIKeyAuth', 'validateHeaders', 'defaultIdempotencyKey',
  'makeStatusError', 'defaultQuery', 'stringifyQuery', 'getUserAgent',
] as const;

const ours = new Set<unknown>();

/** Notes the hooks of a class of ours: with them, calls go to the core. */
export function ownHooks(prototype: object): void {
  for (const name of HOOKS) ours.add((prototype as Record<string, unknown>)[name]);
}

/** Whether somebody has put a function in the place of one of ours. */
export function isHooked(client: object): boolean {
  for (const name of HOOKS) if (!ours.has((client as Record<string, unknown>)[name])) return true;
  return false;
}

ownHooks(Requests.prototype);

export type { OpenAI };
