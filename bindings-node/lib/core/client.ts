/** The client: what it is configured with, and how calls reach the native side. `lib/client.ts` adds the resources. */
import type { OpenAI } from '../client';
import type { X509Credential } from '../auth/types';
import { hasLocalParts, otherwise } from '../internal/as-official';
import { Call } from '../internal/call';
import { refuseBrowsers } from '../internal/detect-platform';
import { isWatched } from '../internal/environment';
import { headerPairs, type HeadersLike } from '../internal/headers';
import type { NativeClient } from '../internal/native';
import type { Provider } from '../internal/provider';
import { once } from '../internal/once';
import { isNothing, segments } from '../internal/path';
import { CALL, isRequestOptions, type FinalRequestOptions, type RequestOptions } from '../internal/request-options';
import { callOptions, queryPairs, readEnv, retries, seconds } from '../internal/settings';
import type { Fetch, MergedRequestInit, PromiseOrValue } from '../internal/types';
import { logOf, parseLogLevel, type CallLog, type Logger, type LogLevel } from '../internal/utils/log';
import type { APIPromise } from './api-promise';
import * as Errors from './error';
import type { AbstractPage, PagePromise } from './pagination';
import { isHooked, ownHooks, Requests } from './requests';

export type { Logger, LogLevel };

/** Gives the key of each request. */
export type ApiKeySetter = () => Promise<string>;


import { residence, type DataResidency } from '../internal/data-residency';
export type { DataResidency };

/** A token with what is known of its life, in seconds. */
export interface Token {
  token: string;
  expiresIn?: number;
  refreshIn?: number;
}

/** What the network layer of a client can be told; times in milliseconds. */
export interface NetworkOptions {
  /** Longest time for connecting. */
  connectTimeout?: number;
  /** Longest silence between two events of a stream, or two pieces of a download. 60,000 by default. */
  idleTimeout?: number;
  /** Longest wait for a stream's first event once the reply has begun. */
  firstEventTimeout?: number;
  /** Sends a slow `GET` a second time after so long. */
  hedgeAfter?: number;
  /** How long sent bytes may go unacknowledged. */
  tcpUserTimeout?: number;
  /** Longest reply, or event of a stream, in bytes. */
  maxResponseBytes?: number;
  /** `'1.1'`: nothing newer; `'2'`: from the first byte. */
  httpVersion?: '1.1' | '2';
  /** Whether the environment's proxies are used. Default true. */
  systemProxy?: boolean;
  proxy?: string;
  noProxy?: string;
  /** Further certificate authorities, and the client's own certificate (PEM files). */
  caFile?: string;
  clientCertFile?: string;
  clientKeyFile?: string;
  /** Addresses by host name. */
  resolve?: Record<string, string[]>;
  /** Limits of the client's own. */
  limits?: Record<string, unknown>;
  /** Retries that may be made while nothing succeeds. */
  retryBudget?: number;
  /** Records requests and replies, or plays them back. */
  cassette?: Record<string, unknown>;
  /** Whether records of calls hold prompts and outputs. */
  observeContent?: boolean;
}

export interface ClientOptions {
  /** The key, or a function that gives it. Default: `OPENAI_API_KEY`. */
  apiKey?: string | ApiKeySetter | null | undefined;
  /** Gives tokens that say how long they live, in place of a key. */
  tokenProvider?: (() => Promise<string | Token>) | undefined;
  /** Key for administration. Default: `OPENAI_ADMIN_KEY`. */
  adminAPIKey?: string | null | undefined;
  /** Default: `OPENAI_ORG_ID`. */
  organization?: string | null | undefined;
  /** Default: `OPENAI_PROJECT_ID`. */
  project?: string | null | undefined;
  /** Secret that signs webhooks. Default: `OPENAI_WEBHOOK_SECRET`. */
  webhookSecret?: string | null | undefined;
  /** Default: `OPENAI_BASE_URL`, else `https://api.openai.com/v1`. */
  baseURL?: string | null | undefined;
  /** A regional endpoint in place of `baseURL`. */
  dataResidency?: DataResidency | null | undefined;
  /** Milliseconds for a whole call, its retries included; for a stream until its first event. Default 600,000. */
  timeout?: number | undefined;
  /** Handed to `fetch`; with it, requests go through `fetch`. */
  fetchOptions?: MergedRequestInit | undefined;
  /** Sends requests in place of the built-in transport. */
  fetch?: Fetch | undefined;
  /** How often a failed call is tried again. Default 2. */
  maxRetries?: number | undefined;
  /** Headers of every request; `null` takes one away. */
  defaultHeaders?: HeadersLike | undefined;
  /** Query parameters of every request. */
  defaultQuery?: Record<string, string | undefined> | undefined;
  dangerouslyAllowBrowser?: boolean | undefined;
  /** Default: `OPENAI_LOG`, else `warn`. */
  logLevel?: LogLevel | undefined;
  /** Default: the console. */
  logger?: Logger | undefined;
  /** An identity that is exchanged for tokens, in place of a key. */
  workloadIdentity?: any;
  x509Transport?: any;
  /** A certificate in place of keys: of `fromX509` in `auth/x509-transport`. */
  credential?: X509Credential | undefined;
  /** Another service: `bedrock()` of `threadline/providers/bedrock`, `vertex()` of `threadline/providers/vertex`. */
  provider?: Provider | undefined;
  /** Answers `/assistants` and `/threads` in this process: where all is kept (`'sqlite:app.db'`), or an object with more. */
  assistants?: string | Record<string, unknown> | undefined;
  /** More about the network. */
  network?: NetworkOptions | undefined;
  /** `'float32'`: embeddings come as `Float32Array`. */
  vectors?: 'number' | 'float32' | undefined;
  /** `true`, or prices: the client counts what it uses (`client.usage()`). */
  usage?: boolean | Record<string, unknown> | undefined;
  /** Whether records of calls are kept (`client.takeObserved()`). */
  observe?: boolean | undefined;
  /**
   * Whether arguments are checked by the description before they are sent: unknown, missing and ill-typed ones are then errors of the
   * kind `usage`. Default false: servers may know more than the description.
   */
  checkArguments?: boolean | undefined;
  /**
   * Whether keys stay with the origin for which they were given: a copy with another `baseURL` (`withOptions`) is then an error unless a
   * key is given with it. Default false, as in the official package: the copy takes the key along.
   */
  bindKeys?: boolean | undefined;
  /** `'bigint'`: whole numbers beyond 2^53 come as `bigint`, with all their digits. Default: as numbers, rounded. */
  integers?: 'number' | 'bigint' | undefined;
}

/** Settings that only our own classes hand over. */
export const INTERNAL: unique symbol = Symbol('threadline.internal');

/** A client that has the connections already, and what Azure needs. */
export interface InternalSettings {
  parent?: Client;
  azure?: Record<string, unknown>;
  /** The base URL, where a client of Azure was given one. */
  baseURL?: string | undefined;
  /** The base URL is on another origin than that for which the keys were given. */
  leavesKeys?: boolean;
  /** The function that gives tokens, where it is none of `apiKey`. */
  tokens?: () => Promise<unknown>;
}

/** Options that another client may differ in and share connections all the same. */
const promises = once(() => require('./api-promise') as typeof import('./api-promise'));
const pages = once(() => require('./pagination') as typeof import('./pagination'));
const official = once(() => require('../internal/official') as typeof import('../internal/official'));
const vectors = once(() => require('../internal/vectors') as typeof import('../internal/vectors'));

const SHARED = new Set<string>([
  'apiKey', 'adminAPIKey', 'organization', 'project', 'webhookSecret', 'baseURL', 'timeout', 'maxRetries', 'defaultHeaders',
  'defaultQuery', 'logLevel', 'logger', 'observe', 'vectors', 'checkArguments', 'integers', 'bindKeys',
]);

const MISSING =
  'Missing credentials. Please pass an `apiKey`, `workloadIdentity`, `adminAPIKey`, or set the `OPENAI_API_KEY` or ' +
  '`OPENAI_ADMIN_KEY` environment variable.';

/** How a call is sent: by which native client, with which options. */
interface Prepared {
  native: NativeClient;
  options: string | undefined;
  done?: () => void;
}

/** The base of all clients. */
export class Client extends Requests {
  declare webhookSecret: string | null;
  logger: Logger;
  logLevel: LogLevel | undefined;
  #internal: InternalSettings;
  #native: NativeClient | undefined;
  /** What the native client was told of the properties that may change. */
  #told: unknown[] | undefined;
  #root: NativeClient | undefined;
  /** The base URL with which that was made. */
  #base: string | undefined;
  #fetch: Fetch | undefined;

  constructor(given: ClientOptions = {}) {
    super();
    const clientOptions = given.credential || given.x509Transport ? certified(given) : given;
    const regional = residence(clientOptions);
    const { provider } = clientOptions;
    if (provider) checkAlone(clientOptions);
    // What the environment says is for the usual service.
    const fallback = (name: string): string | undefined => (provider ? undefined : readEnv(name));
    const {
      baseURL = fallback('OPENAI_BASE_URL'),
      apiKey = fallback('OPENAI_API_KEY') ?? null,
      adminAPIKey = fallback('OPENAI_ADMIN_KEY') ?? null,
      organization = fallback('OPENAI_ORG_ID') ?? null,
      project = fallback('OPENAI_PROJECT_ID') ?? null,
      webhookSecret = readEnv('OPENAI_WEBHOOK_SECRET') ?? null,
      dataResidency,
      ...rest
    } = clientOptions;
    this.#internal = (clientOptions as { [INTERNAL]?: InternalSettings })[INTERNAL] ?? {};
    const runtime = provider && (require('../internal/provider') as typeof import('../internal/provider')).configureProvider(provider);
    const options: ClientOptions = {
      apiKey,
      adminAPIKey,
      organization,
      project,
      webhookSecret,
      ...rest,
      baseURL: runtime?.baseURL ?? regional ?? (baseURL || 'https://api.openai.com/v1'),
    };
    if (apiKey && options.workloadIdentity) {
      throw new Errors.OpenAIError('The `apiKey` and `workloadIdentity` options are mutually exclusive');
    }
    if (!runtime && !apiKey && !adminAPIKey && !options.workloadIdentity && !this.#internal.azure && !options.tokenProvider) {
      throw new Errors.OpenAIError(MISSING);
    }
    if (!options.dangerouslyAllowBrowser) refuseBrowsers();
    this.baseURL = options.baseURL!;
    this.timeout = options.timeout ?? Client.DEFAULT_TIMEOUT;
    this.logger = options.logger ?? console;
    this.logLevel = 'warn';
    this.logLevel =
      parseLogLevel(options.logLevel, 'ClientOptions.logLevel', this) ??
      parseLogLevel(readEnv('OPENAI_LOG'), "process.env['OPENAI_LOG']", this) ??
      'warn';
    this.fetchOptions = options.fetchOptions;
    this.#fetch = options.fetch;
    this.maxRetries = retries(options.maxRetries);
    const custom = fallback('OPENAI_CUSTOM_HEADERS');
    if (custom) {
      const lines = custom.split('\n').filter((line) => line.includes(':'));
      const pairs = lines.map((line) => [line.slice(0, line.indexOf(':')).trim(), line.slice(line.indexOf(':') + 1).trim()]);
      const given = headerPairs(options.defaultHeaders);
      // Headers of the same name would be joined: those of the program stand for those of the environment.
      const named = new Set(given.map(([name]) => name.toLowerCase()));
      options.defaultHeaders = [...pairs.filter(([name]) => !named.has(name!.toLowerCase())), ...given];
    }
    // What holds secrets is there for programs, and not for those who print the client or write it as JSON.
    hide(this, '_options', options);
    hide(this, '_provider', runtime);
    hide(this, 'apiKey', typeof apiKey === 'string' ? apiKey : null);
    hide(this, 'adminAPIKey', adminAPIKey);
    hide(this, 'organization', organization);
    hide(this, 'project', project);
    hide(this, 'webhookSecret', webhookSecret);
  }

  /** A client that differs in these options, and shares connections where it can. */
  withOptions(options: Partial<ClientOptions>): this {
    if (this._provider || options.provider) return this.#withProvider(options);
    const regional = residence(options);
    const inherited: ClientOptions = {
      ...this._options,
      baseURL: this.baseURL,
      maxRetries: this.maxRetries,
      timeout: this.timeout,
      logger: this.logger,
      logLevel: this.logLevel,
      fetchOptions: this.fetchOptions,
      apiKey: typeof this._options.apiKey === 'function' ? this._options.apiKey : this.apiKey,
      ...options,
    };
    const shares = Object.keys(options).every((name) => SHARED.has(name)) && typeof options.apiKey !== 'function';
    const internal: InternalSettings = { ...this.#internal };
    // Headers and parameters of the parent stay with what it shares.
    const replaces = (options.defaultHeaders && this._options.defaultHeaders) || (options.defaultQuery && this._options.defaultQuery);
    if (shares && !replaces) internal.parent = this;
    else delete internal.parent;
    if (options.apiKey !== undefined) delete internal.leavesKeys;
    const baseURL = regional ?? options.baseURL;
    if (baseURL != null && !sameOrigin(baseURL, this.baseURL)) {
      internal.leavesKeys = this._options.bindKeys === true && options.apiKey === undefined;
      if (internal.leavesKeys) internal.parent = this;
      else delete internal.parent;
    }
    // A copy is told of no region: the base URL is that of it.
    if (regional) delete inherited.baseURL;
    return new (this.constructor as new (options: ClientOptions) => this)({ ...inherited, [INTERNAL]: internal } as ClientOptions);
  }

  /** A client of the same provider, or of another: which has no use for what was said to the first. */
  #withProvider(options: Partial<ClientOptions>): this {
    const inherited: ClientOptions = {
      ...this._options, maxRetries: this.maxRetries, timeout: this.timeout, logger: this.logger, logLevel: this.logLevel,
      fetchOptions: this.fetchOptions, organization: this.organization, project: this.project, webhookSecret: this.webhookSecret,
    };
    for (const name of ['baseURL', 'apiKey', 'adminAPIKey', 'workloadIdentity', 'x509Transport'] as const) delete inherited[name];
    const same = options.provider === undefined || options.provider === this._options.provider;
    if (!same) for (const name of ['defaultHeaders', 'defaultQuery', 'fetchOptions', 'fetch', 'organization', 'project'] as const) delete inherited[name];
    return new (this.constructor as new (options: ClientOptions) => this)({ ...inherited, ...options });
  }

  /** Whether the key comes from a function. */
  _hasApiKeyProvider(): boolean {
    return typeof this._options.apiKey === 'function';
  }

  /** Asks the function that gives the key, if there is one, and keeps what it gave. */
  async _callApiKey(capture?: (apiKey: string | null) => void): Promise<boolean> {
    const { apiKey } = this._options;
    if (this._provider || typeof apiKey !== 'function') {
      capture?.(this.apiKey);
      return false;
    }
    let token: unknown;
    try {
      token = await apiKey();
    } catch (error: any) {
      if (error instanceof Errors.OpenAIError) throw error;
      const failed = new Errors.OpenAIError(`Failed to get token from 'apiKey' function: ${error.message}`);
      failed.cause = error;
      throw failed;
    }
    if (typeof token !== 'string' || !token) {
      throw new Errors.OpenAIError(`Expected 'apiKey' function argument to return a string but it returned ${token}`);
    }
    this.apiKey = token;
    capture?.(token);
    return true;
  }

  /** A list by these options; that of a page leads to the next one. */
  override requestAPIList<Item = unknown, PageClass extends AbstractPage<Item> = AbstractPage<Item>>(
    Page: new (...args: any[]) => PageClass,
    options: PromiseOrValue<FinalRequestOptions>,
  ): PagePromise<PageClass, Item> {
    const known = (options as FinalRequestOptions)[CALL];
    if (known === undefined || this._sendsItself(options as RequestOptions, false)) return super.requestAPIList(Page, options);
    const { [CALL]: _, method, path, query, body, ...rest } = options as FinalRequestOptions;
    const call = new Call(this, known.operation, known.path, (query ?? {}) as object, rest);
    // What the first page was asked with was checked.
    call.given = null;
    return pages().PagePromise._ofCall(call, () => Page);
  }

  /** Sends the requests that JavaScript sends by itself. */
  protected get fetch(): Fetch {
    if (this.#fetch) return this.#fetch;
    const { ownFetch } = require('../fetch') as typeof import('../fetch');
    // The built-in one is looked up for each request: those who change it may do so later.
    const fetch: Fetch = isWatched() || this.fetchOptions ? (input, init) => globalThis.fetch(input, init) : ownFetch(() => this._root());
    return Object.assign(fetch, { Response });
  }

  protected set fetch(fetch: Fetch) {
    this.#fetch = fetch;
  }

  /** Whether arguments are checked before they are sent. */
  get _checksArguments(): boolean {
    return this._options.checkArguments === true;
  }

  /** Whether large whole numbers keep their digits. */
  get _bigIntegers(): boolean {
    return this._options.integers === 'bigint';
  }

  /** Calls an operation of the table. Generated methods are this and nothing more. */
  _call(operation: number, path: string[], params: object | undefined | null, options?: RequestOptions | null): APIPromise<any> {
    checkPath(path, operation);
    if (options === undefined && isRequestOptions(params) && isOverloaded(operation, params)) {
      // Reads without parameters take their options in the parameters' place.
      options = params;
      params = undefined;
    }
    if (!hasLocalParts(operation)) return this.#send(operation, path, params, options);
    const { created } = require('../lib/beta/agents/agent-session-create-stream') as typeof import('../lib/beta/agents/agent-session-create-stream');
    return created((this as any).beta.agents.sessions, params, options, (body) => this.#send(operation, path, body, options));
  }

  #send(operation: number, path: string[], params: object | undefined | null, options?: RequestOptions | null): APIPromise<any> {
    if (this._sendsItself(options) || this.#differs(operation, params)) {
      return official().call(this, operation, path, params ?? undefined, options);
    }
    return promises().APIPromise._of(new Call(this, operation, path, params ?? undefined, options));
  }

  /** Calls a list operation of the table. */
  _page(
    operation: number,
    path: string[],
    query: object | undefined | null,
    options: RequestOptions | undefined | null,
    page: unknown,
  ): PagePromise<any, any> {
    checkPath(path, operation);
    if (options === undefined && isRequestOptions(query) && isOverloaded(operation, query)) {
      options = query;
      query = undefined;
    }
    // What is asked for besides goes along to every page.
    const { query: more, ...rest } = options ?? {};
    const params = more ? { ...query, ...more } : (query ?? undefined);
    if (this._sendsItself(rest) || this.#differs(operation, params)) {
      return official().page(this, operation, path, params, rest, page);
    }
    const call = new Call(this, operation, path, params, rest);
    call.given = query ?? undefined;
    return pages().PagePromise._ofCall(call, page);
  }

  /** Whether the official package sends such a call otherwise. Where arguments are checked, the description stands. */
  #differs(operation: number, params: unknown): boolean {
    return !this._checksArguments && otherwise(operation, params, this.adminAPIKey !== null) !== undefined;
  }

  /** Makes numbers of vectors that came as base64, where the caller did not ask for that. */
  _vectors(value: unknown, params: object | undefined): void {
    if ((params as { encoding_format?: unknown } | undefined)?.encoding_format) return;
    const data = (value as { data?: unknown })?.data;
    if (!Array.isArray(data)) return;
    const { toVector } = vectors();
    const typed = this._options.vectors === 'float32';
    for (const item of data) {
      if (typeof item?.embedding === 'string') item.embedding = toVector(item.embedding, typed);
    }
  }

  /** Writes about a call, where anybody wants to know. */
  _log(call: Call): CallLog | undefined {
    return this.logLevel === 'info' || this.logLevel === 'debug' ? logOf(this, call) : undefined;
  }

  /** How a call with these options is sent. */
  _prepare(options: RequestOptions | undefined | null): Prepared {
    const native = this._native();
    if (!options) return { native, options: undefined };
    const json = callOptions(options)!;
    if (!options.fetchOptions || !this._usesFetch()) return { native, options: JSON.stringify(json) };
    const { keepFetchOptions } = require('../internal/fetch-transport') as typeof import('../internal/fetch-transport');
    const kept = keepFetchOptions(options.fetchOptions);
    json['headers'] = [...((json['headers'] as unknown[]) ?? []), kept.header];
    return { native, options: JSON.stringify(json), done: kept.forget };
  }

  /** Whether requests go through a `fetch`: one of the user's, or a built-in one that somebody changed. */
  _usesFetch(): boolean {
    return this.#fetch !== undefined || this.fetchOptions !== undefined || isWatched();
  }

  /**
   * Whether JavaScript sends a call's request by itself, as the official package does: the program looks at its requests, or wants
   * something of this one that no operation has. What only the core has, it does over the same `fetch`.
   */
  _sendsItself(options: RequestOptions | undefined | null, byRoute = true): boolean {
    if (options) {
      if (byRoute && (options.path !== undefined || options.method !== undefined)) return true;
      if (options.fetchOptions !== undefined || options.defaultBaseURL !== undefined) return true;
    }
    if (this._provider || isHooked(this)) return true;
    if (!this._usesFetch()) return false;
    const { assistants, network, usage, observe, workloadIdentity, tokenProvider } = this._options;
    return !(assistants || network || usage || observe || workloadIdentity || tokenProvider);
  }

  /** The native client, as the properties say by now. */
  _native(): NativeClient {
    const now = [this.apiKey, this.baseURL, this.adminAPIKey, this.organization, this.project, this.timeout, this.maxRetries];
    const told = this.#told;
    if (this.#native && told && now.every((value, at) => value === told[at])) return this.#native;
    try {
      this.#native = this.#make();
    } catch (error) {
      throw Errors.fromNative(error);
    }
    // A key of a function may have been put onto the client meanwhile; that is no change.
    this.#told = now;
    return this.#native;
  }

  #make(): NativeClient {
    const { parent } = this.#internal;
    const options = this.#settings();
    const root = this.#root ?? parent?._root();
    // The core keeps keys to their origin. A program that has moved a client means it.
    const moved = this.#root !== undefined && !this.#internal.azure && !this._options.bindKeys && !sameOrigin(this.#base!, this.baseURL);
    if (root && !moved) {
      return root.withOptions(JSON.stringify(options), Boolean(this._options.observe));
    }
    const { makeNative } = require('../internal/make') as typeof import('../internal/make');
    this.#root = makeNative(this as unknown as OpenAI, this._options, this.#internal, options);
    this.#base = this.baseURL;
    return this.#root;
  }

  /** The native client that has the connections. */
  _root(): NativeClient {
    return this.#root ?? this.#internal.parent?._root() ?? this._native();
  }

  #settings(): Record<string, unknown> {
    const { network } = this._options;
    const dynamic = this._hasApiKeyProvider();
    const settings: Record<string, unknown> = {
      api_key: dynamic || this.#internal.leavesKeys ? undefined : (this.apiKey ?? undefined),
      admin_api_key: this.#internal.leavesKeys ? undefined : (this.adminAPIKey ?? undefined),
      organization: this.organization ?? undefined,
      project: this.project ?? undefined,
      webhook_secret: this.webhookSecret ?? undefined,
      base_url: this.#internal.azure ? this.#internal.baseURL : this.baseURL,
      timeout: seconds(this.timeout),
      max_retries: this.maxRetries,
    };
    if (this._options.defaultHeaders) settings['headers'] = headerPairs(this._options.defaultHeaders);
    const query = this.defaultQuery();
    if (query) settings['query'] = queryPairs(query);
    if (network) {
      if (network.idleTimeout !== undefined) settings['idle_timeout'] = seconds(network.idleTimeout);
      if (network.firstEventTimeout !== undefined) settings['first_event_timeout'] = seconds(network.firstEventTimeout);
      if (network.hedgeAfter !== undefined) settings['hedge_after'] = seconds(network.hedgeAfter);
      if (network.maxResponseBytes !== undefined) settings['max_response_bytes'] = network.maxResponseBytes;
    }
    return settings;
  }

  /** Records of the calls made so far, where the client is observed; they are then forgotten. */
  takeObserved(): unknown[] {
    return this._native().takeObserved().map((text) => JSON.parse(text));
  }

  /** What the client has used so far, where it counts. */
  usage(): any {
    const text = this._native().usage();
    return text ? JSON.parse(text) : undefined;
  }

  static DEFAULT_TIMEOUT = 600_000;
  static OpenAIError = Errors.OpenAIError;
  static APIError = Errors.APIError;
  static APIConnectionError = Errors.APIConnectionError;
  static APIConnectionTimeoutError = Errors.APIConnectionTimeoutError;
  static APIUserAbortError = Errors.APIUserAbortError;
  static NotFoundError = Errors.NotFoundError;
  static ConflictError = Errors.ConflictError;
  static RateLimitError = Errors.RateLimitError;
  static BadRequestError = Errors.BadRequestError;
  static AuthenticationError = Errors.AuthenticationError;
  static InternalServerError = Errors.InternalServerError;
  static PermissionDeniedError = Errors.PermissionDeniedError;
  static UnprocessableEntityError = Errors.UnprocessableEntityError;
  static InvalidWebhookSignatureError = Errors.InvalidWebhookSignatureError;

  static get toFile(): typeof import('./uploads').toFile {
    return (require('./uploads') as typeof import('./uploads')).toFile;
  }

  static get toStreamingFile(): typeof import('./uploads').toStreamingFile {
    return (require('./uploads') as typeof import('./uploads')).toStreamingFile;
  }
}

function hide(client: object, name: string, value: unknown): void {
  Object.defineProperty(client, name, { value, writable: true, enumerable: false, configurable: true });
}

function isOverloaded(operation: number, params: object): boolean {
  const { row } = require('../internal/native') as typeof import('../internal/native');
  const { verb, stream } = row(operation);
  return verb === 'GET' && !(typeof stream === 'string' && stream in params);
}

function certified(given: ClientOptions): ClientOptions {
  const { withCertificate } = require('../internal/x509') as typeof import('../internal/x509');
  return withCertificate(given);
}

/** A provider says by itself where requests go and with which credentials. */
function checkAlone(options: ClientOptions): void {
  const names = ['apiKey', 'adminAPIKey', 'workloadIdentity', 'x509Transport', 'baseURL', 'dataResidency'] as const;
  const conflicts = names.filter((name) => options[name] != null).map((name) => `\`${name}\``);
  if (conflicts.length === 0) return;
  throw new Errors.OpenAIError(
    `The \`provider\` option cannot be used with ${conflicts.join(', ')}. Configure authentication and the base URL through the provider instead.`,
  );
}

function sameOrigin(one: string, other: string): boolean {
  return URL.canParse(one) && URL.canParse(other) && new URL(one).origin === new URL(other).origin;
}

function checkPath(path: unknown[], operation: number): void {
  if (path.every((value) => !isNothing(value) && !/^(?:\.|%2e){1,2}$/i.test(String(value)))) return;
  const { row } = require('../internal/native') as typeof import('../internal/native');
  const found = row(operation);
  segments(found.path, found.pathParams, path);
}

ownHooks(Client.prototype);
