/** Identities proven by a client certificate, on Node: a credential of the certificate itself, or a dispatcher of undici that has one. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { types } from 'node:util';
import { CertificateTransport, register, undici } from '../internal/x509';
import type { X509Credential } from './types';

/** How the connections of a transport go: directly, or by CONNECT through a proxy that is spoken to openly or encrypted. */
export type X509ProxyMode = 'direct' | 'http-connect' | 'https-connect';

declare const brand: unique symbol;

/** A dispatcher that the program vouches for. */
export interface X509Transport {
  readonly [brand]: true;
}

/** What the program says of its dispatcher; nobody looks into it. */
export interface X509TransportOptions {
  runtime: 'node';
  /** An `Agent` or `ProxyAgent` of undici. It stays the program's, which closes it. */
  dispatcher: any;
  /** It always shows the same certificate. */
  certificateIdentity: 'static';
  proxy: X509ProxyMode;
}

export interface X509CredentialProxyOptions {
  url: string | URL;
  mode: Exclude<X509ProxyMode, 'direct'>;
  /** Authorities (PEM) that an encrypted proxy is checked against. */
  ca?: string | string[] | undefined;
}

export interface X509CredentialOptions {
  /** The certificate and what links it to an authority, as PEM. */
  certificateChain: string;
  /** The key of the certificate, as PEM. */
  privateKey: string;
  identityProviderId: string;
  serviceAccountId: string;
  /** Authorities (PEM) that the provider's servers are checked against. Default: those of Node. */
  ca?: string | string[] | undefined;
  passphrase?: string | undefined;
  proxy?: X509CredentialProxyOptions | undefined;
  /** How long before its end a token is replaced, in seconds. Default 1,200. */
  refreshBufferSeconds?: number | undefined;
}

const KNOWN = new Set(['certificateChain', 'privateKey', 'identityProviderId', 'serviceAccountId', 'ca', 'passphrase', 'proxy', 'refreshBufferSeconds']);

/** Members of an object that has nothing but data of its own, so that no code runs when a secret is read. */
function own(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) throw new Error(`${what} must be a plain object.`);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && (types.isProxy(prototype) || prototype !== Object.prototype)) throw new Error(`${what} must be a plain object, with its own members.`);
  const made: Record<string, unknown> = {};
  for (const [name, found] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
    if (!('value' in found)) throw new Error(`${what}: \`${name}\` must be a plain value.`);
    made[name] = found.value;
  }
  return made;
}

function textOf(given: Record<string, unknown>, name: string): string {
  const value = given[name];
  if (typeof value !== 'string' || value.trim() === '') throw new Error(`A certificate credential needs a text \`${name}\` that is not empty.`);
  return value;
}

function authorities(value: unknown): string | string[] | undefined {
  if (value === undefined || typeof value === 'string') return value;
  const isList = Array.isArray(value) && !types.isProxy(value) && value.length > 0;
  const list = isList ? Array.from({ length: value.length }, (_, at) => Object.getOwnPropertyDescriptor(value, at)?.value as unknown) : [];
  if (list.length === 0 || !list.every((one) => typeof one === 'string')) throw new Error('Certificate authorities are a PEM text, or a list of them.');
  return list as string[];
}

/** Where a proxy is, and its credentials in a header; no error quotes them. */
function proxyOf(value: unknown): { uri: string; token: string | undefined; ca: string | string[] | undefined } | undefined {
  if (value === undefined) return undefined;
  const { url, mode, ca } = own(value, 'The proxy of a certificate credential');
  const text = typeof url === 'string' ? url : types.isProxy(url) || !(url instanceof URL) ? undefined : url.href;
  const wanted = mode === 'http-connect' ? 'http:' : mode === 'https-connect' ? 'https:' : undefined;
  const parsed = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  if (!parsed || parsed.protocol !== wanted || parsed.pathname !== '/' || parsed.search || parsed.hash) {
    throw new Error('The URL of a proxy must have the protocol of its `mode` (http-connect, https-connect), and no path.');
  }
  if (wanted === 'http:' && ca !== undefined) throw new Error('A proxy that is spoken to openly has no certificate authorities.');
  return { uri: parsed.origin, token: basic(parsed), ca: authorities(ca) };
}

function basic({ username, password }: URL): string | undefined {
  if (!username && !password) return undefined;
  let name: string;
  let word: string;
  try {
    name = decodeURIComponent(username);
    word = decodeURIComponent(password);
  } catch {
    throw new Error('The credentials in the URL of a proxy are not encoded as a URL has them.');
  }
  if (name.includes(':')) throw new Error('The username of a proxy, of its credentials, cannot have a colon.');
  return `Basic ${Buffer.from(`${name}:${word}`).toString('base64')}`;
}

/** Reads certificate and key, and checks that they belong together. Errors quote neither. */
function checkPair(chain: string, key: string, passphrase: string | undefined): void {
  let belongs: boolean;
  try {
    belongs = new X509Certificate(chain).checkPrivateKey(createPrivateKey({ key, passphrase }));
  } catch {
    throw new Error('The `certificateChain` or the `privateKey` of a certificate credential cannot be read: both are PEM, the key possibly with a `passphrase`.');
  }
  if (!belongs) throw new Error('The `privateKey` of a certificate credential is not that of the first certificate of its chain.');
}

/** A credential of a certificate: clients take it as `credential`. Its connections are its own; `close` ends them. */
export function fromX509(options: X509CredentialOptions): X509Credential {
  const given = own(options, 'The options of a certificate credential');
  const other = Object.keys(given).find((name) => !KNOWN.has(name));
  if (other !== undefined) throw new Error(`A certificate credential has no option \`${other}\`.`);
  const [cert, key] = [textOf(given, 'certificateChain'), textOf(given, 'privateKey')];
  const [identityProviderId, serviceAccountId] = [textOf(given, 'identityProviderId'), textOf(given, 'serviceAccountId')];
  const { refreshBufferSeconds: buffer, passphrase } = given as { refreshBufferSeconds?: number; passphrase?: string };
  if (buffer !== undefined && (!Number.isSafeInteger(buffer) || buffer < 0)) throw new Error('`refreshBufferSeconds` is a whole number, and not negative.');
  if (passphrase !== undefined && typeof passphrase !== 'string') throw new Error('The `passphrase` of a certificate credential is a text.');
  checkPair(cert, key, passphrase);
  const tls = { cert, key, passphrase, ca: authorities(given['ca']), rejectUnauthorized: true };
  const proxy = proxyOf(given['proxy']);
  const { Agent, ProxyAgent } = undici();
  const dispatcher = proxy
    ? new ProxyAgent({ uri: proxy.uri, ...(proxy.token ? { token: proxy.token } : undefined), requestTls: tls, proxyTls: { ca: proxy.ca, rejectUnauthorized: true } })
    : new Agent({ connect: tls });
  const identity = { type: 'x509' as const, identityProviderId, serviceAccountId, ...(buffer === undefined ? undefined : { refreshBufferSeconds: buffer }) };
  return register(new OwnedCredential(() => dispatcher.close() as Promise<void>), new CertificateTransport(dispatcher, identity));
}

class OwnedCredential implements X509Credential {
  readonly #end: () => Promise<void>;
  #closed: Promise<void> | undefined;

  constructor(end: () => Promise<void>) {
    this.#end = end;
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#end());
  }
}

class AttestedTransport {}

/** A transport of a dispatcher that has the certificate: clients take it as `x509Transport`, with a `workloadIdentity` of type `x509`. */
export function createX509Transport(options: X509TransportOptions): X509Transport {
  const { runtime, dispatcher, certificateIdentity, proxy } = options;
  if (runtime !== 'node' || 'Bun' in globalThis || 'Deno' in globalThis) throw new Error('Certificate transports are there for Node.js.');
  if (certificateIdentity !== 'static') throw new Error("The program must say that its dispatcher has one static certificate: `certificateIdentity: 'static'`.");
  if (!['direct', 'http-connect', 'https-connect'].includes(proxy)) throw new Error('`proxy` of a certificate transport is direct, http-connect or https-connect.');
  const { Agent, ProxyAgent } = undici();
  const isProxy = !types.isProxy(dispatcher) && dispatcher instanceof ProxyAgent;
  if (types.isProxy(dispatcher) || !(isProxy || dispatcher instanceof Agent)) throw new Error('A certificate transport needs an Undici Agent or ProxyAgent.');
  if (isProxy !== (proxy !== 'direct')) throw new Error('A certificate transport with a proxy has a ProxyAgent of undici, and one without has none.');
  return register(new AttestedTransport(), new CertificateTransport(dispatcher)) as unknown as X509Transport;
}

/** The same factory by the name of what it makes. */
export const workloadIdentity: Readonly<{ fromX509: typeof fromX509 }> = Object.freeze({ fromX509 });
