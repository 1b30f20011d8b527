/** Files of vector stores. */
import { poll as wait, uploadStoreFile, type PollOptions } from '../../internal/poll';
import type { RequestOptions } from '../../internal/request-options';
import type { VectorStoreFile } from '../../resources/vector-stores/files';

const FILES = 'vector_stores.files';

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
export function createAndPoll(resource: any, storeID: string, body: object, options?: PollOptions): Promise<VectorStoreFile> {
  return wait(resource._client, { resource: FILES, by: `${FILES}.create` }, [storeID], body, options);
}

/** Waits until a file is indexed, or is not. */
export function poll(resource: any, storeID: string, fileID: string, options?: PollOptions): Promise<VectorStoreFile> {
  return wait(resource._client, { resource: FILES, ids: [storeID, fileID] }, [], undefined, options);
}

/** Uploads a file and attaches it, and does not wait. */
export function upload(resource: any, storeID: string, file: unknown, options?: RequestOptions & Stored): Promise<VectorStoreFile> {
  return uploadStoreFile(resource._client, storeID, ...apart<RequestOptions>(file, options));
}

/** Uploads a file, attaches it, and waits until it is indexed, or is not. */
export function uploadAndPoll(resource: any, storeID: string, file: unknown, options?: PollOptions & Stored): Promise<VectorStoreFile> {
  const [params, rest] = apart<PollOptions>(file, options);
  return wait(resource._client, { resource: FILES, ids: [storeID], upload: 'file' }, [], params, rest);
}
