/** `toFile`: whatever holds bytes as a `File`. */
import { basename } from 'node:path';
import type { FilePropertyBag } from './builtin-types';

type BlobLikePart = string | ArrayBuffer | ArrayBufferView | BlobLike | DataView;

interface BlobLike {
  readonly size: number;
  readonly type: string;
  text(): Promise<string>;
  slice(start?: number, end?: number): BlobLike;
}

interface FileLike extends BlobLike {
  readonly lastModified: number;
  readonly name?: string | undefined;
}

/** As much of a `Response` as is needed. */
export interface ResponseLike {
  url: string;
  blob(): Promise<BlobLike>;
}

export type ToFileInput = FileLike | ResponseLike | Exclude<BlobLikePart, string> | AsyncIterable<BlobLikePart>;

/** Refuses platforms without files. */
export function checkFileSupport(): void {
  if (globalThis.File !== undefined) return;
  const { node } = process.versions;
  const isOld = node !== undefined && Number.parseInt(node, 10) < 20;
  const hint = isOld ? ' Update to a supported Node.js LTS release, which has it.' : '';
  throw new Error(`\`File\` is not defined as a global, which is required for file uploads.${hint}`);
}

/**
 * Gathers content into a `File`: of a file, a reply, bytes, a blob or a stream of parts, or of a promise of one.
 * `name`: where it is left out, it is taken from the content, else `unknown_file`.
 */
export async function toFile(
  value: ToFileInput | PromiseLike<ToFileInput>,
  name?: string | null | undefined,
  options: FilePropertyBag = {},
): Promise<File> {
  const content: any = await value;
  checkFileSupport();
  const FileClass = globalThis.File;
  const type = (own: string | undefined): FilePropertyBag => (options.type || !own ? options : { ...options, type: own });
  if (content instanceof FileClass && (name == null || name === content.name) && Object.keys(options).length === 0) {
    return content;
  }
  const title = name ?? (content instanceof FileClass ? content.name : nameOf(content)) ?? 'unknown_file';
  if (typeof content?.blob === 'function' && 'url' in content) {
    const blob = await content.blob();
    const found: unknown[] = [];
    await gather(blob, found);
    return new FileClass(found as any[], name ?? nameOfURL(content.url) ?? 'unknown_file', type(blob.type));
  }
  const parts: any[] = [];
  await gather(content, parts);
  const own = typeof content?.type === 'string' ? content.type : parts.find((part) => part?.type)?.type;
  const kept = typeof content?.lastModified === 'number' && options.lastModified === undefined ? { lastModified: content.lastModified } : {};
  return new FileClass(parts, title, { ...kept, ...type(own) });
}

async function gather(value: any, parts: any[]): Promise<void> {
  if (typeof value === 'string' || ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    parts.push(value);
  } else if (value instanceof Blob) {
    parts.push(value);
  } else if (typeof value?.arrayBuffer === 'function') {
    parts.push(await value.arrayBuffer());
  } else if (typeof value === 'object' && value !== null && Symbol.asyncIterator in value) {
    for await (const part of value) await gather(part, parts);
  } else {
    const kind = value?.constructor?.name;
    const names = typeof value === 'object' && value !== null ? `; props: [${Object.getOwnPropertyNames(value).map((name) => `"${name}"`).join(', ')}]` : '';
    throw new Error(`Unexpected data type: ${typeof value}${kind ? `; constructor: ${kind}` : ''}${names}`);
  }
}

function nameOf(value: any): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found = [value.name, value.url && nameOfURL(value.url), value.filename, value.path].find(Boolean);
  return found === undefined ? undefined : basename(String(found));
}

function nameOfURL(url: string): string | undefined {
  return new URL(url, 'http://localhost').pathname.split(/[\\/]/).pop() || undefined;
}
