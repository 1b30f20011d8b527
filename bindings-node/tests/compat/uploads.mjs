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
};
