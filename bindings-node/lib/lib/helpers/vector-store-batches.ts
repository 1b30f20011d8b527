/** Batches of files of vector stores. */
import { OpenAIError } from '../../core/error';
import { poll as wait, type PollOptions } from '../../internal/poll';
import type { VectorStoreFileBatch } from '../../resources/vector-stores/file-batches';

const BATCHES = 'vector_stores.file_batches';

/** Attaches uploaded files and waits until none of them is in progress. */
export function createAndPoll(resource: any, storeID: string, body: object, options?: PollOptions): Promise<VectorStoreFileBatch> {
  return wait(resource._client, { resource: BATCHES, by: `${BATCHES}.create` }, [storeID], body, options);
}

/** Waits until no file of a batch is in progress. */
export function poll(resource: any, storeID: string, batchID: string, options?: PollOptions): Promise<VectorStoreFileBatch> {
  return wait(resource._client, { resource: BATCHES, ids: [storeID, batchID] }, [], undefined, options);
}

/** Uploads files, attaches them with those that are uploaded already, and waits until none of them is in progress. */
export async function uploadAndPoll(
  resource: any,
  storeID: string,
  { files, fileIds }: { files: unknown[]; fileIds?: string[] },
  options?: PollOptions & { maxConcurrency?: number; attributes?: object; chunkingStrategy?: object },
): Promise<VectorStoreFileBatch> {
  if (!Array.isArray(files) || files.length === 0) {
    throw new OpenAIError(
      'No `files` provided to process. If you\'ve already uploaded files you should use `.createAndPoll()` instead',
    );
  }
  const { maxConcurrency, attributes, chunkingStrategy, ...rest } = options ?? {};
  // The native side takes the files by their order, whatever their members are called.
  const params = { files, file_ids: fileIds, max_concurrency: maxConcurrency, attributes, chunking_strategy: chunkingStrategy };
  return wait(resource._client, { resource: BATCHES, ids: [storeID], upload: 'batch' }, [], params, rest);
}
