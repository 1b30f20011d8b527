/** Files among the arguments of a call. */
import type { ReadStream } from 'node:fs';
import { basename } from 'node:path';
import { discard, keep, type NativeUpload } from './native';

/** A blob of more than this is read while it is sent. */
const WHOLE = 16 * 1024 * 1024;

/** A file whose content is read while it is sent. */
export const STREAMING: unique symbol = Symbol.for('threadline.streamingFile');

/** What `toStreamingFile` makes. */
export interface StreamingFile {
  /** What it is made of. */
  readonly data: unknown;
  readonly name: string;
  readonly type?: string;
  readonly size?: number;
  readonly [STREAMING]: () => AsyncIterable<Uint8Array | string>;
}

/** Arguments as JSON text in which files stand as `{"$file": N}`, and the files. */
export async function takeFiles(
  params: object | undefined,
  naming?: Naming,
): Promise<{ fields: string; files: NativeUpload[] | undefined }> {
  if (params === undefined || params === null) return { fields: '{}', files: undefined };
  const found: Array<NativeUpload | Promise<NativeUpload>> = [];
  const replaced = walk(params, found, 0, naming);
  const files = found.length ? await Promise.all(found) : undefined;
  return { fields: JSON.stringify(replaced), files };
}

/** How files are called, as the official package does: by the names they bring, and by what they are where they have none. */
export type Naming = (name: string) => string;

async function renamed(value: object, given: NativeUpload | Promise<NativeUpload>, naming: Naming): Promise<NativeUpload> {
  const upload = await given;
  const { filename: name } = upload;
  // What would end a line is written as forms write it.
  if (name) return { ...upload, filename: naming(name).replace(/[\r\n]/g, encodeURIComponent) };
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return upload;
  return { ...upload, filename: value instanceof Blob && name === undefined ? 'blob' : 'unknown_file' };
}

function walk(value: unknown, found: Array<NativeUpload | Promise<NativeUpload>>, depth: number, naming: Naming | undefined): unknown {
  if (typeof value !== 'object' || value === null || depth > 100) return value;
  const file = asFile(value);
  if (file !== undefined) {
    found.push(naming ? renamed(value, file, naming) : file);
    return { $file: found.length - 1 };
  }
  if (Array.isArray(value)) return value.map((item) => walk(item, found, depth + 1, naming));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const copy: Record<string, unknown> = Object.create(null);
  for (const [name, item] of Object.entries(value)) copy[name] = walk(item, found, depth + 1, naming);
  return copy;
}

/** The upload that a value stands for; `undefined`: it is no file. */
export function asFile(value: object): NativeUpload | Promise<NativeUpload> | undefined {
  if (STREAMING in value) return ofStreaming(value as StreamingFile);
  if (isBlob(value)) return ofBlob(value);
  if (isReadStream(value)) return ofReadStream(value);
  if (isResponse(value)) return ofResponse(value);
  if (ArrayBuffer.isView(value)) {
    return { content: new Uint8Array(value.buffer, value.byteOffset, value.byteLength) };
  }
  if (value instanceof ArrayBuffer) return { content: new Uint8Array(value) };
  if (Symbol.asyncIterator in value) {
    return ofIterable(value as AsyncIterable<Uint8Array | string>, nameOf(value));
  }
  return undefined;
}

type BlobLike = {
  size: number;
  type?: string;
  name?: string;
  arrayBuffer(): Promise<ArrayBuffer>;
  stream?: () => AsyncIterable<Uint8Array>;
};

function isBlob(value: object): value is BlobLike {
  return 'size' in value && typeof (value as BlobLike).arrayBuffer === 'function';
}

async function ofBlob(blob: BlobLike): Promise<NativeUpload> {
  const upload: NativeUpload = { content: '', ...named(blob.name), ...(blob.type ? { contentType: blob.type } : {}) };
  if (blob.size > WHOLE && typeof blob.stream === 'function') {
    const stream = blob.stream.bind(blob);
    return { ...upload, content: reader(() => stream()), length: blob.size };
  }
  return { ...upload, content: new Uint8Array(await blob.arrayBuffer()) };
}

function isReadStream(value: object): value is ReadStream & { start?: number; end?: number; fd?: unknown } {
  return 'path' in value && typeof (value as { pipe?: unknown }).pipe === 'function';
}

function ofReadStream(stream: ReadStream & { start?: number; end?: number; fd?: unknown }): NativeUpload {
  const path = typeof stream.path === 'string' ? stream.path : String(stream.path);
  const whole = (stream.start === undefined || stream.start === 0) && (stream.end === undefined || stream.end === Infinity);
  if (whole && path && stream.bytesRead === 0) {
    // Read from the disk by the core, which can send it anew when the call is repeated. The stream's own handle is let go.
    stream.on('error', () => undefined);
    stream.destroy();
    return { content: path, filename: basename(path) };
  }
  return ofIterable(stream as AsyncIterable<Uint8Array>, path ? basename(path) : undefined);
}

type ResponseLike = { url: string; arrayBuffer?: () => Promise<ArrayBuffer>; blob(): Promise<Blob>; headers?: Headers };

function isResponse(value: object): value is ResponseLike {
  return 'url' in value && typeof (value as ResponseLike).blob === 'function';
}

async function ofResponse(response: ResponseLike): Promise<NativeUpload> {
  const blob = await response.blob();
  const name = response.url ? new URL(response.url, 'http://localhost').pathname.split(/[\\/]/).pop() : undefined;
  return { ...(await ofBlob(blob as unknown as BlobLike)), ...named(name || 'unknown_file') };
}

function ofStreaming(file: StreamingFile): NativeUpload {
  const upload: NativeUpload = { content: reader(file[STREAMING]), ...named(file.name) };
  if (file.type) upload.contentType = file.type;
  if (file.size !== undefined) upload.length = file.size;
  return upload;
}

function ofIterable(source: AsyncIterable<Uint8Array | string>, name: string | undefined): NativeUpload {
  return { content: reader(() => source), ...named(name) };
}

function named(name: string | undefined): { filename?: string } {
  return name === undefined ? {} : { filename: name };
}

function nameOf(value: object): string | undefined {
  const { name, filename, path } = value as Record<string, unknown>;
  const found = [name, filename, path].find((one) => typeof one === 'string');
  return found === undefined ? undefined : basename(found as string);
}

/** A function for the core that gives the pieces of this source. */
function reader(open: () => AsyncIterable<Uint8Array | string>): number {
  let iterator: AsyncIterator<Uint8Array | string> | undefined;
  const number = keep(async (what) => {
    if (what === 'close') {
      discard(number);
      await iterator?.return?.();
      return null;
    }
    iterator ??= open()[Symbol.asyncIterator]();
    for (;;) {
      const { value, done } = await iterator.next();
      if (done) return null;
      const bytes = typeof value === 'string' ? Buffer.from(value) : toBytes(value);
      // An empty piece would be read as the end.
      if (bytes.length > 0) return bytes;
    }
  });
  return number;
}

function toBytes(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  if (ArrayBuffer.isView(piece)) return new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
  if (piece instanceof ArrayBuffer) return new Uint8Array(piece);
  throw new TypeError(`a file's content must come as bytes or text, not as ${typeof piece}`);
}
