/** Streams of the platform, under names that programs import. */
type _ReadableStream<R = any> = globalThis.ReadableStream<R>;
type _WritableStream<R = any> = globalThis.WritableStream<R>;

export type { _ReadableStream as ReadableStream, _WritableStream as WritableStream };
