/** Makes the native client of a client's options. */
import type { ClientOptions, InternalSettings } from '../core/client';
import type { OpenAI } from '../client';
import type { Token } from '../core/client';
import { identity } from './identity';
import { keep, makeClient, type NativeClient } from './native';
import { seconds } from './settings';

/** `settings`: the part that may change during the client's life, as JSON data. */
export function makeNative(
  client: OpenAI,
  options: ClientOptions,
  internal: InternalSettings,
  settings: Record<string, unknown>,
): NativeClient {
  const { network = {} } = options;
  const made: Record<string, unknown> = {
    ...settings,
    connect_timeout: network.connectTimeout === undefined ? undefined : seconds(network.connectTimeout),
    tcp_user_timeout: network.tcpUserTimeout === undefined ? undefined : seconds(network.tcpUserTimeout),
    http_version: network.httpVersion,
    system_proxy: network.systemProxy,
    proxy: network.proxy,
    no_proxy: network.noProxy,
    ca_file: network.caFile,
    client_cert_file: network.clientCertFile,
    client_key_file: network.clientKeyFile,
    resolve: network.resolve,
    limits: network.limits,
    retry_budget: network.retryBudget,
    cassette: network.cassette,
    observe: Boolean(options.observe),
    observe_content: Boolean(network.observeContent),
    usage: options.usage,
    assistants: options.assistants,
    azure: internal.azure,
  };
  let tokens: number | undefined;
  let transport: number | undefined;
  if (client._hasApiKeyProvider()) {
    tokens = keep(async () => {
      let key: string | null = null;
      await client._callApiKey((found: string | null) => (key = found));
      return JSON.stringify({ token: key });
    }, client);
  } else if (options.tokenProvider ?? internal.tokens) {
    const give = (options.tokenProvider ?? internal.tokens)!;
    tokens = keep(async () => {
      const token = await give();
      const { token: text, expiresIn, refreshIn } = typeof token === 'string' ? ({ token } as Token) : (token as Token);
      return JSON.stringify({ token: text, expires_in: expiresIn, refresh_in: refreshIn });
    }, client);
  }
  if (options.workloadIdentity) made['workload_identity'] = identity(options.workloadIdentity, client);
  if (client._usesFetch()) {
    const { fetchTransport } = require('./fetch-transport') as typeof import('./fetch-transport');
    // The built-in one is looked up for each request: those who change it may do so later.
    const fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    transport = fetchTransport(fetch, options.fetchOptions, client);
  }
  return makeClient(made, tokens, transport);
}
