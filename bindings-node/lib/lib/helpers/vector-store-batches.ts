/** Batches of files of vector stores. */
import { OpenAIError } from '../../core/error';
import { isByHand, pollByHand, uploadByHand } from '../../internal/poll-by-hand';
import { poll as wait, type PollOptions } from '../../internal/poll';
import type { VectorStoreFileBatch } from '../../resources/vector-stores/file-batches';

const BATCHES = 'vector_stores.file_batches';

/** Attaches uploaded files and waits until none of them is in progress. */
export async function createAndPoll(resource: any, storeID: string, body: object, options?: PollOptions): Promise<VectorStoreFileBatch> {
  if (isByHand(resource, options, 'create', 'poll', 'retrieve')) {
    const batch = await resource.create(storeID, body, options);
    return resource.poll(storeID, batch.id, options);
  }
  return wait(resource._client, { resource: BATCHES, by: `${BATCHES}.create` }, [storeID], body, options);
}

/** Waits until no file of a batch is in progress. */
export function poll(resource: any, storeID: string, batchID: string, options?: PollOptions): Promise<VectorStoreFileBatch> {
  if (isByHand(resource, options, 'retrieve')) {
    return pollByHand((own) => resource.retrieve(batchID, { vector_store_id: storeID }, own), new Set(['in_progress']), options);
  }
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
  if (isByHand(resource, options, 'createAndPoll', 'create', 'poll', 'retrieve') || isByHand(resource._client.files, options, 'create')) {
    const ids = await uploadByHand(resource._client, files, maxConcurrency ?? 5, rest);
    const more = { ...(attributes === undefined ? {} : { attributes }), ...(chunkingStrategy === undefined ? {} : { chunking_strategy: chunkingStrategy }) };
    return resource.createAndPoll(storeID, { file_ids: [...(fileIds ?? []), ...ids], ...more }, rest);
  }
  // The native side takes the files by their order, whatever their members are called.
  const params = { files, file_ids: fileIds, max_concurrency: maxConcurrency, attributes, chunking_strategy: chunkingStrategy };
  return wait(resource._client, { resource: BATCHES, ids: [storeID], upload: 'batch' }, [], params, rest);
}
