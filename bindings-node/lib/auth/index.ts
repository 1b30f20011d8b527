/** Identities of workloads that are exchanged for tokens. */
import { readFile } from 'node:fs/promises';
import { SubjectTokenProviderError } from '../core/error';
import { NATIVE, type NativeProvider } from '../internal/identity';
import type { Fetch } from '../internal/types';
import type { SubjectTokenProvider } from './types';

export type { SubjectTokenProvider, TokenExchangeResponse, WorkloadIdentity, X509Credential, X509WorkloadIdentity } from './types';
export { OAuthError, SubjectTokenProviderError } from '../core/error';

const K8S_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const AZURE = 'http://169.254.169.254/metadata/identity/oauth2/token';
const GCP = 'http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/identity';

/** The token that Kubernetes writes into a pod's file. */
export function k8sServiceAccountTokenProvider(
  tokenPath: string = K8S_FILE,
  config: { readFile?: (path: string) => Promise<string> } = {},
): SubjectTokenProvider {
  const read = config.readFile ?? ((path) => readFile(path, 'utf8'));
  const getToken = guarded('kubernetes', async () => (await read(tokenPath)).trim());
  return described({ tokenType: 'jwt', getToken }, config.readFile ? undefined : { type: 'k8s', token_file_path: tokenPath });
}

/** The token of Azure's managed identity. `endpoint`: another address of the metadata service. */
export function azureManagedIdentityTokenProvider(
  resource = 'https://management.azure.com/',
  config: {
    objectId?: string;
    clientId?: string;
    msiResId?: string;
    apiVersion?: string;
    timeout?: number;
    fetch?: Fetch;
    endpoint?: string;
  } = {},
): SubjectTokenProvider {
  const query = { 'api-version': config.apiVersion ?? '2018-02-01', resource, object_id: config.objectId, client_id: config.clientId, msi_res_id: config.msiResId };
  const getToken = guarded('azure-imds', async () => {
    const reply = await asked(config.endpoint ?? AZURE, query, { Metadata: 'true' }, config);
    return ((await reply.json()) as { access_token: string }).access_token;
  });
  const native = {
    type: 'azure',
    endpoint: config.endpoint,
    resource,
    object_id: config.objectId,
    client_id: config.clientId,
    msi_res_id: config.msiResId,
    api_version: config.apiVersion,
  };
  return described({ tokenType: 'jwt', getToken }, config.fetch ? undefined : native);
}

/** The token of a machine of Google's. `endpoint`: another address of the metadata service. */
export function gcpIDTokenProvider(
  audience = 'https://api.openai.com/v1',
  config: { timeout?: number; fetch?: Fetch; endpoint?: string } = {},
): SubjectTokenProvider {
  const getToken = guarded('gcp-metadata', async () => {
    const reply = await asked(config.endpoint ?? GCP, { audience }, { 'Metadata-Flavor': 'Google' }, config);
    return (await reply.text()).trim();
  });
  return described({ tokenType: 'id', getToken }, config.fetch ? undefined : { type: 'gcp', endpoint: config.endpoint, audience });
}

async function asked(
  url: string,
  query: Record<string, string | undefined>,
  headers: Record<string, string>,
  config: { timeout?: number; fetch?: Fetch },
): Promise<Response> {
  const target = new URL(url);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) target.searchParams.set(name, value);
  const signal = AbortSignal.timeout(config.timeout ?? 10_000);
  const reply = await (config.fetch ?? globalThis.fetch)(target.toString(), { headers, signal });
  if (!reply.ok) throw new Error(`the metadata service answered with status ${reply.status}`);
  return reply;
}

function guarded(provider: string, get: () => Promise<string>): () => Promise<string> {
  return async () => {
    try {
      const token = await get();
      if (!token) throw new Error('the token is empty');
      return token;
    } catch (error) {
      throw new SubjectTokenProviderError(`The token of ${provider} cannot be had: ${(error as Error).message}`, provider, error as Error);
    }
  };
}

/** Says how the core gets the same token by itself. */
function described(provider: SubjectTokenProvider, native: NativeProvider | undefined): SubjectTokenProvider {
  return native ? Object.defineProperty(provider, NATIVE, { value: native, enumerable: false }) : provider;
}
