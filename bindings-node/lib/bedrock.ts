/** The client of Amazon Bedrock with bearer tokens; `providers/bedrock` is the newer way. */
import { OpenAI } from './client';
import type { ApiKeySetter, ClientOptions } from './core/client';
import { OpenAIError } from './core/error';
import { bedrockRoot, checkOrigin, checkRegion, checkToken } from './internal/bedrock';
import type { FinalizedRequestInit } from './internal/build-request';
import { assertNoDataResidency } from './internal/data-residency';
import { buildHeaders, type NullableHeaders } from './internal/headers';
import type { FinalRequestOptions } from './internal/request-options';
import { readEnv } from './internal/settings';

/** What a client of Bedrock is configured with. */
export interface BedrockClientOptions
  extends Omit<ClientOptions, 'apiKey' | 'adminAPIKey' | 'baseURL' | 'credential' | 'workloadIdentity' | 'x509Transport' | 'dataResidency'> {
  /** A bearer token of Bedrock. Default: `AWS_BEARER_TOKEN_BEDROCK`. */
  apiKey?: string | null | undefined;
  /** Default: `AWS_BEDROCK_BASE_URL`, else that of the region. */
  baseURL?: string | null | undefined;
  adminAPIKey?: never;
  dataResidency?: never;
  credential?: never;
  workloadIdentity?: never;
  x509Transport?: never;
  /** Default: `AWS_REGION`, else `AWS_DEFAULT_REGION`. */
  awsRegion?: string | undefined;
  /** Gives a token for each request. */
  bedrockTokenProvider?: ApiKeySetter | undefined;
}

function regional(region: string | undefined): string {
  const name = region?.trim();
  if (!name) {
    throw new OpenAIError(
      'Must provide one of the `baseURL` or `awsRegion` arguments, or set the `AWS_BEDROCK_BASE_URL`, `AWS_REGION`, or `AWS_DEFAULT_REGION` environment variable.',
    );
  }
  checkRegion(name);
  return `https://bedrock-mantle.${name}.api.aws/openai/v1`;
}

/** A client whose requests go to Amazon Bedrock. */
export class BedrockOpenAI extends OpenAI {
  constructor(given: BedrockClientOptions = {}) {
    const {
      baseURL = readEnv('AWS_BEDROCK_BASE_URL'),
      awsRegion = readEnv('AWS_REGION') ?? readEnv('AWS_DEFAULT_REGION'),
      bedrockTokenProvider,
      adminAPIKey,
      workloadIdentity,
      x509Transport,
      dataResidency,
      ...rest
    } = given;
    assertNoDataResidency(dataResidency, 'BedrockOpenAI');
    if (adminAPIKey || workloadIdentity || x509Transport) {
      throw new OpenAIError('BedrockOpenAI only supports Bedrock bearer token authentication.');
    }
    const apiKey: unknown =
      given.apiKey === undefined && !bedrockTokenProvider ? (readEnv('AWS_BEARER_TOKEN_BEDROCK') ?? null) : given.apiKey;
    if (typeof apiKey === 'function') {
      throw new OpenAIError('Pass refreshable Bedrock credentials via `bedrockTokenProvider`, not `apiKey`.');
    }
    if (apiKey && bedrockTokenProvider) {
      throw new OpenAIError('The `apiKey` and `bedrockTokenProvider` arguments are mutually exclusive; only one can be passed at a time.');
    }
    if (!apiKey && !bedrockTokenProvider) {
      throw new OpenAIError(
        'Missing credentials. Please pass an `apiKey` or `bedrockTokenProvider`, or set the `AWS_BEARER_TOKEN_BEDROCK` environment variable.',
      );
    }
    const root = bedrockRoot(baseURL?.trim() ? baseURL : regional(awsRegion));
    super({ ...rest, apiKey: bedrockTokenProvider ?? (apiKey as string), adminAPIKey: null, baseURL: root });
    Object.defineProperty(this, 'bedrockTokenProvider', { value: bedrockTokenProvider, enumerable: false });
    let key: string | null = this.apiKey;
    Object.defineProperty(this, 'apiKey', {
      enumerable: false,
      configurable: true,
      get: () => {
        if (key !== null) checkToken(key);
        return key;
      },
      set: (value: string | null) => (key = value),
    });
    // The client may move within its origin: credentials stay there.
    const trusted = this.baseURL;
    let current = trusted;
    Object.defineProperty(this, 'baseURL', {
      enumerable: true,
      configurable: false,
      get: () => current,
      set: (value: string) => {
        checkOrigin(trusted, value);
        current = value;
      },
    });
    withOutputText(this);
  }

  /** Requests are checked one by one, so JavaScript sends them. */
  override _sendsItself(): boolean {
    return true;
  }

  #check(path: string, defaultBaseURL: string | undefined): void {
    checkOrigin(this._options.baseURL ?? this.baseURL, this.buildURL(path, null, defaultBaseURL));
  }

  protected override async prepareOptions(options: FinalRequestOptions): Promise<void> {
    this.#check(options.path, options.defaultBaseURL);
    await super.prepareOptions(options);
    this.#check(options.path, options.defaultBaseURL);
  }

  protected override async prepareRequest(request: RequestInit, about: { url: string; options: FinalRequestOptions }): Promise<void> {
    checkOrigin(this._options.baseURL ?? this.baseURL, about.url);
    await super.prepareRequest(request as FinalizedRequestInit, about);
    this.#check(about.options.path, about.options.defaultBaseURL);
    request.redirect = 'manual';
  }

  protected override async authHeaders(
    options: FinalRequestOptions,
    schemes: { bearerAuth?: boolean; adminAPIKeyAuth?: boolean } = { bearerAuth: true, adminAPIKeyAuth: true },
  ): Promise<NullableHeaders | undefined> {
    if (!schemes.bearerAuth && !schemes.adminAPIKeyAuth) return super.authHeaders(options, schemes);
    this.#check(options.path, options.defaultBaseURL);
    let key: string | null = null;
    await this._callApiKey((found) => (key = found));
    this.#check(options.path, options.defaultBaseURL);
    if (key === null) return undefined;
    checkToken(key);
    return buildHeaders([{ Authorization: `Bearer ${key}` }]);
  }

  override withOptions(options: Partial<BedrockClientOptions>): this {
    const { bedrockTokenProvider: own } = this as unknown as { bedrockTokenProvider?: ApiKeySetter };
    const provider = options.apiKey === undefined ? (options.bedrockTokenProvider ?? own) : undefined;
    const more = provider ? { apiKey: undefined, bedrockTokenProvider: provider } : {};
    return super.withOptions({ ...options, ...more } as Partial<ClientOptions>);
  }
}

/** Bedrock leaves the joined text out of the last response of a stream. */
function withOutputText(client: OpenAI): void {
  const { responses } = client;
  const stream = responses.stream.bind(responses) as (...args: any[]) => any;
  responses.stream = ((...args: any[]) => {
    const made = stream(...args);
    const last = made.finalResponse.bind(made);
    made.finalResponse = async () => {
      const response = await last();
      const { addOutputText } = require('./lib/ResponsesParser') as typeof import('./lib/ResponsesParser');
      if (!Object.hasOwn(response, 'output_text')) addOutputText(response);
      return response;
    };
    return made;
  }) as typeof responses.stream;
}
