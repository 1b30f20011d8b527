// Clients with a certificate, as far as they do more than the official package: `compat/certificates.mjs` compares the rest.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { good, run } from './compat/certificates.mjs';
import { world } from './compat/world.mjs';

const ours = world('threadline');

test('forms are sent as such over connections with a certificate', async () => {
  const send = (made) => made.files.create({ file: new File(['x'], 'x.txt'), purpose: 'user_data' }).then(({ object }) => object);
  const { value, seen } = await run(good, send)(ours);
  assert.equal(value, 'list');
  assert.deepEqual(seen.map(([method, host, path, , body]) => [method, host, path, body === true]), [
    ['POST', 'mtls.auth.openai.com', '/oauth/token', false],
    ['POST', 'mtls.api.openai.com', '/v1/files', true],
  ]);
});

test('a token that the API refuses is exchanged anew for the next call', async () => {
  let asked = 0;
  const answers = (url) => (url === '/oauth/token' ? good(url) : (asked += 1) === 1 ? [401, { error: { message: 'old' } }] : good(url));
  const work = async (made) => [await made.models.list().catch(({ status }) => status), (await made.models.list()).data.length];
  const { value, seen } = await run(answers, work)(ours);
  assert.deepEqual(value, [401, 1]);
  assert.equal(seen.filter(([, host]) => host === 'mtls.auth.openai.com').length, 2);
});

test('errors of an exchange and of credentials quote nothing of them', async () => {
  const refused = (url) => (url === '/oauth/token' ? [403, { error: 'secret', error_description: 'secret' }] : good(url));
  const { value } = await run(refused, (made) => made.models.list().catch((error) => `${error} ${JSON.stringify(error)}`))(ours);
  assert.ok(!value.includes('secret'), value);
  const { fromX509 } = ours.load('auth/x509-transport');
  const options = { certificateChain: 'word', privateKey: 'word', identityProviderId: 'i', serviceAccountId: 's' };
  assert.throws(() => fromX509(options), (error) => !`${error.stack}`.includes('word\n') && !error.message.includes(': word'));
});
