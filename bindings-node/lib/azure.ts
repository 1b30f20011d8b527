/** The client of Azure. */
import { OpenAI } from './client';
import { INTERNAL, type ClientOptions } from './core/client';
import { OpenAIError } from './core/error';
import { ownHooks } from './core/requests';
import { assertNoDataResidency } from './internal/data-residency';
import { buildHeaders, type NullableHeaders } from './internal/headers';
import { encodeURIPath } from './internal/path';
import type { FinalRequestOptions } from './internal/request-options';
import { readEnv } from './internal/settings';

/** What a client of Azure is configured with. */
export interface AzureClientOptions
  extends Omit<ClientOptions, 'provider' | 'dataResidency' | 'credential' | 'x509Transport'> {
  provider?: never;
  dataResidency?: never;
  credential?: never;
  x509Transport?: never;
  /** Default: `OPENAI_API_VERSION`. */
  apiVersion?: string | undefined;
  /** Such as `https://example.openai.azure.com`. Default: `AZURE_OPENAI_ENDPOINT`. */
  endpoint?: string | undefined;
  /** The deployment of all requests that name a model. */
  deployment?: string | undefined;
  /** Default: `AZURE_OPENAI_API_KEY`. */
  apiKey?: string | undefined;
  /** Gives Entra tokens. */
  azureADTokenProvider?: (() => Promise<string>) | undefined;
  /** Whether the resource's own `/openai/v1` is called, which needs no version. */
  v1?: boolean | undefined;
  /** A token of Entra. */
  azureADToken?: string | undefined;
}

const MISSING =
  'Missing credentials. Please pass one of `apiKey` and `azureADTokenProvider`, or set the `AZURE_OPENAI_API_KEY` environment variable.';

/** Routes whose deployment stands in the path. */
const DEPLOYED = new Set([
  '/completions', '/chat/completions', '/embeddings', '/audio/transcriptions', '/audio/translations', '/audio/speech',
  '/images/generations', '/batches', '/images/edits',
]);

function hasDeployment(baseURL: string): boolean {
  return URL.canParse(baseURL) && new URL(baseURL).pathname.split('/').includes('deployments');
}

/** A client whose requests go to Azure. */
export class AzureOpenAI extends OpenAI {
  deploymentName: string | undefined;
  apiVersion = '';

  constructor(given: AzureClientOptions = {}) {
    const {
      baseURL = readEnv('OPENAI_BASE_URL'),
      apiKey = readEnv('AZURE_OPENAI_API_KEY'),
      apiVersion = readEnv('OPENAI_API_VERSION'),
      endpoint = readEnv('AZURE_OPENAI_ENDPOINT'),
      deployment,
      azureADTokenProvider,
      azureADToken,
      v1 = false,
      dataResidency,
      ...rest
    } = given;
    assertNoDataResidency(dataResidency, 'AzureOpenAI');
    if (!apiVersion && !v1) {
      throw new OpenAIError(
        "The OPENAI_API_VERSION environment variable is missing or empty; either provide it, or instantiate the AzureOpenAI client with an apiVersion option, like new AzureOpenAI({ apiVersion: 'My API Version' }).",
      );
    }
    if (azureADTokenProvider && apiKey) {
      throw new OpenAIError(
        'The `apiKey` and `azureADTokenProvider` arguments are mutually exclusive; only one can be passed at a time.',
      );
    }
    if (!azureADTokenProvider && !apiKey && !azureADToken) throw new OpenAIError(MISSING);
    if (!baseURL && !endpoint) {
      throw new OpenAIError('Must provide one of the `baseURL` or `endpoint` arguments, or the `AZURE_OPENAI_ENDPOINT` environment variable');
    }
    if (baseURL && given.endpoint) throw new OpenAIError('baseURL and endpoint are mutually exclusive');
    const base = baseURL ?? `${endpoint!.replace(/\/+$/, '')}/openai${v1 ? '/v1' : ''}`;
    const azure = {
      endpoint: baseURL ? undefined : endpoint,
      deployment,
      api_version: v1 ? undefined : apiVersion,
      ad_token: azureADToken,
      v1,
    };
    const internal = { ...(given as { [INTERNAL]?: object })[INTERNAL], azure, baseURL, tokens: azureADTokenProvider && (() => asked(azureADTokenProvider)) };
    super({ ...rest, apiKey: apiKey ?? null, baseURL: base, [INTERNAL]: internal } as ClientOptions);
    this.apiVersion = apiVersion ?? '';
    this.deploymentName = deployment;
    Object.defineProperty(this, '_azure', { value: given, enumerable: false });
  }

  override async buildRequest(options: FinalRequestOptions, props: { retryCount?: number } = {}): ReturnType<OpenAI['buildRequest']> {
    const { method, path, body } = options;
    if (DEPLOYED.has(path) && method === 'post' && body !== undefined) {
      if (typeof body !== 'object' || body === null) throw new Error('Expected request body to be an object');
      const form = body instanceof FormData ? body.get('model') : undefined;
      const model = this.deploymentName || (body as { model?: unknown }).model || form || options.__metadata?.['model'];
      if (model !== undefined && !hasDeployment(this.baseURL)) options.path = `/deployments/${encodeURIPath(String(model))}${path}`;
    }
    const built = await super.buildRequest(options, props);
    // A key is for this server alone.
    if (built.req.headers.has('api-key')) built.req.redirect = 'manual';
    return built;
  }

  protected override defaultQuery(): Record<string, string | undefined> | undefined {
    const own = super.defaultQuery();
    return this.apiVersion ? { ...own, 'api-version': this.apiVersion } : own;
  }

  protected override async authHeaders(
    options: FinalRequestOptions,
    schemes: { bearerAuth?: boolean; adminAPIKeyAuth?: boolean } = { bearerAuth: true, adminAPIKeyAuth: true },
  ): Promise<NullableHeaders | undefined> {
    const { azureADTokenProvider, azureADToken } = (this as unknown as { _azure: AzureClientOptions })._azure;
    if (schemes.bearerAuth && this.apiKey) return buildHeaders([{ 'api-key': this.apiKey }]);
    const token = azureADTokenProvider ? await tokenOf(azureADTokenProvider) : azureADToken;
    return token ? buildHeaders([{ Authorization: `Bearer ${token}` }]) : super.authHeaders(options, schemes);
  }

  override withOptions(options: Partial<AzureClientOptions>): this {
    const { _azure: own } = this as unknown as { _azure: AzureClientOptions };
    const merged = { ...own, maxRetries: this.maxRetries, timeout: this.timeout, logger: this.logger, ...options };
    return new (this.constructor as new (options: AzureClientOptions) => this)(merged as AzureClientOptions);
  }
}

ownHooks(AzureOpenAI.prototype);

/** What a program's function gives; its failures say that they are those of the function. */
async function tokenOf(provider: () => Promise<string>): Promise<string> {
  const token: unknown = await asked(provider);
  if (typeof token === 'string' && token) return token;
  throw new OpenAIError(`Expected 'apiKey' function argument to return a string but it returned ${String(token)}`);
}

/** What the provider gives; what it throws is behind an error of ours. */
async function asked<T>(provider: () => Promise<T>): Promise<T> {
  try {
    return await provider();
  } catch (error: any) {
    if (error instanceof OpenAIError) throw error;
    const failed = new OpenAIError(`Failed to get token from 'apiKey' function: ${error?.message}`);
    failed.cause = error;
    throw failed;
  }
}
