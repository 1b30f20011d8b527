/** Clients that say by a certificate who they are: over a proxy of ours, behind which a server of ours has the provider's names. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createProxy } from 'node:http';
import { createServer } from 'node:https';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { outcome } from './world.mjs';

const { Agent, ProxyAgent } = createRequire(import.meta.url)('undici');
const pem = (name) => readFileSync(new URL(`../certs/${name}.pem`, import.meta.url), 'utf8');
const certificate = (text) => new X509Certificate(text).toString();
const key = (text) => createPrivateKey(text).export({ type: 'pkcs8', format: 'pem' });
const [ca, server, client] = [pem('ca'), pem('server'), pem('client')];
const OPTIONS = { certificateChain: certificate(client), privateKey: key(client), identityProviderId: 'idp', serviceAccountId: 'sa', ca };
const TOKEN = { access_token: 'token', token_type: 'Bearer', issued_token_type: 'urn:ietf:params:oauth:token-type:access_token', expires_in: 3600 };

/** What failed, without the words. */
const failed = (error) => error && { chain: error.chain?.filter((name) => name !== 'Object'), status: error.status };

/** Both servers; what they saw. */
async function lab(answers, work) {
  const seen = [];
  const tls = createServer({ cert: certificate(server), key: key(server), ca, requestCert: true, rejectUnauthorized: true }, async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const { host, authorization, 'content-type': type } = request.headers;
    const body = Buffer.concat(pieces).toString();
    const form = type?.startsWith('multipart/');
    seen.push([request.method, host, request.url, authorization ?? null, form ? body.includes('name="file"') : body.startsWith('{') ? JSON.parse(body) : body, request.socket.getPeerCertificate().subject.CN]);
    const [status, value] = answers(request.url, seen.length);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  }).listen(0);
  const proxy = createProxy().on('connect', (request, socket) => {
    seen.push(['CONNECT', request.url, request.headers['proxy-authorization'] ?? null]);
    const upstream = connect(tls.address().port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [upstream, socket]) end.on('error', () => (upstream.destroy(), socket.destroy()));
  }).listen(0);
  try {
    const { value, error } = await outcome(() => work(proxy.address().port));
    // Where a connection goes first is the pool's.
    return JSON.parse(JSON.stringify({ value: value ?? null, failed: failed(error) ?? null, seen: seen.filter(([method]) => method !== 'CONNECT'), tunnels: [...new Set(seen.filter(([method]) => method === 'CONNECT').map(String))].sort() }));
  } finally {
    tls.closeAllConnections();
    tls.close();
    proxy.closeAllConnections();
    proxy.close();
  }
}

export const good = (url) => (url === '/oauth/token' ? [200, TOKEN] : [200, { object: 'list', data: [{ id: 'm' }] }]);

/** A client with the certificate, at work. */
export const run = (answers, work = async (made) => (await made.models.list()).data, word = '') => (p) =>
  lab(answers, async (port) => {
    const credential = p.load('auth/x509-transport').fromX509({ ...OPTIONS, proxy: { url: `http://${word}127.0.0.1:${port}`, mode: 'http-connect' } });
    try {
      return await work(new p.OpenAI({ credential, maxRetries: 0 }));
    } finally {
      await credential.close();
    }
  });

const FAULTY = {
  'no chain': { certificateChain: undefined }, 'a chain that is none': { certificateChain: 'x' }, 'a key that is none': { privateKey: 'x' },
  'the key of another': { privateKey: key(server) }, 'an empty name': { identityProviderId: ' ' }, 'another option': { rejectUnauthorized: false },
  'no authorities': { ca: [] }, 'a direct proxy': { proxy: { url: 'http://x:1', mode: 'direct' } }, 'another protocol': { proxy: { url: 'http://x:1', mode: 'https-connect' } },
  'a path': { proxy: { url: 'http://x:1/path', mode: 'http-connect' } }, 'authorities of an open proxy': { proxy: { url: 'http://x:1', mode: 'http-connect', ca } },
  'a colon in the name': { proxy: { url: 'http://a%3Ab:c@x:1', mode: 'http-connect' } }, 'a negative time': { refreshBufferSeconds: -1 }, 'half a time': { refreshBufferSeconds: 1.5 },
};
const DISPATCHERS = {
  'an agent': [() => new Agent(), {}], 'a proxy': [() => new ProxyAgent('http://x:1'), { proxy: 'http-connect' }], 'an agent as proxy': [() => new Agent(), { proxy: 'http-connect' }],
  'a proxy as agent': [() => new ProxyAgent('http://x:1'), {}], 'nothing': [() => ({}), {}], 'another runtime': [() => new Agent(), { runtime: 'bun' }],
  'changing certificates': [() => new Agent(), { certificateIdentity: 'dynamic' }], 'another way': [() => new Agent(), { proxy: 'x' }],
};
const IDENTITY = { type: 'x509', identityProviderId: 'i', serviceAccountId: 's' };

export const programs = {
  'a list': run(good),
  'two calls with one token': run(good, async (made) => [(await made.models.list()).data, (await made.models.retrieve('m')).object]),
  'a copy': run(good, async (made) => [(await made.models.list()).data, (await made.withOptions({ timeout: 5000 }).models.list()).data]),
  'JSON that is sent': run(good, async (made) => (await made.post('/x', { body: { a: 1 } })).object),
  'a proxy with a word': run(good, undefined, 'user:word@'),
  'a token that is refused': run((url) => (url === '/oauth/token' ? [401, { error: 'invalid_grant', error_description: 'secret' }] : [200, {}])),
  'a token that is none': run((url) => (url === '/oauth/token' ? [200, { ...TOKEN, access_token: '' }] : [200, {}])),
  'a call that is refused': run((url) => (url === '/oauth/token' ? [200, TOKEN] : [403, { error: { message: 'no' } }])),
  'faulty credentials': async (p) => {
    const { fromX509 } = p.load('auth/x509-transport');
    const seen = {};
    for (const [name, more] of Object.entries(FAULTY)) seen[name] = await outcome(async () => Boolean(fromX509({ ...OPTIONS, ...more }))).then(({ value, error }) => value ?? error.chain.includes('Error'));
    return seen;
  },
  'what a credential shows': async (p) => {
    const { fromX509, workloadIdentity } = p.load('auth/x509-transport');
    const credential = fromX509(OPTIONS);
    const one = credential.close();
    const shown = [Object.isFrozen(credential), Reflect.ownKeys(credential), one === credential.close(), workloadIdentity.fromX509 === fromX509, Object.isFrozen(workloadIdentity)];
    await one;
    return shown;
  },
  'clients with one': async (p) => {
    const { fromX509, createX509Transport } = p.load('auth/x509-transport');
    const credential = fromX509(OPTIONS);
    const x509Transport = createX509Transport({ runtime: 'node', dispatcher: new Agent(), certificateIdentity: 'static', proxy: 'direct' });
    const seen = [];
    for (const options of [
      {}, { apiKey: 'k' }, { apiKey: null }, { adminAPIKey: 'k' }, { fetch }, { baseURL: 'https://x.test/v1' }, { baseURL: 'https://mtls.api.openai.com/v1/' },
      { workloadIdentity: IDENTITY }, { credential: { close() {} } }, { credential: undefined, x509Transport }, { credential: undefined, x509Transport, apiKey: 'k' },
      { credential: undefined, x509Transport, workloadIdentity: IDENTITY }, { credential: undefined, x509Transport: {}, workloadIdentity: IDENTITY },
      { credential: undefined, x509Transport, workloadIdentity: IDENTITY, fetch },
    ]) seen.push(await outcome(async () => { const { baseURL, apiKey } = new p.OpenAI({ credential, ...options }); return [baseURL, apiKey]; }).then(({ value, error }) => value ?? failed(error)));
    process.env.OPENAI_API_KEY = 'key';
    seen.push(new p.OpenAI({ credential }).apiKey);
    await credential.close();
    return seen;
  },
  'dispatchers': async (p) => {
    const { createX509Transport } = p.load('auth/x509-transport');
    const seen = {};
    for (const [name, [make, more]] of Object.entries(DISPATCHERS)) {
      const given = { runtime: 'node', dispatcher: make(), certificateIdentity: 'static', proxy: 'direct', ...more };
      seen[name] = await outcome(async () => { const made = createX509Transport(given); return [Object.isFrozen(made), Reflect.ownKeys(made)]; }).then(({ value, error }) => value ?? error.chain.includes('Error'));
    }
    return seen;
  },
  'a dispatcher of the program': (p) =>
    lab(good, async (port) => {
      const tls = { cert: OPTIONS.certificateChain, key: OPTIONS.privateKey, ca };
      const dispatcher = new ProxyAgent({ uri: `http://127.0.0.1:${port}`, requestTls: tls });
      const x509Transport = p.load('auth/x509-transport').createX509Transport({ runtime: 'node', dispatcher, certificateIdentity: 'static', proxy: 'http-connect' });
      const made = new p.OpenAI({ workloadIdentity: IDENTITY, x509Transport, maxRetries: 0 });
      const { data } = await made.models.list();
      await dispatcher.close();
      return data;
    }),
};
