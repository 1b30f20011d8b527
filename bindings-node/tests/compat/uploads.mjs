/** Files, in every form. */
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { client, json, outcome, recorder } from './world.mjs';

const described = async (file) => ({ isFile: file instanceof File, name: file.name, type: file.type, text: await file.text() });

const uploaded = async (p, work) => {
  const folder = mkdtempSync(join(tmpdir(), 'compat-'));
  try {
    const path = join(folder, 'notes.txt');
    writeFileSync(path, 'from disk');
    const { fetch, seen } = recorder(() => json({ id: 'f' }));
    const result = await outcome(() => work(client(p, fetch), path, p.main.toFile));
    return { ...result, bodies: seen.map(({ url, body, headers }) => [url, body, headers['content-type'] ?? null]) };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

export const programs = {
  'toFile': async (p) => {
    const { toFile } = p.main;
    const given = [
      [new File(['a'], 'a.txt', { type: 'text/plain' })], [new File(['a'], 'a.txt'), 'b.txt'], [new Blob(['b'], { type: 'x/y' })], [new Blob(['b']), 'b'], [Buffer.from('c')], [Buffer.from('c'), 'c.bin', { type: 'q/r' }],
      [new TextEncoder().encode('d').buffer, 'd'], [new Response('e', { headers: { 'content-type': 'a/b' } })], [new Response('e'), 'e.txt'], [Promise.resolve(Buffer.from('f')), 'f'],
      [(async function* () { yield 'g'; yield Buffer.from('h'); })(), 'g.txt'], [new DataView(new ArrayBuffer(2)), 'v'], [Readable.from(['i', 'j']), 'i'],
    ];
    const found = [];
    for (const args of given) found.push(await outcome(async () => described(await toFile(...args))));
    const same = new File(['s'], 's');
    return [found, (await toFile(same)) === same, ...(await Promise.all([undefined, null, 7, 'text', {}, { a: 1 }].map((bad) => outcome(() => toFile(bad).then(described)))))];
  },
  'a file that is one': (p) => uploaded(p, (c) => c.files.create({ file: new File(['x'], 'a.jsonl', { type: 'application/jsonl' }), purpose: 'batch' })),
  'a file that expires': (p) => uploaded(p, (c) => c.files.create({ file: new File(['x'], 'a'), purpose: 'batch', expires_after: { anchor: 'created_at', seconds: 5 } })),
  'a reply as a file': (p) => uploaded(p, (c) => c.files.create({ file: new Response('x', { headers: { 'content-type': 'a/b' } }), purpose: 'batch' })),
  'a stream of the disk through toFile': (p) => uploaded(p, async (c, path, toFile) => c.files.create({ file: await toFile(createReadStream(path)), purpose: 'batch' })),
  'several images': (p) => uploaded(p, (c) => c.images.edit({ image: [new File(['1'], '1.png'), new File(['2'], '2.png')], prompt: 'p', n: 2, model: 'm' })),
  'a transcription': (p) => uploaded(p, (c) => c.audio.transcriptions.create({ file: new File(['x'], 'a.wav'), model: 'm', timestamp_granularities: ['word', 'segment'], temperature: 0.5 })),
  'nothing where a file is due': (p) => uploaded(p, (c) => c.files.create({ purpose: 'batch', file: null })),
  'a text where a file is due': (p) => uploaded(p, (c) => c.files.create({ purpose: 'batch', file: 'text' })),
  'parts of an upload': (p) => uploaded(p, (c) => c.uploads.parts.create('u', { data: new File(['x'], 'p') })),
  'a form for a route without a method': async (p) => {
    const form = new FormData();
    form.append('a', '1');
    form.append('f', new File(['x'], 'f.txt'));
    return uploaded(p, (c) => c.post('/own', { body: form }));
  },
  'streams are sent as they come': async (p) => {
    const sent = [];
    const fetch = async (url, { headers, body }) => {
      const type = new Headers(headers).get('content-type');
      const boundary = /boundary=(\S+)/.exec(type)[1];
      sent.push([url, type.replace(boundary, 'B'), body instanceof ReadableStream, (await new Response(body).text()).replaceAll(boundary, 'B')]);
      return json({ id: 'f' });
    };
    const c = client(p, fetch);
    const { toStreamingFile } = p.main;
    const folder = mkdtempSync(join(tmpdir(), 'compat-'));
    try {
      const path = join(folder, 'n"o.txt');
      writeFileSync(path, 'from disk');
      const results = [];
      const files = [
        createReadStream(path), Readable.from([Buffer.from('a'), 'b']), Object.assign(Readable.from(['n']), { name: 'dir/named.txt' }), (async function* () { yield 'g'; yield new Uint8Array([104]); yield new Blob(['i']); })(),
        new Response('web').body, toStreamingFile(Readable.from(['s']), 'x.bin', { type: 'a/b' }), (async function* () { yield 5; })(),
      ];
      for (const file of files) results.push(await outcome(async () => (await c.files.create({ file, purpose: 'batch', expires_after: { anchor: 'created_at', seconds: 5 } })).id));
      results.push(await outcome(() => c.images.edit({ image: [new File(['1'], '1.png', { type: 'image/png' }), Readable.from(['2'])], prompt: 'p' })));
      results.push(await outcome(() => c.files.create({ file: Readable.from(['2']), purpose: null })));
      return JSON.parse(JSON.stringify([results, sent]));
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  'files from files and from what looks like one': async (p) => {
    const { toFile } = p.load('uploads');
    const blob = new Blob(['x'], { type: 't/u' });
    const like = { name: 'c.txt', lastModified: 1, size: 1, type: 't/u', text: () => blob.text(), slice: blob.slice.bind(blob), arrayBuffer: () => blob.arrayBuffer() };
    const inFolder = new File(['x'], 'd/n.txt', { lastModified: 5 });
    const given = [[inFolder], [inFolder, null, { type: 'x/y' }], [inFolder, undefined, { lastModified: 9 }], [like], [like, 'd/given.txt'], [{ url: 'https://a.test/b/c.mp3', blob: async () => blob }]];
    const kept = ({ lastModified }) => (lastModified < 10 ? lastModified : 'now');
    return Promise.all(given.map(async (args) => (({ ...(await described(await toFile(...args))), at: kept(await toFile(...args)) }))));
  },
  'files that are read while they are sent': async (p) => {
    const { toStreamingFile } = p.load('uploads');
    const data = Readable.from(['x']);
    const shown = (file) => [Object.keys(file), file.name, file.type ?? null, file.data === data];
    const refused = await Promise.all([['', {}], ['n', { type: 'a\r\nb: c' }]].map(([name, options]) => outcome(async () => toStreamingFile(data, name, options))));
    return [shown(toStreamingFile(data, 'n')), shown(toStreamingFile(data, 'n', { type: 'a/b' })), refused.map(({ error }) => error.name)];
  },
  'names with folders': async (p) => {
    const names = ['a.txt', 'dir/a.txt', '/abs/a.txt', '../up.txt', 'a\\b.txt', 'C:\\y\\z.txt', '..', 'a/./b', 'a"b', 'ü'];
    const results = [];
    for (const name of names) {
      results.push(await uploaded(p, (c) => c.files.create({ file: new File(['x'], name), purpose: 'batch' })));
      results.push(await uploaded(p, (c) => c.skills.create({ files: [new File(['x'], name)] })));
      results.push(await uploaded(p, (c) => c.skills.versions.create('s', { files: [new File(['x'], name), new File(['y'], 'b/c')] })));
    }
    return results;
  },
  'names as servers see them': async (p) => {
    const { createServer } = await import('node:http');
    const seen = [];
    const server = createServer((request, response) => {
      const pieces = [];
      request.on('data', (piece) => pieces.push(piece));
      request.on('end', () => {
        seen.push([...Buffer.concat(pieces).toString().matchAll(/name="file[^"]*"; filename="([^"]*)"/g)].map(([, name]) => name));
        response.writeHead(200, { 'content-type': 'application/json', connection: 'close' }).end('{"id":"f"}');
      });
    }).listen(0).unref();
    const c = new p.OpenAI({ apiKey: 'k', maxRetries: 0, baseURL: `http://127.0.0.1:${server.address().port}` });
    const told = [];
    const file = (value) => c.files.create({ file: value, purpose: 'batch' }).catch((error) => told.push(error.constructor.name));
    for (const name of ['a.txt', 'dir/a.txt', '/abs/a.txt', '../up.txt', 'a\\b.txt', 'a"b', 'a\nb', 'ü']) await file(new File(['x'], name));
    for (const value of [new Blob(['x']), Readable.from([Buffer.from('x')]), new Response('x'), null]) await file(value);
    for (const name of ['dir/a.txt', 'a\\b', '../up', '/abs']) await c.skills.create({ files: [new File(['x'], name)] }).catch((error) => told.push(error.constructor.name));
    server.close();
    return [seen, told];
  },
};
