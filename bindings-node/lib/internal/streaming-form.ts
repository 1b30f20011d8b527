/** Form data that is written while it is sent: where one of its files is a stream, nothing is gathered first. */
import { baseName, safePath } from './file-names';
import { buildHeaders } from './headers';
import { STREAMING } from './files';
import type { FinalRequestOptions } from './request-options';

type WithBody = Pick<FinalRequestOptions, 'body' | 'headers'>;

const isStream = (value: any): boolean =>
  typeof value === 'object' && value !== null &&
  (STREAMING in value || typeof value[Symbol.asyncIterator] === 'function' || typeof value.getReader === 'function');

/** Whether somewhere in there is a stream. */
export function hasStream(value: unknown): boolean {
  if (isStream(value)) return true;
  if (typeof value !== 'object' || value === null || value instanceof Blob || value instanceof Response) return false;
  return (Array.isArray(value) ? value : Object.values(value)).some(hasStream);
}

/** These options with their body as a stream of form data. */
export function streamingForm<Options extends WithBody>(options: Options, { stripFilenames = true }: { stripFilenames?: boolean } = {}): Options {
  const boundary = `openai-${crypto.randomUUID()}`;
  const parts = written(options.body, boundary, stripFilenames ? baseName : safePath);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await parts.return(undefined);
    },
  });
  const type = { 'content-type': `multipart/form-data; boundary=${boundary}` };
  return { ...options, body, headers: buildHeaders([type, options.headers]) };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const escaped = (text: string): string => text.replace(/["\\\r\n]/g, encodeURIComponent);

async function* written(body: unknown, boundary: string, shown: (name: string) => string): AsyncGenerator<Uint8Array, void, undefined> {
  for (const [name, value] of fields(body)) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(name)}"`;
    if (typeof value !== 'object') yield bytes(`${head}\r\n\r\n${String(value)}`);
    else {
      yield bytes(`${head}; filename="${escaped(nameOf(value, shown))}"\r\nContent-Type: ${typeOf(value)}\r\n\r\n`);
      yield* contents(STREAMING in value ? value[STREAMING]() : value);
    }
    yield bytes('\r\n');
  }
  yield bytes(`--${boundary}--\r\n`);
}

/** Members by their names in forms: `name[]` for the items of lists, `name[member]` for members of objects. */
function* fields(body: unknown): Generator<[string, any]> {
  for (const [name, value] of Object.entries((body as object | undefined) ?? {})) yield* fieldsOf(name, value);
}

function* fieldsOf(name: string, value: any): Generator<[string, any]> {
  if (value === undefined) return;
  if (value === null) {
    throw new TypeError(`Received null for "${name}"; to pass null in FormData, you must use the string 'null'`);
  }
  const isFile = isStream(value) || value instanceof Blob || value instanceof Response;
  if (isFile || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') yield [name, value];
  else if (Array.isArray(value)) for (const item of value) yield* fieldsOf(`${name}[]`, item);
  else if (typeof value === 'object' && !ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer)) {
    for (const [member, item] of Object.entries(value)) yield* fieldsOf(`${name}[${member}]`, item);
  } else {
    throw new TypeError(`Invalid value given to form, expected a string, number, boolean, object, Array, File or Blob but got ${String(value)} instead`);
  }
}

function nameOf(value: any, shown: (name: string) => string): string {
  const found = value.name || value.filename || (value.url && new URL(String(value.url), 'http://localhost').pathname) || value.path;
  return (found && (found === value.name ? shown : baseName)(String(found))) || 'unknown_file';
}

function typeOf(value: any): string {
  const own: unknown = value instanceof Response ? value.headers.get('content-type') : STREAMING in value || value instanceof Blob ? value.type : '';
  const type = own || 'application/octet-stream';
  // A line's end in it would begin a header of its own.
  if (typeof type !== 'string' || /[\x00-\x1f\x7f]/.test(type)) {
    throw new TypeError('Streaming upload content type must not contain control characters');
  }
  return type;
}

async function* contents(value: any): AsyncGenerator<Uint8Array, void, undefined> {
  if (typeof value === 'string') yield bytes(value);
  else if (ArrayBuffer.isView(value)) yield new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  else if (value instanceof ArrayBuffer) yield new Uint8Array(value);
  else if (value instanceof Response) yield* contents(value.body ?? (await value.blob()));
  else if (value instanceof Blob) yield* contents(value.stream());
  else if (typeof value?.[Symbol.asyncIterator] === 'function') for await (const piece of value) yield* contents(piece);
  else if (typeof value?.getReader === 'function') {
    const reader = value.getReader();
    try {
      for (;;) {
        const { value: piece, done } = await reader.read();
        if (done) return;
        yield* contents(piece);
      }
    } finally {
      reader.releaseLock();
    }
  } else throw new TypeError(`Invalid streaming file chunk: ${String(value)}`);
}
