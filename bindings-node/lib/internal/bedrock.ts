/** Amazon Bedrock: where it is, and its bearer tokens. */
import { APIUserAbortError, OpenAIError } from '../core/error';
import { errorWithCause, unlessAborted, type ProviderRequestContext, type ProviderRuntime } from './provider';
import { readEnv } from './settings';
import type { FinalizedRequestInit } from './types';

export type BedrockEndpoint = 'mantle' | 'runtime';

export interface BedrockEndpointOptions {
  /** Region of AWS. Default: `AWS_REGION`, else `AWS_DEFAULT_REGION`. */
  region?: string | undefined;
  /** Root of the API. Default: `AWS_BEDROCK_BASE_URL`, else that of the region; `null` leaves the environment out. */
  baseURL?: string | null | undefined;
  /** Which of the two services. Default: as the host of `baseURL` says, else `'mantle'`. */
  endpoint?: BedrockEndpoint | undefined;
}

export interface BedrockBearerOptions {
  /** A bearer token of Bedrock. Default: `AWS_BEARER_TOKEN_BEDROCK`; `null` leaves the environment out. */
  apiKey?: string | null | undefined;
  /** Gives a token for each request. */
  tokenProvider?: (() => Promise<string>) | undefined;
}

/** Domains of the runtime service by the partition of the region: the usual one, and that which also has IPv6. */
const PARTITIONS: Array<[string, [string, string]]> = [
  ['cn-', ['amazonaws.com.cn', 'api.amazonwebservices.com.cn']],
  ['eusc-', ['amazonaws.eu', 'api.amazonwebservices.eu']],
  ['us-iso-', ['c2s.ic.gov', 'api.aws.ic.gov']],
  ['us-isob-', ['sc2s.sgov.gov', 'api.aws.scloud']],
  ['eu-isoe-', ['cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk']],
  ['us-isof-', ['csp.hci.ic.gov', 'api.aws.hci.ic.gov']],
];

const domains = (region: string): [string, string] =>
  PARTITIONS.find(([prefix]) => region.startsWith(prefix))?.[1] ?? ['amazonaws.com', 'api.aws'];

const BAD_REGION = 'The Bedrock AWS `region` is invalid. Use a standard AWS region such as `us-east-1`.';
export const NO_REGION =
  'Bedrock requires an AWS region. Pass `region` to `bedrock(...)`, or set `AWS_REGION` or `AWS_DEFAULT_REGION`.';

export function checkRegion(region: string): void {
  if (!/^[a-z]{2,8}(?:-[a-z0-9]+)+-\d+$/.test(region)) throw new OpenAIError(BAD_REGION);
}

/** A text without blanks around it; `undefined` where nothing is left. */
export const trimmed = (value: unknown): string | undefined => (typeof value === 'string' ? value.trim() || undefined : undefined);

/** Service and region of a host of AWS; `undefined` for any other. */
export function hostOfBedrock(hostname: string): { endpoint: BedrockEndpoint; region: string } | undefined {
  const [service, region, ...rest] = hostname.replace(/\.$/, '').toLowerCase().split('.');
  if (!region) return undefined;
  const domain = rest.join('.');
  if (service === 'bedrock-mantle') return domain === 'api.aws' && /^[a-z0-9-]+$/.test(region) ? { endpoint: 'mantle', region } : undefined;
  if (service !== 'bedrock-runtime' && service !== 'bedrock-runtime-fips') return undefined;
  return domains(region).includes(domain) ? { endpoint: 'runtime', region } : undefined;
}

/** The root of the API by an address that may be that of its responses. */
export function bedrockRoot(baseURL: string): string {
  const url = new URL(baseURL);
  const at = /\/responses(?:\/.*)?$/.exec(url.pathname)?.index;
  if (at !== undefined) url.pathname = url.pathname.slice(0, at) || '/';
  return url.toString().replace(/\/$/, '');
}

/** Service, region and root of the API, by these options and the environment. */
export function resolveBedrockEndpoint(options: BedrockEndpointOptions): { endpoint: BedrockEndpoint; region: string | undefined; baseURL: string } {
  const { endpoint: wanted } = options;
  if (wanted !== undefined && wanted !== 'mantle' && wanted !== 'runtime') {
    throw new OpenAIError('The Bedrock `endpoint` must be either `mantle` or `runtime`.');
  }
  if (options.region !== undefined && !trimmed(options.region)) throw new OpenAIError('The Bedrock AWS `region` must not be empty.');
  if (options.baseURL != null && !trimmed(options.baseURL)) throw new OpenAIError('The Bedrock `baseURL` must not be empty.');
  const region = trimmed(options.region) ?? readEnv('AWS_REGION') ?? readEnv('AWS_DEFAULT_REGION');
  if (region) checkRegion(region);
  const given = options.baseURL === undefined ? readEnv('AWS_BEDROCK_BASE_URL') : trimmed(options.baseURL);
  if (given) {
    const baseURL = bedrockRoot(given);
    const url = new URL(baseURL);
    const known = hostOfBedrock(url.hostname);
    const endpoint = wanted ?? known?.endpoint ?? 'mantle';
    if (known && url.protocol !== 'https:') throw new OpenAIError('Canonical Amazon Bedrock endpoints require HTTPS.');
    if (known && known.endpoint !== endpoint) {
      throw new OpenAIError(
        `The Bedrock ${known.endpoint} hostname does not match the selected \`${endpoint}\` endpoint. Set \`endpoint: '${known.endpoint}'\` to use this hostname.`,
      );
    }
    if (known && region && known.region !== region) {
      throw new OpenAIError(`The Bedrock endpoint region \`${known.region}\` does not match the configured AWS region \`${region}\`.`);
    }
    return { endpoint, region, baseURL };
  }
  if (!region) throw new OpenAIError(NO_REGION);
  const endpoint = wanted ?? 'mantle';
  const host = endpoint === 'runtime' ? `bedrock-runtime.${region}.${domains(region)[0]}` : `bedrock-mantle.${region}.api.aws`;
  return { endpoint, region, baseURL: `https://${host}/openai/v1` };
}

/** Credentials go to the configured origin and nowhere else. */
export function checkOrigin(baseURL: string, requestURL: string): void {
  const expected = new URL(baseURL);
  const { origin, protocol } = new URL(requestURL);
  const isWeb = (scheme: string): boolean => scheme === 'http:' || scheme === 'https:';
  if (isWeb(expected.protocol) && isWeb(protocol) && origin === expected.origin) return;
  throw new OpenAIError(`Bedrock request origin \`${origin}\` does not match the configured base URL origin \`${expected.origin}\`.`);
}

export function checkNoAuthorization(headers: Headers): void {
  if (!headers.has('authorization')) return;
  throw new OpenAIError('Bedrock provider authentication cannot be combined with a custom `Authorization` header.');
}

/** What cannot stand in a header is refused, without being shown. */
export function checkToken(token: string): void {
  if (!/^[\t ]|[\t ]$|[^\t\x20-\x7e\x80-\xff]/.test(token)) return;
  throw new TypeError('Bedrock bearer credential contains an invalid HTTP header value.');
}

/** Finishes requests: with a token, or a signature. */
export type Signer = NonNullable<ProviderRuntime['prepareRequest']>;

/** Gets what a request is signed with; a failure says what was tried. */
export async function obtained<T>(
  request: FinalizedRequestInit,
  context: ProviderRequestContext,
  work: () => T | Promise<T>,
  failure: string,
): Promise<T> {
  try {
    return await unlessAborted(request, context, work);
  } catch (error) {
    const signals = [context.options.signal, request.signal];
    if (error instanceof APIUserAbortError && signals.some((signal) => signal?.aborted)) throw error;
    throw errorWithCause(failure, error);
  }
}

function bearer(tokenProvider: () => string | Promise<string>): Signer {
  return async (request, context) => {
    const headers = new Headers(request.headers);
    checkNoAuthorization(headers);
    const token = await obtained(request, context, tokenProvider, 'Failed to resolve a bearer credential for Bedrock.');
    if (typeof token !== 'string' || !token.trim()) {
      throw new OpenAIError('The Bedrock bearer credential provider must return a non-empty string.');
    }
    checkToken(token);
    headers.set('authorization', `Bearer ${token}`);
    request.redirect = 'manual';
    request.headers = headers;
  };
}

/** How requests get their token, and whether the program said so itself; `undefined`: nothing gives one. */
export function resolveBedrockBearer(options: BedrockBearerOptions, fromEnvironment = true): { sign: Signer; explicit: boolean } | undefined {
  const { apiKey, tokenProvider } = options;
  if (apiKey != null && !trimmed(apiKey)) throw new OpenAIError('The Bedrock bearer credential must not be empty.');
  if (apiKey != null && tokenProvider) {
    throw new OpenAIError('The `apiKey` and `tokenProvider` options are mutually exclusive. Configure only one.');
  }
  if (tokenProvider) return { sign: bearer(tokenProvider), explicit: true };
  if (apiKey != null) return { sign: bearer(() => apiKey), explicit: true };
  if (!fromEnvironment || apiKey === null || !readEnv('AWS_BEARER_TOKEN_BEDROCK')) return undefined;
  // Looked up for each request: it may have been renewed.
  const sign = bearer(() => {
    const token = readEnv('AWS_BEARER_TOKEN_BEDROCK');
    if (token) return token;
    throw new OpenAIError(
      'Could not find credentials for Bedrock. Set `AWS_BEARER_TOKEN_BEDROCK` or configure AWS credential authentication.',
    );
  });
  return { sign, explicit: false };
}
