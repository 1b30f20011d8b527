/** Replies that lead elsewhere, to requests of routes that have no method of their own: over the wire. */
import { createServer } from 'node:http';

/** What a server is asked, as its reply; below `/r307` it leads on with that status, below `/o307` to the other server. */
function leading(other) {
  return createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      const [, where, status] = /^\/([ro])(\d+)/.exec(request.url) ?? [];
      const to = where === 'o' ? `http://127.0.0.1:${other.address().port}/there` : request.url === '/r302/again' ? '/r302/again' : '/here?x=1';
      if (status) response.writeHead(Number(status), { location: to, connection: 'close' }).end();
      else {
        const { authorization = null, 'content-type': type = null, 'x-a': own = null } = request.headers;
        response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
        response.end(JSON.stringify({ url: request.url, method: request.method, body: Buffer.concat(pieces).toString(), authorization, type, own }));
      }
    });
  });
}

async function asked(p, work) {
  const other = leading().listen(0);
  const server = leading(other).listen(0);
  try {
    const client = new p.OpenAI({ apiKey: 'k', maxRetries: 0, baseURL: `http://127.0.0.1:${server.address().port}` });
    return await work(client);
  } finally {
    server.close();
    other.close();
  }
}

const told = (error) => ({ failed: error.constructor.name, message: error.message, status: error.status });

export const programs = Object.fromEntries(
  [301, 302, 303, 307, 308].flatMap((status) => [
    [`${status}, on the same server`, (p) => asked(p, async (client) => [
      await client.get(`/r${status}`, { headers: { 'x-a': '1' } }), await client.post(`/r${status}`, { body: { a: 1 } }), await client.put(`/r${status}`, { body: { a: 1 } }), await client.delete(`/r${status}`),
    ])],
    [`${status}, to another server`, (p) => asked(p, (client) => client.get(`/o${status}`, { headers: { 'x-a': '1' } }))],
  ]),
);

programs['on and on'] = (p) => asked(p, (client) => client.get('/r302/again').catch(told));
programs['to be followed by nobody'] = (p) => asked(p, (client) => client.get('/r302', { fetchOptions: { redirect: 'manual' } }).catch(told));
