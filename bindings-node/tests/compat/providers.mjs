/** Other services: Amazon Bedrock, with tokens and with signatures, and Google's Vertex AI. What is refused, what is sent, and what credentials may go where. */
import { CHAT, COMPLETION, json, outcome, recorder, told } from './world.mjs';

const FREE = ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_BEDROCK_BASE_URL', 'AWS_BEARER_TOKEN_BEDROCK', 'GOOGLE_CLOUD_PROJECT', 'GOOGLE_CLOUD_LOCATION', 'OPENAI_BASE_URL', 'OPENAI_API_KEY', 'OPENAI_ADMIN_KEY', 'OPENAI_ORG_ID', 'OPENAI_PROJECT_ID'];

function environment(values = {}) {
  for (const name of FREE) delete process.env[name];
  Object.assign(process.env, values);
}

/** What making something comes to: these of its members, or its error. */
function made(make, ...names) {
  try {
    const value = make();
    return Object.fromEntries(names.map((name) => [name, value[name]]));
  } catch (error) {
    // Each package names itself.
    return { ...told(error), message: error.message.replace(/(?:openai|threadline)\/providers/, 'PACKAGE/providers'), text: undefined };
  }
}

/** A chat over this provider, and what was asked for it; times and what follows from them are left out. */
async function chat(p, provider, options = {}, request = {}, replies = [() => json(COMPLETION)]) {
  const { fetch, seen } = recorder(...replies);
  const result = await outcome(async () => {
    const made = new p.OpenAI({ provider, fetch, maxRetries: 0, ...options });
    const { id } = await made.chat.completions.create(CHAT, request);
    return { id, baseURL: made.baseURL, apiKey: made.apiKey, organization: made.organization };
  });
  return { result: JSON.parse(JSON.stringify(result)), seen };
}

const SETTINGS = [
  {}, { region: 'us-east-1' }, { region: '' }, { region: 'nowhere' }, { region: 'us-east-1', endpoint: 'runtime' }, { region: 'us-east-1', endpoint: 'other' },
  { region: 'cn-north-1', endpoint: 'runtime' }, { region: 'eusc-de-east-1', endpoint: 'runtime' }, { region: 'us-isob-east-1', endpoint: 'runtime' },
  { baseURL: 'https://b.test/openai/v1/' }, { baseURL: 'https://b.test/openai/v1/responses/x' }, { baseURL: ' ' }, { baseURL: null }, { baseURL: 'no address' },
  { baseURL: 'http://bedrock-mantle.us-east-1.api.aws/openai/v1' }, { baseURL: 'https://bedrock-mantle.us-east-1.api.aws/openai/v1', region: 'us-west-2' },
  { baseURL: 'https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1', endpoint: 'mantle' }, { baseURL: 'https://bedrock-runtime-fips.us-east-1.api.aws./openai/v1' },
];
const KEYS = [{}, { apiKey: 'k' }, { apiKey: ' ' }, { apiKey: null }, { apiKey: 'k', tokenProvider: async () => 't' }];

const programs = {
  'where Bedrock is': (p) => {
    const { bedrock } = p.load('providers/bedrock');
    const all = [];
    for (const values of [{}, { AWS_REGION: 'eu-west-1' }, { AWS_DEFAULT_REGION: ' us-west-2 ' }, { AWS_BEDROCK_BASE_URL: 'https://env.test/v1/' }, { AWS_REGION: 'bad region' }]) {
      environment({ ...values, OPENAI_API_KEY: 'unused', OPENAI_BASE_URL: 'https://unused.test', OPENAI_ORG_ID: 'unused' });
      for (const options of SETTINGS) all.push(made(() => new p.OpenAI({ provider: bedrock({ apiKey: 'k', ...options }) }), 'baseURL', 'apiKey', 'adminAPIKey', 'organization'));
    }
    return all;
  },
  'tokens of Bedrock': async (p) => {
    const { bedrock } = p.load('providers/bedrock');
    const all = [];
    for (const values of [{}, { AWS_BEARER_TOKEN_BEDROCK: 'env' }]) {
      environment({ ...values, AWS_REGION: 'us-east-1' });
      for (const options of KEYS) {
        const refused = made(() => bedrock(options));
        all.push(refused.message ? refused : await chat(p, bedrock(options)));
      }
      for (const token of ['t', '', ' ', 'a\nb', ' t', 'ü', '語', 5]) all.push(await chat(p, bedrock({ tokenProvider: async () => token })));
      all.push(await chat(p, bedrock({ tokenProvider: () => Promise.reject(new Error('down')) })));
    }
    return all;
  },
  'requests to Bedrock': async (p) => {
    environment({ AWS_REGION: 'us-east-1' });
    const { bedrock } = p.load('providers/bedrock');
    const provider = () => bedrock({ apiKey: 'k' });
    const aborted = AbortSignal.abort('enough');
    return [
      await chat(p, provider(), { defaultHeaders: { Authorization: 'mine' } }), await chat(p, provider(), {}, { headers: { authorization: 'mine' } }),
      await chat(p, provider(), {}, { path: 'https://elsewhere.test/v1/x' }), await chat(p, provider(), { organization: 'o', project: 'q', defaultQuery: { a: '1' } }),
      await chat(p, provider(), {}, { signal: aborted }), await chat(p, provider(), { apiKey: 'k' }), await chat(p, provider(), { baseURL: 'https://x.test', adminAPIKey: 'a' }), await chat(p, provider(), { dataResidency: 'eu' }),
      await chat(p, {}), await chat(p, provider(), { maxRetries: 1 }, {}, [() => json({}, { status: 500, headers: { 'retry-after-ms': '1' } }), () => json(COMPLETION)]),
    ];
  },
  'a token is awaited no longer than the signal allows': async (p) => {
    environment({ AWS_REGION: 'us-east-1' });
    const { bedrock } = p.load('providers/bedrock');
    const controller = new AbortController();
    const provider = bedrock({ tokenProvider: () => new Promise(() => setImmediate(() => controller.abort(new Error('enough')))) });
    return chat(p, provider, {}, { signal: controller.signal });
  },
  'copies of clients with a provider': async (p) => {
    environment({ AWS_REGION: 'us-east-1' });
    const { bedrock } = p.load('providers/bedrock');
    const { fetch, seen } = recorder(() => json(COMPLETION));
    const first = new p.OpenAI({ provider: bedrock({ apiKey: 'k' }), fetch, maxRetries: 0, defaultHeaders: { a: '1' }, organization: 'o' });
    const same = first.withOptions({ timeout: 5000, defaultQuery: { q: '1' } });
    const moved = first.withOptions({ provider: bedrock({ apiKey: 'other', region: 'eu-west-1' }), fetch });
    for (const one of [first, same, moved]) await one.models.retrieve('m');
    return [seen, [first, same, moved].map(({ baseURL, timeout, organization }) => [baseURL, timeout, organization]), made(() => first.withOptions({ apiKey: 'x' })), made(() => first.withOptions({ baseURL: 'https://x.test' }))];
  },
  'the client of Bedrock': async (p) => {
    const { BedrockOpenAI } = p.main;
    const all = [];
    const options = [
      {}, { apiKey: 'k' }, { apiKey: () => 'k' }, { apiKey: 'k', bedrockTokenProvider: async () => 't' }, { bedrockTokenProvider: async () => 't' }, { apiKey: 'k', adminAPIKey: 'a' },
      { apiKey: 'k', workloadIdentity: {} }, { apiKey: 'k', dataResidency: 'eu' }, { apiKey: 'k', awsRegion: 'us-west-2' }, { apiKey: 'k', awsRegion: 'no region' }, { apiKey: 'k', awsRegion: ' ' },
      { apiKey: 'k', baseURL: 'https://b.test/openai/v1/responses/' }, { apiKey: 'k', baseURL: null, awsRegion: 'eu-west-1' }, { apiKey: 'a\nb', awsRegion: 'eu-west-1' },
    ];
    for (const values of [{}, { AWS_REGION: 'us-east-1' }, { AWS_BEARER_TOKEN_BEDROCK: 'env', AWS_DEFAULT_REGION: 'us-east-2' }, { AWS_BEDROCK_BASE_URL: 'https://env.test/x' }]) {
      environment({ ...values, OPENAI_API_KEY: 'unused', OPENAI_BASE_URL: 'https://unused.test', OPENAI_ADMIN_KEY: 'unused' });
      for (const given of options) {
        const { fetch, seen } = recorder(() => json(COMPLETION));
        all.push(made(() => new BedrockOpenAI(given), 'baseURL', 'apiKey', 'adminAPIKey'), await outcome(async () => (await new BedrockOpenAI({ ...given, fetch }).chat.completions.create(CHAT)).id), seen);
      }
    }
    return all;
  },
  'the client of Bedrock keeps its token to its origin': async (p) => {
    environment();
    const { fetch, seen } = recorder(() => json(COMPLETION));
    let at = 0;
    const one = new p.main.BedrockOpenAI({ bedrockTokenProvider: async () => `t${++at}`, awsRegion: 'us-east-1', fetch, maxRetries: 0 });
    const copy = one.withOptions({ timeout: 9000 });
    const fixed = one.withOptions({ apiKey: 'fixed' });
    const results = [];
    for (const each of [one, copy, fixed]) results.push(await outcome(async () => (await each.models.retrieve('m')).id));
    results.push(await outcome(() => one.get('https://elsewhere.test/x')), await outcome(() => one.get('/x', { defaultBaseURL: 'https://elsewhere.test' })), made(() => { one.baseURL = 'https://elsewhere.test/v1'; }), made(() => { one.baseURL = 'https://bedrock-mantle.us-east-1.api.aws/v2'; }));
    results.push(await outcome(async () => (await one.models.retrieve('m')).id), one instanceof p.OpenAI, copy.constructor === p.main.BedrockOpenAI, copy.timeout, fixed.apiKey);
    return [results, seen];
  },
  'where Vertex is, and who asks it': async (p) => {
    const { vertex } = p.name === 'openai6' ? {} : p.load('providers/vertex');
    const all = [];
    const token = async () => 'g';
    const options = [
      {}, { project: 'p', location: 'global' }, { project: 'p', location: 'us-central1' }, { project: 'ex.com:p', location: 'eu' }, { project: '../p', location: 'eu' }, { project: 'p', location: 'EU' },
      { baseURL: 'http://x.googleapis.com/v1' }, { baseURL: 'https://u:p@x.test/v1' }, { baseURL: 'https://x.test/v1?a=1' }, { baseURL: 'ftp://x.test' }, { baseURL: 'http://localhost:1/v1/' },
    ];
    for (const values of [{}, { GOOGLE_CLOUD_PROJECT: 'envp', GOOGLE_CLOUD_LOCATION: 'europe-west1' }]) {
      environment(values);
      for (const given of options) all.push(made(() => new p.OpenAI({ provider: vertex({ ...given, tokenProvider: token }) }), 'baseURL'));
    }
    const there = { project: 'p', location: 'global' };
    all.push(made(() => vertex({ ...there, tokenProvider: token, credentials: { getRequestHeaders: async () => ({}) } })));
    for (const give of [token, async () => 'a b', async () => '', async () => { throw new Error('secret'); }]) all.push(await chat(p, vertex({ ...there, tokenProvider: give })));
    const google = (headers) => vertex({ ...there, credentials: { getRequestHeaders: async (url) => headers(url) } });
    all.push(await chat(p, google((url) => ({ authorization: 'Bearer z', 'x-goog-user-project': url }))), await chat(p, google(() => new Headers({ authorization: 'Bearer y' }))), await chat(p, google(() => { throw new Error('no'); })));
    all.push(await chat(p, google(() => ({})), { organization: 'o' }), await chat(p, google(() => ({})), {}, { headers: { 'api-key': 'k' } }), await chat(p, google(() => ({})), {}, { path: 'https://elsewhere.test/x' }));
    all.push(await chat(p, vertex({ ...there, tokenProvider: () => new Promise(() => undefined) }), {}, { timeout: 20 }));
    return all;
  },
};

export { programs };
