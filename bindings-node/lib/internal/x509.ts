/** Requests whose client certificate says who the program is. Node's own `fetch` takes no certificates; that of undici does. */
import { createRequire } from 'node:module';
import { WorkloadIdentityAuth } from '../auth/workload-identity-auth';
import type { X509WorkloadIdentity } from '../auth/types';
import { APIError, OpenAIError } from '../core/error';
import { places } from './load';
import { readEnv } from './settings';
import type { Fetch } from './types';

const API = 'https://mtls.api.openai.com';
const API_BASE = `${API}/v1`;

/** The package `undici`, which the program installs. */
export function undici(): any {
  try {
    return createRequire(places()[0]!)('undici');
  } catch {
    throw new OpenAIError('Client certificates need the package `undici`: install it beside this one (`npm install undici`).');
  }
}

/** Connections that show a certificate, and the tokens that are exchanged over them. */
export class CertificateTransport {
  readonly #dispatcher: object;
  readonly #identity: X509WorkloadIdentity | undefined;

  constructor(dispatcher: object, identity?: X509WorkloadIdentity) {
    this.#dispatcher = dispatcher;
    this.#identity = identity;
  }

  get identity(): X509WorkloadIdentity | undefined {
    return this.#identity;
  }

  /** As `fetch`, over these connections; redirects are not followed. */
  async send(url: string, init: RequestInit = {}): Promise<Response> {
    const { fetch } = undici();
    const { body, headers, ...rest } = init;
    // Forms of the platform are none to undici.
    const encoded = body instanceof FormData ? new Response(body) : undefined;
    const sent = new Headers(headers);
    if (encoded) sent.set('content-type', encoded.headers.get('content-type')!);
    const bytes = encoded ? Buffer.from(await encoded.arrayBuffer()) : body;
    return fetch(url, { ...rest, headers: [...sent], body: bytes, dispatcher: this.#dispatcher, redirect: 'manual' }) as Promise<Response>;
  }
}

/** Errors of an exchange that say nothing of whom it was for. */
const TOLD = new Set(['invalid_grant', 'invalid_subject_token', 'token_exchange_server_error']);
const TOLD_HEADERS = ['retry-after', 'retry-after-ms', 'x-request-id'];

/** An exchange of tokens whose replies are checked, and whose failures tell no more than a program must know. */
const exchangeOver = (send: Fetch): Fetch => async (url, init) => {
  const reply = await send(url, init);
  const headers = new Headers(TOLD_HEADERS.flatMap((name) => (reply.headers.has(name) ? [[name, reply.headers.get(name)!] as [string, string]] : [])));
  const found = dataOf(await reply.text());
  const { status } = reply;
  if (!reply.ok) {
    const error: unknown = found?.error?.code ?? found?.error;
    if (status < 400) throw new APIError(status, undefined, 'The exchange of a certificate was sent elsewhere, where it does not go.', headers);
    return Response.json(TOLD.has(error as string) ? { error } : {}, { status, headers });
  }
  const { access_token: token, token_type: type, issued_token_type: issued, expires_in: life } = found ?? {};
  const isRight =
    typeof token === 'string' && /^[\w.~+/-]+=*$/.test(token) && String(type).toLowerCase() === 'bearer' &&
    issued === 'urn:ietf:params:oauth:token-type:access_token' && typeof life === 'number' && life > 0 && life <= 3600;
  if (!isRight) throw new APIError(status, undefined, 'The exchange of a certificate gave no token that can be used.', headers);
  return Response.json({ access_token: token, expires_in: life });
};

function dataOf(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const registered = new WeakMap<object, CertificateTransport>();
/** What clients were given in place of keys and `fetch`, so that copies of them are known. */
const made = new WeakSet<object>();

/** Makes an object stand for connections; nothing of them can be seen on it. */
export function register<T extends object>(shown: T, transport: CertificateTransport): T {
  registered.set(shown, transport);
  return Object.freeze(shown);
}

type Options = Record<string, any>;

const isOurs = (value: unknown): boolean => typeof value === 'function' && made.has(value);
const isGiven = (value: unknown): boolean => value !== undefined && value !== null && !isOurs(value);

/** Options of a client with a certificate, as the client can use them; those of others as they are. */
export function withCertificate<T extends Options>(options: T): T {
  const { credential, x509Transport, workloadIdentity } = options;
  if (credential === undefined && x509Transport === undefined) return options;
  const transport = credential === undefined ? attested(options) : owned(options);
  if (isGiven(options['fetch'])) throw new OpenAIError('Clients with a certificate send their requests by themselves: they take no `fetch`.');
  const baseURL: string = options['baseURL'] || API_BASE;
  const base = URL.canParse(baseURL) ? new URL(baseURL) : undefined;
  if (options['dataResidency'] || base?.origin !== API || base.username || base.search) {
    throw new OpenAIError(`Clients with a certificate have ${API_BASE} as their base URL.`);
  }
  if (isOurs(options['apiKey']) && isOurs(options['fetch'])) return { ...options, baseURL };
  const send: Fetch = (url, init) => transport.send(String(url), init as RequestInit);
  const auth = new WorkloadIdentityAuth(transport.identity ?? workloadIdentity, exchangeOver(send));
  const apiKey = (): Promise<string> => auth.getToken();
  const fetch: Fetch = async (url, init) => {
    if (new URL(String(url)).origin !== API) throw new OpenAIError(`A request of a client with a certificate goes to ${API} only.`);
    const reply = await send(url, init);
    if (reply.status === 401) auth.invalidateToken();
    return reply;
  };
  made.add(apiKey).add(fetch);
  return { ...options, apiKey, adminAPIKey: null, fetch, baseURL, workloadIdentity: undefined };
}

function owned(options: Options): CertificateTransport {
  const transport = registered.get(Object(options['credential']));
  if (!transport?.identity) throw new OpenAIError('A `credential` is made by `fromX509` of `auth/x509-transport`.');
  for (const name of ['apiKey', 'adminAPIKey', 'workloadIdentity', 'x509Transport', 'provider']) {
    if (isGiven(options[name])) throw new OpenAIError(`A client has either a \`credential\` or \`${name}\`.`);
  }
  return transport;
}

function attested(options: Options): CertificateTransport {
  const { workloadIdentity, x509Transport } = options;
  const isAgain = isOurs(options['apiKey']);
  if (!isAgain && workloadIdentity?.type !== 'x509') throw new OpenAIError('An `x509Transport` needs a `workloadIdentity` of type `x509`.');
  const transport = registered.get(Object(x509Transport));
  if (!transport || transport.identity) throw new OpenAIError('An `x509Transport` is made by `createX509Transport` of `auth/x509-transport`.');
  const key: unknown = options['apiKey'] === undefined ? readEnv('OPENAI_API_KEY') : options['apiKey'];
  if (isGiven(key)) throw new OpenAIError('A client has either a `workloadIdentity` or an `apiKey` (also of the environment).');
  return transport;
}
