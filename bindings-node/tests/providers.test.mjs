/** Signed requests to Amazon Bedrock: signatures against the published examples of AWS, what is signed, and where credentials come from. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

const require = createRequire(import.meta.url);
const { sign } = require('../dist/internal/sigv4.js');
const { bedrock } = require('../dist/providers/bedrock/aws.js');
const { OpenAI } = require('../dist/index.js');

const EXAMPLE = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const PUBLISHED = [
  ['GET', '/', {}, undefined, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['GET', '/?Param2=value2&Param1=value1', {}, undefined, 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500'],
  ['POST', '/', {}, undefined, '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  ['POST', '/', FORM, 'Param1=value1', 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a'],
];

test('signatures are those of the published examples', () => {
  for (const [method, path, more, body, signature] of PUBLISHED) {
    const url = new URL(path, 'https://example.amazonaws.com');
    const headers = new Headers({ host: url.host, ...more });
    sign({ method, url, headers, body }, EXAMPLE, 'us-east-1', 'service', new Date('2015-08-30T12:36:00Z'));
    assert.match(headers.get('authorization'), new RegExp(`Signature=${signature}$`), `${method} ${path}`);
  }
});

/** What one chat over this provider sends. */
async function sent(options, request = {}) {
  let seen;
  const fetch = async (url, init) => {
    seen = { url: String(url), headers: new Headers(init.headers), redirect: init.redirect };
    return Response.json({ id: 'c', choices: [] });
  };
  const client = new OpenAI({ provider: bedrock(options), fetch, maxRetries: 0 });
  await client.chat.completions.create({ model: 'm', messages: [] }, request);
  return seen;
}

/** Runs with these variables and no others of AWS. */
async function within(values, work) {
  const before = { ...process.env };
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, values);
  try {
    return await work();
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

test('a request is signed for its service and region, with its token, and goes nowhere else', () =>
  within({}, async () => {
    const { url, headers, redirect } = await sent({ ...EXAMPLE, sessionToken: 'session', region: 'eu-west-1', endpoint: 'runtime' }, { headers: { 'x-amz-date': 'mine' } });
    assert.equal(url, 'https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1/chat/completions');
    assert.match(headers.get('authorization'), /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/bedrock\/aws4_request, SignedHeaders=\S*content-type;host;\S*x-amz-content-sha256;x-amz-date;x-amz-security-token\S*, Signature=[0-9a-f]{64}$/);
    assert.match(headers.get('x-amz-date'), /^\d{8}T\d{6}Z$/);
    assert.equal(headers.get('x-amz-security-token'), 'session');
    assert.equal(redirect, 'manual');
    assert.match((await sent({ ...EXAMPLE, region: 'eu-west-1' })).headers.get('authorization'), /\/eu-west-1\/bedrock-mantle\/aws4_request/);
    await assert.rejects(sent({ ...EXAMPLE, region: 'eu-west-1' }, { headers: { authorization: 'mine' } }), /custom `Authorization` header/);
    await assert.rejects(sent({ ...EXAMPLE, region: 'eu-west-1' }, { path: 'https://elsewhere.test/x' }), /does not match the configured base URL origin/);
    await assert.rejects(sent({ ...EXAMPLE, region: 'eu-west-1' }, { body: new ReadableStream() }), /replayable request body/);
  }));

test('credentials come from the program, the environment or the shared files', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'aws-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const files = { AWS_REGION: 'us-east-1', AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'), AWS_CONFIG_FILE: join(folder, 'config') };
  writeFileSync(files.AWS_SHARED_CREDENTIALS_FILE, '# mine\n[default]\naws_access_key_id = AKDEFAULT\naws_secret_access_key = s\n');
  writeFileSync(files.AWS_CONFIG_FILE, '[profile other]\naws_access_key_id=AKOTHER\naws_secret_access_key=s=\naws_session_token=tok\n');
  const key = async (options) => /Credential=(\w+)\//.exec((await sent(options)).headers.get('authorization'))[1];
  await within(files, async () => {
    assert.equal(await key({}), 'AKDEFAULT');
    assert.equal(await key({ profile: 'other' }), 'AKOTHER');
    assert.equal(await key({ credentialProvider: async () => ({ ...EXAMPLE, accessKeyId: 'AKFUNCTION' }) }), 'AKFUNCTION');
    await assert.rejects(key({ profile: 'missing' }), /Failed to resolve AWS credentials/);
    await assert.rejects(key({ credentialProvider: async () => ({}) }), /Failed to resolve AWS credentials/);
    assert.throws(() => bedrock({ ...EXAMPLE, profile: 'other' }), /ambiguous/);
    assert.throws(() => bedrock({ ...EXAMPLE, apiKey: 'k' }), /mutually exclusive/);
    assert.throws(() => bedrock({ accessKeyId: 'AK' }), /must be provided together/);
    assert.throws(() => bedrock({ baseURL: 'https://proxy.test/v1' }), /requires an explicit `endpoint`/);
  });
  const keys = { AWS_ACCESS_KEY_ID: 'AKENV', AWS_SECRET_ACCESS_KEY: 's' };
  assert.equal(await within({ ...files, ...keys }, () => key({})), 'AKENV');
  assert.match((await within({ ...files, ...keys, AWS_BEARER_TOKEN_BEDROCK: 'tok' }, () => sent({}))).headers.get('authorization'), /^Bearer tok$/);
});
