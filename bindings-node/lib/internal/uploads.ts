/** The official package's path. */
export type { StreamingFile } from './files';
export { toStreamingFile, type StreamingFileInput } from './streaming-file';
export type { Uploadable } from '../core/uploads';
