/** Signatures of AWS, version 4, over `node:crypto`. */
import { createHash, createHmac } from 'node:crypto';

export interface AwsIdentity {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

export interface Signable {
  method: string;
  url: URL;
  /** All headers that will be sent, `host` among them. */
  headers: Headers;
  body: string | ArrayBuffer | ArrayBufferView | undefined;
}

/** Headers that proxies and clients change on the way, and so are not signed. */
const UNSIGNED =
  /^(?:authorization|cache-control|connection|expect|from|keep-alive|max-forwards|pragma|referer|te|trailer|transfer-encoding|upgrade|user-agent|x-amzn-trace-id|proxy-.*|sec-.*)$/;

const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** SHA-256 of a body, in hexadecimal. */
export function bodyHash(body: Signable['body']): string {
  const hash = createHash('sha256');
  if (typeof body === 'string') hash.update(body);
  else if (body instanceof ArrayBuffer) hash.update(new Uint8Array(body));
  else if (body) hash.update(new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
  return hash.digest('hex');
}

/** The path without `.` and `..`, escaped once more than it stands in the URL. */
function canonicalPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const whole = `/${parts.join('/')}${parts.length > 0 && path.endsWith('/') ? '/' : ''}`;
  return encodeURIComponent(whole).replace(/%2F/g, '/');
}

function canonicalQuery(query: URLSearchParams): string {
  const pairs = [...query].map(([name, value]) => [escaped(name), escaped(value)] as const);
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return pairs
    .sort(([a, x], [b, y]) => order(a, b) || order(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** Puts the date, a token of a session and the signature into the headers. */
export function sign({ method, url, headers, body }: Signable, identity: AwsIdentity, region: string, service: string, now = new Date()): void {
  const time = now.toISOString().replace(/\.\d{3}|[-:]/g, '');
  const day = time.slice(0, 8);
  headers.set('x-amz-date', time);
  if (identity.sessionToken) headers.set('x-amz-security-token', identity.sessionToken);
  const signed = [...headers].filter(([name]) => !UNSIGNED.test(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(';');
  const lines = signed.map(([name, value]) => `${name}:${value.trim().replace(/\s+/g, ' ')}\n`).join('');
  const hash = headers.get('x-amz-content-sha256') ?? bodyHash(body);
  const request = [method, canonicalPath(url.pathname), canonicalQuery(url.searchParams), lines, names, hash].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(request).digest('hex')].join('\n');
  let key: string | Buffer = `AWS4${identity.secretAccessKey}`;
  for (const step of [day, region, service, 'aws4_request']) key = hmac(key, step);
  const signature = hmac(key, text).toString('hex');
  headers.set('authorization', `AWS4-HMAC-SHA256 Credential=${identity.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`);
}
