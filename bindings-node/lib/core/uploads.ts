/** Files for uploads. */
export { toFile, type ToFileInput } from '../internal/to-file';
export { toStreamingFile, type StreamingFileInput } from '../internal/streaming-file';
export type { StreamingFile } from '../internal/files';
import type { ReadStream } from 'node:fs';
import type { StreamingFile } from '../internal/files';

/** What every upload takes. */
export type Uploadable =
  | File | Response | FsReadStream | BunFile | AsyncIterable<Piece> | ReadableStream<Piece> | StreamingFile;

/** What the content of a file can be made of. */
type Piece = string | ArrayBuffer | ArrayBufferView | Blob;

type FsReadStream = AsyncIterable<Uint8Array> & { path: string | { toString(): string } };
type BunFile = Blob & { readonly name?: string | undefined };

export type _ReadStream = ReadStream;
