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
  const open = typeof value === 'function' ? value : () => value as AsyncIterable<Uint8Array | string>;
  const file = { name, type: options.type ?? '', [STREAMING]: open };
  return options.size === undefined ? file : { ...file, size: options.size };
}
