// A server that answers with what a test has laid out for it, one answer a request.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

/** A module of the package, as it was built. */
export const ours = (name) => require(join(import.meta.dirname, '../dist', `${name}.js`));

/** Events of a stream as text; `[name, data]` where events have names. */
export const sse = (events, end = 'data: [DONE]\n\n') =>
  events.map((event) =>
    Array.isArray(event) ?
      `event: ${event[0]}\ndata: ${JSON.stringify(event[1])}\n\n`
    : `data: ${JSON.stringify(event)}\n\n`,
  ).join('') + end;

/** A client, the answers that it gets, and what it has sent. */
export async function talk(t, ...answers) {
  const sent = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (piece) => (text += piece));
    request.on('end', () => {
      sent.push({ method: request.method, url: request.url, body: text ? JSON.parse(text) : undefined });
      const answer = answers.shift();
      const stream = typeof answer === 'string';
      response.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json', 'x-request-id': 'req_1' });
      response.end(stream ? answer : JSON.stringify(answer));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { OpenAI } = ours('index');
  const baseURL = `http://127.0.0.1:${server.address().port}/v1`;
  return { client: new OpenAI({ apiKey: 'k', baseURL, maxRetries: 0 }), sent };
}
