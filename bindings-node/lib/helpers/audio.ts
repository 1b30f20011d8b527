/** Sound through the programs of ffmpeg, which must be installed: `ffplay` plays, `ffmpeg` records. */
import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** How each system's sound is reached. */
const SOURCES: Partial<Record<NodeJS.Platform, string>> = { win32: 'dshow', cygwin: 'dshow', darwin: 'avfoundation' };

/** Samples a second, and channels, of what is recorded. */
const RATE = 24_000;
const CHANNELS = 1;

type RecordAudioOptions = {
  /** Ends the recording; what there is by then is given. */
  signal?: AbortSignal;
  /** Number of the device. Default 0. */
  device?: number;
  /** Milliseconds after which the recording ends. Default: none. */
  timeout?: number;
};

function sourceOf(input: NodeJS.ReadableStream | Response | File): NodeJS.ReadableStream {
  if (input instanceof Blob) return Readable.fromWeb(input.stream() as any);
  const body = (input as Response).body as any;
  if (body === undefined) return input as NodeJS.ReadableStream;
  if (body === null) throw new Error('the reply that is to be played has no body');
  return typeof body.pipe === 'function' ? body : Readable.fromWeb(body);
}

/** Plays sound; resolves at its end. Fails when `ffplay` is missing or does not like it. */
export async function playAudio(input: NodeJS.ReadableStream | Response | File): Promise<void> {
  const source = sourceOf(input);
  const player = spawn('ffplay', ['-autoexit', '-nodisp', '-i', 'pipe:0'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise<void>((resolve, reject) => {
    player.on('error', reject);
    player.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`ffplay process exited with code ${code}`))));
  });
  const sent = pipeline(source, player.stdin).catch((error: NodeJS.ErrnoException) => {
    // A player that ends early says why by its status.
    if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_PREMATURE_CLOSE') return;
    player.kill();
    throw error;
  });
  await Promise.all([ended, sent]);
}

/** Records from a device until the signal or the time ends it: a WAV file. Fails when `ffmpeg` is missing or records nothing. */
export function recordAudio(options: RecordAudioOptions = {}): Promise<File> {
  const { signal, device = 0, timeout } = options;
  return new Promise((resolve, reject) => {
    const from = ['-f', SOURCES[process.platform] ?? 'alsa', '-i', `:${device}`];
    const to = ['-ar', String(RATE), '-ac', String(CHANNELS), '-f', 'wav', 'pipe:1'];
    const recorder = spawn('ffmpeg', [...from, ...to], { stdio: ['ignore', 'pipe', 'ignore'] });
    const pieces: Buffer[] = [];
    const stop = (): void => void recorder.kill('SIGTERM');
    const timer = typeof timeout === 'number' && timeout > 0 ? setTimeout(stop, timeout) : undefined;
    const over = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    };
    recorder.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    recorder.on('error', (error) => (over(), reject(error)));
    recorder.on('close', (code) => {
      over();
      if (code && pieces.length === 0) reject(new Error(`ffmpeg process exited with code ${code}`));
      else resolve(new File([Buffer.concat(pieces)], 'audio.wav', { type: 'audio/wav' }));
    });
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
