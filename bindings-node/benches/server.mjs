/** The other end of the benchmark: canned replies over HTTP/1.1, from a process of its own. */
import { createServer } from 'node:net';

export const CHUNKS = 500;
const VECTORS = 16;
const LENGTH = 1536;
const head = { id: 'chatcmpl-1', created: 1, model: 'm', service_tier: 'default', system_fingerprint: 'fp' };
const call = (number) => ({ id: `call_${number}`, type: 'function', function: { name: 'look', arguments: '{"a": 1}' } });
const message = {
  ...head,
  object: 'chat.completion',
  choices: [{ index: 0, finish_reason: 'tool_calls', logprobs: null, message: { role: 'assistant', content: 'x'.repeat(400), refusal: null, tool_calls: [call(0), call(1)] } }],
  usage: {
    prompt_tokens: 10, completion_tokens: 20, total_tokens: 30, prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  },
};

function chunk(number) {
  const end = number === CHUNKS - 1;
  const choice = { index: 0, delta: end ? {} : { content: `word${number} ` }, logprobs: null, finish_reason: end ? 'stop' : null };
  return `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [choice] })}\n\n`;
}

function embeddings(packed) {
  const numbers = Array.from({ length: LENGTH }, (_, at) => Math.fround(0.001 * at));
  const embedding = packed ? Buffer.from(new Float32Array(numbers).buffer).toString('base64') : numbers;
  const data = Array.from({ length: VECTORS }, (_, index) => ({ object: 'embedding', index, embedding }));
  return JSON.stringify({ object: 'list', data, model: 'm', usage: { prompt_tokens: 1, total_tokens: 1 } });
}

function reply(body, type = 'application/json') {
  const bytes = Buffer.from(body);
  const lines = ['HTTP/1.1 200 OK', `content-type: ${type}`, `content-length: ${bytes.length}`, 'x-request-id: req_1', '', ''];
  return Buffer.concat([Buffer.from(lines.join('\r\n')), bytes]);
}

const stream = Array.from({ length: CHUNKS }, (_, number) => chunk(number)).join('') + 'data: [DONE]\n\n';
const replies = {
  chat: reply(JSON.stringify(message)),
  stream: reply(stream, 'text/event-stream'),
  packed: reply(embeddings(true)),
  numbers: reply(embeddings(false)),
};

const server = createServer((socket) => {
  socket.setNoDelay(true);
  let data = '';
  socket.on('error', () => undefined);
  socket.on('data', (piece) => {
    data += piece.toString('latin1');
    for (;;) {
      const end = data.indexOf('\r\n\r\n');
      if (end < 0) return;
      const top = data.slice(0, end).toLowerCase();
      const length = Number(/content-length: *(\d+)/.exec(top)?.[1] ?? 0);
      if (data.length < end + 4 + length) return;
      const body = data.slice(end + 4, end + 4 + length);
      data = data.slice(end + 4 + length);
      let name = body.includes('"stream":true') ? 'stream' : 'chat';
      if (top.includes('/embeddings')) name = body.includes('base64') ? 'packed' : 'numbers';
      socket.write(replies[name]);
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
