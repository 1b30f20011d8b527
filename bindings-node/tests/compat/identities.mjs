/** Tokens of workloads: exchanged, kept, replaced; and where they come from. */
import { json, outcome, recorder } from './world.mjs';

const CONFIG = (more) => ({ identityProviderId: 'idp', serviceAccountId: 'sa', provider: { tokenType: 'jwt', getToken: async () => 'subject' }, ...more });
const token = (access_token, more) => () => json({ access_token, expires_in: 3600, ...more });

async function exchange(p, work, replies, more) {
  const { WorkloadIdentityAuth } = p.load('auth/workload-identity-auth');
  const { fetch, seen } = recorder(...replies);
  const result = await outcome(() => work(new WorkloadIdentityAuth(CONFIG(more), fetch)));
  return { ...result, seen: seen.map(({ url, method, headers, body }) => [url, method, headers['content-type'], JSON.parse(body)]) };
}

const refused = (status, body) => () => new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers: { 'content-type': 'application/json', 'x-request-id': 'r' } });

async function asked(p, name, args, reply, failing) {
  const module = p.load('auth/subject-token-providers');
  const seen = [];
  const fetch = async (url, { headers, method = 'GET' } = {}) => {
    seen.push([String(url), method, Object.fromEntries(new Headers(headers))]);
    if (failing) throw new Error('no way');
    return reply();
  };
  const config = args.at(-1);
  const provider = module[name](...args.slice(0, -1), { ...config, ...(name.startsWith('k8s') ? {} : { fetch }) });
  const { value, error } = await outcome(() => provider.getToken());
  // What is said of a failure is each package's own.
  return { type: provider.tokenType, value: value ?? null, failed: error ? [error.chain[0], error.status ?? null] : null, seen };
}

export const programs = {
  'a token is kept': (p) => exchange(p, async (auth) => [await auth.getToken(), await auth.getToken()], [token('a'), token('b')]),
  'calls at the same time share an exchange': (p) => exchange(p, (auth) => Promise.all([auth.getToken(), auth.getToken()]), [token('a'), token('b')]),
  'a token that has ended': (p) => exchange(p, async (auth) => [await auth.getToken(), await auth.getToken()], [token('a', { expires_in: 0 }), token('b')]),
  'a token that ends soon': (p) => exchange(p, async (auth) => {
    const { now } = Date;
    const first = [await auth.getToken()];
    const began = now();
    try {
      Date.now = () => began + 7_000;
      first.push(await auth.getToken());
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
      return [...first, await auth.getToken()];
    } finally {
      Date.now = now;
    }
  }, [token('a', { expires_in: 10 }), token('b')], { refreshBufferSeconds: 60 }),
  'a token that was refused': (p) => exchange(p, async (auth) => [await auth.getToken(), auth.invalidateToken(), await auth.getToken()], [token('a'), token('b')]),
  'an id token, and a client': (p) => exchange(p, (auth) => auth.getToken(), [token('a')], { clientId: 'c', provider: { tokenType: 'id', getToken: async () => 's' } }),
  'no life': (p) => exchange(p, (auth) => auth.getToken(), [() => json({ access_token: 'a' })]),
  'no token': (p) => exchange(p, (auth) => auth.getToken(), [() => json({ expires_in: 1 })]),
  'an exchange that is refused': (p) => exchange(p, (auth) => auth.getToken(), [refused(401, { error: 'invalid_grant', error_description: 'bad subject' })]),
  'an exchange that is refused without words': (p) => exchange(p, (auth) => auth.getToken(), [refused(403, 'no')]),
  'an exchange that fails': (p) => exchange(p, (auth) => auth.getToken(), [refused(500, { error: { message: 'broken' } })]),
  'a provider that fails': (p) => exchange(p, (auth) => auth.getToken(), [token('a')], { provider: { tokenType: 'jwt', getToken: async () => { throw new Error('none'); } } }),
  'after a failure it is tried again': (p) => exchange(p, async (auth) => [await auth.getToken().catch(({ status }) => status), await auth.getToken()], [refused(401, {}), token('b')]),
  'the token of a pod': (p) => asked(p, 'k8sServiceAccountTokenProvider', ['/token', { readFile: async (path) => ` at ${path}\n` }]),
  'no token in a pod': (p) => asked(p, 'k8sServiceAccountTokenProvider', ['/token', { readFile: async () => { throw new Error('ENOENT'); } }]),
  'an empty token in a pod': (p) => asked(p, 'k8sServiceAccountTokenProvider', ['/token', { readFile: async () => ' ' }]),
  'the token of Azure': (p) => asked(p, 'azureManagedIdentityTokenProvider', ['res', { clientId: 'c', objectId: 'o', msiResId: 'm' }], () => json({ access_token: 'az' })),
  'no token of Azure': (p) => asked(p, 'azureManagedIdentityTokenProvider', [undefined, {}], () => json({})),
  'Azure refuses': (p) => asked(p, 'azureManagedIdentityTokenProvider', [undefined, {}], () => new Response('no', { status: 400 })),
  'Azure is not there': (p) => asked(p, 'azureManagedIdentityTokenProvider', [undefined, {}], undefined, true),
  'the token of Google': (p) => asked(p, 'gcpIDTokenProvider', ['aud', {}], () => new Response('gcp\n')),
  'an empty token of Google': (p) => asked(p, 'gcpIDTokenProvider', [undefined, {}], () => new Response(' ')),
  'Google refuses': (p) => asked(p, 'gcpIDTokenProvider', [undefined, {}], () => new Response('no', { status: 404 })),
};
