/** Helpers of several requests that the core runs: polls, and uploads. */
import type { Client } from '../core/client';
import { Call, type CallResult } from './call';
import { takeFiles } from './files';
import { nativeModule } from './native';
import { parseResult } from './parse';
import type { RequestOptions } from './request-options';

/** What every helper that waits can be told. */
export type PollOptions = RequestOptions & {
  /** Milliseconds between two looks. Default: what the server says, else one second. */
  pollIntervalMs?: number;
  /** Milliseconds after which the helper gives up; what it waits for goes on. Default: never. */
  maxWaitMs?: number;
  /** Gets each state that polling sees, the final one included. */
  onUpdate?: (state: any) => void;
};

/** What is polled, and how it comes to be (`src/helpers.rs`). */
export interface How {
  resource: string;
  /** Official id of the operation that makes it. */
  by?: string;
  ids?: string[];
  upload?: 'file' | 'batch';
}

/** Waits for a thing; its final state. */
export async function poll<T>(
  client: Client,
  how: How,
  path: string[],
  params: object | undefined,
  options: PollOptions | undefined,
): Promise<T> {
  const { by, ...rest } = how;
  const { pollIntervalMs, maxWaitMs, onUpdate, ...request } = options ?? {};
  const told = JSON.stringify({
    ...rest,
    operation: by === undefined ? undefined : nativeModule().operationNumber(by),
    interval: pollIntervalMs === undefined ? undefined : pollIntervalMs / 1000,
    max_wait: maxWaitMs === undefined ? undefined : maxWaitMs / 1000,
    tell: onUpdate !== undefined,
  });
  for (const id of rest.ids ?? path) {
    if (!id) throw new TypeError(`expected a non-empty id for ${how.resource}, not ${JSON.stringify(id)}`);
  }
  // Uploads are handed over by themselves, in their order.
  const { file, files: several, ...others } = (rest.upload ? params : {}) as Record<string, unknown>;
  const taken = await takeFiles(rest.upload ? { file, several } : params);
  const fields = rest.upload ? JSON.stringify(others) : taken.fields;
  return finish<T>(
    client,
    new Call(client, -1, [], undefined, request, {
      start: (native, id, json) => native.poll(id, told, path, fields, json, taken.files),
      url: `/${how.resource}`,
      news: onUpdate,
    }),
  );
}

/** Uploads a file into a vector store; the file as the store has it by then. */
export async function uploadStoreFile<T>(
  client: Client,
  store: string,
  params: { file: unknown },
  options: RequestOptions | undefined,
): Promise<T> {
  const { file, ...rest } = params;
  const { files } = await takeFiles({ file });
  const call = new Call(client, -1, [], undefined, options, {
    start: (native, id, json) => native.uploadStoreFile(id, store, JSON.stringify(rest), json, files ?? []),
    url: '/vector_stores',
  });
  return finish<T>(client, call);
}

/** Uploads a large file in parts. */
export async function uploadChunked<T>(
  client: Client,
  file: unknown,
  settings: object,
  options: RequestOptions | undefined,
  onProgress: ((progress: any) => void) | undefined,
): Promise<T> {
  const { files } = await takeFiles({ file });
  const call = new Call(client, -1, [], undefined, options, {
    start: (native, id, json) => native.uploadChunked(id, JSON.stringify(settings), json, files ?? []),
    url: '/uploads',
    news: onProgress,
  });
  return finish<T>(client, call);
}

async function finish<T>(client: Client, call: Call): Promise<T> {
  const result: CallResult = await call.result;
  return parseResult(client, result) as T;
}
