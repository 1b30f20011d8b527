/** A workload's identity exchanged for tokens, for programs that send requests by themselves. Clients do it by `workloadIdentity`. */
import { APIError, OAuthError, OpenAIError } from '../core/error';
import type { Fetch } from '../internal/types';
import type { WorkloadIdentity, X509WorkloadIdentity } from './types';

const EXCHANGE = 'https://auth.openai.com/oauth/token';
const EXCHANGE_BY_CERTIFICATE = 'https://mtls.auth.openai.com/oauth/token';
const BY_CERTIFICATE = 'urn:openai:params:oauth:token-type:x509';

const KINDS = { jwt: 'urn:ietf:params:oauth:token-type:jwt', id: 'urn:ietf:params:oauth:token-type:id_token' };

/** Seconds that a token lives which says nothing of it, and before its end at which it is replaced. */
const LIFE = 3600;
const BUFFER = 1200;

interface Token {
  text: string;
  /** When it ends, and when it is to be replaced. */
  ends: number;
  replaced: number;
}

/** Keeps a token as long as it lives. Calls at the same time share an exchange; one that comes to its end is replaced while it is still used. */
export class WorkloadIdentityAuth {
  #config: WorkloadIdentity | X509WorkloadIdentity;
  #fetch: Fetch;
  #token: Token | undefined;
  #exchange: Promise<string> | undefined;

  constructor(config: WorkloadIdentity | X509WorkloadIdentity, fetch?: Fetch) {
    this.#config = config;
    this.#fetch = fetch ?? ((input, init) => globalThis.fetch(input, init));
  }

  /** A token that is still good. Fails as the exchange does. */
  async getToken(): Promise<string> {
    const token = this.#token;
    const now = Date.now();
    if (!token || now >= token.ends) return this.#exchanged();
    // Who asks now gets the old one; a failure is tried again by who asks next.
    if (now >= token.replaced) this.#exchanged().catch(() => undefined);
    return token.text;
  }

  /** Forgets the token, as one that a server has refused. */
  invalidateToken(): void {
    this.#token = undefined;
    this.#exchange = undefined;
  }

  #buffer(): number {
    const { refreshBufferSeconds: seconds, ...rest } = this.#config;
    const { refreshBufferMs: ms } = rest as X509WorkloadIdentity;
    return seconds ?? (ms === undefined ? BUFFER : ms / 1000);
  }

  #exchanged(): Promise<string> {
    if (this.#exchange) return this.#exchange;
    const exchange = this.#ask().then((token) => {
      // What was asked for before the token was refused is as bad as that one.
      if (this.#exchange === exchange) this.#token = token;
      return token.text;
    });
    const over = (): void => {
      if (this.#exchange === exchange) this.#exchange = undefined;
    };
    this.#exchange = exchange;
    exchange.then(over, over);
    return exchange;
  }

  async #ask(): Promise<Token> {
    const { provider, identityProviderId, serviceAccountId, clientId, tokenExchangeUrl } = this.#config;
    const subject = provider
      ? { subject_token: await provider.getToken(), subject_token_type: KINDS[provider.tokenType] }
      : { subject_token_type: BY_CERTIFICATE };
    const body = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      ...subject,
      identity_provider_id: identityProviderId,
      service_account_id: serviceAccountId,
      ...(clientId ? { client_id: clientId } : undefined),
    };
    const reply = await this.#fetch(tokenExchangeUrl ?? (provider ? EXCHANGE : EXCHANGE_BY_CERTIFICATE), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    const { status, headers } = reply;
    const found = read(await reply.text());
    if (!reply.ok) {
      if (status === 400 || status === 401 || status === 403) throw new OAuthError(status, found, headers);
      throw APIError.generate(status, found, `Token exchange failed with status ${status}`, headers);
    }
    const { access_token: text, expires_in: life = LIFE } = (found ?? {}) as { access_token?: unknown; expires_in?: unknown };
    if (typeof text !== 'string' || text.trim() === '') throw new OpenAIError("Token exchange response missing 'access_token' field");
    if (typeof life !== 'number' || !Number.isFinite(life) || life <= 0) throw new OpenAIError("Token exchange response has invalid 'expires_in' field");
    const ends = Date.now() + life * 1000;
    // Short lives are used for half of them at least.
    const buffer = Math.min(this.#buffer(), life / 2);
    return { text, ends, replaced: ends - buffer * 1000 };
  }
}

function read(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
