/** Files in the bodies of requests that JavaScript sends by itself: form data. */
import { baseName, getName, safePath } from './file-names';
import { asFile, STREAMING } from './files';
import type { FilePropertyBag } from './builtin-types';
import type { FinalRequestOptions } from './request-options';
import { checkFileSupport, toFile } from './to-file';

export type { Uploadable } from '../core/uploads';
export { toStreamingFile, type StreamingFileInput } from './streaming-file';
export type { StreamingFile } from './files';
export { checkFileSupport, getName };

export type BlobPart = string | ArrayBuffer | ArrayBufferView | Blob | DataView;

/** How a form is made. */
export type CreateFormOptions = {
  /** Whether files lose the folders in their names. Default true. */
  stripFilenames?: boolean;
};

/** A file of these parts. */
export function makeFile(fileBits: BlobPart[], fileName: string | undefined, options?: FilePropertyBag): File {
  checkFileSupport();
  return new File(fileBits as any, fileName ?? 'unknown_file', options);
}

/** Whether it is a buffer, also one of another realm. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === '[object ArrayBuffer]';
}

export const isAsyncIterable = (value: any): value is AsyncIterable<any> =>
  value !== null && typeof value === 'object' && typeof value[Symbol.asyncIterator] === 'function';

type WithBody = Pick<FinalRequestOptions, 'body'>;

/** Whether somewhere in there is a file. */
export function hasUploadableValue(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (isUpload(value)) return true;
  return (Array.isArray(value) ? value : Object.values(value)).some(hasUploadableValue);
}

function isUpload(value: object): boolean {
  if (value instanceof Blob || value instanceof Response || STREAMING in value) return true;
  if (Symbol.asyncIterator in value || typeof (value as { getReader?: unknown }).getReader === 'function') return true;
  return !ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer) && 'arrayBuffer' in value && 'size' in value;
}

/** These options with their body as form data. */
export async function multipartFormRequestOptions<Options extends WithBody>(
  options: Options,
  fetch?: unknown,
  how?: CreateFormOptions,
): Promise<Options> {
  const { hasStream, streamingForm } = require('./streaming-form') as typeof import('./streaming-form');
  return hasStream(options.body) ? streamingForm(options, how) : { ...options, body: await createForm(options.body, fetch, how) };
}

/** These options; with their body as form data, if there is a file in it. */
export async function maybeMultipartFormRequestOptions<Options extends WithBody>(
  options: Options,
  fetch?: unknown,
  how?: CreateFormOptions,
): Promise<Options> {
  return hasUploadableValue(options.body) ? multipartFormRequestOptions(options, fetch, how) : options;
}

/** An object as form data: `name[]` for the items of lists, `name[member]` for members of objects. */
export async function createForm(body: unknown, fetch?: unknown, { stripFilenames = true }: CreateFormOptions = {}): Promise<FormData> {
  const own = typeof fetch === 'function' ? fetch : (fetch as { fetch?: unknown } | undefined)?.fetch;
  if (typeof own === 'function' && !(await takesForms(own))) {
    throw new TypeError('The provided fetch function does not support file uploads with the current global FormData class.');
  }
  const form = new FormData();
  // Files are gathered first, so that parts stand in the order of the members.
  const parts: Array<Promise<[string, string | File] | [string, Blob, string | undefined]>> = [];
  for (const [name, value] of Object.entries((body as object | undefined) ?? {})) add(parts, name, value, stripFilenames);
  for (const [name, value, title] of await Promise.all(parts)) {
    if (title !== undefined) form.append(name, value as Blob, title);
    else form.append(name, value as string);
  }
  return form;
}

const probed = new WeakMap<object, Promise<boolean>>();

/** Whether a `fetch` understands the platform's forms: some know only those of their own package, and would send `[object FormData]`. */
function takesForms(fetch: any): Promise<boolean> {
  let found = probed.get(fetch);
  if (!found) {
    found = (async () => {
      try {
        let Reply = fetch.Response;
        if (Reply === undefined) {
          const reply = await fetch('data:,');
          await reply.arrayBuffer();
          Reply = reply.constructor;
        }
        const form = new FormData();
        return String(form) !== (await new Reply(form).text());
      } catch {
        return true;
      }
    })();
    probed.set(fetch, found);
  }
  return found;
}

function add(parts: Array<Promise<any>>, name: string, value: unknown, strips: boolean): void {
  if (value === undefined) return;
  if (value === null) {
    throw new TypeError(`Received null for "${name}"; to pass null in FormData, you must use the string 'null'`);
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    parts.push(Promise.resolve([name, String(value)]));
  } else if (typeof value === 'object' && isUpload(value)) {
    parts.push(partOf(name, value, strips));
  } else if (Array.isArray(value)) {
    value.forEach((item) => add(parts, `${name}[]`, item, strips));
  } else if (typeof value === 'object' && !(ArrayBuffer.isView(value) || value instanceof ArrayBuffer)) {
    for (const [member, item] of Object.entries(value)) add(parts, `${name}[${member}]`, item, strips);
  } else {
    throw new TypeError(`Invalid value given to form, expected a string, number, boolean, object, Array, File or Blob but got ${String(value)} instead`);
  }
}

async function partOf(name: string, value: any, strips: boolean): Promise<unknown[]> {
  if (value instanceof Blob) {
    const own = (value as { name?: string }).name;
    const title = own && (strips ? baseName(own) : safePath(own));
    return value instanceof File && title === own ? [name, value] : [name, value, title ?? 'blob'];
  }
  if (STREAMING in value) return [name, await toFile(value[STREAMING](), value.name, value.type ? { type: value.type } : {})];
  if (typeof value.getReader === 'function' && !(Symbol.asyncIterator in value)) {
    return [name, new File([await new Response(value).blob()], 'unknown_file')];
  }
  return [name, await toFile(value)];
}

export { asFile };
