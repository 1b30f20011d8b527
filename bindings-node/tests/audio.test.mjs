/** Sound through programs: what they are started with, what they get and give, and how they are ended. Programs of this test stand for ffmpeg's. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { playAudio, recordAudio } from '../dist/helpers/audio.mjs';

let folder;
const { PATH } = process.env;
const out = (name) => readFileSync(join(folder, name), 'utf8');
const program = (name, text) => {
  writeFileSync(join(folder, name), `#!${process.execPath}\n${text}`);
  chmodSync(join(folder, name), 0o755);
};

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'threadline-audio-'));
  process.env.PATH = `${folder}${delimiter}${PATH}`;
  const note = (name) => `const fs = require('fs'); const put = (name, text) => fs.writeFileSync(require('path').join(__dirname, name), text); put('${name}.args', JSON.stringify(process.argv.slice(2)));`;
  program('ffplay', `${note('ffplay')} const data = fs.readFileSync(0); put('played', data); process.exit(String(data) === 'bad' ? 3 : 0);`);
  program('ffmpeg', `${note('ffmpeg')} process.stdout.write('RIFF'); process.on('SIGTERM', () => process.stdout.write('end', () => process.exit(255))); setInterval(() => 0, 1000);`);
});
after(() => {
  process.env.PATH = PATH;
  rmSync(folder, { recursive: true });
});

test('sound of every kind is played to its end', async () => {
  for (const input of [new Response('reply'), new File(['file'], 'a.wav'), Readable.from([Buffer.from('stream')])]) {
    await playAudio(input);
  }
  assert.equal(out('played'), 'stream');
  assert.deepEqual(JSON.parse(out('ffplay.args')), ['-autoexit', '-nodisp', '-i', 'pipe:0']);
});

test('a player that fails says so', async () => {
  await assert.rejects(playAudio(new Response('bad')), /exited with code 3/);
});

test('a recording ends with its signal, and is a file', async () => {
  const controller = new AbortController();
  const recording = recordAudio({ signal: controller.signal, device: 2 });
  // Until the program has begun.
  for (;;) {
    try {
      assert.ok(out('ffmpeg.args').includes(':2'));
      break;
    } catch (error) {
      if (error.code !== 'ENOENT' && !(error instanceof assert.AssertionError)) throw error;
      await new Promise(setImmediate);
    }
  }
  controller.abort();
  const file = await recording;
  assert.deepEqual([file.name, file.type], ['audio.wav', 'audio/wav']);
});

test('a program that is missing is an error', async () => {
  process.env.PATH = '/nowhere';
  try {
    await assert.rejects(playAudio(new Response('x')), { code: 'ENOENT' });
    await assert.rejects(recordAudio(), { code: 'ENOENT' });
  } finally {
    process.env.PATH = `${folder}${delimiter}${PATH}`;
  }
});
