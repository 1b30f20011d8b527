/** Embeddings that come as numbers: what the program sees is what `JSON.parse` would have made of the reply. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import test from 'node:test';
import { OpenAI } from '../dist/index.mjs';

const REPLIES = {
  'vectors among other members': '{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,0.1, 5e-324 ,-2.5E3,123456789012]},{"embedding":[3],"index":1,"x":"[é\\n"}],"model":"ü","usage":{"prompt_tokens":1}}',
  'nothing': '{"data":[]}',
  'a vector without numbers': '{"data":[{"embedding":[]}]}',
  'a text among numbers': '{"data":[{"embedding":[1,"x"]}]}',
  'a number that is not exact': '{"data":[{"embedding":[9007199254740993]}]}',
  'the last of two members counts': ' {"data":[{"embedding":[1,2],"embedding":[2,3,4]}]} ',
  'the last of two lists counts': '{"data":[{"embedding":[1,2]}],"data":[{"embedding":[7]}]}',
  'no list': '{"data":{"embedding":[1]}}',
  'base64 all the same': '{"data":[{"embedding":"AACAPw=="}]}',
  'an item that is null': '{"data":[{"embedding":[1]},null]}',
  'no object': '[{"embedding":[1]}]',
  'zero below zero': '{"data":[{"embedding":[-0,-0.0,0]}]}',
  'more than a double holds': '{"data":[{"embedding":[1e999,-1e999]}]}',
  'a name that reaches for prototypes': '{"data":[{"__proto__":[1],"embedding":[1]}]}',
  'more than a mebibyte': JSON.stringify({ data: Array.from({ length: 40 }, (_, index) => ({ index, embedding: Array.from({ length: 2000 }, (_, at) => Math.sin(index + at)) })) }),
};

async function serving(t, reply) {
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json').setHeader('x-request-id', 'req_1');
    response.end(reply);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return new OpenAI({ apiKey: 'k', baseURL: `http://127.0.0.1:${server.address().port}/v1`, maxRetries: 0, network: { systemProxy: false } });
}

const ASKED = { model: 'm', input: 'x', encoding_format: 'float' };

for (const [name, reply] of Object.entries(REPLIES)) {
  test(`embeddings: ${name}`, async (t) => {
    const client = await serving(t, reply);
    const { data, response, request_id: requestID } = await client.embeddings.create(ASKED).withResponse();
    const expected = JSON.parse(reply);
    assert.deepStrictEqual(Array.isArray(data) ? [...data] : { ...data }, expected);
    assert.equal(requestID, 'req_1');
    if (!Array.isArray(data)) assert.equal(data._request_id, 'req_1');
    const plain = (value) => JSON.parse(JSON.stringify(value));
    assert.deepEqual(plain(JSON.parse(await response.text())), plain(expected));
    assert.equal(await (await client.embeddings.create(ASKED).asResponse()).text(), reply);
  });
}

test('embeddings: a reply that ends in the middle of a vector is an error', async (t) => {
  const client = await serving(t, '{"data":[{"embedding":[1');
  await assert.rejects(client.embeddings.create(ASKED), { kind: 'decode' });
});

test('embeddings: large integers stay exact where they are asked for', async (t) => {
  const client = await serving(t, '{"data":[{"embedding":[9007199254740993,1]}]}');
  const { data } = await client.withOptions({ integers: 'bigint' }).embeddings.create(ASKED);
  assert.deepEqual(data[0].embedding, [9007199254740993n, 1]);
});
