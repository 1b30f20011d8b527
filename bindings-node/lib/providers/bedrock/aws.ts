/** Amazon Bedrock, with credentials of AWS (signed requests) or its bearer tokens. */
import { OpenAIError } from '../../core/error';
import { defaultCredentials } from '../../internal/aws-credentials';
import {
  checkNoAuthorization, checkOrigin, hostOfBedrock, NO_REGION, obtained, resolveBedrockBearer, resolveBedrockEndpoint, trimmed,
  type BedrockBearerOptions, type BedrockEndpoint, type BedrockEndpointOptions, type Signer,
} from '../../internal/bedrock';
import { createProvider, type Provider } from '../../internal/provider';
import { bodyHash, sign, type Signable } from '../../internal/sigv4';

export interface AwsCredentialIdentity {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}

export type AwsCredentialsProvider = () => AwsCredentialIdentity | Promise<AwsCredentialIdentity>;

/** At most one of a bearer token, static credentials, a profile and a function may be given. */
export interface BedrockProviderOptions extends BedrockEndpointOptions, BedrockBearerOptions {
  accessKeyId?: string | undefined;
  secretAccessKey?: string | undefined;
  sessionToken?: string | undefined;
  /** A profile of the shared files of AWS. */
  profile?: string | undefined;
  /** Gives credentials for each request. */
  credentialProvider?: AwsCredentialsProvider | undefined;
}

const UNRESOLVED =
  'Failed to resolve AWS credentials for Bedrock. Verify your AWS profile, environment variables, or runtime identity configuration and try again.';
const NONE = 'Could not find credentials for Bedrock. Pass AWS credentials to `bedrock(...)` or configure the default AWS credential chain.';

/** For `new OpenAI({ provider: bedrock({ … }) })`. Without credentials: a token of the environment, else the default chain of AWS. */
export function bedrock(options: BedrockProviderOptions = {}): Provider {
  const fixed = staticCredentials(options);
  const profile = trimmed(options.profile);
  if (options.profile !== undefined && !profile) throw new OpenAIError('The Bedrock AWS `profile` must not be empty.');
  const { credentialProvider } = options;
  const modes = [fixed, profile, credentialProvider].filter(Boolean).length;
  if (modes > 1) {
    throw new OpenAIError(
      'Bedrock authentication is ambiguous. Configure exactly one explicit AWS mode: static credentials, profile, or credential provider.',
    );
  }
  const token = resolveBedrockBearer(options, modes === 0);
  if (token?.explicit && modes === 1) {
    throw new OpenAIError(
      'Bearer and AWS credential authentication are mutually exclusive. Configure exactly one explicit mode: bearer credential, static AWS credentials, profile, or credential provider.',
    );
  }
  const { endpoint, region, baseURL } = resolveBedrockEndpoint(options);
  if (!token && !region) throw new OpenAIError(NO_REGION);
  if (!token && options.endpoint === undefined && !hostOfBedrock(new URL(baseURL).hostname)) {
    throw new OpenAIError('A custom Bedrock endpoint requires an explicit `endpoint` option when using AWS credential authentication.');
  }
  const credentials: AwsCredentialsProvider = fixed ? () => fixed : (credentialProvider ?? chain(profile));
  return createProvider({
    configure: () => {
      const finish = token?.sign ?? signer(endpoint, region!, credentials, modes === 0 ? NONE : UNRESOLVED);
      return {
        name: 'bedrock',
        baseURL,
        prepareRequest: async (request, context) => {
          checkOrigin(baseURL, context.url);
          await finish(request, context);
        },
      };
    },
  });
}

function chain(profile: string | undefined): AwsCredentialsProvider {
  const provider = defaultCredentials(profile);
  return async () => (await provider()) as AwsCredentialIdentity;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

function staticCredentials({ accessKeyId, secretAccessKey, sessionToken }: BedrockProviderOptions): AwsCredentialIdentity | undefined {
  const has = accessKeyId !== undefined;
  if (has !== (secretAccessKey !== undefined) || (sessionToken !== undefined && !has)) {
    throw new OpenAIError(
      'The `accessKeyId` and `secretAccessKey` options must be provided together. A `sessionToken` may only be used with both.',
    );
  }
  if (!has) return undefined;
  if (!isText(accessKeyId) || !isText(secretAccessKey)) {
    throw new OpenAIError('Static AWS credentials require non-empty `accessKeyId` and `secretAccessKey` values.');
  }
  if (sessionToken !== undefined && !isText(sessionToken)) {
    throw new OpenAIError('A static AWS `sessionToken` must not be empty when provided.');
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

function checked(identity: AwsCredentialIdentity): AwsCredentialIdentity {
  const { accessKeyId, secretAccessKey, sessionToken } = identity ?? {};
  if (isText(accessKeyId) && isText(secretAccessKey) && (sessionToken === undefined || isText(sessionToken))) return identity;
  throw new OpenAIError(UNRESOLVED);
}

/** A body that can be hashed before it is sent. */
function signable(body: unknown): Signable['body'] {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string' || body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return body;
  throw new OpenAIError(
    "The SDK's Bedrock SigV4 mode requires a replayable request body. Buffer the body before sending or use bearer authentication.",
  );
}

function signer(endpoint: BedrockEndpoint, region: string, credentials: AwsCredentialsProvider, failure: string): Signer {
  return async (request, context) => {
    const url = new URL(context.url);
    const known = hostOfBedrock(url.hostname);
    if (known && known.endpoint !== endpoint) {
      throw new OpenAIError(`The Bedrock ${known.endpoint} hostname does not match the selected \`${endpoint}\` endpoint.`);
    }
    if (known && known.region !== region) {
      throw new OpenAIError(`The Bedrock endpoint region \`${known.region}\` does not match the SigV4 region \`${region}\`.`);
    }
    const headers = new Headers(request.headers);
    checkNoAuthorization(headers);
    for (const name of ['x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256']) headers.delete(name);
    headers.set('host', url.host);
    const method = (request.method ?? 'GET').toUpperCase();
    const body = signable(request.body);
    if (url.searchParams.has('__proto__')) {
      throw new OpenAIError('The Bedrock SigV4 signer cannot safely sign a `__proto__` query parameter.');
    }
    const identity = await obtained(request, context, async () => checked(await credentials()), failure);
    headers.set('x-amz-content-sha256', bodyHash(body));
    sign({ method, url, headers, body }, identity, region, endpoint === 'runtime' ? 'bedrock' : 'bedrock-mantle');
    request.method = method;
    request.redirect = 'manual';
    request.headers = headers;
  };
}
