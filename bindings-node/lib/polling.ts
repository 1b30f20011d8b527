/** Waiting for anything that works at the provider, by its official resource: `batches`, `videos`, `fine_tuning.jobs` … */
import type { OpenAI } from './client';
import { poll as wait, type PollOptions } from './internal/poll';

export type { PollOptions };

/** Waits until a thing is done, or has failed. `ids`: all values of its path, its own last. */
export function poll<T = unknown>(client: OpenAI, resource: string, ids: string[], options?: PollOptions): Promise<T> {
  return wait(client, { resource, ids }, [], undefined, options);
}

/** Makes a thing by the resource's `create` and waits until it is done, or has failed. `path`: values of the path of `create`. */
export function createAndPoll<T = unknown>(
  client: OpenAI,
  resource: string,
  path: string[],
  params: object,
  options?: PollOptions,
): Promise<T> {
  // Only responses in the background go on when nobody listens.
  const all = resource.endsWith('responses') ? { background: true, ...params } : params;
  return wait(client, { resource, by: `${resource}.create` }, path, all, options);
}
