/** Files that are read while they are sent. */
import { STREAMING, type StreamingFile } from './files';

/** What a streaming file is made of: pieces, or a function that opens them. */
export type StreamingFileInput =
  | AsyncIterable<Uint8Array | string>
  | ReadableStream<Uint8Array>
  | (() => AsyncIterable<Uint8Array | string>);

/** A file whose content is not gathered in memory. A call that sends it is not repeated once its content was read. */
export function toStreamingFile(
  value: StreamingFileInput,
  name: string,
  options: { type?: string; size?: number } = {},
): StreamingFile {
  if (!name) throw new TypeError('toStreamingFile requires a non-empty file name: servers know by it what a file is');
  const { type, size } = options;
  // A line's end in it would begin a header of its own.
  if (type && /[\x00-\x1f\x7f]/.test(type)) throw new TypeError('Streaming upload content type must not contain control characters');
  const open = typeof value === 'function' ? value : () => value as AsyncIterable<Uint8Array | string>;
  const file = { data: value, name, ...(type ? { type } : {}), ...(size === undefined ? {} : { size }) };
  return Object.defineProperty(file, STREAMING, { value: open }) as StreamingFile;
}
