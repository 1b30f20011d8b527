/** Files of vector stores. */
import { isByHand, pollByHand } from '../../internal/poll-by-hand';
import { poll as wait, uploadStoreFile, type PollOptions } from '../../internal/poll';
import type { RequestOptions } from '../../internal/request-options';
import type { VectorStoreFile } from '../../resources/vector-stores/files';

const FILES = 'vector_stores.files';

const OPEN = new Set(['in_progress']);

/** What the file is to have in the store, besides the options of the call. */
interface Stored {
  attributes?: Record<string, string | number | boolean> | null;
  chunkingStrategy?: object;
}

/** Options of the call, and what the file is to have. */
function apart<O>(file: unknown, options: (O & Stored) | undefined): [{ file: unknown }, O | undefined] {
  if (!options) return [{ file }, undefined];
  const { attributes, chunkingStrategy, ...rest } = options;
  const params = {
    file,
    ...(attributes === undefined ? {} : { attributes }),
    ...(chunkingStrategy === undefined ? {} : { chunking_strategy: chunkingStrategy }),
  };
  return [params, rest as O];
}

/** Attaches an uploaded file and waits until it is indexed, or is not. */
export async function createAndPoll(resource: any, storeID: string, body: object, options?: PollOptions): Promise<VectorStoreFile> {
  if (isByHand(resource, options, 'create', 'poll', 'retrieve')) {
    const file = await resource.create(storeID, body, options);
    return resource.poll(storeID, file.id, options);
  }
  return wait(resource._client, { resource: FILES, by: `${FILES}.create` }, [storeID], body, options);
}

/** Waits until a file is indexed, or is not. */
export function poll(resource: any, storeID: string, fileID: string, options?: PollOptions): Promise<VectorStoreFile> {
  if (isByHand(resource, options, 'retrieve')) {
    return pollByHand((own) => resource.retrieve(fileID, { vector_store_id: storeID }, own), OPEN, options);
  }
  return wait(resource._client, { resource: FILES, ids: [storeID, fileID] }, [], undefined, options);
}

/** Uploads a file and attaches it, and does not wait. */
export async function upload(resource: any, storeID: string, file: unknown, options?: RequestOptions & Stored): Promise<VectorStoreFile> {
  if (isByHand(resource, options, 'create') || isByHand(resource._client.files, options, 'create')) {
    const [{ file: _, ...stored }, rest] = apart<RequestOptions>(file, options);
    const { id } = await resource._client.files.create({ file, purpose: 'assistants' }, rest);
    return resource.create(storeID, { file_id: id, ...stored }, rest);
  }
  return uploadStoreFile(resource._client, storeID, ...apart<RequestOptions>(file, options));
}

/** Uploads a file, attaches it, and waits until it is indexed, or is not. */
export async function uploadAndPoll(resource: any, storeID: string, file: unknown, options?: PollOptions & Stored): Promise<VectorStoreFile> {
  if (isByHand(resource, options, 'upload', 'create', 'poll', 'retrieve') || isByHand(resource._client.files, options, 'create')) {
    const { id } = await resource.upload(storeID, file, options);
    return resource.poll(storeID, id, options);
  }
  const [params, rest] = apart<PollOptions>(file, options);
  return wait(resource._client, { resource: FILES, ids: [storeID], upload: 'file' }, [], params, rest);
}
